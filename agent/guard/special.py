"""Special methods of a user's classes, which Python calls where nobody names them.

Operators, assignments and membership tests are followed into them (`called`). There are more ways to them
than are followed, in compiled code too; so one that gives back a frame, or what leads to one, is refused
wherever Python may call it, but for those of which every call is seen (`escapes`).
"""

import ast
from typing import Final

from agent.guard.contents import frames_in, sources_in
from agent.guard.contract import HOLDS, SCIENCE
from agent.guard.engine import Engine
from agent.guard.values import (
    Bag,
    Bound,
    Class,
    Either,
    Function,
    Instance,
    Items,
    Mapping,
    Method,
    Source,
    Stranger,
    Symbol,
    Value,
)

IN_PLACE: Final = "i"
REFLECTED: Final = "r"
BINARY: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.MatMult: "matmul",
    ast.BitOr: "or",
    ast.BitAnd: "and",
    ast.BitXor: "xor",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.Pow: "pow",
}
COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"),
    ast.Gt: ("__gt__", "__lt__"),
    ast.GtE: ("__ge__", "__le__"),
    ast.Eq: ("__eq__", "__eq__"),
    ast.NotEq: ("__ne__", "__ne__"),
}
"""Method of the left side, and of the right one where the left has none."""

UNARY: Final[dict[type[ast.unaryop], str]] = {
    ast.USub: "__neg__",
    ast.UAdd: "__pos__",
    ast.Invert: "__invert__",
}

SEEN: Final = frozenset(
    (
        *("__init__", "__post_init__", "__init_subclass__", "__call__", "__class_getitem__"),
        *("__getitem__", "__getattr__", "__get__", "__enter__"),
    )
)
"""Special methods that are read at every place where Python calls them."""


def called(engine: Engine, node: ast.AST, owner: Value, name: str, args: list[Value]) -> Value | None:
    """What `owner.name(*args)` gives where a class of the project defines it; else None."""
    if not isinstance(owner, Instance) or not defines(owner.of, name):
        return None
    method = engine.attribute(node, owner, name)
    return engine.apply(node, method, args, {}) if isinstance(method, Function | Bound) else None


def defines(of: Class, name: str) -> bool:
    """Whether a class, or one that it is made from, has a method of that name."""
    return name in of.names or any(isinstance(base, Class) and defines(base, name) for base in of.bases)


def above(instance: Instance) -> Value:
    """What `super()` is in a method: the same object, with the names of the classes above its own."""
    bases = [base for base in instance.of.bases if isinstance(base, Class)]
    names = {name: value for base in reversed(bases) for name, value in base.names.items()}
    return Instance(Class(instance.of.key, names, tuple(base for one in bases for base in one.bases)))


def compared(engine: Engine, node: ast.AST, op: ast.cmpop, left: Value, right: Value) -> Value | None:
    """What `left op right` gives where a side is an object of the project; else None."""
    if isinstance(op, ast.In | ast.NotIn):
        return called(engine, node, right, "__contains__", [left])
    names = COMPARISONS.get(type(op))
    if names is None:
        return None
    found = called(engine, node, left, names[0], [right])
    return called(engine, node, right, names[1], [left]) if found is None else found


def escapes(engine: Engine, function: Function, value: Value) -> bool:
    """Whether a special method gives back a way to frames, to whoever makes Python call it."""
    name = getattr(function.node, "name", "")
    if function.owner is None or not (name.startswith("__") and name.endswith("__")):
        return False
    is_of_a_metaclass = any(base == Symbol("builtins.type") for base in function.owner.bases)
    return (name not in SEEN or is_of_a_metaclass) and leads(engine, value)


def leads(engine: Engine, value: Value, seen: frozenset[str] = frozenset(), *, is_sure: bool = False) -> bool:
    """Whether a value is a frame, or may be asked for one.

    Args:
        engine: Knows what is stored in objects.
        value: Any.
        seen: Classes that are being looked into.
        is_sure: Whether functions and parameters of unknown origin do not count, which may lead anywhere.
    """
    if any(True for _ in (*frames_in(value), *sources_in(value))):
        return True
    match value:
        case Function() | Stranger():
            return not is_sure
        case Bound():
            parts = [value.function, *value.args]
        case Method(owner=Source()):
            return False  # an attribute of the science that is no way to frames: `contract.HOLDS` has those
        case Method():
            parts = [] if is_sure else [value.owner]
        case Either():
            parts = list(value.choices)
        case Items():
            parts = list(value.items)
        case Bag():
            parts = [value.item]
        case Mapping():
            parts = [one for _, one in value.entries]
        case Instance() | Class():
            of = value.of if isinstance(value, Instance) else value
            if of.key in seen or (is_sure and (isinstance(value, Class) or _is_sciences(of))):
                return False
            seen |= {of.key}
            stored = [one for (owner, _), one in engine.attributes.items() if owner == of.key]
            parts = [*stored, *(Instance(base) for base in of.bases if isinstance(base, Class))]
        case _:
            return False
    return any(leads(engine, part, seen, is_sure=is_sure) for part in parts)


def _is_sciences(of: Class) -> bool:
    """Whether it is one of the objects that training hands to strategies, seen where it is defined."""
    module, _, name = of.key.rpartition(":")
    return name in HOLDS and module.partition(".")[0] == SCIENCE
