"""A comparison: pairs of samples that make the same change, and whether it is more than noise.

Pairs come and go as runs end; what is asked of all of them together is kept as exact sums, so that an answer
costs the same however many pairs there are, and is the same in whatever order they came.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from scipy.special import stdtrit  # Student's t quantile; scipy.stats takes a second to import

from blocks.base import Value
from memory.ordered import Ordered
from memory.samples import Sample
from memory.sums import ExactSum

CONFIDENCE = 0.95

LEAST = 1.95
"""Below it no quantile of Student's t is, however many degrees of freedom there are."""

ROUNDING = 1e-9
"""Equal numbers differ in their last digits once they have been averaged."""

Kind = Literal["value", "number", "step", "strategy"]
"""Two named values; a number over its whole range; one step of it; a strategy off and on."""


Step = tuple[float, float, int, int]
"""A pair of a number: its values on both sides, and their first runs."""


class Pair(NamedTuple):
    """Two samples that differ in one thing."""

    before: Sample
    after: Sample

    @property
    def difference(self) -> float:
        return self.after.median - self.before.median

    @property
    def key(self) -> tuple[int, int]:
        """The first runs of both: no two pairs of a comparison share them."""
        return self.before.runs[0], self.after.runs[0]


class Strength(NamedTuple):
    """What is told first: more than noise, then by how many times, then on how many pairs."""

    exceeds: bool
    ratio: float
    n_pairs: int


class Comparison:
    """Pairs that make the same change: from `before` to `after`, or from lower to higher.

    Args:
        subject: The hyperparameter or strategy.
        before: Its value on one side; of a number, the lowest.
        after: Its value on the other side; of a number, the highest.
        kind: What sort of change it is.
        pairs: Pairs to begin with.
    """

    def __init__(
        self, subject: str, before: Value, after: Value, *, kind: Kind, pairs: Iterable[Pair] = ()
    ) -> None:
        self.subject, self.before, self.after, self.kind = subject, before, after, kind
        self._pairs: dict[tuple[int, int], Pair] = {}
        self._differences = ExactSum()
        self._errors, self._spreads = ExactSum(squared=False), ExactSum(squared=False)
        self._rising = 0
        self._heard: list[tuple[Pair, int]] = []  # what the sums do not hold yet
        self._strength: Strength | None = None
        self._steps = Ordered[Step]()
        self._peak = 0.0  # no median of a present pair is larger in size
        for pair in pairs:
            self.count(pair)

    def count(self, pair: Pair, sign: int = 1) -> None:
        """Takes in a pair; with `sign` -1 takes back one that was taken in."""
        if sign > 0:
            self._pairs[pair.key] = pair
        else:
            del self._pairs[pair.key]
        if self.kind == "number":
            self._step(pair, sign)
        self._strength = None
        self._heard.append((pair, sign))

    def _settle(self) -> None:
        """Takes into the sums what they do not hold yet, save for pairs that came and went meanwhile."""
        if not self._heard:
            return
        left = net(self._heard)
        for sign in (-1, 1):
            pairs = [pair for pair, its_sign in left if its_sign == sign]
            differences = [after.median - before.median for before, after in pairs]
            sides = [side for pair in pairs for side in pair]
            self._differences.add(*differences, sign=sign)
            self._rising += sign * sum([difference > 0 for difference in differences])
            self._errors.add(*[side.error for side in sides], sign=sign)
            self._spreads.add(*[side.spread for side in sides], sign=sign)
            if sign > 0:
                self._peak = max([self._peak, *[abs(side.median) for side in sides]])
        self._heard = []

    def _step(self, pair: Pair, sign: int) -> None:
        low, high = (float(side.values[self.subject]) for side in pair)
        change = self._steps.add if sign > 0 else self._steps.remove
        change((low, high, *pair.key))

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def pairs(self) -> list[Pair]:
        """Pairs in the order of their first runs."""
        return [pair for _, pair in sorted(self._pairs.items(), key=lambda item: item[0])]

    @property
    def steps(self) -> Sequence[Step]:
        """Those of a number, in order."""
        return self._steps.items

    def keys(self) -> Iterable[tuple[int, int]]:
        """First runs of both sides of each pair, in no order."""
        return self._pairs.keys()

    @property
    def effect(self) -> float:
        """Mean difference of the objective, `after` minus `before`."""
        self._settle()
        return self._differences.mean

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % t interval of the mean difference; None below three pairs."""
        if len(self) < 3:
            return None
        self._settle()
        half = _quantile(len(self) - 1) * self._differences.sd / math.sqrt(len(self))
        return self.effect - half, self.effect + half

    @property
    def threshold(self) -> float:
        """The mean difference that the noise of these very slots stays below in 95 of 100 cases.

        Each slot has its own spread (Welch 1947, doi:10.1093/biomet/34.1-2.28): a quiet pair is not
        drowned by a loud one elsewhere, and few replicates make for a wide threshold.
        """
        self._settle()
        return _threshold(self._errors.total, self._spreads.total) / len(self)

    def exceeds_noise(self) -> bool:
        """Whether the effect is more than replicates show by themselves, and its interval excludes 0."""
        return self.strength.exceeds

    @property
    def strength(self) -> Strength:
        """How much it says; comparisons are told strongest first."""
        if self._strength is None:
            effect, threshold, interval = self.effect, self.threshold, self.interval
            # Two pairs are too few for an interval; at least they must not contradict each other.
            agree = self._rising in (0, len(self))
            one_sided = agree if interval is None else interval[0] > 0 or interval[1] < 0
            exceeds = one_sided and abs(effect) > threshold and self._exceeds_rounding()
            self._strength = Strength(exceeds, _ratio(effect, threshold), len(self))
        return self._strength

    def _exceeds_rounding(self) -> bool:
        if abs(self.effect) > ROUNDING * self._peak:
            return True
        return abs(self.effect) > ROUNDING * max(abs(s.median) for p in self._pairs.values() for s in p)

    @property
    def runs(self) -> tuple[int, ...]:
        """Numbers of the runs that take part."""
        return tuple(
            sorted({number for pair in self._pairs.values() for side in pair for number in side.runs})
        )

    @property
    def n_replicates(self) -> int:
        """Replicates that take part, each counted once."""
        samples = {id(side): side for pair in self._pairs.values() for side in pair}
        return sum(len(sample.objective) for sample in samples.values())


def net(heard: Iterable[tuple[Pair, int]]) -> list[tuple[Pair, int]]:
    """What is left of pairs that came (1) and went (-1), those that went before those that came."""
    left: dict[tuple[int, int], tuple[Pair, int]] = {}
    for pair, sign in heard:
        key = id(pair[0]), id(pair[1])
        # Both samples live as long as they are heard of here, so that no other one has their ids.
        known = left.pop(key, None)
        if known is None:
            left[key] = pair, sign
    return sorted(left.values(), key=lambda item: item[1])


def ratio_alone(pair: Pair) -> float | None:
    """How many times a pair's difference exceeds the noise of its two samples; None within the noise."""
    difference = pair.difference
    if abs(difference) <= LEAST * math.sqrt(pair.before.error + pair.after.error):
        return None
    threshold = _threshold(pair.before.error + pair.after.error, pair.before.spread + pair.after.spread)
    rounding = ROUNDING * max(abs(pair.before.median), abs(pair.after.median))
    return _ratio(difference, threshold) if abs(difference) > max(threshold, rounding) else None


def _ratio(effect: float, threshold: float) -> float:
    return abs(effect) / threshold if threshold > 0 else abs(effect)


def _threshold(errors: float, spreads: float) -> float:
    """Welch's threshold of a sum of differences, from the sums over all sides."""
    if errors == 0:
        return 0.0
    # Never below those of one pair of values; numbers near the smallest float would say 0.
    degrees = max(errors * errors / spreads, 1.0) if spreads > 0 else 1.0
    return _quantile(degrees) * math.sqrt(errors)


def _quantile(degrees: float) -> float:
    return float(stdtrit(degrees, 0.5 + CONFIDENCE / 2))
