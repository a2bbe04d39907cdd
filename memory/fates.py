"""Failures that one change brings about: runs that failed beside runs that did not, and differ in it alone.

How often runs fail at a value says where they fail, not why: whoever is often tried at large steps fails often.
Here a failed run counts against a value only where its neighbour at another value, all else equal, came
through.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from blocks.base import Value
from blocks.run import Run
from memory.changes import Strategy, Values


class Fate(NamedTuple):
    """Pairs of which one run failed, by which side it was."""

    subject: str
    place: str
    """`above` or `below` a number, a value, or `on` or `off`."""
    at: Value
    """Where the place begins."""
    there: int
    """Pairs whose run in the place failed, and not the other."""
    elsewhere: int
    """Pairs whose run in the place came through, and not the other."""
    tried: int
    """Among how many places it was chosen."""
    runs: tuple[int, ...]
    """Those that failed there."""
    networks: tuple[int, ...]
    """Such pairs on each network."""


class _Pair(NamedTuple):
    failed: Value
    done: Value
    run: Run


def fates(
    failed: Sequence[Run],
    values: Mapping[str, Values],
    strategies: Mapping[str, Strategy],
    numbers: frozenset[str],
) -> Iterator[Fate]:
    """One for every place in which a run failed whose neighbour did not.

    Args:
        failed: Runs that failed by what they were, each configuration once.
        values: Done samples by hyperparameter.
        strategies: Done samples by strategy.
        numbers: Hyperparameters whose order means something.
    """
    for name, known in sorted(values.items()):
        pairs = [
            _Pair(run.proposal.spec.values[name], value, run)
            for run in failed
            for value in known.neighbours(run)
        ]
        if pairs:
            yield from _of_number(name, pairs) if name in numbers else _of_values(name, pairs)
    for name, switch in sorted(strategies.items()):
        sides = {"on": [], "off": []}  # type: dict[str, list[Run]]
        for run in failed:
            if switch.came_through_otherwise(run):
                sides["on" if name in run.proposal.spec.strategies else "off"].append(run)
        for place, other in (("on", "off"), ("off", "on")):
            if sides[place]:
                yield _fate(name, place, place, sides[place], sides[other], tried=1)


def _of_number(name: str, pairs: Sequence[_Pair]) -> Iterator[Fate]:
    """The boundary is where it parts most pairs: it was chosen, and that is paid for."""
    ends = sorted({float(end) for pair in pairs for end in (pair.failed, pair.done)})
    for place, sign in (("above", 1), ("below", -1)):
        best: tuple[int, float, list[Run], list[Run]] | None = None
        for at in ends:
            inside = [pair.run for pair in pairs if sign * (float(pair.failed) - at) >= 0 > sign * (float(pair.done) - at)]
            outside = [pair.run for pair in pairs if sign * (float(pair.done) - at) >= 0 > sign * (float(pair.failed) - at)]
            lead = len(_once(inside)) - len(_once(outside))
            if best is None or lead > best[0]:
                best = lead, at, inside, outside
        if best is not None and best[2]:
            yield _fate(name, place, best[1], best[2], best[3], tried=len(ends))


def _of_values(name: str, pairs: Sequence[_Pair]) -> Iterator[Fate]:
    at: dict[Value, tuple[list[Run], list[Run]]] = defaultdict(lambda: ([], []))
    for pair in pairs:
        at[pair.failed][0].append(pair.run)
        at[pair.done][1].append(pair.run)
    for value, (inside, outside) in sorted(at.items(), key=lambda item: str(item[0])):
        if inside:
            yield _fate(name, str(value), value, inside, outside, tried=1)


def _fate(
    name: str, place: str, at: Value, inside: Iterable[Run], outside: Iterable[Run], *, tried: int
) -> Fate:
    there, elsewhere = _once(inside), _once(outside)
    by_network: dict[str, int] = defaultdict(int)
    for run in there.values():
        by_network[run.dataset] += 1
    return Fate(
        name, place, at, len(there), len(elsewhere), tried, tuple(sorted(there)), tuple(by_network.values())
    )


def _once(runs: Iterable[Run]) -> dict[int, Run]:
    """A failed run counts once, however many neighbours it has."""
    return {run.number: run for run in runs}
