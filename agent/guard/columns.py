"""Which columns an index keeps, and what is to be said about it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.guard.findings import Verdict
from agent.guard.indexing import places
from agent.guard.values import COMPUTED, CUT, Const, Frame, Items, Label, Slice, Value, join


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
    if not frame.holds_label:
        return Outcome(CUT)
    outcomes = []
    for place in places(frame, index):
        moved = replace(frame, rank=place.rank, axis=place.axis)
        outcomes.append(Outcome(moved) if place.entry is None else pick(moved, place.entry))
    worst = next((one for one in outcomes if one.verdict is Verdict.LEAK), outcomes[0])
    value = join([one.value for one in outcomes])
    return replace(worst, value=value)


def pick(frame: Frame, entry: Value) -> Outcome:
    """Takes what `entry` says from the column axis."""
    if not frame.holds_label:
        return Outcome(CUT)
    length = len(frame.columns)
    if isinstance(entry, Const) and isinstance(entry.value, int) and not isinstance(entry.value, bool):
        if not -length <= entry.value < length:
            return undecidable(
                f"picks column {entry.value} of {length}",
                "Name a column that there is, such as `CONCENTRATION`.",
            )
        return _judge(frame, (frame.columns[entry.value],))
    positions = _positions(entry, length)
    if positions is None:
        return undecidable(
            "picks a column by an index that is only known when the program runs",
            "Write the column as a constant (`CONCENTRATION`), or use batch.concentration.",
        )
    return _judge(frame, tuple(frame.columns[position] for position in positions))


def _judge(frame: Frame, kept: tuple[frozenset[int], ...]) -> Outcome:
    touched = sum(bool(frame.labels & column) for column in kept)
    if not touched:
        return Outcome(CUT)
    if touched == len(kept):
        return replace(leak(), value=Label(frame.trail))
    return Outcome(replace(frame, columns=kept))


def _positions(entry: Value, length: int) -> list[int] | None:
    """Positions that a slice, list or mask keeps; None where they are not constant."""
    if isinstance(entry, Slice):
        bounds = (entry.start, entry.stop, entry.step)
        if not all(isinstance(bound, Const) and isinstance(bound.value, int | None) for bound in bounds):
            return None
        start, stop, step = (bound.value for bound in bounds if isinstance(bound, Const))
        return list(range(length)[slice(start, stop, step)]) if step != 0 else []
    parts = list(_leaves(entry))
    if parts and all(isinstance(part, bool) for part in parts):
        return [position for position, is_on in enumerate(parts[:length]) if is_on]
    if not parts or not all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        return None
    numbers = [part for part in parts if isinstance(part, int)]
    return [part % length for part in numbers] if all(-length <= one < length for one in numbers) else None


def _leaves(entry: Value) -> Iterator[object]:
    """Constants in a nested list; None for what is none."""
    if isinstance(entry, Items):
        for item in entry.items:
            yield from _leaves(item)
    elif isinstance(entry, Const) and isinstance(entry.value, tuple | range):
        yield from entry.value
    elif isinstance(entry, Const):
        yield entry.value
    else:
        yield None
