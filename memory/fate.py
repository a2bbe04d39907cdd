"""A place where runs fail, and the pairs that say so: of each one run failed, and the other came through.

How often runs fail at a value says where they fail, not why: a strategy that was mostly tried at large steps
fails often. Here a failed run counts against a value only where its neighbour at another value, all else
equal, came through.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from blocks.base import Value
from blocks.run import Run


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
    where: tuple[str, Value] | None = None
    """A second hyperparameter, or a strategy, and what it must be for runs to fail."""


class Pair(NamedTuple):
    """A run that failed beside one that did not, which differs from it in one thing."""

    failed: Value
    done: Value
    """What the two have of it."""
    run: Run


def fate_of(
    name: str, place: str, at: Value, inside: Iterable[Run], outside: Iterable[Run], *, tried: int
) -> Fate:
    """The place of a name, by the failed runs of its pairs.

    Args:
        name: A hyperparameter or a strategy.
        place: Which of its values.
        at: Where the place begins.
        inside: Runs that failed there.
        outside: Runs that failed beside it.
        tried: Among how many places it was chosen.
    """
    there, elsewhere = once(inside), once(outside)
    by_network: dict[str, int] = defaultdict(int)
    for run in there.values():
        by_network[run.dataset] += 1
    return Fate(
        name, place, at, len(there), len(elsewhere), tried, tuple(sorted(there)), tuple(by_network.values())
    )


def once(runs: Iterable[Run]) -> dict[int, Run]:
    """A failed run counts once, however many neighbours it has."""
    return {run.number: run for run in runs}


def runs_of(pairs: Sequence[Pair], chosen: Bool[ndarray, " pair"]) -> list[Run]:
    """The failed runs of some of the pairs."""
    return [pairs[index].run for index in np.flatnonzero(chosen).tolist()]
