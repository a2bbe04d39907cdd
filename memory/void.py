"""Void baselines: what the working memory says of runs that were retracted.

They carry no statement any more. They are named, so that nobody takes their figures from an older memory, and
so that what was retracted, and why, is not forgotten with them.
"""

from collections.abc import Sequence
from itertools import groupby

from blocks.base import Frozen
from blocks.run import Run, show_number
from memory.records import Retraction

VOID_LINES = 15


class Voided(Frozen):
    """Runs of one exploration that one retraction holds."""

    retraction: int
    reason: str
    runs: tuple[Run, ...]
    by_descent: tuple[int, ...]
    """Numbers of those that did not match themselves."""


def voided_of(exploration: str, retractions: Sequence[Retraction], void: Sequence[Run]) -> tuple[Voided, ...]:
    """What the retractions in force hold of an exploration, oldest first.

    Args:
        exploration: Its name.
        retractions: All that there are.
        void: Its void runs.
    """
    runs = {run.number: run for run in void}
    found = []
    for one in retractions:
        here = [entry for entry in one.runs if entry.run.exploration == exploration]
        if here and one.undone_at is None:
            held = tuple(runs[entry.run.number] for entry in here if entry.run.number in runs)
            descended = tuple(entry.run.number for entry in here if entry.ancestor is not None)
            found.append(Voided(retraction=one.id, reason=one.reason, runs=held, by_descent=descended))
    return tuple(found)


def void_baselines(voided: Sequence[Voided], *, objective: str, label: str) -> list[str]:
    """A line per retraction: which runs, why, and which figures are not valid."""
    lines = [_line(one, objective, label) for one in voided if one.runs]
    if len(lines) > VOID_LINES:
        return [*lines[: VOID_LINES - 1], f"And {len(lines) - VOID_LINES + 1} more retractions."]
    return lines


def why_void(retractions: Sequence[Retraction], exploration: str, number: int) -> list[str]:
    """A line per retraction that is in force on a run."""
    found = []
    for one in retractions:
        for entry in one.runs:
            if entry.run == (exploration, number) and one.undone_at is None:
                how = (
                    "it matched"
                    if entry.ancestor is None
                    else (f"descends from {entry.ancestor.exploration} run {entry.ancestor.number}")
                )
                found.append(f"by retraction {one.id} ({how}): {one.reason}")
    return found


def ranges(numbers: Sequence[int], *, limit: int = 6) -> str:
    """Run numbers for reading: `3-8, 12`; what is over the limit is counted."""
    parts = []
    for _, group in groupby(enumerate(sorted(numbers)), key=lambda item: item[1] - item[0]):
        found = [number for _, number in group]
        parts.append(f"{found[0]}-{found[-1]}" if len(found) > 2 else ", ".join(map(str, found)))
    more = f" and {len(parts) - limit} more ranges" if len(parts) > limit else ""
    return ", ".join(parts[:limit]) + more


def _line(one: Voided, objective: str, label: str) -> str:
    numbers = [run.number for run in one.runs]
    word, n = ("Run", "1 run") if len(numbers) == 1 else ("Runs", f"{len(numbers)} runs")
    share = "all" if len(one.by_descent) == len(numbers) else len(one.by_descent)
    descended = f", {share} of them by descent" if one.by_descent and len(numbers) > 1 else ""
    descended = " by descent" if one.by_descent and len(numbers) == 1 else descended
    reason = one.reason.rstrip(". ")
    line = f"{word} {ranges(numbers)} (retraction {one.retraction}: {n}{descended}): {reason}."
    values = [value for run in one.runs for value in run.values_of(objective)]
    if values:
        low, high = show_number(min(values)), show_number(max(values))
        shown = f"{low} {label} is" if low == high else f"{low} to {high} {label} are"
        line += f" {shown} not valid."
    return " ".join(line.split()).replace("<!--", "&lt;!--")
