"""Which columns an index keeps: a subscript of a frame, worked out axis by axis.

Follows the indexing rules of NumPy and PyTorch for integers, slices, `...`, `None`, lists and masks.
Where more than one list or an index of unknown shape is involved, the number of axes is given up, and
the columns are then found from the last axis.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.guard.findings import Verdict
from agent.guard.values import (
    COMPUTED,
    LABEL,
    UNKNOWN,
    Const,
    Frame,
    Items,
    Label,
    Number,
    Slice,
    Value,
)

NARROW_FROM = 4
"""A slice of something merely called `x` counts as deliberate from this column on (`x[:, 5:7]`)."""


@dataclass(frozen=True)
class Outcome:
    """What an operation on a frame gives, and what is to be said about it."""

    value: Value
    verdict: Verdict = Verdict.CLEAN
    what: str = ""
    remedy: str = ""


USES = "uses the label column"
READ_REMEDY = "Use batch.concentration, or move this to an evaluation metric, where labels are open."


def leak(what: str = USES) -> Outcome:
    """The operation reads ground truth."""
    return Outcome(COMPUTED, Verdict.LEAK, what, READ_REMEDY)


def undecidable(what: str, remedy: str) -> Outcome:
    """Whether the operation reads ground truth cannot be told."""
    return Outcome(COMPUTED, Verdict.UNDECIDABLE, what, remedy)


def subscript(frame: Frame, index: Value) -> Outcome:
    """`frame[index]`."""
    entries = list(index.items) if isinstance(index, Items) else [index]
    if frame.axis is None:
        return _lost(frame)
    spread = _by_axis(frame, entries)
    rank, axis, column_entry = spread
    if column_entry is None:
        return Outcome(replace(frame, rank=rank, axis=axis))
    return pick(replace(frame, rank=rank, axis=axis), column_entry)


def _lost(frame: Frame) -> Outcome:
    if not frame.is_firm:
        return Outcome(UNKNOWN)
    return undecidable(
        "indexes a frame whose columns cannot be located",
        "Index the frame before it is reshaped, with constants.",
    )


def _by_axis(frame: Frame, entries: list[Value]) -> tuple[int | None, int | None, Value | None]:
    """Rank and column axis before the column entry is applied, and that entry (None where it has none)."""
    consuming = [entry for entry in entries if not _is(entry, None) and not _is(entry, Ellipsis)]
    dots = next((i for i, entry in enumerate(entries) if _is(entry, Ellipsis)), None)
    rank, axis = frame.rank, frame.axis
    assert axis is not None
    if rank is not None and len(consuming) > rank:
        rank, axis = (
            (len(consuming), axis - rank + len(consuming)) if not frame.is_firm else (None, axis - rank)
        )
    if rank is None:
        return _from_the_end(axis, entries, consuming, dots)
    missing = [Slice(Const(None), Const(None), Const(None))] * (rank - len(consuming))
    at = len(entries) if dots is None else dots
    full: list[Value] = [*entries[:at], *missing, *entries[at + 1 :]]
    out: int | None = 0
    before: int | None = 0
    source, found = 0, None
    arrays = sum(_axes_left(entry) == 1 and not isinstance(entry, Slice) for entry in full)
    for entry in full:
        left = 1 if _is(entry, None) else _axes_left(entry)
        if not _is(entry, None):
            if source == axis:
                found, before = entry, out
                left = 1
            source += 1
        out = None if out is None or left is None else out + left
    is_untouched = found is None or _is_full(found)
    after = _count_after(full, axis)
    if arrays > 1 and not is_untouched:
        return None, -1 if after == 0 else None, found
    if out is None or before is None:
        place = None if after is None else -1 - after
        return None, place, None if is_untouched else found
    return out, before, None if is_untouched else found


def _count_after(full: Sequence[Value], axis: int) -> int | None:
    """Axes that are left behind the column axis; None where that is not known."""
    source, after = 0, 0
    for entry in full:
        if source > axis:
            left = 1 if _is(entry, None) else _axes_left(entry)
            if left is None:
                return None
            after += left
        source += not _is(entry, None)
    return after


def _from_the_end(
    axis: int, entries: list[Value], consuming: list[Value], dots: int | None
) -> tuple[int | None, int | None, Value | None]:
    if axis >= 0:
        found = consuming[axis] if dots is None and axis < len(consuming) else None
        moved = axis - sum(_axes_left(entry) == 0 for entry in consuming[:axis])
        return None, moved, found
    if dots is not None:
        behind = [entry for entry in entries[dots + 1 :] if not _is(entry, None)]
        return None, axis, behind[axis] if len(behind) >= -axis else None
    return None, axis, consuming[-1] if len(consuming) > 1 and axis == -1 else None


def pick(frame: Frame, entry: Value) -> Outcome:
    """Takes what `entry` says from the column axis."""
    if isinstance(entry, Const) and isinstance(entry.value, int) and not isinstance(entry.value, bool):
        position = entry.value
        if not -len(frame.columns) <= position < len(frame.columns):
            return Outcome(COMPUTED)
        return _judge(frame, (frame.columns[position],), is_deliberate=True, is_dropped=True)
    positions = _positions(entry, len(frame.columns))
    if positions is None:
        if not frame.is_firm or not frame.holds_label:
            return Outcome(UNKNOWN if not frame.is_firm else COMPUTED)
        return undecidable(
            "picks a column by an index that is only known when the program runs",
            "Write the column as a constant (`CONCENTRATION`), or use batch.concentration.",
        )
    kept = tuple(frame.columns[position] for position in positions)
    start = entry.start.value if isinstance(entry, Slice) and isinstance(entry.start, Const) else None
    is_deliberate = not isinstance(entry, Slice) or (isinstance(start, int) and start >= NARROW_FROM)
    return _judge(frame, kept, is_deliberate=is_deliberate, is_dropped=False)


def _judge(
    frame: Frame, kept: tuple[frozenset[int], ...], *, is_deliberate: bool, is_dropped: bool
) -> Outcome:
    touched = sum(LABEL in column for column in kept)
    if not touched:
        return Outcome(COMPUTED)
    only_label = all(column == {LABEL} for column in kept)
    if touched == len(kept) and (frame.is_firm or only_label):
        return replace(leak(), value=Label(frame.trail))
    if is_dropped:
        return Outcome(COMPUTED)
    return Outcome(replace(frame, columns=kept, is_firm=frame.is_firm or is_deliberate))


def _positions(entry: Value, length: int) -> list[int] | None:
    """Positions that a slice, list or mask keeps; None where they are not constant."""
    if isinstance(entry, Slice):
        bounds = (entry.start, entry.stop, entry.step)
        if not all(isinstance(bound, Const) and isinstance(bound.value, int | None) for bound in bounds):
            return None
        start, stop, step = (bound.value for bound in bounds if isinstance(bound, Const))
        return list(range(length)[slice(start, stop, step)]) if step != 0 else []
    if isinstance(entry, Items):
        parts = [part.value if isinstance(part, Const) else None for part in entry.items]
    elif isinstance(entry, Const) and isinstance(entry.value, tuple | range):
        parts = list(entry.value)
    else:
        return None
    if parts and all(isinstance(part, bool) for part in parts):
        return [position for position, is_on in enumerate(parts[:length]) if is_on]
    if not all(isinstance(part, int) for part in parts):
        return None
    return [part % length for part in parts if part is not None and -length <= part < length]


def _axes_left(entry: Value) -> int | None:
    """Axes that remain of the one which the entry indexes; None where that is not known."""
    if isinstance(entry, Slice):
        return 1
    if isinstance(entry, Number) or (isinstance(entry, Const) and isinstance(entry.value, int)):
        return 0
    if isinstance(entry, Const) and isinstance(entry.value, tuple | range):
        return 1
    return None


def _is(entry: Value, what: object) -> bool:
    return isinstance(entry, Const) and entry.value is what


def _is_full(entry: Value) -> bool:
    return isinstance(entry, Slice) and all(_is(part, None) for part in (entry.start, entry.stop, entry.step))
