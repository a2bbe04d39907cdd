"""Calls: of the project's own functions, of tensor operations, and of what cannot be followed."""

import ast

from agent.guard import builtin_calls, containers, folding, operations, tools
from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.contract import FOLLOWED, STRATEGIES
from agent.guard.engine import Engine, Scope
from agent.guard.operation_names import ELEMENTS, JOINS, MOVES, PICKS, PRODUCTS, SHAPES, TURNS
from agent.guard.refused import refused_method
from agent.guard.values import (
    COMPUTED,
    CUT,
    INDICES,
    UNKNOWN,
    Bag,
    Bound,
    Class,
    Computed,
    Const,
    Cut,
    Frame,
    Function,
    Indices,
    Instance,
    Items,
    Label,
    Mapping,
    Method,
    Source,
    Stranger,
    Symbol,
    Value,
    choices,
    frames_in,
    join,
    sources_in,
)

TENSOR_MODULES = frozenset(("torch", "numpy", "jax", "scipy", "math", "einops", "copy"))
WHOLE_NUMBERS = frozenset(
    (
        "arange",
        "randint",
        "randperm",
        "argsort",
        "argmax",
        "argmin",
        "searchsorted",
        "bucketize",
        "nonzero",
        "long",
    )
)
"""Give whole numbers, whatever they are given."""

FOLLOW = "Keep the frame whole in this module, or pass batch.concentration instead."


def evaluate(engine: Engine, node: ast.Call, scope: Scope) -> Value:
    """The value of a call."""
    function = engine.evaluate(node.func, scope)
    args: list[Value] = []
    for part in node.args:
        value = engine.evaluate(part, scope)
        if not isinstance(part, ast.Starred):
            args.append(value)
            continue
        items = containers.known_items(value)
        if items is None and (firm := _firm(value)):
            engine.report(
                part, undecidable("spreads a frame over the arguments of a call", FOLLOW), firm[0].trail
            )
        args += [containers.element_of(value)] if items is None else items
    keywords = {}
    for keyword in node.keywords:
        value = engine.evaluate(keyword.value, scope)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, Mapping):
            named = [(key.value, one) for key, one in value.entries if isinstance(key, Const)]
            keywords |= {key: one for key, one in named if isinstance(key, str)}
        else:
            engine.consume(value, node, "spreads a frame over the arguments of a call")
    containers.grow(engine, node, args, keywords, scope)
    result = join([apply(engine, node, one, args, keywords) for one in choices(function)])
    for one in choices(function):
        containers.changed_by(engine, node, one, scope)
    return result


def apply(
    engine: Engine, node: ast.AST, function: Value, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """`function(*args, **keywords)`."""
    if isinstance(function, Function):
        return engine.invoke(function, args, keywords, node)
    if isinstance(function, Class):
        return engine.construct(function, args, keywords, node)
    if isinstance(function, Bound):
        given = [*function.args, *args]
        return join(
            [
                apply(engine, node, one, given, {**dict(function.keywords), **keywords})
                for one in choices(function.function)
            ]
        )
    if isinstance(function, Instance):
        for name in ("__call__", "forward"):
            found = engine.attribute(node, function, name)
            if isinstance(found, Function | Bound):
                return apply(engine, node, found, args, keywords)
    if isinstance(function, Method):
        return _method(engine, node, function, args, keywords)
    if isinstance(function, Symbol):
        return _symbol(engine, node, function.dotted, args, keywords)
    return unfollowed(engine, node, args, keywords)


def is_static(function: Function) -> bool:
    """Whether it is a static method, or no method at all."""
    return "staticmethod" in _decorators(function)


def is_class_method(function: Function) -> bool:
    """Whether its first argument is the class."""
    name = getattr(function.node, "name", "")
    return "classmethod" in _decorators(function) or name in (
        "__class_getitem__",
        "__init_subclass__",
        "__new__",
    )


def is_property(function: Function) -> bool:
    """Whether looking it up calls it."""
    return not _decorators(function).isdisjoint(("property", "cached_property"))


def _decorators(function: Function) -> set[str]:
    decorators = getattr(function.node, "decorator_list", [])
    return {ast.unparse(one).rpartition(".")[2] for one in decorators}


def _method(
    engine: Engine, node: ast.AST, method: Method, args: list[Value], keywords: dict[str, Value]
) -> Value:
    owner, name = method.owner, method.name
    if isinstance(owner, Frame):
        return operate(engine, node, owner, name, args, keywords)
    if isinstance(owner, Source) and name == "draw":
        return INDICES
    folded = folding.method(owner, name, args)
    if folded is not None:
        return folded
    is_container = isinstance(owner, Items | Bag | Mapping | Const)
    if is_container and (found := containers.method(owner, name, args)) is not None:
        return join([found, engine.spilled]) if found == UNKNOWN else found
    if name in PRODUCTS and args and isinstance(args[0], Frame):
        outcome = operations.matmul(owner, args[0])
        engine.report(node, outcome, args[0].trail)
        return outcome.value
    if refusal := refused_method(name):
        engine.refuse(node, refusal)
    if name in WHOLE_NUMBERS or isinstance(owner, Indices):
        unfollowed(engine, node, args, keywords)
        return (
            INDICES
            if name in WHOLE_NUMBERS or name in (*MOVES, *SHAPES, *TURNS, "item", "unbind")
            else COMPUTED
        )
    if isinstance(owner, Cut) and name in (*MOVES, *SHAPES, *TURNS, *PICKS):
        unfollowed(engine, node, args, keywords)
        return CUT
    if isinstance(owner, Stranger) and name in ("select", "narrow", "index_select", "take", "__getitem__"):
        for arg in args:
            engine.subscript(node, owner, Items((Const(Ellipsis), arg)))
        return owner
    if isinstance(owner, Stranger) and name in (*MOVES, *ELEMENTS, *TURNS, *SHAPES):
        unfollowed(engine, node, args, keywords)
        return owner
    unfollowed(engine, node, args, keywords)
    return COMPUTED if isinstance(owner, Computed) else UNKNOWN


def operate(
    engine: Engine,
    node: ast.AST,
    frame: Frame,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    module: str = "",
) -> Value:
    """A tensor operation on a frame, for each alternative of its arguments."""
    for place, arg in enumerate(args):
        if len(list(choices(arg))) > 1:
            variants = [[*args[:place], one, *args[place + 1 :]] for one in choices(arg)]
            return join([operate(engine, node, frame, name, one, keywords, module) for one in variants])
    outcome = operations.call(frame, name, args, keywords, module)
    if outcome is None:
        outcome = undecidable(f"calls .{name} on a frame, which the guard does not know", FOLLOW)
    engine.report(node, outcome, frame.trail)
    return outcome.value


def _symbol(
    engine: Engine, node: ast.AST, dotted: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    module, _, name = dotted.rpartition(".")
    top = module.partition(".")[0]
    folded = folding.call(dotted, args) if not keywords or name in ("tensor", "array", "as_tensor") else None
    if folded is not None:
        return folded
    if module == "builtins":
        return builtin_calls.evaluate(engine, node, name, args, keywords)
    if (found := tools.call(engine, node, dotted, args, keywords)) is not None:
        return found
    if top in TENSOR_MODULES:
        return _tensor(engine, node, top, name, args, keywords)
    leads = any(
        True for value in (*args, *keywords.values()) for _ in (*frames_in(value), *sources_in(value))
    )
    if top in FOLLOWED and leads:
        target = engine.resolve(dotted)
        if isinstance(target, Function | Class):
            return apply(engine, node, target, args, keywords)
    if dotted.startswith(f"{STRATEGIES}.") and not leads:
        return UNKNOWN
    return unfollowed(engine, node, args, keywords)


def _tensor(
    engine: Engine, node: ast.AST, top: str, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """A function of a tensor library."""
    first = args[0] if args else keywords.get("input", keywords.get("a", UNKNOWN))
    rest = {key: value for key, value in keywords.items() if args or key not in ("input", "a")}
    if name in JOINS and (frames := _firm(first)):
        along = keywords.get("dim", keywords.get("axis", args[1] if len(args) > 1 else Const(0)))
        outcome = operations.joined(name, containers.known_items(first), frames, along)
        if "out" in keywords:
            outcome = undecidable("writes a frame into another tensor", FOLLOW)
        engine.report(node, outcome, frames[0].trail)
        return outcome.value
    if name == "einsum" and (frames := _firm(*args[1:])):
        outcome = operations.einsum(first, args[1:])
        engine.report(node, outcome, frames[0].trail)
        return outcome.value
    if name in ELEMENTS and (frames := _firm(*args)) and "out" not in keywords:
        outcome = operations.mixed(
            frames[0], [one for one in (*args, *keywords.values()) if one is not frames[0]]
        )
        engine.report(node, outcome, frames[0].trail)
        return outcome.value
    if any(isinstance(one, Frame) for one in choices(first)):
        return join(
            [
                operate(engine, node, one, name, args[1:], rest, top) if isinstance(one, Frame) else COMPUTED
                for one in choices(first)
            ]
        )
    if name in PRODUCTS and len(args) == 2 and isinstance(args[1], Frame):
        outcome = operations.matmul(args[0], args[1])
        engine.report(node, outcome, args[1].trail)
        return outcome.value
    if top == "copy" and isinstance(first, Source | Instance | Items | Bag | Mapping):
        return first
    unfollowed(engine, node, args, keywords)
    if isinstance(first, Stranger) and name in (*MOVES, *ELEMENTS, *TURNS, *SHAPES):
        return first
    if isinstance(first, Cut) and name in (*MOVES, *SHAPES, *TURNS, *PICKS):
        return CUT
    return INDICES if name in WHOLE_NUMBERS or (name in MOVES and _is_whole(first)) else COMPUTED


def _is_whole(value: Value) -> bool:
    return all(
        isinstance(part, Indices)
        or (isinstance(part, Const) and isinstance(part.value, int) and not isinstance(part.value, bool))
        for part in (
            [one for item in value.items for one in choices(item)] if isinstance(value, Items) else [value]
        )
    )


def _firm(*values: Value) -> list[Frame]:
    found = [one for value in values for one in frames_in(value)]
    return [one for one in found if isinstance(one, Frame) and one.holds_label]


def unfollowed(engine: Engine, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A call of something that cannot be read: no frame may go there, and nothing that leads to one."""
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else "an operator"
    for value in [*args, *keywords.values()]:
        for found in frames_in(value):
            outcome: Outcome | None = None
            if isinstance(found, Label):
                outcome = leak()
            elif found.holds_label:
                outcome = undecidable(f"passes a frame to {called}(), which the guard cannot follow", FOLLOW)
            if outcome:
                engine.report(node, outcome, found.trail)
        for source in sources_in(value):
            what = (
                f"passes {source.kind}, which leads to frames, to {called}(), which the guard cannot follow"
            )
            engine.report(node, undecidable(what, "Pass the concentrations that are needed."))
    return UNKNOWN
