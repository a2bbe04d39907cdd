"""Calls: of the module's own functions, of tensor operations, and of what cannot be followed."""

import ast

from agent.guard import builtin_calls, containers, folding, operations
from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.engine import Engine, Scope
from agent.guard.operation_names import JOINS
from agent.guard.refused import refused_method
from agent.guard.values import (
    COMPUTED,
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
    Method,
    Source,
    Symbol,
    Value,
    choices,
    frames_in,
    join,
)

TENSOR_MODULES = frozenset(("torch", "numpy", "jax", "scipy", "math", "einops"))
ELEMENTWISE = frozenset(
    ("where", "maximum", "minimum", "fmax", "fmin", "lerp", "addcmul", "isclose", "atan2")
)
CHANGES = frozenset(("append", "add", "extend", "insert", "update", "appendleft", "setdefault"))
FOLLOW = "Keep the frame whole in this module, or pass batch.concentration instead."


def evaluate(engine: Engine, node: ast.Call, scope: Scope) -> Value:
    """The value of a call."""
    function = engine.evaluate(node.func, scope)
    args: list[Value] = []
    for part in node.args:
        value = engine.evaluate(part, scope)
        if not isinstance(part, ast.Starred):
            args.append(value)
        else:
            items = containers.known_items(value)
            if items is None and _firm(value):
                what = undecidable("spreads a frame over the arguments of a call", FOLLOW)
                engine.report(part, what, _firm(value)[0].trail)
            args += [containers.element_of(value)] if items is None else items
    keywords = {}
    for keyword in node.keywords:
        value = engine.evaluate(keyword.value, scope)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, Mapping):
            named = [(key.value, one) for key, one in value.entries if isinstance(key, Const)]
            keywords |= {key: one for key, one in named if isinstance(key, str)}
    _change(engine, node, args, scope)
    return join([call(engine, node, one, args, keywords) for one in choices(function)])


def call(
    engine: Engine, node: ast.Call, function: Value, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """`function(*args, **keywords)`."""
    if isinstance(function, Function):
        return engine.invoke(function, args, keywords, node)
    if isinstance(function, Class):
        return engine.construct(function, args, keywords, node)
    if isinstance(function, Instance):
        for name in ("__call__", "forward"):
            if isinstance(found := function.of.names.get(name), Function):
                return engine.invoke(found, [function, *args], keywords, node)
    if isinstance(function, Method):
        return _method(engine, node, function, args, keywords)
    if isinstance(function, Symbol):
        return _symbol(engine, node, function.dotted, args, keywords)
    return _unfollowed(engine, node, args, keywords)


def is_static(function: Function) -> bool:
    """Whether it is a static method, or no method at all."""
    decorators = getattr(function.node, "decorator_list", [])
    return isinstance(function.node, ast.Lambda) or any(
        isinstance(one, ast.Name) and one.id == "staticmethod" for one in decorators
    )


def is_property(function: Function) -> bool:
    """Whether looking it up calls it."""
    decorators = getattr(function.node, "decorator_list", [])
    return any(ast.unparse(one).rpartition(".")[2] in ("property", "cached_property") for one in decorators)


def _method(
    engine: Engine, node: ast.Call, method: Method, args: list[Value], keywords: dict[str, Value]
) -> Value:
    owner, name = method.owner, method.name
    if isinstance(owner, Frame):
        return _operate(engine, node, owner, name, args, keywords)
    if isinstance(owner, Instance):
        stored = owner.of.names.get(name)
        if isinstance(stored, Function):
            given = args if is_static(stored) else [owner, *args]
            return engine.invoke(stored, given, keywords, node)
    folded = folding.method(owner, name, args)
    if folded is not None:
        return folded
    if isinstance(owner, Items | Bag) and name in ("copy", "pop", "popleft", "__getitem__", "__iter__"):
        return owner if name in ("copy", "__iter__") else containers.element_of(owner)
    if name in CHANGES and isinstance(owner, Items | Bag | Const | Mapping):
        return COMPUTED
    if name in ("matmul", "mm", "bmm", "mv", "__matmul__") and any(
        isinstance(arg, Frame) for arg in args[:1]
    ):
        outcome = operations.matmul(owner, args[0])
        engine.report(node, outcome, next(frames_in(args[0])).trail)
        return outcome.value
    if refusal := refused_method(name):
        engine.refuse(node, refusal)
    return _unfollowed(engine, node, args, keywords)


def _operate(
    engine: Engine, node: ast.Call, frame: Frame, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """A tensor operation on a frame, for each alternative of its first two arguments."""
    if name in ("matmul", "mm", "bmm", "mv", "dot", "inner", "outer", "__matmul__") and args:
        outcome: Outcome | None = operations.matmul(frame, args[0])
    else:
        outcome = operations.call(frame, name, args, keywords)
        varied = [place for place, arg in enumerate(args) if len(list(choices(arg))) > 1]
        if outcome is not None and varied:
            place = varied[0]
            variants = [[*args[:place], one, *args[place + 1 :]] for one in choices(args[place])]
            return join([_operate(engine, node, frame, name, variant, keywords) for variant in variants])
    if outcome is None and not frame.is_firm:
        return UNKNOWN
    if outcome is None:
        outcome = undecidable(f"calls .{name} on a frame, which the guard does not know", FOLLOW)
    engine.report(node, outcome, frame.trail)
    return outcome.value


def _symbol(
    engine: Engine, node: ast.Call, dotted: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    module, _, name = dotted.rpartition(".")
    folded = folding.call(dotted, args) if not keywords or name in ("tensor", "array", "as_tensor") else None
    if folded is not None:
        return folded
    first = args[0] if args else keywords.get("input", keywords.get("a", UNKNOWN))
    if module == "builtins":
        return builtin_calls.evaluate(engine, node, name, args)
    if dotted in ("operator.getitem",) and len(args) == 2:
        return join([engine.subscript(node, one, args[1]) for one in choices(args[0])])
    if module.partition(".")[0] in TENSOR_MODULES or module == "copy":
        if name in JOINS and (frames := _firm(first)):
            along = keywords.get("dim", keywords.get("axis", args[1] if len(args) > 1 else Const(0)))
            others = [one for one in containers.known_items(first) or [] if not isinstance(one, Frame)]
            outcome = operations.joined(name, frames, others, along)
            engine.report(node, outcome, frames[0].trail)
            return outcome.value
        if name in ELEMENTWISE and (frames := _firm(*args)):
            outcome = operations.mixed(frames[0], args)
            engine.report(node, outcome, frames[0].trail)
            return outcome.value
        if any(isinstance(one, Frame) for one in choices(first)):
            return join(
                [
                    _operate(engine, node, one, name, args[1:], keywords)
                    if isinstance(one, Frame)
                    else COMPUTED
                    for one in choices(first)
                ]
            )
        if name in ("matmul", "mm", "bmm", "dot") and len(args) == 2 and isinstance(args[1], Frame):
            outcome = operations.matmul(args[0], args[1])
            engine.report(node, outcome, args[1].trail)
            return outcome.value
        _unfollowed(engine, node, args, keywords)
        return COMPUTED
    return _unfollowed(engine, node, args, keywords)


def _change(engine: Engine, node: ast.Call, args: list[Value], scope: Scope) -> None:
    """`items.append(value)` and its like: the container holds the value from now on."""
    target = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES else None
    if not isinstance(target, ast.Name | ast.Attribute) or not args:
        return
    before = scope.lookup(target.id) if isinstance(target, ast.Name) else engine.evaluate(target, scope)
    if not isinstance(before, Items | Bag | Const | Mapping) and not _firm(*args):
        return
    added = args[-1] if node.func.attr not in ("extend", "update") else containers.element_of(args[-1])  # type: ignore[attr-defined]
    held = [containers.element_of(before)] if isinstance(before, Items | Bag | Const | Mapping) else []
    engine.bind(target, Bag(join([*(one for one in held if one != UNKNOWN), added])), scope)


def _firm(*values: Value) -> list[Frame]:
    found = [one for value in values for one in frames_in(value)]
    return [one for one in found if isinstance(one, Frame) and one.is_firm]


def _unfollowed(engine: Engine, node: ast.Call, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A call of something that is not in this module: no frame may go there."""
    for value in [*args, *keywords.values()]:
        for found in frames_in(value):
            if isinstance(found, Label):
                engine.report(node, leak(), found.trail)
            elif found.is_firm and found.holds_label:
                name = ast.unparse(node.func)
                outcome = undecidable(f"passes a frame to {name}(), which the guard cannot follow", FOLLOW)
                engine.report(node, outcome, found.trail)
        if isinstance(value, Source) and ast.unparse(node.func).rpartition(".")[2] in ("astuple", "asdict"):
            engine.report(
                node, undecidable("takes the observations apart", "Use observations.concentration.")
            )
    return UNKNOWN
