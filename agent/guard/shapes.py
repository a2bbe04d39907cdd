"""Operations that merge, split, repeat or reverse the axes of a frame: where its columns lie afterwards."""

import math
from collections.abc import Mapping as AbstractMapping
from dataclasses import replace

from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.values import COMPUTED, NUMBER, Const, Frame, Items, Value

ORDER = "Pass the axis and the sizes as constants, and keep the columns as the last axis."
Keywords = AbstractMapping[str, Value]


def from_end(frame: Frame) -> int | None:
    """The column axis counted from the end, -1 for the last; None where that is not known."""
    if frame.axis is None or (frame.rank is None and frame.axis >= 0):
        return None
    return frame.axis if frame.rank is None else frame.axis - frame.rank


def shape(frame: Frame) -> Value:
    """Sizes, of which that of the column axis is known."""
    if frame.rank is None or frame.axis is None:
        return COMPUTED
    axes: list[Value] = [NUMBER] * frame.rank
    axes[frame.axis] = Const(len(frame.columns))
    return Items(tuple(axes))


def reshaped(frame: Frame, name: str, args: list[Value], keywords: Keywords, module: str) -> Outcome:
    """What `SHAPES` do."""
    if frame.axis is None:
        return Outcome(frame)
    if name in ("reshape", "view", "expand", "broadcast_to") and not keywords:
        return _sized(frame, name, flat(args))
    if name == "unflatten" and len(args) == 2 and axes_of(frame, args[0]) == [frame.axis] and frame.rank:
        return _sized(frame, "reshape", [NUMBER] * (frame.rank - 1) + flat(args[1:]))
    if name in ("flatten", "ravel"):
        return _flattened(frame, args, keywords)
    if name in ("unsqueeze", "expand_dims"):
        return _unsqueezed(frame, keywords.get("dim", keywords.get("axis", args[0] if args else COMPUTED)))
    if name == "expand_as":
        return Outcome(replace(frame, rank=None, axis=from_end(frame)))
    if name == "squeeze":
        given = keywords.get("dim", keywords.get("axis", args[0] if args else None))
        axes = axes_of(frame, given) if given is not None else []
        place = from_end(frame)
        if axes is not None and place is not None and (place == -1 or (axes and max(axes) < frame.axis)):
            return Outcome(replace(frame, rank=None, axis=place))
        return _lost()
    if name == "flip":
        given = keywords.get("dims", keywords.get("axis", Items(tuple(args)) if args else COMPUTED))
        axes = axes_of(frame, given)
        if axes is None:
            return _lost()
        return Outcome(replace(frame, columns=frame.columns[::-1]) if frame.axis in axes else frame)
    if name == "roll":
        return _rolled(frame, args, keywords)
    if name in ("repeat", "tile") and not keywords:
        return _repeated(frame, name, numbers_of(flat(args)), module)
    if name == "unfold" and len(args) == 3 and frame.rank is not None:
        axes = axes_of(frame, args[0])
        if axes and frame.axis not in axes:
            return Outcome(replace(frame, rank=frame.rank + 1))
    return _lost()


def _sized(frame: Frame, name: str, sizes: list[Value]) -> Outcome:
    """`reshape` and `expand` to given sizes."""
    length = len(frame.columns)
    last = sizes[-1].value if sizes and isinstance(sizes[-1], Const) else None
    if not sizes or from_end(frame) != -1 or not all(_is_size(size) for size in sizes):
        return _lost()
    if last == length or (name in ("expand", "broadcast_to") and last == -1):
        return Outcome(replace(frame, rank=len(sizes), axis=len(sizes) - 1))
    for axis in range(len(sizes) - 1, -1, -1):
        inner = numbers_of(sizes[axis:])
        if name in ("expand", "broadcast_to") or inner is None or min(inner) < 1:
            break
        if math.prod(inner) == length:  # each position along this axis holds several columns
            width = length // inner[0]
            groups = [frame.columns[i : i + width] for i in range(0, length, width)]
            columns = tuple(frozenset().union(*group) for group in groups)
            return Outcome(replace(frame, columns=columns, rank=len(sizes), axis=axis))
    if name in ("reshape", "view") and len(sizes) == 1 and last == -1:
        return leak("flattens the label column into the others")
    return _lost()


def _is_size(value: Value) -> bool:
    """Whether it is one number: a tuple of unknown length may stand where a size is expected."""
    return type(value) is type(NUMBER) or (isinstance(value, Const) and isinstance(value.value, int))


def _flattened(frame: Frame, args: list[Value], keywords: Keywords) -> Outcome:
    given = dict(zip(("start_dim", "end_dim"), args, strict=False)) | dict(keywords)
    bounds = numbers_of([given.get("start_dim", Const(0)), given.get("end_dim", Const(-1))])
    if bounds is None or not set(given) <= {"start_dim", "end_dim"}:
        return leak("flattens the label column into the others")
    assert frame.axis is not None
    if frame.rank is None:
        return Outcome(replace(frame, rank=2, axis=1)) if (*bounds, frame.axis) == (0, -2, -1) else _lost()
    start, end = (bound % frame.rank for bound in bounds)
    if start <= frame.axis <= end and start < end:
        return leak("flattens the label column into the others")
    axis = frame.axis - (end - start) * (end < frame.axis)
    return Outcome(replace(frame, rank=frame.rank - (end - start), axis=axis))


def _unsqueezed(frame: Frame, given: Value) -> Outcome:
    place = given.value if isinstance(given, Const) and isinstance(given.value, int) else None
    if place is None or frame.rank is None or frame.axis is None:
        return _lost()
    place %= frame.rank + 1
    return Outcome(replace(frame, rank=frame.rank + 1, axis=frame.axis + (place <= frame.axis)))


def _rolled(frame: Frame, args: list[Value], keywords: Keywords) -> Outcome:
    given = dict(zip(("shifts", "dims"), args, strict=False)) | dict(keywords)
    along = given.get("dims", given.get("axis"))
    shifts = numbers_of(flat([given.get("shifts", given.get("shift", COMPUTED))]))
    axes = axes_of(frame, along) if along is not None else None
    if axes is None:
        return leak("mixes the label column into other columns")
    if frame.axis not in axes:
        return Outcome(frame)
    if shifts is None or len(shifts) != len(axes):
        return _lost()
    by = sum(shift for shift, axis in zip(shifts, axes, strict=True) if axis == frame.axis) % len(
        frame.columns
    )
    length = len(frame.columns)
    return Outcome(replace(frame, columns=tuple(frame.columns[(i - by) % length] for i in range(length))))


def _repeated(frame: Frame, name: str, counts: list[int] | None, module: str) -> Outcome:
    """`repeat` and `tile`, by one count per axis, the last of which is for the last axis."""
    is_torch = name == "tile" or (
        module != "numpy" and frame.rank is not None and len(counts or ()) >= frame.rank
    )
    if counts is None or not is_torch or from_end(frame) != -1 or frame.rank is None:
        return _lost()
    rank = max(frame.rank, len(counts))
    return Outcome(replace(frame, columns=frame.columns * counts[-1], rank=rank, axis=rank - 1))


def _lost() -> Outcome:
    return undecidable("reshapes a frame, so that its columns cannot be located", ORDER)


def axes_of(frame: Frame, given: Value) -> list[int] | None:
    """Constant axes, counted as the frame counts its column axis; None where they are not constant."""
    axes = numbers_of(flat([given]))
    if axes is None:
        return None
    if frame.rank is not None:
        return (
            [axis % frame.rank for axis in axes]
            if all(-frame.rank <= axis < frame.rank for axis in axes)
            else None
        )
    if frame.axis is None or any((axis < 0) != (frame.axis < 0) for axis in axes):
        return None
    return axes


def numbers_of(values: list[Value]) -> list[int] | None:
    """Constant whole numbers; None where one is none."""
    parts = [part.value if isinstance(part, Const) else None for part in values]
    if not parts or not all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        return None
    return [part for part in parts if isinstance(part, int)]


def flat(values: list[Value]) -> list[Value]:
    """Values with tuples among them written out."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Items):
            found += flat(list(value.items))
        elif isinstance(value, Const) and isinstance(value.value, tuple):
            found += [Const(part) for part in value.value]
        else:
            found.append(value)
    return found
