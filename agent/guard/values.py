"""What the static layer knows of a value: a small domain, and how two branches join in it.

The one value that matters is `Frame`: a tensor of which each position along the column axis depends
on known columns of the data. All others exist so that a frame can be followed through them, and so that an
index can be computed where the program computes it from constants.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from agent.guard.contract import LABEL, N_COLUMNS, STRATEGIES

WHOLE: Final = tuple(frozenset((column,)) for column in range(N_COLUMNS))
"""Columns of a frame that nobody has touched: position i depends on column i."""

MOST: Final = 70
"""Alternatives that are followed side by side; beyond it a value counts as computed."""


@dataclass(frozen=True)
class Value:
    """Base of the domain. As itself: nothing is known of where the value came from."""


@dataclass(frozen=True)
class Computed(Value):
    """Made by the program out of clean values, of a shape that is not known."""


@dataclass(frozen=True)
class Number(Computed):
    """A scalar that is not a constant: a loop counter, a size."""


@dataclass(frozen=True)
class Indices(Computed):
    """Whole numbers of any shape: along an axis that they index they take that one alone, as no mask does."""


@dataclass(frozen=True)
class Cut(Computed):
    """A part of a frame without the label, which shares the frame's memory."""


@dataclass(frozen=True)
class Stranger(Value):
    """A parameter of a function that nobody is known to call, or what was taken out of one."""

    name: str
    line: int


@dataclass(frozen=True, eq=False)
class Const(Value):
    """A value that the program fixes; lists and sets are kept as tuples."""

    value: Any
    is_array: bool = False

    def __eq__(self, other: object) -> bool:
        """As Python compares them, but True is not 1: as an index they pick differently."""
        return isinstance(other, Const) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        inner = tuple(map(type, self.value)) if isinstance(self.value, tuple) else ()
        return type(self.value), self.value, inner, self.is_array


@dataclass(frozen=True)
class Slice(Value):
    """`start:stop:step`."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True)
class Items(Value):
    """A tuple or list whose elements are known one by one."""

    items: tuple[Value, ...]
    is_list: bool = False
    """A list indexes one axis by its elements, a tuple one axis by each."""


@dataclass(frozen=True)
class Bag(Value):
    """A container of unknown length; every element is like `item`."""

    item: Value


@dataclass(frozen=True)
class Mapping(Value):
    """A dictionary with constant keys."""

    entries: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True)
class Frame(Value):
    """A tensor that holds the label column among others."""

    rank: int | None
    """Number of axes; None where it is not known."""

    axis: int | None
    """The column axis, from the front where the rank is known, else as the program would count it.
    None where the columns are somewhere, but nobody knows where."""

    columns: tuple[frozenset[int], ...] = WHOLE
    """For each position along the column axis, the data's columns that it depends on."""

    labels: frozenset[int] = frozenset((LABEL,))
    """Columns of the data that hold ground truth."""

    trail: tuple[str, ...] = field(default=(), compare=False)

    @property
    def holds_label(self) -> bool:
        return any(self.labels & column for column in self.columns)


@dataclass(frozen=True)
class Label(Value):
    """The label column itself, not used yet."""

    trail: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Source(Value):
    """An object of the science that training is given; `contract.HOLDS` says what it leads to."""

    kind: str


@dataclass(frozen=True)
class Symbol(Value):
    """Something imported or built in, by its full dotted name."""

    dotted: str


@dataclass(frozen=True, eq=False)
class Namespace(Value):
    """A module that is followed."""

    module: Any


@dataclass(frozen=True, eq=False)
class Function(Value):
    """A function or lambda of a followed module, with the names around it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Any
    owner: "Class | None" = None


@dataclass(frozen=True, eq=False)
class Class(Value):
    """A class of a followed module, with the names of its body."""

    key: str
    """Module and name."""

    names: dict[str, Value]
    bases: tuple[Value, ...] = ()

    @property
    def is_strategy(self) -> bool:
        """Whether training calls its hooks."""
        return any(
            (isinstance(base, Symbol) and base.dotted.startswith(f"{STRATEGIES}."))
            or (isinstance(base, Class) and base.is_strategy)
            for base in self.bases
        )


@dataclass(frozen=True)
class Instance(Value):
    """An object of a class of a followed module."""

    of: Class


@dataclass(frozen=True)
class Method(Value):
    """A method that was looked up and not called yet."""

    owner: Value
    name: str


@dataclass(frozen=True)
class Bound(Value):
    """A function with some of its arguments: a partial, an item getter, a method of a class."""

    function: Value
    args: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Either(Value):
    """One of several values, depending on the branch taken."""

    choices: frozenset[Value]


UNKNOWN: Final = Value()
COMPUTED: Final = Computed()
NUMBER: Final = Number()
INDICES: Final = Indices()
CUT: Final = Cut()


def choices(value: Value) -> Iterator[Value]:
    """What the value may be, one by one."""
    if isinstance(value, Either):
        yield from value.choices
    else:
        yield value


def join(values: Iterable[Value]) -> Value:
    """The value that any of `values` may be; frames and labels are never forgotten."""
    found = dict.fromkeys(choice for value in values for choice in choices(value))
    if len(found) > MOST:
        kept = [value for value in found if not isinstance(value, Const | Number | Computed)]
        found = dict.fromkeys([*kept[:MOST], COMPUTED])
    if not found:
        return UNKNOWN
    return next(iter(found)) if len(found) == 1 else Either(frozenset(found))
