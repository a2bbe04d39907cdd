"""Operations that take a part of a frame by axis and position, as an index would."""

from collections.abc import Mapping as AbstractMapping
from dataclasses import replace
from itertools import pairwise

from agent.guard.columns import Outcome, leak, pick, subscript, undecidable
from agent.guard.shapes import ORDER, axes_of, from_end
from agent.guard.values import CUT, UNKNOWN, Bag, Const, Frame, Items, Label, Number, Slice, Value

_NAMES = {
    "select": ("dim", "index"),
    "narrow": ("dim", "start", "length"),
    "index_select": ("dim", "index"),
    "take": ("index", "dim"),
    "unbind": ("dim",),
    "split": ("sections", "dim"),
    "chunk": ("sections", "dim"),
    "tensor_split": ("sections", "dim"),
    "array_split": ("sections", "dim"),
    "hsplit": ("sections",),
    "vsplit": ("sections",),
    "dsplit": ("sections",),
}
_OTHER_NAMES = {
    "axis": "dim",
    "split_size": "sections",
    "split_size_or_sections": "sections",
    "chunks": "sections",
}
_OTHER_NAMES |= {"indices_or_sections": "sections", "indices": "index"}
_AXES = {"hsplit": 1, "vsplit": 0, "dsplit": 2}


def picked(
    frame: Frame, name: str, args: list[Value], keywords: AbstractMapping[str, Value], module: str
) -> Outcome:
    """What `PICKS` do."""
    if name == "__getitem__":
        return subscript(frame, args[0]) if args else Outcome(UNKNOWN)
    if name == "item":
        return leak()
    given = dict(zip(_NAMES[name], args, strict=False))
    given |= {_OTHER_NAMES.get(key, key): value for key, value in keywords.items()}
    along = given.get(
        "dim", Const(_AXES.get(name, 0)) if "sections" in given or name == "unbind" else Const(None)
    )
    axes = axes_of(frame, along)
    if axes is None or frame.axis is None or (name == "hsplit" and frame.rank == 1):
        return undecidable("picks along an axis that is not a constant", ORDER)
    if frame.axis in axes:
        return _from_columns(frame, name, given, module)
    if name in ("select", "unbind"):
        smaller = _without(frame, axes[0])
        return Outcome(smaller if name == "select" else Bag(smaller))
    if name in ("narrow", "index_select"):
        return Outcome(frame)
    if name == "take":
        index, place = given.get("index", UNKNOWN), from_end(frame)
        if isinstance(index, Number) or (isinstance(index, Const) and isinstance(index.value, int)):
            return Outcome(_without(frame, axes[0]))
        return Outcome(replace(frame, rank=None, axis=place if axes[0] < frame.axis else None))
    return Outcome(Bag(frame))


def _without(frame: Frame, axis: int) -> Frame:
    assert frame.axis is not None
    if frame.rank is None:
        before = (axis < frame.axis) if axis >= 0 else -(axis > frame.axis)
        return replace(frame, axis=frame.axis - before)
    return replace(frame, rank=frame.rank - 1, axis=frame.axis - (axis < frame.axis))


def _from_columns(frame: Frame, name: str, given: AbstractMapping[str, Value], module: str) -> Outcome:
    if name == "narrow":
        start, length = given.get("start", UNKNOWN), given.get("length", UNKNOWN)
        if not (isinstance(start, Const) and isinstance(length, Const)):
            return pick(frame, UNKNOWN)
        at = start.value % len(frame.columns)
        return pick(frame, Slice(Const(at), Const(at + length.value), Const(None)))
    if name in ("select", "index_select", "take"):
        index = given.get("index", UNKNOWN)
        is_plain = isinstance(index, Const | Slice)
        return pick(frame if is_plain else replace(frame, rank=None, axis=None), index)
    if name == "unbind":
        columns: list[Value] = []
        for place, column in enumerate(frame.columns):
            label = Label((*frame.trail, f"element {place} of the unbound columns"))
            columns.append(label if frame.labels & column else CUT)
        return Outcome(Items(tuple(columns)))
    return _parts(frame, name, given.get("sections", UNKNOWN), module)


def _parts(frame: Frame, name: str, sections: Value, module: str) -> Outcome:
    """`split`, `chunk` and their like along the columns."""
    length = len(frame.columns)
    by_size = name == "split" and module != "numpy"
    size = sections.value if isinstance(sections, Const) else None
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        if by_size or name == "chunk":
            step = size if by_size else -(-length // size)
            edges = [*range(0, length, step), length]
        else:
            edges = [0]
            for part in range(size):
                edges.append(edges[-1] + length // size + (part < length % size))
    elif isinstance(size, tuple) and all(isinstance(one, int) for one in size):
        edges = [sum(size[:i]) for i in range(len(size) + 1)] if by_size else [0, *size, length]
    elif isinstance(sections, Items):
        return _parts(frame, name, _constant(sections), module)
    else:
        return undecidable("splits the columns by a size that is no constant", ORDER)
    bounds = list(pairwise(edges))
    parts = [pick(frame, Slice(Const(start), Const(stop), Const(None))).value for start, stop in bounds]
    return Outcome(Items(tuple(parts)))


def _constant(items: Items) -> Value:
    """A tuple of constants as one; anything else stays unknown."""
    parts = [one.value for one in items.items if isinstance(one, Const)]
    return Const(tuple(parts)) if len(parts) == len(items.items) else UNKNOWN
