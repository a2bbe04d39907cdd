"""Operations that put the axes of a frame into another order: the column axis moves, the columns stay."""

from collections.abc import Mapping as AbstractMapping
from dataclasses import replace

from agent.guard.columns import Outcome, undecidable
from agent.guard.shapes import ORDER, flat, numbers_of
from agent.guard.values import Const, Frame, Value

_NAMES = {
    "transpose": ("dim0", "dim1"),
    "swapaxes": ("axis0", "axis1"),
    "swapdims": ("dim0", "dim1"),
    "movedim": ("source", "destination"),
    "moveaxis": ("source", "destination"),
}


def turned(
    frame: Frame, name: str, args: list[Value], keywords: AbstractMapping[str, Value], module: str
) -> Outcome:
    """Axes in another order."""
    if frame.axis is None:
        return Outcome(frame)
    rank, axis = frame.rank, frame.axis
    if name in ("T", "H", "t") or (name == "transpose" and not args and not keywords):
        return Outcome(_noted(replace(frame, axis=(-1 - axis) if rank is None else rank - 1 - axis), name))
    if name in ("mT", "mH"):
        args, name, module = [Const(-2), Const(-1)], "swapaxes", "torch"
    names = _NAMES.get(name, ("dims", "axes"))
    given = [*args, *(keywords[one] for one in (*names, "dims", "axes") if one in keywords)]
    if len(given) != len(args) + len(keywords):
        return _unclear()
    if name in ("movedim", "moveaxis"):
        return _moved(frame, name, given)
    numbers = numbers_of(flat(given))
    if numbers is None:
        return _unclear()
    swaps = name in ("swapaxes", "swapdims") or (
        name == "transpose" and len(numbers) == 2 and len(given) == 2
    )
    if swaps:
        return _swapped(frame, name, numbers, module)
    if rank is None and axis < 0:
        rank, axis = len(numbers), axis + len(numbers)
    if rank is None or sorted(number % rank for number in numbers) != list(range(rank)):
        return _unclear()
    places = [number % rank for number in numbers]
    return Outcome(_noted(replace(frame, rank=rank, axis=places.index(axis)), name))


def _swapped(frame: Frame, name: str, numbers: list[int], module: str) -> Outcome:
    rank, axis = frame.rank, frame.axis
    assert axis is not None
    if len(numbers) != 2:
        return _unclear()
    if rank is None and (any(number >= 0 for number in numbers) or axis >= 0):
        return _unclear()
    first, second = numbers if rank is None else [number % rank for number in numbers]
    if name == "transpose" and module != "torch" and rank == 2 and (first, second) == (0, 1):
        return Outcome(replace(frame, axis=None))  # a tensor is turned by it, an array is not
    swapped = {first: second, second: first}.get(axis, axis)
    return Outcome(_noted(replace(frame, axis=swapped), name))


def _moved(frame: Frame, name: str, given: list[Value]) -> Outcome:
    if frame.rank is None or len(given) != 2:
        return _unclear()
    sources, targets = numbers_of(flat(given[:1])), numbers_of(flat(given[1:]))
    if sources is None or targets is None or len(sources) != len(targets):
        return _unclear()
    sources, targets = [[one % frame.rank for one in part] for part in (sources, targets)]
    order = [axis for axis in range(frame.rank) if axis not in sources]
    for target, source in sorted(zip(targets, sources, strict=True)):
        order.insert(target, source)
    assert frame.axis is not None
    return Outcome(_noted(replace(frame, axis=order.index(frame.axis)), name))


def _unclear() -> Outcome:
    return undecidable("reorders axes by what is no constant", ORDER)


def _noted(frame: Frame, name: str) -> Frame:
    where = "along an unknown axis" if frame.axis is None else f"along axis {frame.axis}"
    return replace(frame, trail=(*frame.trail, f"after .{name} its columns 0..7 lie {where}"))
