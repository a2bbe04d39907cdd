"""Calls of built-in functions, as far as frames and indices can pass through them."""

import ast

from agent.guard import containers
from agent.guard.columns import undecidable
from agent.guard.engine import Engine
from agent.guard.values import (
    COMPUTED,
    NUMBER,
    UNKNOWN,
    Bag,
    Const,
    Frame,
    Items,
    Method,
    Slice,
    Source,
    Symbol,
    Value,
    choices,
    join,
)

PASSIVE = frozenset(
    ("len", "id", "type", "isinstance", "issubclass", "callable", "hasattr", "hash", "super", "object")
)
"""Built-in functions that look at no element."""


def evaluate(engine: Engine, node: ast.Call, name: str, args: list[Value]) -> Value:
    """A call of the built-in function `name`."""
    first = args[0] if args else UNKNOWN
    if name == "getattr" and len(args) >= 2:
        if isinstance(args[1], Const) and isinstance(args[1].value, str):
            return join([engine.attribute(node, one, args[1].value) for one in choices(first)])
        if any(one.is_firm if isinstance(one, Frame) else _leads_on(one) for one in choices(first)):
            engine.report(
                node, undecidable("looks up an attribute by a computed name", "Write the name out.")
            )
        return UNKNOWN
    if name in ("vars", "dir") and any(isinstance(one, Source) for one in choices(first)):
        return first
    if name == "slice" and args:
        bounds = args if len(args) > 1 else [Const(None), *args]
        return Slice(*[*bounds, Const(None)][:3])
    if name in ("list", "tuple", "iter", "reversed", "sorted", "set"):
        items = containers.known_items(first)
        if items is not None:
            return Items(tuple(reversed(items) if name == "reversed" else items))
        return Bag(containers.element_of(first))
    if name == "next":
        items = containers.known_items(first)
        return items[0] if items else containers.element_of(first)
    if name in ("enumerate", "zip"):
        return _together(name, args)
    if name == "map" and len(args) == 2:
        return Bag(engine.call(node, args[0], [containers.element_of(args[1])], {}))
    if name == "filter" and len(args) == 2:
        return Bag(containers.element_of(args[1]))
    if name == "range":
        return Bag(NUMBER)
    if name in PASSIVE:
        return NUMBER if name in ("len", "id") else UNKNOWN
    for arg in args:
        engine.consume(arg, node, f"gives the label column to {name}()")
    return (
        NUMBER
        if name in ("int", "float", "bool", "round", "abs") and not isinstance(first, Frame)
        else COMPUTED
    )


def _leads_on(value: Value) -> bool:
    """Whether an attribute of the value may be a frame, or a way to one."""
    return isinstance(value, Source | Symbol) or (
        isinstance(value, Method) and isinstance(value.owner, Source)
    )


def _together(name: str, args: list[Value]) -> Value:
    """`enumerate` and `zip`, item by item where all are known."""
    lists = [containers.known_items(arg) for arg in args[:1] if name == "enumerate"] or [
        containers.known_items(arg) for arg in args
    ]
    known = [one for one in lists if one is not None]
    if len(known) == len(lists) and known:
        rows = list(zip(*known, strict=False))
        if name == "enumerate":
            rows = [(Const(place), *row) for place, row in enumerate(rows)]
        return Items(tuple(Items(tuple(row)) for row in rows))
    parts = [containers.element_of(arg) for arg in (args[:1] if name == "enumerate" else args)]
    return Bag(Items((NUMBER, *parts) if name == "enumerate" else tuple(parts)))
