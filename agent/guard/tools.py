"""Functions of the standard library that pass a frame, an index or a function on."""

import ast
from typing import Final

from agent.guard.columns import undecidable
from agent.guard.engine import Engine
from agent.guard.values import (
    UNKNOWN,
    Bag,
    Bound,
    Const,
    Instance,
    Items,
    Mapping,
    Source,
    Symbol,
    Value,
    choices,
    join,
)

GETTER: Final = "operator.itemgetter()"
"""What `itemgetter(k)` gives; likewise for the two others."""

_TRANSPARENT: Final = frozenset(
    (
        *(
            "functools.wraps()",
            "functools.lru_cache",
            "functools.cache",
            "functools.lru_cache()",
            "contextlib.contextmanager",
        ),
        *("torch.no_grad()", "torch.inference_mode()", "torch.enable_grad()", "contextlib.nullcontext"),
        *(
            "typing.cast",
            "dataclasses.dataclass",
            "dataclasses.dataclass()",
            "typing.final",
            "typing.override",
        ),
        *("jaxtyping.jaxtyped()", "beartype.beartype", "abc.abstractmethod", "functools.total_ordering"),
    )
)
"""Give back what they are given: the last of their arguments."""

_FACTORIES: Final = frozenset(one.removesuffix("()") for one in _TRANSPARENT if one.endswith("()"))


def call(
    engine: Engine, node: ast.AST, dotted: str, args: list[Value], keywords: dict[str, Value]
) -> Value | None:
    """What a call of `dotted` gives; None where it is none of these."""
    first = args[0] if args else UNKNOWN
    if dotted in ("operator.getitem", "operator.contains") and len(args) == 2:
        return join([engine.subscript(node, one, args[1]) for one in choices(first)])
    if dotted in ("operator.itemgetter", "operator.attrgetter", "operator.methodcaller"):
        return Bound(Symbol(f"{dotted}()"), (Items(tuple(args)),), tuple(keywords.items()))
    if dotted == GETTER and len(args) == 2 and isinstance(first, Items):
        found = [join([engine.subscript(node, one, key) for one in choices(args[1])]) for key in first.items]
        return found[0] if len(found) == 1 else Items(tuple(found))
    if dotted == "operator.attrgetter()" and len(args) == 2 and isinstance(first, Items):
        return _attributes(engine, node, first, args[1])
    if dotted == "operator.methodcaller()" and len(args) == 2 and isinstance(first, Items) and first.items:
        name, *given = first.items
        if isinstance(name, Const) and isinstance(name.value, str):
            method = join([engine.attribute(node, one, name.value) for one in choices(args[1])])
            return join([engine.apply(node, one, given, keywords) for one in choices(method)])
    if dotted in ("functools.partial", "functools.partialmethod") and args:
        return Bound(first, tuple(args[1:]), tuple(keywords.items()))
    if dotted in _FACTORIES and not any(_is_function(one) for one in args[:1] if dotted != "functools.wraps"):
        return Symbol(f"{dotted}()")
    if dotted in _TRANSPARENT and args:
        return args[-1]
    if dotted == "dataclasses.replace" and isinstance(first, Source | Instance):
        return first
    if dotted == "types.SimpleNamespace":
        return _namespace(engine, node, keywords)
    if dotted in ("collections.deque", "itertools.chain", "itertools.cycle", "collections.OrderedDict"):
        return first if args and not isinstance(first, Mapping) else Bag(UNKNOWN)
    if dotted == "collections.defaultdict":
        return Mapping(())
    return None


def _is_function(value: Value) -> bool:
    return any(not isinstance(one, Const) for one in choices(value))


def _attributes(engine: Engine, node: ast.AST, names: Items, owner: Value) -> Value:
    found = []
    for name in names.items:
        value = owner
        if not (isinstance(name, Const) and isinstance(name.value, str)):
            engine.report(
                node, undecidable("looks up an attribute by a computed name", "Write the name out.")
            )
            return UNKNOWN
        for part in name.value.split("."):
            value = join([engine.attribute(node, one, part) for one in choices(value)])
        found.append(value)
    return found[0] if len(found) == 1 else Items(tuple(found))


def _namespace(engine: Engine, node: ast.AST, keywords: dict[str, Value]) -> Value:
    """A new object whose attributes are the arguments."""
    made = engine.new_object(node)
    for name, value in keywords.items():
        engine.keep(node, made, name, value)
    return made
