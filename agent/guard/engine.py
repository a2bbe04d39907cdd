"""What the parts of the interpreter share: names in scope, and the engine that they call back."""

import ast
from collections.abc import Iterable
from typing import Protocol

from agent.guard.columns import Outcome
from agent.guard.refused import Refusal
from agent.guard.values import Class, Function, Value, join


class Scope:
    """Names of a function, class or module, and the scope around it."""

    def __init__(self, parent: "Scope | None" = None, *, owner: str = "") -> None:
        self.names: dict[str, Value] = {}
        self.parent = parent
        self.owner = owner
        self.returned: list[Value] = []
        self.yielded: list[Value] = []
        self.shared: dict[str, Scope] = {}  # names declared global or nonlocal, and where they live
        self.exits: list[dict[str, Value]] = []  # names at each break or continue

    def lookup(self, name: str) -> Value | None:
        """The value of a name here or further out; None where it is not bound."""
        if name in self.names:
            return self.names[name]
        return self.parent.lookup(name) if self.parent else None

    def assign(self, name: str, value: Value) -> None:
        """Binds a name; one that is shared with a scope further out keeps its former values as well."""
        home = self.shared.get(name)
        if home is None:
            self.names[name] = value
        else:
            home.names[name] = join([home.names[name], value]) if name in home.names else value

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
        names = dict.fromkeys(name for branch in found for name in branch)
        self.names = {name: join([branch[name] for branch in found if name in branch]) for name in names}


class Engine(Protocol):
    """What expressions, calls and statements need of each other."""

    attributes: dict[tuple[str, str], Value]
    """What was ever stored in an attribute: by class (or expression) and name."""

    classes: dict[str, Class]
    """Classes of the module, by name."""

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression; uses of the label in it are reported."""

    def attribute(self, node: ast.AST, base: Value, name: str) -> Value:
        """`base.name`."""

    def subscript(self, node: ast.AST, base: Value, index: Value) -> Value:
        """`base[index]`."""

    def call(self, node: ast.Call, function: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
        """`function(*args, **keywords)`."""

    def report(self, node: ast.AST, outcome: Outcome, trail: tuple[str, ...] = ()) -> None:
        """Notes a finding, once per place."""

    def refuse(self, node: ast.AST, refusal: Refusal) -> None:
        """Notes that something is named which training code may not name."""

    def consume(self, value: Value, node: ast.AST, what: str) -> None:
        """Reports a frame or label in `value`, since the program uses it here."""

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Assigns to a name, attribute, element, or to several."""

    def remember(self, owner: str, name: str, value: Value) -> None:
        """Notes what is stored in an attribute."""

    def invoke(
        self, function: Function, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Interprets a function of the module for these arguments."""

    def construct(self, of: Class, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
        """Makes an object of a class of the module."""

    def declare(self, function: Function) -> None:
        """Remembers a function that is to be read on its own as well."""
