"""Where the column axis of a frame goes when the frame is indexed, axis by axis.

Follows the rules that NumPy and PyTorch share for integers, slices, `...`, `None`, lists, integer tensors and
masks. Where the two differ, or a mask may take several axes at once, the column axis counts as lost.
"""

from dataclasses import dataclass

from agent.guard.values import Const, Frame, Indices, Items, Number, Slice, Value


@dataclass(frozen=True)
class Place:
    """What is left of the axes, and what is taken from the columns."""

    rank: int | None
    axis: int | None
    """The column axis before the column's own entry is applied; None where it is lost."""

    entry: Value | None
    """The entry for the columns; None where the columns stay as they are."""


LOST = Place(None, None, None)


def places(frame: Frame, index: Value) -> list[Place]:
    """All that `frame[index]` may mean; more than one only where the number of axes is not known."""
    entries = list(index.items) if isinstance(index, Items) and not index.is_list else [index]
    if frame.axis is None:
        return [LOST]
    dots = next((i for i, entry in enumerate(entries) if _is(entry, Ellipsis)), None)
    at_end = frame.axis == -1 or (frame.rank is not None and frame.axis == frame.rank - 1)
    if dots is not None and at_end and entries[-1:] and _may_be_mask(entries[-1]):
        return [Place(None, None, entries[-1])]
    if frame.rank is not None:
        return [_known(frame.rank, frame.axis, entries, dots)]
    return _unknown(frame.axis, entries, dots)


def _known(rank: int, axis: int, entries: list[Value], dots: int | None) -> Place:
    consuming = [entry for entry in entries if not _is_new(entry) and not _is(entry, Ellipsis)]
    if len(consuming) > rank:
        return LOST
    missing: list[Value] = [Slice(Const(None), Const(None), Const(None))] * (rank - len(consuming))
    at = len(entries) if dots is None else dots
    if missing and any(_may_be_mask(entry) for entry in consuming):
        return LOST
    return _walk([*entries[:at], *missing, *entries[at + 1 :]], axis)


def _unknown(axis: int, entries: list[Value], dots: int | None) -> list[Place]:
    if any(_may_be_mask(entry) for entry in entries):
        return [LOST]
    if axis >= 0:
        head = entries if dots is None else entries[:dots]
        consuming = [entry for entry in head if not _is_new(entry)]
        if len(consuming) > axis:
            if dots is not None and any(_is_array(entry) for entry in entries[dots:]):
                return [LOST]
            place = _walk(head, axis)
            front = place.axis if place.axis is not None and place.axis >= 0 else None
            return [Place(None, front, place.entry)]
        return [Place(None, axis, None)] if not entries[len(head) :] and not head else [LOST]
    head, tail = (entries, []) if dots is None else (entries[:dots], entries[dots + 1 :])
    if any(_is_array(entry) for entry in tail) and any(_is_array(one) or _is_whole(one) for one in head):
        return [LOST]
    behind = [entry for entry in tail if not _is_new(entry)]
    after = -axis - 1
    if len(behind) > after:
        found = behind[axis]
        column = next(
            i for i, entry in enumerate(tail) if entry is found and _count(tail[:i]) == len(behind) + axis
        )
        left = _left(tail[column + 1 :])
        arrays = sum(_is_array(entry) for entry in tail)
        if arrays > 1 or (arrays and any(_is_whole(entry) for entry in tail)):
            return [Place(None, None, found)]
        return [Place(None, None if left is None else -1 - left, None if _is_full(found) else found)]
    left = _left(tail)
    kept = None if left is None else -1 - (after - len(behind)) - left
    untouched = Place(None, kept, None)
    consuming = [entry for entry in head if not _is_new(entry)]
    if dots is None and len(consuming) > 1 and axis == -1:
        last = consuming[-1]
        arrays = any(_is_array(entry) for entry in consuming)
        reached = Place(None, None if arrays else -1, None if _is_full(last) else last)
        return [reached, untouched]
    return [untouched]


def _walk(full: list[Value], axis: int) -> Place:
    """Entries for every axis: exact, as long as at most one of them is an array."""
    column, source = 0, -1
    for place, entry in enumerate(full):
        source += not _is_new(entry)
        if source == axis and not _is_new(entry):
            column = place
            break
    found, before, after = full[column], full[:column], full[column + 1 :]
    taken = None if _is_full(found) else found
    arrays = [one for one in full if _is_array(one)]
    wholes = any(_is_whole(one) for one in full)
    if not arrays:
        left = _left(before)
        total = _left(after)
        assert left is not None
        assert total is not None
        return Place(left + 1 + total, left, taken)
    others = [one for one in arrays if one is not found]
    if _is_array(found):
        if others or wholes or not is_list(found):
            return Place(None, None, taken)
        left, total = _left(before), _left(after)
        assert left is not None
        assert total is not None
        return Place(left + 1 + total, left, taken)
    if len(arrays) == 1 and not wholes:
        left, total = _left(before), _left(after)
        rank = None if left is None or total is None else left + 1 + total
        if rank is not None:
            return Place(rank, left, taken)
        return Place(None, left if total is None else -1 - total, taken)
    if any(_is_array(one) or _is_whole(one) for one in after):
        return Place(None, None, taken)
    total = _left(after)
    return Place(None, None if total is None else -1 - total, taken)


def _left(entries: list[Value]) -> int | None:
    """Axes that the entries leave; None where that is not known."""
    counts = [1 if _is_new(entry) else _axes_left(entry) for entry in entries]
    return None if None in counts else sum(count for count in counts if count is not None)


def _count(entries: list[Value]) -> int:
    return sum(not _is_new(entry) for entry in entries)


def _axes_left(entry: Value) -> int | None:
    """Axes that remain of the one which the entry indexes; None where that is not known."""
    if isinstance(entry, Slice) or is_list(entry):
        return 1
    return 0 if _is_whole(entry) else None


def is_list(entry: Value) -> bool:
    """Whether it is a list of constant positions or a constant mask, of one axis."""
    if isinstance(entry, Const):
        return isinstance(entry.value, tuple | range)
    return False


def _is_array(entry: Value) -> bool:
    return not (_is_whole(entry) or isinstance(entry, Slice) or _is_new(entry) or _is(entry, Ellipsis))


def _is_whole(entry: Value) -> bool:
    """Whether it is one whole number."""
    if isinstance(entry, Const):
        return isinstance(entry.value, int) and not isinstance(entry.value, bool)
    return type(entry) is Number


def _may_be_mask(entry: Value) -> bool:
    """Whether it may be a mask over several axes."""
    if _is_whole(entry) or _is_new(entry) or _is(entry, Ellipsis) or is_list(entry):
        return False
    return not isinstance(entry, Slice | Indices)


def _is_new(entry: Value) -> bool:
    """Whether it makes an axis instead of taking one."""
    return isinstance(entry, Const) and (entry.value is None or isinstance(entry.value, bool))


def _is(entry: Value, what: object) -> bool:
    return isinstance(entry, Const) and entry.value is what


def _is_full(entry: Value) -> bool:
    return isinstance(entry, Slice) and all(_is(part, None) for part in (entry.start, entry.stop, entry.step))
