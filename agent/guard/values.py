"""What the static layer knows of a value: a small domain, and how two branches join in it.

The one value that matters is `Frame`: a tensor of which each position along the column axis depends
on known columns of the data. All others exist so that a frame can be followed through them, and so that an
index can be computed where the program computes it from constants.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

LABEL: Final = 6
"""Column of a frame that holds the ground truth."""

N_COLUMNS: Final = 8

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
class Const(Value):
    """A value that the program fixes; lists and sets are kept as tuples."""

    value: Any
    is_array: bool = False


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

    is_firm: bool = True
    """False where only the name says so (`x`): then nothing but an explicit read of column 6 counts."""

    trail: tuple[str, ...] = field(default=(), compare=False)

    @property
    def holds_label(self) -> bool:
        return any(LABEL in column for column in self.columns)


@dataclass(frozen=True)
class Label(Value):
    """The label column itself, not used yet."""

    trail: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Source(Value):
    """What carries frames as an attribute: a batch, the observations."""

    name: str


@dataclass(frozen=True)
class Symbol(Value):
    """Something imported or built in, by its full dotted name."""

    dotted: str


@dataclass(frozen=True, eq=False)
class Function(Value):
    """A function or lambda of this module, with the names around it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Any
    owner: str = ""


@dataclass(frozen=True, eq=False)
class Class(Value):
    """A class of this module, with the names of its body."""

    name: str
    names: dict[str, Value]


@dataclass(frozen=True)
class Instance(Value):
    """An object of a class of this module."""

    of: Class


@dataclass(frozen=True)
class Method(Value):
    """A method that was looked up and not called yet."""

    owner: Value
    name: str


@dataclass(frozen=True)
class Either(Value):
    """One of several values, depending on the branch taken."""

    choices: frozenset[Value]


UNKNOWN: Final = Value()
COMPUTED: Final = Computed()
NUMBER: Final = Number()


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


def frames_in(value: Value) -> Iterator[Frame | Label]:
    """Frames and labels in a value, at any depth of containers."""
    if isinstance(value, Frame | Label):
        yield value
    elif isinstance(value, Either):
        for choice in value.choices:
            yield from frames_in(choice)
    elif isinstance(value, Items):
        for item in value.items:
            yield from frames_in(item)
    elif isinstance(value, Bag):
        yield from frames_in(value.item)
    elif isinstance(value, Mapping):
        for _, item in value.entries:
            yield from frames_in(item)
    elif isinstance(value, Method):
        yield from frames_in(value.owner)
