"""Constants, computed where the program computes them: indices, names, lists and dictionaries.

Only operations that have no effect and terminate quickly are folded; everything else stays unknown.
"""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any, Final

from agent.guard.values import Bag, Const, Items, Mapping, Value, choices, join

LARGEST: Final = 10**6
"""Numbers and lists beyond this size are not folded."""

_BINARY: Final[dict[type[ast.AST], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_UNARY: Final[dict[type[ast.AST], Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "abs": abs,
    "round": round,
    "len": len,
    "min": min,
    "max": max,
    "sum": sum,
    "ord": ord,
    "chr": chr,
    "divmod": divmod,
    "list": list,
    "any": any,
    "all": all,
    "hex": hex,
    "bin": bin,
    "sorted": sorted,
    "reversed": lambda items: list(reversed(items)),
    "range": range,
    "set": lambda items=(): sorted(set(items)),
    "enumerate": lambda items, start=0: list(enumerate(items, start)),
    "zip": lambda *lists: list(zip(*lists, strict=False)),
}
_ARRAYS: Final = ("tensor", "array", "asarray", "as_tensor", "LongTensor", "IntTensor", "BoolTensor")
_FOLDING_ERRORS: Final = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class NotConstant(Exception):  # noqa: N818 - a control signal between these functions, never an error
    """The value is not one constant."""


def plain(value: Value) -> Any:
    """The Python value of a constant, also of a list of constants.

    Raises:
        NotConstant: It is none.
    """
    if isinstance(value, Const):
        if isinstance(value.value, range) and len(value.value) > LARGEST:
            raise NotConstant
        return value.value
    if isinstance(value, Items):
        return tuple(plain(item) for item in value.items)
    raise NotConstant


def fold(function: Callable[..., Any], *values: Value, is_array: bool = False) -> Value | None:
    """`function(*values)` where all are constant and it succeeds; else None."""
    try:
        return constant(function(*map(plain, values)), is_array=is_array)
    except (NotConstant, *_FOLDING_ERRORS):
        return None


def constant(value: Any, *, is_array: bool = False) -> Value:
    """A constant of the domain.

    Raises:
        NotConstant: It is of a type that is not followed, or too large.
    """
    if isinstance(value, int | float) and (value != value or abs(value) > LARGEST):
        raise NotConstant
    if isinstance(value, range | list | tuple | str | bytes) and len(value) > LARGEST:
        raise NotConstant
    if isinstance(value, list | tuple):
        parts = tuple(value)
        if any(isinstance(part, list | tuple) for part in parts):
            return Items(tuple(constant(part) for part in parts), is_list=isinstance(value, list))
        return Const(parts, is_array)
    if value is None or value is Ellipsis or isinstance(value, int | float | str | bytes | range):
        return Const(value, is_array)
    raise NotConstant


def binary(op: ast.AST, left: Value, right: Value) -> Value | None:
    """Arithmetic or a comparison of constants; element by element for arrays."""
    function = _BINARY.get(type(op))
    if function is None or (isinstance(op, ast.Pow | ast.LShift) and not _is_small(right)):
        return None
    if isinstance(op, ast.Mult) and not (_is_small(left) or _is_small(right)):
        return None
    arrays = [isinstance(side, Const) and side.is_array for side in (left, right)]
    if any(arrays) and not isinstance(op, ast.In | ast.NotIn | ast.Is | ast.IsNot):
        return fold(lambda one, two: _elementwise(function, one, two), left, right, is_array=True)
    return fold(function, left, right)


def _is_small(value: Value) -> bool:
    return isinstance(value, Const) and isinstance(value.value, int | float) and abs(value.value) <= 64


def _elementwise(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if isinstance(left, tuple | range) and isinstance(right, tuple | range):
        return [function(one, two) for one, two in zip(left, right, strict=True)]
    if isinstance(left, tuple | range):
        return [function(one, right) for one in left]
    return (
        [function(left, one) for one in right] if isinstance(right, tuple | range) else function(left, right)
    )


def unary(op: ast.AST, operand: Value) -> Value | None:
    """A sign, a negation, or the complement of a mask."""
    if isinstance(op, ast.Invert) and isinstance(operand, Const) and operand.is_array:
        return fold(
            lambda mask: [not one if isinstance(one, bool) else ~one for one in mask], operand, is_array=True
        )
    return fold(_UNARY[type(op)], operand)


def call(dotted: str, args: list[Value]) -> Value | None:
    """A built-in function, or an array made of constants."""
    module, _, name = dotted.rpartition(".")
    if module == "builtins" and name in _FUNCTIONS:
        return fold(_FUNCTIONS[name], *args)
    if module in ("torch", "numpy"):
        if name in _ARRAYS and args:
            return fold(lambda value: value, args[0], is_array=True)
        if name == "arange":
            return fold(lambda *bounds: list(range(*bounds)), *args, is_array=True)
    if module == "operator" and name in ("add", "sub", "neg", "floordiv", "mod", "mul"):
        return fold(getattr(operator, name), *args)
    if module == "math" and name in ("floor", "ceil", "trunc", "isqrt", "gcd", "sqrt"):
        return fold(getattr(math, name), *args)
    return None


def method(owner: Value, name: str, args: list[Value]) -> Value | None:
    """A method of a constant, a list or a dictionary that changes nothing."""
    if isinstance(owner, Mapping):
        return _of_mapping(owner, name, args)
    if name in ("index", "count", "find", "item", "tolist", "lower", "upper", "strip", "join", "bit_length"):
        if isinstance(owner, Const) and name in ("item", "tolist"):
            return owner
        return fold(lambda value, *rest: getattr(value, name)(*rest), owner, *args)
    if (
        isinstance(owner, Const)
        and owner.is_array
        and name in ("to", "long", "int", "bool", "cuda", "cpu", "clone")
    ):
        return owner
    return None


def _of_mapping(owner: Mapping, name: str, args: list[Value]) -> Value | None:
    if name in ("get", "pop", "setdefault") and args:
        found = [value for key, value in owner.entries if key == args[0]]
        given = args[1:2]
        is_plain = isinstance(args[0], Const) and all(isinstance(key, Const) for key, _ in owner.entries)
        if found and is_plain:
            return found[-1]
        return join(given if is_plain and given else [*(value for _, value in owner.entries), *given])
    if name == "values":
        return Items(tuple(value for _, value in owner.entries))
    if name == "keys":
        return Items(tuple(key for key, _ in owner.entries))
    if name == "items":
        return Items(tuple(Items(entry) for entry in owner.entries))
    return owner if name == "copy" else None


def element(container: Value, index: Value) -> Value | None:
    """`container[index]` of a container that the program builds; None where it is not followed."""
    if isinstance(container, Mapping):
        found = [value for key, value in container.entries if key == index]
        return found[-1] if found else join([value for _, value in container.entries])
    if isinstance(container, Const):
        return fold(lambda value, at: value[at], container, index)
    if isinstance(container, Bag):
        return container.item
    if isinstance(container, Items):
        if isinstance(index, Const) and isinstance(index.value, int):
            inside = -len(container.items) <= index.value < len(container.items)
            return container.items[index.value] if inside else None
        return join(container.items) if container.items else None
    return None


def whole_numbers(value: Value) -> list[int]:
    """Whole numbers that a constant may be, or hold."""
    found = [one.value for one in choices(value) if isinstance(one, Const)]
    parts = [part for one in found for part in (one if isinstance(one, tuple | range) else (one,))]
    return [part for part in parts if isinstance(part, int) and not isinstance(part, bool)]
