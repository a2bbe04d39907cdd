"""Whether a working memory contradicts itself.

Two entries contradict each other where both are said to be so and claim opposite directions on ranges that
overlap, or where one is said to be so and the other says the same was refuted. A best run that is void, or
that rests on void runs, contradicts the list of what is void.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from blocks.base import Value
from blocks.slot import show_value
from memory.entries import Entry, Slope, closure


class Contradiction(NamedTuple):
    """Two lines that cannot both stand, and why."""

    first: Entry
    second: Entry
    why: str

    def __str__(self) -> str:
        return f"{self.first.text!r} and {self.second.text!r}: {self.why}"


def contradictions(entries: Sequence[Entry]) -> list[Contradiction]:
    """Pairs of entries that contradict each other, in the order of the entries.

    Args:
        entries: All that one document lists, whatever their status.
    """
    by_subject: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.subject and (entry.claims or entry.equal):
            by_subject.setdefault(entry.subject, []).append(entry)
    found = []
    for same in by_subject.values():
        for first, second in combinations(same, 2):
            if why := _why(first, second):
                found.append(Contradiction(first, second, why))
    keys: dict[str, Entry] = {}
    for entry in entries:
        if entry.key in keys and keys[entry.key].status != entry.status:
            found.append(Contradiction(keys[entry.key], entry, "the same statement has two states"))
        keys.setdefault(entry.key, entry)
    return found


def void_contradictions(entries: Iterable[Entry], *, best: int | None, void: Collection[int]) -> list[str]:
    """What is said to be best, or to be so, although it is void.

    Args:
        entries: All that one document lists.
        best: Number of the run that is called best.
        void: Numbers of void runs.
    """
    found = [f"run {best} is called best, but is void"] if best is not None and best in void else []
    for entry in entries:
        if entry.asserted and (resting := sorted(set(entry.runs) & set(void))):
            found.append(f"{entry.text!r} rests on void runs {', '.join(map(str, resting))}")
    return found


def require_consistent(entries: Sequence[Entry], *, best: int | None, void: Collection[int]) -> None:
    """The check that every document passes before it is written.

    Raises:
        ValueError: It contradicts itself, or something in it is void; that is a fault of Setpoint.
    """
    wrong = [str(one) for one in contradictions(entries)]
    wrong += void_contradictions(entries, best=best, void=void)
    if wrong:
        raise ValueError(f"a working memory must not contradict itself, but {wrong[0]}")


def opposes(first: Entry, second: Entry) -> bool:
    """Whether two claims cannot both be so, whatever their status."""
    if first.subject != second.subject or not _meet(first.condition, second.condition):
        return False
    mine, theirs = closure(first.pairs), closure(second.pairs)
    if any((other, better) in theirs for better, other in mine):
        return True
    if any(a.direction != b.direction and a.overlaps(b) for a in first.slopes for b in second.slopes):
        return True
    if _equated(first, second) or _equated(second, first):
        return True
    return _against(mine, second.slopes) or _against(theirs, first.slopes)


def repeats(first: Entry, second: Entry) -> bool:
    """Whether two entries claim the same of a place where both are said to hold."""
    if first.subject != second.subject or not _meet(first.condition, second.condition):
        return False
    if any(a.direction == b.direction and a.overlaps(b) for a in first.slopes for b in second.slopes):
        return True
    return bool(closure(first.pairs) & closure(second.pairs) or set(first.equal) & set(second.equal))


def _why(first: Entry, second: Entry) -> str:
    if first.asserted and second.asserted:
        return "they claim opposite directions" if opposes(first, second) else ""
    if first.asserted != second.asserted and first.condition == second.condition:
        return "one is said to be so, and the same to be given up" if repeats(first, second) else ""
    return ""


def _meet(first: Sequence[tuple[str, Value]], second: Sequence[tuple[str, Value]]) -> bool:
    """Whether there is a place where both conditions hold."""
    there = dict(second)
    return all(name not in there or there[name] == value for name, value in first)


def _equated(directed: Entry, flat: Entry) -> bool:
    """Whether what one entry parts makes no difference by the other."""
    ends = {frozenset(pair) for pair in flat.equal}
    if any(frozenset(map(show_value, pair)) in ends for pair in directed.pairs):
        return True
    over_all = any(slope.low is None and slope.high is None for slope in directed.slopes)
    return over_all and frozenset(("higher", "lower")) in ends


def _against(pairs: Collection[tuple[Value, Value]], slopes: Iterable[Slope]) -> bool:
    """Whether a pair of numbers runs against a direction within its range."""
    for better, other in pairs:
        if isinstance(better, str) or isinstance(other, str):
            continue
        rises = "higher" if float(better) > float(other) else "lower"
        for slope in slopes:
            inside = all(slope.start <= float(value) <= slope.end for value in (better, other))
            if inside and slope.direction != rises:
                return True
    return False
