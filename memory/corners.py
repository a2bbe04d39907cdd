"""Failures that take two factors: a number beyond a boundary, and a value or a strategy beside it.

Few runs fail in a block, so most pairs are those of the last look. What was found among them is kept, and is
looked for again only where they are others.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from blocks.base import Value
from blocks.slot import SlotSpec
from memory.fate import Fate, Pair, fate_of, once, runs_of

NEEDED = 2
"""Failed runs whose neighbour across either factor came through, below which two factors are not told."""

BOUNDARIES = 24
"""Boundaries that are tried for a place of two factors, at most."""

Pairs = dict[str, Sequence[Pair]]
"""Pairs with one failure, by what they differ in."""


class Corners:
    """Places of two factors, as of the last look."""

    def __init__(self) -> None:
        self._numeric: Pairs = {}
        self._others: Pairs = {}
        self._found: dict[tuple[str, str], list[Fate]] = {}

    def look(self, numeric: Pairs, others: Pairs) -> Iterator[Fate]:
        """All of them, by the other factor and then by the number.

        A failed run in the corner counts where a neighbour outside of it came through, be it across the
        boundary or at the other value; a failed run outside counts against it where a neighbour in the corner
        came through. Both factors must be needed: some pairs leave the corner by the one, some by the other.

        Args:
            numeric: Pairs by the number that they differ in.
            others: Those by named hyperparameters and strategies.
        """
        levels = {
            name: _Across.of(pairs) for name, pairs in numeric.items() if pairs != self._numeric.get(name)
        }
        for other, beside in sorted(others.items()):
            anew = set(levels) if beside == self._others.get(other) else set(numeric)
            if anew:
                for name in anew - levels.keys():
                    levels[name] = _Across.of(numeric[name])
                for name, found in _in_corners({name: levels[name] for name in anew}, other, beside):
                    self._found[name, other] = found
            for name in sorted(numeric):
                yield from self._found[name, other]
        self._numeric, self._others = dict(numeric), dict(others)


def _in_corners(
    levels: Mapping[str, "_Across"], other: str, beside: Sequence[Pair]
) -> Iterator[tuple[str, list[Fate]]]:
    """Places of each number, above and below a boundary, beside one other factor."""
    counted = Counter(pair.failed for pair in beside)
    likely = sorted((value for value, n in counted.items() if n >= NEEDED), key=str)
    parted = {v: [pair for pair in beside if (pair.failed == v) != (pair.done == v)] for v in likely}
    for name, whole in levels.items():
        across = {v: one for v, one in whole.by(other).items() if len(one.pairs) >= NEEDED} if likely else {}
        besides = {v: _Beside.of(parted[v], name, v) for v in likely if v in across}
        joined = {v: _Joined.of(across[v], one) for v, one in besides.items() if len(one.pairs) >= NEEDED}
        places = []
        for place, sign in (("above", 1), ("below", -1)):
            corners = (
                _best_corner(name, place, sign, pairs, where=(other, value))
                for value, pairs in joined.items()
                if pairs.across.n_beyond(sign) >= NEEDED
            )
            found = [corner for corner in corners if corner is not None]
            if found:
                best = max(found, key=lambda fate: (fate.there - fate.elsewhere, str(fate.where)))
                places.append(best._replace(tried=len(likely) * BOUNDARIES))
        yield name, places


class _Across(NamedTuple):
    """Pairs that differ in a number, with its values on both sides."""

    pairs: Sequence[Pair]
    specs: Sequence[SlotSpec]
    """Of the runs that failed."""

    failed: Float64[ndarray, " pair"]
    done: Float64[ndarray, " pair"]

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> "_Across":
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

    pairs: Sequence[Pair]
    levels: Float64[ndarray, " pair"]
    there: Bool[ndarray, " pair"]
    """Whether the failed side has that value."""

    @classmethod
    def of(cls, pairs: Sequence[Pair], name: str, value: Value) -> "_Beside":
        """Those of the pairs that have the number at all."""
        both = [(pair, pair.run.proposal.spec.values) for pair in pairs]
        having = [(pair, float(values[name])) for pair, values in both if name in values]
        return cls(
            [pair for pair, _ in having],
            np.array([level for _, level in having]),
            np.array([pair.failed == value for pair, _ in having], dtype=bool),
        )


class _Joined(NamedTuple):
    """Pairs across a number and pairs beside it, with what each of their values counts for at a boundary."""

    across: _Across
    beside: _Beside
    values: Float64[ndarray, " value"]
    """The number where it failed and where it did not, across; then that of the pairs beside."""

    ends: Float64[ndarray, " end"]
    """Those across, each once, in order."""

    adds: Float64[ndarray, "4 value"]
    """What a value beyond a boundary adds: to the pairs that are parted; to those across whose failed side
    alone lies above the boundary, or below it; to those beside whose failed side has the other value."""

    @classmethod
    def of(cls, across: _Across, beside: _Beside) -> "_Joined":
        """The same as arrays."""
        n, values = len(across.failed), np.concatenate((across.failed, across.done, beside.levels))
        adds = np.zeros((4, len(values)))
        adds[0, :n], adds[0, n : 2 * n], adds[0, 2 * n :] = 1.0, -1.0, np.where(beside.there, 1.0, -1.0)
        adds[1, :n], adds[2, :n] = across.failed > across.done, across.failed < across.done
        np.negative(adds[1:3, :n], out=adds[1:3, n : 2 * n])
        adds[3, 2 * n :] = beside.there
        return cls(across, beside, values, _distinct(values[: 2 * n].copy()), adds)


def _best_corner(
    name: str, place: str, sign: int, pairs: _Joined, *, where: tuple[str, Value]
) -> Fate | None:
    """The boundary that parts most pairs, where both factors are needed there."""
    across, beside, values, ends, adds = pairs
    there, n = beside.there, len(across.failed)
    ends = ends[:: sign * math.ceil(len(ends) / BOUNDARIES)]
    reaches = values[:, None] >= ends if sign > 0 else values[:, None] <= ends
    n_parted, n_above, n_below, n_also = adds @ reaches
    n_inside = n_above if sign > 0 else n_below
    n_parted[(n_inside < NEEDED) | (n_also < NEEDED)] = 0.0
    best = int(n_parted.argmax())
    if n_parted[best] <= 0:
        return None
    falls, holds, within = reaches[:n, best], reaches[n : 2 * n, best], reaches[2 * n :, best]
    by_number, by_other = runs_of(across.pairs, falls & ~holds), runs_of(beside.pairs, within & there)
    if min(len(once(by_number)), len(once(by_other))) < NEEDED:
        return None
    elsewhere = runs_of(across.pairs, holds & ~falls) + runs_of(beside.pairs, within & ~there)
    fate = fate_of(name, place, float(ends[best]), by_number + by_other, elsewhere, tried=1)
    return fate._replace(where=where)


def _distinct(values: Float64[ndarray, " pair"]) -> Float64[ndarray, " end"]:
    """Each value once, in order; `np.unique` takes several times as long for so few."""
    values.sort()
    differs = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return values[differs]
