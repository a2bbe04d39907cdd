"""What the parts of the interpreter share: names in scope, and the engine that they call back."""

import ast
from collections.abc import Iterable
from typing import Any, Protocol

from agent.guard.columns import Outcome
from agent.guard.refused import Refusal
from agent.guard.values import Class, Function, Instance, Value, join


class Scope:
    """Names of a function, class or module, and the scope around it."""

    def __init__(
        self, parent: "Scope | None" = None, *, owner: Class | None = None, module: Any = None
    ) -> None:
        self.names: dict[str, Value] = {}
        self.parent = parent
        self.owner = owner
        self.module: Any = module if parent is None else parent.module
        self.returned: list[Value] = []
        self.yielded: list[Value] = []
        self.shared: dict[str, Scope] = {}  # names declared global or nonlocal, and where they live
        self.exits: list[dict[str, Value]] = []  # names at each break or continue
        self.parameters: frozenset[str] = frozenset()
        self.mutated: dict[str, Value] = {}  # parameters whose container was changed
        self.widened: dict[str, Value] = {}  # what functions further in have assigned
        self.is_comprehension = False
        self.twins: dict[str, set[str]] = {}  # names that stand for the same container

    def lookup(self, name: str) -> Value | None:
        """The value of a name here or further out; None where it is not bound."""
        if name in self.names:
            return self.names[name]
        return self.parent.lookup(name) if self.parent else None

    def home(self, name: str) -> "Scope | None":
        """The scope that binds a name, here or further out."""
        if name in self.names:
            return self.shared.get(name, self)
        return self.parent.home(name) if self.parent else None

    def assign(self, name: str, value: Value) -> bool:
        """Binds a name; one that is shared with a scope further out keeps its former values as well.

        Returns:
            Whether a scope further out has changed.
        """
        self._part(name)
        home = self.shared.get(name)
        if home is None:
            self.names[name] = join([value, self.widened[name]]) if name in self.widened else value
            return False
        return home.widen(name, value)

    def widen(self, name: str, value: Value) -> bool:
        """A name may hold this value as well; returns whether that is new."""
        before = self.names.get(name)
        self.widened[name] = join([self.widened[name], value]) if name in self.widened else value
        self.names[name] = value if before is None else join([before, value])
        return self.names[name] != before

    def pair(self, one: str, other: str) -> None:
        """Two names stand for the same container from now on."""
        group = self.twins.get(other, {other}) | {one}
        for name in group:
            self.twins[name] = group

    def _part(self, name: str) -> None:
        group = self.twins.pop(name, None)
        if group is not None:
            group.discard(name)

    def share(self, name: str, *, is_global: bool) -> None:
        """`global name` or `nonlocal name`."""
        home = self
        while home.parent is not None and (is_global or home is self or name not in home.names):
            home = home.parent
        if home is not self:
            self.shared[name] = home

    def merge(self, branches: Iterable[dict[str, Value]]) -> None:
        """Goes on with whatever any of the branches left behind."""
        found = list(branches)
        if len(found) == 1:
            self.names = dict(found[0])
            return
        names = dict.fromkeys(name for branch in found for name in branch)
        self.names = {name: join([branch[name] for branch in found if name in branch]) for name in names}


class Engine(Protocol):
    """What expressions, calls and statements need of each other."""

    attributes: dict[tuple[str, str], Value]
    """What was ever stored in an attribute: by class (or expression) and name."""

    spilled: Value
    """Frames that were ever put into a container whose name may not be its only one."""

    labels: frozenset[int]
    """Columns that hold ground truth."""

    module: Any
    """The module whose code is being read."""

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression; uses of the label in it are reported."""

    def attribute(self, node: ast.AST, base: Value, name: str) -> Value:
        """`base.name`."""

    def subscript(self, node: ast.AST, base: Value, index: Value) -> Value:
        """`base[index]`."""

    def apply(self, node: ast.AST, function: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
        """`function(*args, **keywords)`."""

    def changed(self) -> None:
        """Notes that a name further out has changed, so that what was read before may read differently."""

    def symbol(self, node: ast.AST, dotted: str) -> Value:
        """An imported or built-in thing; refused ones are reported where they are named."""

    def find(self, dotted: str) -> Any:
        """The module that a full name leads to, where it is followed."""

    def run_module(self, module: Any, *, is_muted: bool = False) -> None:
        """Reads the body of a module, unless that was done before."""

    def imported(self, node: ast.AST, dotted: str) -> Value:
        """A module, by its full name."""

    def absolute(self, name: str, level: int) -> str:
        """The full name of a module that is imported relative to this one."""

    def member(self, node: ast.AST, module: Any, name: str) -> Value:
        """A name of a followed module."""

    def widen(self, scope: Scope, name: str, value: Value) -> None:
        """A name of a scope further out may hold this value as well."""

    def spill(self, value: Value) -> None:
        """Notes that frames in `value` were put into a container."""

    def resolve(self, dotted: str) -> Value | None:
        """What a full name leads to within the project; None where it is a library."""

    def report(self, node: ast.AST, outcome: Outcome, trail: tuple[str, ...] = ()) -> None:
        """Notes a finding, once per place."""

    def refuse(self, node: ast.AST, refusal: Refusal) -> None:
        """Notes that something is named which training code may not name."""

    def consume(self, value: Value, node: ast.AST, what: str) -> None:
        """Reports a frame or label in `value`, since the program uses it here."""

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Assigns to a name, attribute, element, or to several."""

    def keep(self, node: ast.AST, owner: Value, name: str, value: Value) -> None:
        """`owner.name = value`."""

    def remember(self, owner: str, name: str, value: Value) -> None:
        """Notes what is stored in an attribute."""

    def invoke(
        self, function: Function, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Interprets a function of the module for these arguments."""

    def construct(self, of: Class, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
        """Makes an object of a class of the module."""

    def iterated(self, node: ast.AST, value: Value) -> Value:
        """What a loop over the value goes over: an object's `__iter__` is called."""

    def mutations(self, function: Function) -> dict[str, Value]:
        """Parameters of a function whose containers it changes, with what they hold then."""

    def new_object(self, node: ast.AST) -> Instance:
        """An object without a class of its own, told apart by where it is made."""

    def declare(self, function: Function) -> None:
        """Remembers a function that is to be read on its own as well."""

    def declare_class(self, of: Class) -> None:
        """Remembers a class, whose hooks training may call."""
