"""The interpreter of one module: it holds the state, and calls the parts for each kind of syntax."""

import ast

from agent.guard import binding, calls, expressions, seeds, statements
from agent.guard.calls import is_static
from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.engine import Scope
from agent.guard.findings import Finding, Verdict
from agent.guard.refused import FILE, Refusal
from agent.guard.values import (
    COMPUTED,
    N_COLUMNS,
    UNKNOWN,
    Bag,
    Class,
    Const,
    Frame,
    Function,
    Instance,
    Items,
    Label,
    Mapping,
    Value,
    choices,
    frames_in,
    join,
)

DEEPEST = 12
"""Calls within calls that are followed."""

STEPS = 300_000
"""Expressions that are read before a module counts as too involved."""


class TooInvolved(Exception):  # noqa: N818 - a control signal, answered with a finding
    """The budget of steps is spent."""


class Reader:
    """The interpreter of one module; implements `Engine`."""

    def __init__(self, text: str, path: str, *, may_read_files: bool) -> None:
        self.path = path
        self.may_read_files = may_read_files
        self.lines = text.splitlines()
        self.attributes: dict[tuple[str, str], Value] = {}
        self.classes: dict[str, Class] = {}
        self.found: dict[tuple[int, int, str], Finding] = {}
        self._waiting: list[Function] = []
        self._read: set[int] = set()
        self._active: list[ast.AST] = []
        self._steps = 0

    def read(self, tree: ast.Module) -> None:
        """Interprets the module's body, then each of its functions on its own."""
        self._read.clear()
        statements.run(self, tree.body, Scope())
        while self._waiting:
            function = self._waiting.pop(0)
            if id(function.node) not in self._read:
                self._read.add(id(function.node))
                self._alone(function)

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
        return expressions.attribute(self, node, base, name)

    def subscript(self, node: ast.AST, base: Value, index: Value) -> Value:
        return expressions.subscript(self, node, base, index)

    def call(self, node: ast.Call, function: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
        return calls.call(self, node, function, args, keywords)

    def report(self, node: ast.AST, outcome: Outcome, trail: tuple[str, ...] = ()) -> None:
        if outcome.verdict is Verdict.CLEAN:
            return
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        source = self.lines[line - 1] if line <= len(self.lines) else ""
        column = len(source.encode()[:column].decode(errors="replace"))
        is_one_line = getattr(node, "end_lineno", line) == line
        end = len(source.encode()[: getattr(node, "end_col_offset", 0)].decode(errors="replace"))
        width = (end if is_one_line else len(source.rstrip())) - column
        key = (line, column, outcome.verdict)
        if key not in self.found:
            text = source[column : column + width]
            self.found[key] = Finding(
                path=self.path,
                line=line,
                column=column + 1,
                verdict=outcome.verdict,
                expression=text,
                what=outcome.what,
                trail=trail,
                remedy=outcome.remedy,
                source=source,
                width=width,
            )

    def refuse(self, node: ast.AST, refusal: Refusal) -> None:
        if refusal is FILE and self.may_read_files:
            return
        self.report(node, Outcome(COMPUTED, refusal.verdict, refusal.what, refusal.remedy))

    def consume(self, value: Value, node: ast.AST, what: str) -> None:
        for found in frames_in(value):
            if isinstance(found, Label) or (found.is_firm and found.holds_label):
                self.report(node, leak(what), found.trail)

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        binding.bind(self, target, value, scope)

    def remember(self, owner: str, name: str, value: Value) -> None:
        before = self.attributes.get((owner, name))
        self.attributes[owner, name] = value if before is None else join([before, value])

    def declare(self, function: Function) -> None:
        self._waiting.append(function)

    def invoke(
        self, function: Function, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        if len(self._active) >= DEEPEST or function.node in self._active:
            for value in (*args, *keywords.values()):
                if any(isinstance(one, Frame) and one.is_firm for one in frames_in(value)):
                    deep = "passes a frame through a recursion that the guard does not follow"
                    self.report(node, undecidable(deep, "Pass batch.concentration instead."))
            return UNKNOWN
        return self._run(function, _bound(self, function, args, keywords))

    def construct(self, of: Class, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
        made = Instance(of)
        if isinstance(start := of.names.get("__init__"), Function):
            self.invoke(start, [made, *args], keywords, node)
            return made
        fields = of.names.get("__fields__", Const(()))
        names = fields.value if isinstance(fields, Const) else ()
        for name, value in {**dict(zip(names, args, strict=False)), **keywords}.items():
            self.remember(of.name, name, value)
        return made

    def _alone(self, function: Function) -> None:
        """Reads a function as if called by somebody unknown."""
        returned = self._run(function, _bound(self, function, None, {}))
        name = getattr(function.node, "name", "_")
        cut = [one for one in frames_in(returned) if isinstance(one, Frame) and len(one.columns) < N_COLUMNS]
        if any(one.is_firm and one.holds_label for one in cut) and not name.startswith("_"):
            what = "returns columns that include the label"
            self.report(function.node, undecidable(what, "Return only the columns that are needed."))

    def _run(self, function: Function, names: dict[str, Value]) -> Value:
        scope = Scope(function.scope, owner="")
        scope.names.update(names)
        self._active.append(function.node)
        try:
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(function.node.body, scope)
            statements.run(self, function.node.body, scope)
        finally:
            self._active.pop()
        if scope.yielded:
            return Bag(join(scope.yielded))
        return join(scope.returned) if scope.returned else Const(None)


def _bound(
    reader: Reader, function: Function, args: list[Value] | None, keywords: dict[str, Value]
) -> dict[str, Value]:
    """Values of the parameters: as given, else by default, else by what name and annotation say."""
    given, node = function.node.args, function.node
    positional = [*given.posonlyargs, *given.args]
    defaults = dict(
        zip(
            [one.arg for one in positional][len(positional) - len(given.defaults) :],
            given.defaults,
            strict=True,
        )
    )
    defaults |= {
        one.arg: default for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default
    }
    names: dict[str, Value] = {}
    for place, one in enumerate([*positional, *given.kwonlyargs]):
        if args is not None and place < len(args) and place < len(positional):
            names[one.arg] = _passed(args[place], getattr(node, "name", "a lambda"))
        elif one.arg in keywords:
            names[one.arg] = _passed(keywords[one.arg], getattr(node, "name", "a lambda"))
        elif one.arg in defaults:
            names[one.arg] = reader.evaluate(defaults[one.arg], function.scope)
        elif place == 0 and function.owner and not is_static(function):
            names[one.arg] = Instance(reader.classes[function.owner])
        else:
            names[one.arg] = seeds.parameter(one, reader.classes)
        names[one.arg] = seeds.named(one.arg, names[one.arg], one.lineno)
    if given.vararg:
        names[given.vararg.arg] = Items(tuple(args[len(positional) :])) if args is not None else UNKNOWN
    if given.kwarg:
        known = {one.arg for one in (*positional, *given.kwonlyargs)}
        rest = [(Const(name), value) for name, value in keywords.items() if name not in known]
        names[given.kwarg.arg] = Mapping(tuple(rest)) if rest else UNKNOWN
    return names


def _passed(value: Value, name: str) -> Value:
    """Notes on a frame's trail that it was passed to a function."""
    if isinstance(value, Frame):
        return Frame(
            value.rank, value.axis, value.columns, value.is_firm, (*value.trail, f"passed to {name}()")
        )
    return value
