"""Every comparison that the samples allow, as contrasts to be weighed: what multiplicity is counted over.

A number is compared over its whole range, and in the lower and the upper half of the space's range: what
helps below an optimum and hurts above it is seen there. Whether it makes no difference is asked of runs that
are far apart.
"""

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from blocks.base import Value
from memory.comparison import Comparison
from memory.crossings import Crossings
from memory.squares import instead, together
from memory.switches import Strategy

MOST = 0.6
"""Share of the tested range that a pair must span to say something of all of it."""


class About(NamedTuple):
    """Which comparison it is; equal however many contrasts there are."""

    kind: str
    """`value`, `number` or `strategy`, as in memory.comparison; `instead` or `together` of two strategies;
    `span` of a number, of runs that are far apart in it; `crossed` of a strategy or a hyperparameter by the
    value of another one."""
    subject: str
    first: Value = ""
    second: Value = ""
    """Two values; the other strategy or hyperparameter; of a number, nothing: its ends move."""
    half: str = ""
    """`below` or `above` the middle of a number's range; else nothing."""


class Tried(NamedTuple):
    """Contrasts of one comparison."""

    about: About
    before: Value
    after: Value
    contrasts: Int64[ndarray, "contrast side"]
    groups: Int64[ndarray, " contrast"]


def tried(
    comparisons: Iterable[Comparison],
    strategies: Mapping[str, Strategy],
    middles: Mapping[str, float],
    logs: Container[str],
    crossings: Crossings,
) -> Iterator[Tried]:
    """All that can be compared.

    Args:
        comparisons: Of strategies and hyperparameters; single steps are told, never weighed.
        strategies: Pairs of each, for two of them at once.
        middles: The middle of each number's range.
        logs: Numbers on a logarithmic scale.
        crossings: Of two factors, one of them a number.
    """
    paired: dict[str, list[Int64[ndarray, "pair side"]]] = defaultdict(list)
    for made in comparisons:
        if made.kind == "number":
            chains = _chains(made)
            paired[made.subject].append(chains.numbers)
            yield from _of_number(made, chains, middles.get(made.subject))
            yield from _span(made, chains, log=made.subject in logs)
        elif made.kind != "step":
            ends = (made.before, made.after) if made.kind == "value" else ("", "")
            contrasts = np.array(sorted(made.keys()), dtype=np.int64)
            paired[made.subject].append(contrasts)
            # Runs with a strategy that are held against the same one without it share that one.
            about = About(made.kind, made.subject, *ends)
            yield Tried(about, made.before, made.after, contrasts, contrasts[:, 0])
    for first, second, pairs in instead(strategies):
        contrasts = np.array(sorted(pairs), dtype=np.int64)
        about = About("instead", second, first)
        yield Tried(about, first, second, contrasts, contrasts[:, 0])
    for first, second, found in together(strategies):
        contrasts = np.array(sorted(found), dtype=np.int64)
        about = About("together", first, second)
        yield Tried(about, "apart", "together", contrasts, contrasts[:, 0])
    for one in crossings.found(paired):
        about = About("crossed", one.subject, one.other)
        yield Tried(about, one.low, one.high, one.squares, one.groups)


class _Chains(NamedTuple):
    """Steps of a number that go on from each other, in one pass over all of them."""

    numbers: Int64[ndarray, "step side"]
    """First runs of both sides of each step."""
    ends: Float64[ndarray, "step side"]
    """Values on both sides."""
    of: Int64[ndarray, " step"]
    """The first run of the chain that each step belongs to."""
    reach: list[tuple[float, float, int, int]]
    """Of each chain the lowest and the highest value, and the first runs there."""


def _chains(made: Comparison) -> _Chains:
    root: dict[int, int] = {}
    last: dict[int, int] = {}
    reach: dict[int, tuple[float, float, int, int]] = {}
    for low, high, before, after in made.steps:
        root[after] = root.setdefault(before, before)
        first = last.pop(before, before)
        start = reach[first][0] if first in reach else low
        reach[first] = start, high, first, after
        last[after] = first
    steps = np.array(made.steps, dtype=np.float64).reshape(-1, 4)  # numbers of runs are exact in it
    numbers = steps[:, 2:].astype(np.int64)
    return _Chains(
        numbers=numbers,
        ends=steps[:, :2],
        of=np.array(list(map(root.__getitem__, numbers[:, 0].tolist())), dtype=np.int64),
        reach=list(reach.values()),
    )


def _of_number(made: Comparison, chains: _Chains, middle: float | None) -> Iterator[Tried]:
    """The steps of a chain share their inner samples, so a chain is one group."""
    low, high = chains.ends.T
    halves = {"": np.ones(len(low), dtype=bool)}
    if middle is not None:
        halves["below"] = high <= middle
        halves["above"] = low >= middle
    for half, here in halves.items():
        n = int(here.sum())
        if n and (not half or n < len(here)):
            about = About("number", made.subject, half=half)
            ends = float(low[here].min()), float(high[here].max())
            yield Tried(about, *ends, chains.numbers[here], chains.of[here])


def _span(made: Comparison, chains: _Chains, *, log: bool) -> Iterator[Tried]:
    """The ends of each chain that reaches over most of the tested range."""
    if not chains.reach:
        return
    bottom, top = min(chain[0] for chain in chains.reach), max(chain[1] for chain in chains.reach)
    log = log and bottom > 0
    whole = math.log(top / bottom) if log else top - bottom
    far = [
        (first, after)
        for low, high, first, after in chains.reach
        if (math.log(high / low) if log else high - low) >= MOST * whole
    ]
    contrasts = np.array(sorted(far), dtype=np.int64).reshape(-1, 2)
    if len(contrasts):
        yield Tried(About("span", made.subject), bottom, top, contrasts, contrasts[:, 0])
