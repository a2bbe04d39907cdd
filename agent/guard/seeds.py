"""Where frames come from: names, annotations and attributes that carry them into training code."""

import ast
from typing import Final

from agent.guard.values import COMPUTED, NUMBER, UNKNOWN, Class, Frame, Instance, Source, Value

SOURCES: Final = frozenset(("observations", "observation", "batch", "obs", "dataset"))
"""Names of what carries frames."""

GRAPHS: Final = frozenset(("batch", "data", "dataset", "graph", "sample", "observations"))
"""Names whose attribute `x` is taken for a frame."""


def from_attribute(base: str, name: str, line: int) -> Frame | None:
    """The frame that `base.name` is, by its name alone."""
    origin = (f"{name} comes from `{base}.{name}` (line {line})",)
    if name == "frames":
        return Frame(3, 2, trail=origin)
    if name == "x" and base.rpartition(".")[2] in GRAPHS:
        return Frame(2, 1, is_firm=False, trail=origin)
    return None


def named(name: str, value: Value, line: int) -> Value:
    """A value of unknown origin, taken for what its name says it is."""
    if value != UNKNOWN:
        return value
    origin = (f"`{name}` (line {line}) is taken for a frame by its name",)
    if name in ("x", "x_list"):
        return Frame(2, 1, is_firm=False, trail=origin)
    if name == "frames":
        return Frame(3, 2, is_firm=False, trail=origin)
    return Source(name) if name in SOURCES else UNKNOWN


def parameter(argument: ast.arg, classes: dict[str, Class]) -> Value:
    """What a parameter holds when nobody is known to call the function."""
    value = annotated(argument.annotation, argument.arg, argument.lineno, classes)
    if value == UNKNOWN and argument.arg == "frames":
        return Frame(3, 2, trail=(f"parameter `frames` (line {argument.lineno})",))
    return named(argument.arg, value, argument.lineno)


def annotated(annotation: ast.expr | None, name: str, line: int, classes: dict[str, Class]) -> Value:
    """What an annotation says of a value; shapes are those of jaxtyping."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return UNKNOWN
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        shape = annotation.slice.elts[-1]
        if isinstance(shape, ast.Constant) and isinstance(shape.value, str):
            return _of_shape(shape.value.split(), name, line)
    plain = annotation.id if isinstance(annotation, ast.Name) else ""
    if plain == "Observations":
        return Source(name)
    if plain in ("int", "float"):
        return NUMBER
    if plain in ("str", "bool", "bytes"):
        return COMPUTED
    return Instance(classes[plain]) if plain in classes else UNKNOWN


def _of_shape(axes: list[str], name: str, line: int) -> Value:
    if not axes or axes[-1].rpartition("=")[2] != "8":
        return COMPUTED
    origin = (f"`{name}` (line {line}) has 8 columns by its annotation",)
    if any(axis.startswith(("*", "...")) for axis in axes):
        return Frame(None, -1, trail=origin)
    return Frame(len(axes), len(axes) - 1, trail=origin)
