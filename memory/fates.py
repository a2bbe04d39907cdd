"""Failures that one change brings about: runs that failed beside runs that did not, and differ in it alone.

How often runs fail at a value says where they fail, not why: a strategy that was mostly tried at large steps
fails often. Here a failed run counts against a value only where its neighbour at another value, all else
equal, came through.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from blocks.base import Value
from blocks.run import Run
from blocks.slot import SlotSpec
from memory.changes import Values
from memory.failures import Fallen
from memory.switches import Strategy

NEEDED = 2
"""Failed runs whose neighbour across either factor came through, below which two factors are not told."""

BOUNDARIES = 24
"""Boundaries that are tried for a place of two factors, at most."""


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
    numeric: dict[str, list[_Pair]] = {}
    others: dict[str, list[_Pair]] = {}
    for name, known in sorted(values.items()):
        pairs = [
            _Pair(one.run.proposal.spec.values[name], value, one.run)
            for one in failed
            for value in known.neighbours(one)
        ]
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
            _Pair(side, other, run) for side, other in (("on", "off"), ("off", "on")) for run in sides[side]
        ]
        for place, other in (("on", "off"), ("off", "on")):
            if sides[place]:
                yield _fate(name, place, place, sides[place], sides[other], tried=1)
    yield from _in_corners(numeric, others)


def _in_corners(
    numeric: Mapping[str, Sequence[_Pair]], others: Mapping[str, Sequence[_Pair]]
) -> Iterator[Fate]:
    """Places of two factors: a number beyond a boundary, and a value or a strategy beside it.

    A failed run in the corner counts where a neighbour outside of it came through, be it across the boundary
    or at the other value; a failed run outside counts against it where a neighbour in the corner came
    through. Both factors must be needed: some pairs leave the corner by the one, some by the other.

    Args:
        numeric: Pairs with one failure, by the number that they differ in.
        others: The same, by named hyperparameters and strategies.
    """
    levels = {name: _Across.of(pairs) for name, pairs in sorted(numeric.items())}
    for other, beside in sorted(others.items()):
        counted = Counter(pair.failed for pair in beside)
        likely = sorted((value for value, n in counted.items() if n >= NEEDED), key=str)
        parted = {v: [pair for pair in beside if (pair.failed == v) != (pair.done == v)] for v in likely}
        for name, whole in levels.items() if likely else ():
            across = {v: one for v, one in whole.by(other).items() if len(one.pairs) >= NEEDED}
            besides = {v: _Beside.of(parted[v], name, v) for v in likely if v in across}
            for place, sign in (("above", 1), ("below", -1)):
                corners = (
                    _best_corner(name, place, sign, across[value], one, where=(other, value))
                    for value, one in besides.items()
                    if len(one.pairs) >= NEEDED <= across[value].n_beyond(sign)
                )
                found = [corner for corner in corners if corner is not None]
                if found:
                    best = max(found, key=lambda fate: (fate.there - fate.elsewhere, str(fate.where)))
                    yield best._replace(tried=len(likely) * BOUNDARIES)


class _Across(NamedTuple):
    """Pairs that differ in a number, with its values on both sides."""

    pairs: Sequence[_Pair]
    specs: Sequence[SlotSpec]
    """Of the runs that failed."""

    failed: Float64[ndarray, " pair"]
    done: Float64[ndarray, " pair"]

    @classmethod
    def of(cls, pairs: Sequence[_Pair]) -> "_Across":
        """The pairs as arrays."""
        specs = [pair.run.proposal.spec for pair in pairs]
        failed = np.array([float(pair.failed) for pair in pairs])
        return cls(pairs, specs, failed, np.array([float(pair.done) for pair in pairs]))

    def by(self, other: str) -> dict[Value, "_Across"]:
        """The same by the value of another hyperparameter; of a strategy, by whether it is on or off."""
        found: dict[Value, list[int]] = defaultdict(list)
        for place, spec in enumerate(self.specs):
            found[spec.values.get(other, "on" if other in spec.strategies else "off")].append(place)
        return {
            value: _Across([self.pairs[place] for place in here], (), self.failed[here], self.done[here])
            for value, here in found.items()
        }

    def n_beyond(self, sign: int) -> int:
        """Pairs whose failed side lies higher; with `sign` -1, lower. No boundary has more of them inside."""
        return int((sign * (self.failed - self.done) > 0).sum())


class _Beside(NamedTuple):
    """Pairs that part at the other value, with the number that both sides of each have in common."""

    pairs: Sequence[_Pair]
    levels: Float64[ndarray, " pair"]
    there: Bool[ndarray, " pair"]
    """Whether the failed side has that value."""

    @classmethod
    def of(cls, pairs: Sequence[_Pair], name: str, value: Value) -> "_Beside":
        """Those of the pairs that have the number at all."""
        both = [(pair, pair.run.proposal.spec.values) for pair in pairs]
        having = [(pair, float(values[name])) for pair, values in both if name in values]
        return cls(
            [pair for pair, _ in having],
            np.array([level for _, level in having]),
            np.array([pair.failed == value for pair, _ in having], dtype=bool),
        )


def _best_corner(
    name: str,
    place: str,
    sign: int,
    across: _Across,
    beside: _Beside,
    *,
    where: tuple[str, Value],
) -> Fate | None:
    """The boundary that parts most pairs, where both factors are needed there."""
    failed, done = sign * across.failed, sign * across.done
    levels, there = sign * beside.levels, beside.there
    ends = np.unique(np.concatenate([failed, done]))
    ends = ends[:: math.ceil(len(ends) / BOUNDARIES)]
    up = failed > done
    n_inside = _at_or_above(failed[up], ends) - _at_or_above(done[up], ends)
    n_also = _at_or_above(levels[there], ends)
    enough = (n_inside >= NEEDED) & (n_also >= NEEDED)
    if not enough.any():
        return None
    n_outside = _at_or_above(done[~up], ends) - _at_or_above(failed[~up], ends)
    parted = np.where(enough, n_inside + n_also - n_outside - _at_or_above(levels[~there], ends), 0)
    best = int(np.argmax(parted))
    if parted[best] <= 0:
        return None
    falls, holds, within = (one >= ends[best] for one in (failed, done, levels))
    by_number, by_other = _runs(across.pairs, falls & ~holds), _runs(beside.pairs, within & there)
    if min(len(_once(by_number)), len(_once(by_other))) < NEEDED:
        return None
    elsewhere = _runs(across.pairs, holds & ~falls) + _runs(beside.pairs, within & ~there)
    fate = _fate(name, place, sign * float(ends[best]), by_number + by_other, elsewhere, tried=1)
    return fate._replace(where=where)


def _at_or_above(values: Float64[ndarray, " pair"], ends: Float64[ndarray, " end"]) -> Int64[ndarray, " end"]:
    """How many values reach each end."""
    return len(values) - np.searchsorted(np.sort(values), ends)


def _runs(pairs: Sequence[_Pair], chosen: Bool[ndarray, " pair"]) -> list[Run]:
    return [pairs[index].run for index in np.flatnonzero(chosen).tolist()]


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
