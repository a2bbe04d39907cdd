"""The interpreter of a project: it reads module by module, and calls the parts for each kind of syntax.

A module's body is read first, then the hooks of its strategies with what training gives them, then functions
that nothing in the module refers to, and last those that nobody called: with parameters of unknown origin.
"""

import ast
from typing import Any

from agent.guard import (
    attributes,
    binding,
    calls,
    containers,
    expressions,
    names,
    returns,
    seeds,
    statements,
    subscripts,
    tensor_calls,
)
from agent.guard.arguments import bound
from agent.guard.columns import leak, undecidable
from agent.guard.contents import frames_in
from agent.guard.contract import LABEL
from agent.guard.engine import Scope
from agent.guard.knowledge import Knowledge
from agent.guard.modules import Module, Project
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Bag,
    Class,
    Const,
    Frame,
    Function,
    Instance,
    Label,
    Method,
    Value,
    choices,
    join,
)

DEEPEST = 12
"""Calls within calls that are followed."""

STEPS = 60_000
"""Expressions that are read before a module counts as too involved."""

PASSES = 8
"""Times that a module is read, so that what one function stores is known to the others."""


class TooInvolved(Exception):  # noqa: N818 - a control signal, answered with a finding
    """The budget of steps is spent."""


class Reader(Knowledge):
    """The interpreter; implements `Engine`.

    Args:
        project: Finds the modules that are imported.
        labels: Columns of a frame that hold ground truth.
    """

    def __init__(self, project: Project, labels: frozenset[int] = frozenset((LABEL,))) -> None:
        super().__init__()
        self.project = project
        self.labels = labels
        self._declared: list[Function] = []
        self._classes: list[Class] = []
        self._called: set[ast.AST] = set()
        self._active: list[ast.AST] = []
        self._known: dict[Any, Value] = {}
        self._mutations: dict[ast.AST, dict[str, Value]] = {}
        self._steps = 0

    def read(self, module: Module) -> None:
        """Reads a module as training code; findings go to `found`."""
        self._steps = 0
        try:
            for _ in range(PASSES):
                before = self._version
                self._declared, self._classes = [], []
                self._run_body(module)
                self._read_functions(module)
                if self._version == before:
                    break
            else:
                raise TooInvolved
        except (TooInvolved, RecursionError):
            self.module, self._active = module, []
            outcome = undecidable("is too involved to be followed", "Split the module, or unroll less of it.")
            self.report(module.tree.body[0], outcome)

    def _run_body(self, module: Module) -> None:
        outer, self.module = self.module, module
        module.is_run = True
        try:
            statements.run(self, module.tree.body, module.scope)
        finally:
            self.module = outer

    def _read_functions(self, module: Module) -> None:
        done: set[ast.AST] = set()
        for stage in (self._is_hook, lambda one: not _is_named(module, one), lambda _: True):
            place = 0
            while place < len(self._declared):
                function = self._declared[place]
                place += 1
                skip = function.node in done or function.scope.module is not module
                if (
                    skip
                    or not stage(function)
                    or (function.node in self._called and not self._is_hook(function))
                ):
                    continue
                done.add(function.node)
                self._alone(function)

    @staticmethod
    def _is_hook(function: Function) -> bool:
        return seeds.hook(function) is not None

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        self._steps += 1
        if self._steps > STEPS:
            raise TooInvolved
        value = expressions.evaluate(self, node, scope)
        labels = [one for one in choices(value) if isinstance(one, Label)]
        if not labels:
            return value
        self.report(node, leak(), labels[0].trail)
        return join([COMPUTED if isinstance(one, Label) else one for one in choices(value)])

    def attribute(self, node: ast.AST, base: Value, name: str) -> Value:
        return attributes.attribute(self, node, base, name)

    def subscript(self, node: ast.AST, base: Value, index: Value) -> Value:
        return subscripts.subscript(self, node, base, index)

    def apply(self, node: ast.AST, function: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
        return join([calls.apply(self, node, one, args, keywords) for one in choices(function)])

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        binding.bind(self, target, value, scope)

    def keep(self, node: ast.AST, owner: Value, name: str, value: Value) -> None:
        attributes.keep(self, node, owner, name, value)

    def declare(self, function: Function) -> None:
        self._declared.append(function)

    def declare_class(self, of: Class) -> None:
        self._classes.append(of)

    def iterated(self, node: ast.AST, value: Value) -> Value:
        return join([containers.iterated(self, node, one) for one in choices(value)])

    def mutations(self, function: Function) -> dict[str, Value]:
        return self._mutations.get(function.node, {})

    def new_object(self, node: ast.AST) -> Instance:
        return Instance(
            Class(f"{self.module.name}:{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0)}", {})
        )

    def symbol(self, node: ast.AST, dotted: str) -> Value:
        return names.symbol(self, node, dotted)

    def imported(self, node: ast.AST, dotted: str) -> Value:
        return names.imported(self, node, dotted)

    def absolute(self, name: str, level: int) -> str:
        return names.absolute(self.module, name, level)

    def member(self, node: ast.AST, module: Module, name: str) -> Value:
        return names.member(self, node, module, name)

    def resolve(self, dotted: str) -> Value | None:
        return names.resolve(self, dotted)

    def find(self, dotted: str) -> Module | None:
        return self.project.find(dotted, self.module)

    def run_module(self, module: Module, *, is_muted: bool = False) -> None:
        if not module.is_run:
            outer, self._muted = self._muted, self._muted or is_muted
            self._run_body(module)
            self._muted = outer

    def invoke(
        self, function: Function, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        if len(self._active) >= DEEPEST or self._active.count(function.node) > 1:
            for value in (*args, *keywords.values()):
                if any(isinstance(one, Frame) and one.holds_label for one in frames_in(value)):
                    deep = "passes a frame through a recursion that the guard does not follow"
                    self.report(node, undecidable(deep, "Pass batch.concentration instead."))
            return UNKNOWN
        self._called.add(function.node)
        return self._run(function, bound(self, function, args, keywords))

    def construct(self, of: Class, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
        made = Instance(of)
        start = self.attribute(node, made, "__init__")
        if isinstance(start, Value) and not isinstance(start, Method) and start != UNKNOWN:
            self.apply(node, start, args, keywords)
            return made
        fields = of.names.get("__fields__", Const(()))
        known = fields.value if isinstance(fields, Const) else ()
        rest = args[len(known) :]
        for name, value in {**dict(zip(known, args, strict=False)), **keywords}.items():
            self.remember(of.key, name, value)
        if rest and not any(isinstance(base, Class) for base in of.bases):
            tensor_calls.unfollowed(self, node, rest, {})
        if isinstance(after := of.names.get("__post_init__"), Function):
            self.invoke(after, [made], {}, node)
        return made

    def _alone(self, function: Function) -> None:
        """Reads a function as training calls it, or as if called by somebody unknown."""
        given = seeds.hook(function)
        outer, self.module = self.module, function.scope.module
        try:
            args = None if given is None or function.owner is None else [Instance(function.owner), *given]
            returned = self._run(function, bound(self, function, args, {}))
            if given is not None:
                self.consume(returned, function.node, "hands the label column to training")
            else:
                returns.to_anybody(self, function, returned)
        finally:
            self.module = outer

    def _run(self, function: Function, bindings: dict[str, Value]) -> Value:
        key = (function.node, id(function.scope), tuple(bindings.items()), self._version)
        if key in self._known:
            return self._known[key]
        scope = Scope(function.scope)
        scope.names.update(bindings)
        scope.parameters = frozenset(bindings)
        outer, self.module = self.module, function.scope.module
        self._active.append(function.node)
        try:
            if isinstance(function.node, ast.Lambda):
                value = self.evaluate(function.node.body, scope)
            else:
                statements.run(self, function.node.body, scope)
                value = join(scope.returned) if scope.returned else Const(None)
                if scope.yielded:
                    value = Bag(join([*scope.yielded, *scope.returned]))
        finally:
            self._active.pop()
            self.module = outer
        returns.by_python(self, function, value, scope)
        if scope.mutated:
            self._mutations.setdefault(function.node, {}).update(scope.mutated)
        if self._version == key[3]:
            self._known[key] = value
        return value


def _is_named(module: Module, function: Function) -> bool:
    """Whether anything in the module refers to the function by its name."""
    return getattr(function.node, "name", None) in module.mentioned
