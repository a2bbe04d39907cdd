"""Calls of built-in functions, as far as frames and indices can pass through them."""

import ast

from agent.guard import containers, special
from agent.guard.columns import undecidable
from agent.guard.contents import sources_in
from agent.guard.contract import HOLDS
from agent.guard.engine import Engine
from agent.guard.values import (
    COMPUTED,
    NUMBER,
    UNKNOWN,
    Bag,
    Const,
    Frame,
    Items,
    Mapping,
    Method,
    Namespace,
    Slice,
    Source,
    Stranger,
    Symbol,
    Value,
    choices,
    join,
)

PASSIVE = frozenset(
    ("len", "id", "type", "isinstance", "issubclass", "callable", "hasattr", "super", "object", "property")
)
"""Built-in functions that look at no element."""

NAME_IT = "Write the name out."


def evaluate(
    engine: Engine, node: ast.AST, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """A call of the built-in function `name`."""
    if name not in (*PASSIVE, "getattr", "setattr", "vars", "dir"):
        args = [engine.iterated(node, arg) for arg in args]
    first = args[0] if args else UNKNOWN
    if name == "getattr" and len(args) >= 2:
        return _getattr(engine, node, args)
    if name == "setattr" and len(args) == 3:
        return _setattr(engine, node, args)
    if name in ("vars", "dir"):
        return join([_names(engine, node, one, name) for one in choices(first)]) if args else COMPUTED
    if name == "slice" and args:
        bounds = args if len(args) > 1 else [Const(None), *args]
        return Slice(*[*bounds, Const(None)][:3])
    if name == "dict":
        entries = first.entries if isinstance(first, Mapping) else ()
        if args and not isinstance(first, Mapping):
            return Bag(containers.element_of(first))
        return Mapping((*entries, *((Const(key), value) for key, value in keywords.items())))
    if name in ("iter", "next"):
        held = Bag(containers.element_of(first)) if name == "iter" else containers.element_of(first)
        return held if len(args) < 2 else join([held, args[1]])
    if name in ("list", "tuple", "reversed", "sorted", "set", "frozenset", "min", "max"):
        _by_key(engine, node, first, keywords)
        items = containers.known_items(first)
        if name in ("min", "max"):
            for arg in args:
                engine.consume(arg, node, f"gives the label column to {name}()")
            return COMPUTED if "key" not in keywords else containers.element_of(first)
        if items is not None and name != "sorted":
            return Items(tuple(reversed(items) if name == "reversed" else items))
        return Bag(containers.element_of(first))
    if name in ("enumerate", "zip"):
        return _together(name, args)
    if name == "map" and len(args) >= 2:
        lists = [containers.known_items(arg) for arg in args[1:]]
        if len(args) == 2 and lists[0] is not None and len(lists[0]) <= containers.UNROLLED:
            return Items(tuple(engine.apply(node, args[0], [one], {}) for one in lists[0]))
        return Bag(engine.apply(node, args[0], [containers.element_of(arg) for arg in args[1:]], {}))
    if name == "filter" and len(args) == 2:
        element = containers.element_of(args[1])
        engine.consume(engine.apply(node, args[0], [element], {}), node, "decides by the label column")
        return Bag(element)
    if name == "range":
        return Bag(NUMBER)
    if name == "type" and len(args) == 3 and special.leads(engine, args[2], is_sure=True):
        what = "makes a class out of a container that leads to frames"
        engine.report(node, undecidable(what, "Write the class out."))
    if name in PASSIVE:
        return NUMBER if name in ("len", "id") else UNKNOWN
    for arg in (*args, *keywords.values()):
        engine.consume(arg, node, f"gives the label column to {name}()")
        if name not in ("print", "repr", "str", "bool") and any(True for _ in sources_in(arg)):
            engine.report(node, undecidable(f"gives an object that holds frames to {name}()", NAME_IT))
    return NUMBER if name in ("int", "float", "round", "abs", "ord", "hash") else COMPUTED


def _getattr(engine: Engine, node: ast.AST, args: list[Value]) -> Value:
    owner, name = args[:2]
    found = list(args[2:])
    for one in choices(name):
        if isinstance(one, Const) and isinstance(one.value, str):
            found += [engine.attribute(node, part, one.value) for part in choices(owner)]
        elif any(_leads_on(part) for part in choices(owner)):
            engine.report(node, undecidable("looks up an attribute by a computed name", NAME_IT))
        else:
            found += [part for part in choices(owner) if isinstance(part, Stranger)]
    return join(found)


def _setattr(engine: Engine, node: ast.AST, args: list[Value]) -> Value:
    owner, name, value = args
    if isinstance(name, Const) and isinstance(name.value, str):
        for one in choices(owner):
            engine.keep(node, one, name.value, value)
    else:
        engine.consume(value, node, "stores a frame under a computed name")
    return Const(None)


def _names(engine: Engine, node: ast.AST, value: Value, name: str) -> Value:
    """`vars(value)`, or `dir(value)`."""
    if name == "dir":
        return Bag(Const("frames")) if isinstance(value, Source | Stranger) else Bag(COMPUTED)
    return engine.attribute(node, value, "__dict__")


def dictionary_of(engine: Engine, node: ast.AST, source: Source) -> Value:
    """The attributes of an object that leads to frames, by name."""
    held = HOLDS.get(source.kind, {})
    return Mapping(tuple((Const(name), engine.attribute(node, source, name)) for name in held))


def _leads_on(value: Value) -> bool:
    """Whether an attribute of the value may be a frame, or a way to one."""
    if isinstance(value, Method):
        return _leads_on(value.owner)
    return isinstance(value, Source | Symbol | Frame | Namespace)


def _by_key(engine: Engine, node: ast.AST, values: Value, keywords: dict[str, Value]) -> None:
    """`sorted(values, key=...)`: the order depends on what the key gives."""
    element = containers.element_of(values)
    if "key" in keywords and keywords["key"] != Const(None):
        element = engine.apply(node, keywords["key"], [element], {})
    elif not isinstance(node, ast.Call) or ast.unparse(node.func) != "sorted":
        return
    engine.consume(element, node, "sorts by the label column")


def _together(name: str, args: list[Value]) -> Value:
    """`enumerate` and `zip`, item by item where all are known."""
    sources = args[:1] if name == "enumerate" else args
    lists = [containers.known_items(arg) for arg in sources]
    known = [one for one in lists if one is not None]
    if len(known) == len(lists) and known and (name == "zip" or len(args) == 1):
        rows = list(zip(*known, strict=False))
        if name == "enumerate":
            rows = [(Const(place), *row) for place, row in enumerate(rows)]
        return Items(tuple(Items(tuple(row)) for row in rows))
    parts = [containers.element_of(arg) for arg in sources]
    return Bag(Items((NUMBER, *parts) if name == "enumerate" else tuple(parts)))
