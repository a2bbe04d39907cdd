"""Every comparison that the samples allow, as contrasts to be weighed: what multiplicity is counted over.

A number is compared over its whole range, and in the lower and the upper half of the space's range: what
helps below an optimum and hurts above it is seen there. Whether it makes no difference is asked of runs that
are far apart.
"""

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from blocks.base import Value
from memory.changes import Strategy
from memory.comparison import Comparison
from memory.crossings import Crossed
from memory.squares import instead, together
from memory.weighing import PAIR, SQUARE

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
    signs: Float64[ndarray, " side"]
    groups: Int64[ndarray, " contrast"]


def tried(
    comparisons: Iterable[Comparison],
    strategies: Mapping[str, Strategy],
    middles: Mapping[str, float],
    logs: Container[str] = (),
    crossings: Iterable[Crossed] = (),
) -> Iterator[Tried]:
    """All that can be compared.

    Args:
        comparisons: Of strategies and hyperparameters; single steps are told, never weighed.
        strategies: Pairs of each, for two of them at once.
        middles: The middle of each number's range.
        logs: Numbers on a logarithmic scale.
        crossings: Squares of two factors, one of them a number.
    """
    for made in comparisons:
        if made.kind == "number":
            yield from _of_number(made, middles.get(made.subject))
            yield from _span(made, log=made.subject in logs)
        elif made.kind != "step":
            ends = (made.before, made.after) if made.kind == "value" else ("", "")
            contrasts = np.array(sorted(made.keys()), dtype=np.int64)
            # Runs with a strategy that are held against the same one without it share that one.
            about = About(made.kind, made.subject, *ends)
            yield Tried(about, made.before, made.after, contrasts, PAIR, contrasts[:, 0])
    for first, second, pairs in instead(strategies):
        contrasts = np.array(sorted(pairs), dtype=np.int64)
        about = About("instead", second, first)
        yield Tried(about, first, second, contrasts, PAIR, contrasts[:, 0])
    for first, second, found in together(strategies):
        contrasts = np.array(sorted(found), dtype=np.int64)
        about = About("together", first, second)
        yield Tried(about, "apart", "together", contrasts, SQUARE, contrasts[:, 0])
    for one in crossings:
        about = About("crossed", one.subject, one.other)
        yield Tried(about, one.low, one.high, one.squares, SQUARE, one.groups)


def _of_number(made: Comparison, middle: float | None) -> Iterator[Tried]:
    """The steps of a chain share their inner samples, so a chain is one group."""
    name = made.subject
    steps = made.steps
    chain: dict[int, int] = {}
    for _, _, before, after in steps:
        chain[after] = chain.setdefault(before, before)
    halves = {"": steps}
    if middle is not None:
        halves["below"] = [step for step in steps if step[1] <= middle]
        halves["above"] = [step for step in steps if step[0] >= middle]
    for half, found in halves.items():
        if found and (not half or len(found) < len(steps)):
            contrasts = np.array([step[2:] for step in found], dtype=np.int64)
            groups = np.array([chain[step[2]] for step in found], dtype=np.int64)
            low, high = min(step[0] for step in found), max(step[1] for step in found)
            yield Tried(About("number", name, half=half), low, high, contrasts, PAIR, groups)


def _span(made: Comparison, *, log: bool) -> Iterator[Tried]:
    """The ends of each chain that reaches over most of the tested range."""
    name, chains = made.subject, dict[int, tuple[float, float, int, int]]()
    last: dict[int, int] = {}
    for low, high, before, after in made.steps:
        first = last.pop(before, before)
        start = chains[first][0] if first in chains else low
        chains[first] = start, high, first, after
        last[after] = first
    if not chains:
        return
    bottom, top = min(chain[0] for chain in chains.values()), max(chain[1] for chain in chains.values())
    log = log and bottom > 0
    whole = math.log(top / bottom) if log else top - bottom
    far = [
        (first, after)
        for low, high, first, after in chains.values()
        if (math.log(high / low) if log else high - low) >= MOST * whole
    ]
    contrasts = np.array(sorted(far), dtype=np.int64).reshape(-1, 2)
    if len(contrasts):
        yield Tried(About("span", name), bottom, top, contrasts, PAIR, contrasts[:, 0])
