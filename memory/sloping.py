"""Steps of a number become one line: where it rises, where it falls and peaks, or that it does neither.

What is said of a part of the range goes before what is said of all of it.
"""

from collections.abc import Iterable, Sequence

from blocks.slot import show_value
from memory.entries import Entry, Slope, known_by
from memory.joining import counted, joined, with_those_against

RANGES = 4
"""Ranges of a number that one line tells, as long as there are not many."""


def sloping(group: Sequence[Entry]) -> Entry:
    """Steps of a number as one line: where it rises and where it falls, or that it does neither."""
    kept: list[Slope] = []
    against = []
    # What is said of a part of the range goes before what is said of all of it.
    for entry in sorted(group, key=_is_of_all):
        left = [part for slope in entry.slopes for part in _without(slope, kept)]
        if left != list(entry.slopes) and not _is_of_all(entry):
            against.append(entry)
        else:
            kept += left
    first = group[0]
    if 2 * len(against) >= len(group):
        ups = sum(entry.slopes[0].direction == "higher" for entry in group)
        text = f"{first.subject}: no common direction, {ups} steps up and {len(group) - ups} down did better."
        mixed = joined(group, text=text, evidence=counted(group))
        return mixed.model_copy(update={"key": known_by(first.subject, "mixed"), "slopes": ()})
    slopes = _ranges(kept)
    said = [_said(slope) for slope in slopes]
    if [slope.direction for slope in slopes] == ["higher", "lower"]:
        top, bottom = _end(slopes[0].high), _end(slopes[1].low)
        peak = f"near {top}" if top == bottom else f"from {top} to {bottom}"
        text = f"{first.subject} is best {peak}: {'; '.join(said)}."
    else:
        text = f"{first.subject}: {'; '.join(said)}."
    made = joined(group, text=with_those_against(text, against), evidence=counted(group))
    key = known_by(first.subject, *(slope.direction for slope in slopes))
    return made.model_copy(update={"key": key, "slopes": tuple(slopes)})


def _is_of_all(entry: Entry) -> bool:
    return all(slope.low is None and slope.high is None for slope in entry.slopes)


def _without(slope: Slope, kept: Iterable[Slope]) -> list[Slope]:
    """The parts of a range that no other direction holds."""
    parts = [slope]
    for other in kept:
        if other.direction == slope.direction:
            continue
        cut: list[Slope] = []
        for part in parts:
            if not part.overlaps(other):
                cut.append(part)
                continue
            if part.start < other.start:
                cut.append(part._replace(high=other.low))
            if part.end > other.end:
                cut.append(part._replace(low=other.high))
        parts = cut
    return parts


def _ranges(slopes: Iterable[Slope]) -> list[Slope]:
    """Ranges in order; those of one direction that touch are one, or all neighbours where they are many."""
    in_order = sorted(slopes, key=lambda one: (one.start, one.end))
    made = _fused(in_order, gaps=False)
    return made if len(made) <= RANGES else _fused(in_order, gaps=True)


def _fused(in_order: Iterable[Slope], *, gaps: bool) -> list[Slope]:
    made: list[Slope] = []
    for slope in in_order:
        if made and made[-1].direction == slope.direction and (gaps or slope.start <= made[-1].end):
            high = slope.high if slope.end > made[-1].end else made[-1].high
            made[-1] = made[-1]._replace(high=high)
        else:
            made.append(slope)
    return made


def _said(slope: Slope) -> str:
    other = "lower" if slope.direction == "higher" else "higher"
    if slope.low is None and slope.high is None:
        return f"{slope.direction} beats {other}"
    return f"{slope.direction} beats {other} from {_end(slope.low)} to {_end(slope.high)}"


def _end(value: float | None) -> str:
    return "the end" if value is None else show_value(value)
