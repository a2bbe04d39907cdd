"""Calls: of the project's own functions, of tensor operations, and of what cannot be followed."""

import ast

from agent.guard import builtin_calls, containers, folding, mutation, operations, special, tensor_calls, tools
from agent.guard.columns import undecidable
from agent.guard.contents import frames_in, sources_in
from agent.guard.contract import FOLLOWED, STRATEGIES
from agent.guard.engine import Engine, Scope
from agent.guard.operation_names import ELEMENTS, MOVES, PICKS, PRODUCTS, SHAPES, TURNS, WHOLE_NUMBERS
from agent.guard.refused import refused_method
from agent.guard.tensor_calls import FOLLOW, firm_frames, unfollowed
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
    Mapping,
    Method,
    Source,
    Stranger,
    Symbol,
    Value,
    choices,
    join,
)

TENSOR_MODULES = frozenset(("torch", "numpy", "jax", "scipy", "math", "einops", "copy"))


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
        if items is None and (firm := firm_frames(value)):
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
    if function == Symbol("builtins.super") and (found := _super(scope)) is not None:
        return found
    mutation.grow(engine, node, args, keywords, scope)
    result = join([apply(engine, node, one, args, keywords) for one in choices(function)])
    for one in choices(function):
        mutation.changed_by(engine, node, one, scope)
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


def _super(scope: Scope) -> Value | None:
    """`super()` in a method of a class that is made from others of the project."""
    inner: Scope | None = scope
    while inner is not None and inner.owner is None:
        for name in inner.parameters:
            held = inner.names.get(name)
            if isinstance(held, Instance) and any(isinstance(base, Class) for base in held.of.bases):
                return special.above(held)
        inner = inner.parent
    return None


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
        return tensor_calls.operate(engine, node, owner, name, args, keywords)
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
        return tensor_calls.function(engine, node, top, name, args, keywords)
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
