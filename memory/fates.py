"""Failures that one change brings about: runs that failed beside runs that did not, and differ in it alone.

What takes two changes at once is in memory.corners.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import starmap

import numpy as np

from blocks.base import Value
from blocks.run import Run
from memory.changes import Values
from memory.corners import Corners, Pairs
from memory.failures import Fallen
from memory.fate import Fate, Pair, fate_of
from memory.switches import Strategy


def fates(
    failed: Sequence[Fallen],
    values: Mapping[str, Values],
    strategies: Mapping[str, Strategy],
    numbers: frozenset[str],
    corners: Corners,
) -> Iterator[Fate]:
    """One for every place in which a run failed whose neighbour did not.

    Args:
        failed: Runs that failed by what they were, each configuration once; those of the last look first.
        values: Done samples by hyperparameter.
        strategies: Done samples by strategy.
        numbers: Hyperparameters whose order means something.
        corners: Places of two factors as of the last look; it looks again.
    """
    numeric: Pairs = {}
    others: Pairs = {}
    for name, known in sorted(values.items()):
        pairs = list(starmap(Pair, known.beside(failed)))
        if pairs and name in numbers:
            numeric[name] = pairs
            yield from _of_number(name, pairs)
        elif pairs:
            others[name] = pairs
            yield from _of_values(name, pairs)
    for name, switch in sorted(strategies.items()):
        sides: dict[str, list[Run]] = {"on": [], "off": []}
        for one in switch.came_through_otherwise(failed):
            sides["on" if name in one.strategies else "off"].append(one.run)
        others[name] = [
            Pair(side, other, run) for side, other in (("on", "off"), ("off", "on")) for run in sides[side]
        ]
        for place, other in (("on", "off"), ("off", "on")):
            if sides[place]:
                yield fate_of(name, place, place, sides[place], sides[other], tried=1)
    yield from corners.look(numeric, others)


def _of_number(name: str, pairs: Sequence[Pair]) -> Iterator[Fate]:
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
            yield fate_of(name, place, float(ends[best]), there, elsewhere, tried=len(ends))


def _of_values(name: str, pairs: Sequence[Pair]) -> Iterator[Fate]:
    at: dict[Value, tuple[list[Run], list[Run]]] = defaultdict(lambda: ([], []))
    for pair in pairs:
        at[pair.failed][0].append(pair.run)
        at[pair.done][1].append(pair.run)
    for value, (inside, outside) in sorted(at.items(), key=lambda item: str(item[0])):
        if inside:
            yield fate_of(name, str(value), value, inside, outside, tried=1)
