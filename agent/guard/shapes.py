"""Operations that move the axes of a frame: where its columns lie afterwards."""

from collections.abc import Mapping as AbstractMapping
from dataclasses import replace

from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.values import COMPUTED, NUMBER, UNKNOWN, Const, Frame, Items, Value

ORDER = "Pass the axis and the sizes as constants, and keep the columns as the last axis."


def attribute(frame: Frame, name: str) -> Outcome | None:
    """`frame.name` where that is no call; None where it is a method."""
    if name in ("T", "H", "mT", "mH"):
        return turned(frame, name, [], {})
    if name in ("data", "real"):
        return Outcome(frame)
    if name in ("shape", "strides"):
        return Outcome(shape(frame))
    if name in (
        "dtype",
        "device",
        "ndim",
        "nbytes",
        "itemsize",
        "requires_grad",
        "is_cuda",
        "layout",
        "flags",
    ):
        return Outcome(Const(frame.rank) if name == "ndim" and frame.rank else COMPUTED)
    return None


def shape(frame: Frame) -> Value:
    if frame.rank is None or frame.axis is None:
        return COMPUTED
    axes: list[Value] = [NUMBER] * frame.rank
    if frame.is_firm:
        axes[frame.axis] = Const(len(frame.columns))
    return Items(tuple(axes))


def turned(frame: Frame, name: str, args: list[Value], keywords: AbstractMapping[str, Value]) -> Outcome:
    """Axes in another order: the column axis moves, the columns stay."""
    if frame.axis is None:
        return Outcome(frame)
    rank, axis = frame.rank, frame.axis
    if name in ("T", "H", "t") or (name == "transpose" and not args and not keywords):
        moved = (-1 - axis) if rank is None else rank - 1 - axis
        return Outcome(_noted(replace(frame, axis=moved), name))
    if name in ("mT", "mH"):
        args, name = [Const(-2), Const(-1)], "transpose"
    order = list(args[0].items) if len(args) == 1 and isinstance(args[0], Items) else args
    if len(order) == 1 and isinstance(order[0], Const) and isinstance(order[0].value, tuple):
        order = [Const(axis) for axis in order[0].value]
    numbers = [part.value for part in order if isinstance(part, Const) and isinstance(part.value, int)]
    if len(numbers) != len(order) or keywords or rank is None:
        if not frame.is_firm:
            return Outcome(UNKNOWN)
        if (
            rank is None
            and len(numbers) == len(order)
            and axis not in numbers
            and min(numbers, default=0) >= 0
        ):
            return Outcome(replace(frame, axis=None))
        return undecidable("reorders axes by what is no constant", ORDER)
    places = [number % rank for number in numbers]
    if name == "permute" or (name == "transpose" and len(places) > 2):
        return Outcome(_noted(replace(frame, axis=places.index(axis) if axis in places else None), name))
    if len(places) != 2:
        return (
            undecidable("reorders axes by what is no constant", ORDER) if frame.is_firm else Outcome(UNKNOWN)
        )
    first, second = places
    if name in ("movedim", "moveaxis"):
        axes = [place for place in range(rank) if place != first]
        axes.insert(second, first)
        return Outcome(_noted(replace(frame, axis=axes.index(axis)), name))
    swapped = {first: second, second: first}.get(axis, axis)
    return Outcome(_noted(replace(frame, axis=swapped), name))


def _noted(frame: Frame, name: str) -> Frame:
    where = "along an unknown axis" if frame.axis is None else f"along axis {frame.axis}"
    return replace(frame, trail=(*frame.trail, f"after .{name} its columns 0..7 lie {where}"))


def reshaped(frame: Frame, name: str, args: list[Value], keywords: AbstractMapping[str, Value]) -> Outcome:
    if not frame.is_firm:
        return Outcome(UNKNOWN)
    if frame.axis is None:
        return Outcome(frame)
    numbers = [part.value if isinstance(part, Const) else None for part in flat(args)]
    at_end = frame.axis == -1 or (frame.rank is not None and frame.axis == frame.rank - 1)
    if name in ("reshape", "view") and numbers:
        if at_end and (numbers[-1] == len(frame.columns)):
            return Outcome(replace(frame, rank=len(numbers), axis=len(numbers) - 1))
        if numbers == [-1]:
            return leak("flattens the label column into the others")
    if name == "flatten" and len(numbers) == 2 and numbers[0] == 0 and frame.rank:
        last = numbers[1] % frame.rank if isinstance(numbers[1], int) else None
        if last is not None and at_end and last < frame.rank - 1:
            return Outcome(replace(frame, rank=frame.rank - last, axis=frame.axis - last))
    if name in ("flatten", "ravel"):
        return leak("flattens the label column into the others")
    if name in ("unsqueeze", "expand_dims") and frame.rank is not None:
        given = numbers[0] if numbers else None
        if isinstance(given, int):
            place = given % (frame.rank + 1)
            return Outcome(replace(frame, rank=frame.rank + 1, axis=frame.axis + (place <= frame.axis)))
    if name == "flip":
        axes = axes_of(frame, args[0] if len(args) == 1 else Items(tuple(args))) if args else None
        axes = axes if axes is not None else axes_of(frame, keywords.get("dims", UNKNOWN))
        if axes is not None:
            columns = frame.columns[::-1] if frame.axis in axes else frame.columns
            return Outcome(replace(frame, columns=columns))
    return undecidable("reshapes a frame, so that its columns cannot be located", ORDER)


def axes_of(frame: Frame, given: Value) -> list[int] | None:
    """Constant axes, counted as the frame counts its column axis; None where they are not constant."""
    parts = [part.value if isinstance(part, Const) else None for part in flat([given])]
    if not parts or not all(isinstance(part, int) for part in parts):
        return None
    axes = [part for part in parts if isinstance(part, int)]
    if frame.rank is not None:
        return [axis % frame.rank for axis in axes]
    if frame.axis is None or any((axis < 0) != (frame.axis < 0) and axis != 0 for axis in axes):
        return None
    return axes


def flat(values: list[Value]) -> list[Value]:
    flat: list[Value] = []
    for value in values:
        if isinstance(value, Items):
            flat += value.items
        elif isinstance(value, Const) and isinstance(value.value, tuple):
            flat += [Const(part) for part in value.value]
        else:
            flat.append(value)
    return flat
