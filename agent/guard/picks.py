"""Operations that take a part of a frame by axis and position, as an index would."""

from collections.abc import Mapping as AbstractMapping
from dataclasses import replace
from itertools import pairwise

from agent.guard.columns import Outcome, leak, pick, subscript, undecidable
from agent.guard.shapes import ORDER, axes_of
from agent.guard.values import COMPUTED, LABEL, N_COLUMNS, UNKNOWN, Const, Frame, Items, Label, Slice, Value


def picked(frame: Frame, name: str, args: list[Value], keywords: AbstractMapping[str, Value]) -> Outcome:
    if name == "__getitem__":
        return subscript(frame, args[0]) if args else Outcome(UNKNOWN)
    if name == "item":
        return leak() if frame.is_firm else Outcome(UNKNOWN)
    names = {
        "select": ("dim", "index"),
        "narrow": ("dim", "start", "length"),
        "index_select": ("dim", "index"),
        "take": ("indices", "axis"),
        "unbind": ("dim",),
        "split": ("split_size", "dim"),
        "chunk": ("chunks", "dim"),
    }[name]
    given = {**dict(zip(names, args, strict=False)), **keywords}
    along = given.get(
        "dim", given.get("axis", Const(0) if name in ("unbind", "split", "chunk") else Const(None))
    )
    axes = axes_of(frame, along)
    if name == "take" and along == Const(None):
        return (
            undecidable("takes elements of a flattened frame", ORDER) if frame.is_firm else Outcome(UNKNOWN)
        )
    if axes is None or frame.axis is None:
        return (
            undecidable("picks along an axis that is not a constant", ORDER)
            if frame.is_firm
            else Outcome(UNKNOWN)
        )
    if frame.axis not in axes:
        if name in ("select", "unbind") and frame.rank:
            smaller = replace(frame, rank=frame.rank - 1, axis=frame.axis - (axes[0] < frame.axis))
            return Outcome(smaller)
        return Outcome(frame)
    if name == "narrow":
        start, length = given.get("start", UNKNOWN), given.get("length", UNKNOWN)
        whole = isinstance(start, Const) and isinstance(length, Const)
        stop = Const(start.value + length.value) if whole else UNKNOWN  # type: ignore[attr-defined]
        return pick(frame, Slice(start, stop, Const(None)))
    if name in ("select", "index_select", "take"):
        return pick(frame, given.get("index", given.get("indices", UNKNOWN)))
    if not frame.is_firm and len(frame.columns) != N_COLUMNS:
        return Outcome(UNKNOWN)
    return _parts(frame, name, given)


def _parts(frame: Frame, name: str, given: AbstractMapping[str, Value]) -> Outcome:
    """`unbind`, `split` and `chunk` along the columns."""
    length = len(frame.columns)
    if name == "unbind":
        label = Label((*frame.trail, f"element {LABEL} of the unbound columns"))
        return Outcome(Items(tuple(label if LABEL in column else COMPUTED for column in frame.columns)))
    size = given.get("split_size", given.get("chunks", UNKNOWN))
    if isinstance(size, Const) and isinstance(size.value, int) and size.value > 0:
        step = size.value if name == "split" else -(-length // size.value)
        bounds = [(start, start + step) for start in range(0, length, step)]
    elif isinstance(size, Const) and isinstance(size.value, tuple) and name == "split":
        edges = [sum(size.value[:i]) for i in range(len(size.value) + 1)]
        bounds = list(pairwise(edges))
    else:
        return undecidable("splits the columns by a size that is no constant", ORDER)
    parts = [pick(frame, Slice(Const(start), Const(stop), Const(None))).value for start, stop in bounds]
    return Outcome(Items(tuple(parts)))
