"""Where frames come from: hooks of strategies, annotations, and attributes of what those are given."""

import ast
from collections.abc import Callable
from typing import Final

from agent.guard.contract import HOLDS, HOOKS
from agent.guard.values import (
    COMPUTED,
    INDICES,
    NUMBER,
    UNKNOWN,
    Class,
    Frame,
    Function,
    Instance,
    Source,
    Stranger,
    Symbol,
    Value,
)

Lookup = Callable[[str], Value | None]

_INDICES: Final = frozenset((("Batch", "starts"),))
"""Attributes that hold whole numbers."""


def frames_of(base: str, line: int, labels: frozenset[int]) -> Frame:
    """The attribute `frames` of something whose type is not known."""
    return Frame(None, -1, labels=labels, trail=(f"frames comes from `{base}.frames` (line {line})",))


def held(source: Source, name: str, text: str, line: int, labels: frozenset[int]) -> Value | None:
    """What an attribute of a known type leads to; None where it holds nothing of a frame."""
    found = HOLDS.get(source.kind, {}).get(name)
    if isinstance(found, int):
        trail = (f"{name} comes from `{text}.{name}` (line {line})",)
        return Frame(found, found - 1, labels=labels, trail=trail)
    if found is not None:
        return Source(found)
    return INDICES if (source.kind, name) in _INDICES else None


def hook(function: Function) -> tuple[Value, ...] | None:
    """What training gives to a hook of a strategy, `self` left out; None where it is none."""
    name = getattr(function.node, "name", "")
    if function.owner is None or not function.owner.is_strategy or name not in HOOKS:
        return None
    return tuple(NUMBER if kind == "int" else Source(kind) for kind in HOOKS[name])


def parameter(argument: ast.arg, lookup: Lookup, labels: frozenset[int]) -> Value:
    """What a parameter holds when nobody is known to call the function."""
    value = annotated(argument.annotation, argument.arg, argument.lineno, lookup, labels)
    return Stranger(argument.arg, argument.lineno) if value == UNKNOWN else value


def annotated(
    annotation: ast.expr | None, name: str, line: int, lookup: Lookup, labels: frozenset[int]
) -> Value:
    """What an annotation says of a value; shapes are those of jaxtyping."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return UNKNOWN
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        sides = [annotated(one, name, line, lookup, labels) for one in (annotation.left, annotation.right)]
        return next((one for one in sides if one != UNKNOWN), UNKNOWN)
    if isinstance(annotation, ast.Subscript):
        if isinstance(annotation.slice, ast.Tuple):
            shape = annotation.slice.elts[-1]
            if isinstance(shape, ast.Constant) and isinstance(shape.value, str):
                return _of_shape(shape.value.split(), name, line, labels)
        return UNKNOWN
    if not isinstance(annotation, ast.Name | ast.Attribute):
        return UNKNOWN
    plain = annotation.id if isinstance(annotation, ast.Name) else annotation.attr
    meaning = lookup(plain) if isinstance(annotation, ast.Name) else None
    if isinstance(meaning, Symbol):
        plain = meaning.dotted.rpartition(".")[2]
    if isinstance(meaning, Class):
        return Instance(meaning)
    if plain in HOLDS:
        return Source(plain)
    if plain in ("int", "float"):
        return NUMBER
    return COMPUTED if plain in ("str", "bool", "bytes") else UNKNOWN


def _of_shape(axes: list[str], name: str, line: int, labels: frozenset[int]) -> Value:
    if not axes or axes[-1].rpartition("=")[2] != "8":
        return COMPUTED
    trail = (f"`{name}` (line {line}) has 8 columns by its annotation",)
    if any(axis.startswith(("*", "...", "#*")) for axis in axes):
        return Frame(None, -1, labels=labels, trail=trail)
    return Frame(len(axes), len(axes) - 1, labels=labels, trail=trail)
