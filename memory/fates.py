"""Failures that one change brings about: runs that failed beside runs that did not, and differ in it alone.

How often runs fail at a value says where they fail, not why: a strategy that was mostly tried at large steps
fails often. Here a failed run counts against a value only where its neighbour at another value, all else
equal, came through.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from blocks.base import Value
from blocks.run import Run
from memory.changes import Strategy, Values
from memory.failures import Fallen


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
    failed: Sequence[Fallen],
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
            _Pair(one.run.proposal.spec.values[name], value, one.run)
            for one in failed
            for value in known.neighbours(one)
        ]
        if pairs:
            yield from _of_number(name, pairs) if name in numbers else _of_values(name, pairs)
    for name, switch in sorted(strategies.items()):
        sides: dict[str, list[Run]] = {"on": [], "off": []}
        for one in failed:
            if switch.came_through_otherwise(one):
                sides["on" if name in one.strategies else "off"].append(one.run)
        for place, other in (("on", "off"), ("off", "on")):
            if sides[place]:
                yield _fate(name, place, place, sides[place], sides[other], tried=1)


def _of_number(name: str, pairs: Sequence[_Pair]) -> Iterator[Fate]:
    """The boundary is where it parts most pairs: it was chosen, and that is paid for."""
    ends = np.array(sorted({float(end) for pair in pairs for end in (pair.failed, pair.done)}))
    failed = np.array([float(pair.failed) for pair in pairs])
    done = np.array([float(pair.done) for pair in pairs])
    for place, sign in (("above", 1), ("below", -1)):
        # Which pairs each boundary parts, and whose side failed.
        falls, holds = (sign * (one[:, None] - ends) >= 0 for one in (failed, done))
        inside, outside = falls & ~holds, holds & ~falls
        best = int(np.argmax(inside.sum(axis=0) - outside.sum(axis=0)))
        there = [pairs[index].run for index in np.flatnonzero(inside[:, best]).tolist()]
        elsewhere = [pairs[index].run for index in np.flatnonzero(outside[:, best]).tolist()]
        if there:
            yield _fate(name, place, float(ends[best]), there, elsewhere, tried=len(ends))


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
