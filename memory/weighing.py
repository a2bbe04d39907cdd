"""How much contrasts of samples say together: effect, error and direction, within networks and over them.

A contrast is a pair, or a square of four. They may share samples: the error is that of the samples, each
counted once, and never less than what contrasts without a common sample differ by.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from scipy.special import stdtrit  # Student's t quantile; scipy.stats takes a second to import

from memory.anytime import log_e_value, normal_score
from memory.measured import Looked

PAIR = np.array([-1.0, 1.0])
"""Before, after."""

SQUARE = np.array([1.0, -1.0, -1.0, 1.0])
"""Neither, the first alone, the second alone, both."""

ONE_SIDED = 1.645
"""Normal score of one chance in twenty."""

REPLICATED = math.log(5)
"""Logarithm of the e-value that a network must show by itself, beside what all show together: where there is
nothing, at most one chance in five, however often it is looked at, and that beside all else."""

APART = 1.5
"""Groups may differ by so many times what their samples' noise makes of them; more than that is counted."""


class Weight(NamedTuple):
    """What contrasts say. `least` and `most` bound the effect for what choosing may have done to it."""

    effect: float
    least: float
    most: float
    error: float
    """Standard error."""
    degrees: float
    n: int
    """Contrasts."""
    groups: int
    """Sets of contrasts that share no sample: what is independent."""
    networks: int
    noise: float
    """Standard deviation of one replicate."""

    def score(self, sign: int, margin: float = 0.0) -> float:
        """Normal score of the evidence that `sign` times the effect is above `margin`."""
        reached = (self.least if sign > 0 else -self.most) - margin
        return normal_score(reached / self.error, self.degrees) if self.error > 0 else 0.0

    def log_e(self, sign: int, margin: float = 0.0) -> float:
        """Evidence that `sign` times the effect is above `margin`, whenever one looks."""
        if not self.error > 0 or not math.isfinite(self.error):
            return 0.0
        per_replicate = self.noise / self.error
        # Without noise to measure in, every independent group counts as one replicate would.
        information = per_replicate * per_replicate if 0 < per_replicate < 1e100 else float(self.groups)
        return log_e_value(self.score(sign, margin), information)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the effect, wider where choosing may have moved it."""
        half = float(stdtrit(self.degrees, 0.975)) * self.error
        return self.least - half, self.most + half


class Weighed(NamedTuple):
    """All networks together, and each."""

    together: Weight
    each: tuple[Weight, ...]

    def replicated(self, sign: int, margin: float = 0.0) -> int:
        """How many networks show the direction by themselves."""
        return sum(one.log_e(sign, margin) >= REPLICATED for one in self.each)


def weigh(
    contrasts: Int64[ndarray, "contrast side"],
    signs: Float64[ndarray, " side"],
    groups: Int64[ndarray, " contrast"],
    looked: Looked,
) -> Weighed | None:
    """Weighs contrasts that make the same change.

    Args:
        contrasts: Numbers of the first runs of the samples on each side.
        signs: What each side counts for.
        groups: Equal for contrasts that share a sample, directly or through others.
        looked: The samples.

    Returns:
        None where there is nothing that can be weighed.
    """
    with np.errstate(all="ignore"):
        variance = looked.variance[contrasts]
        total = variance.sum(axis=1)
        level, again = looked.level[contrasts] * signs, looked.again[contrasts] * signs
        # What was there before the last side was proposed may have been chosen for how it looked.
        order = looked.order[contrasts]
        chosen = order < order.max(axis=1, keepdims=True)
        difference = level.sum(axis=1)
        least = np.where(chosen, np.minimum(level, again), level).sum(axis=1)
        most = np.where(chosen, np.maximum(level, again), level).sum(axis=1)
        sound = np.isfinite(total) & (total > 0) & np.isfinite(difference) & np.isfinite(least + most)
        networks = looked.network[contrasts[:, 0]]
        each = []
        for network in _present(networks[sound]):
            here = sound & (networks == network)
            found = _of_a_network(
                contrasts[here],
                signs,
                groups[here],
                np.stack([difference[here], least[here], most[here]]),
                1 / total[here],
                looked,
            )
            if math.isfinite(found.error) and found.error > 0:
                each.append(found)
    return Weighed(_together(each), tuple(each)) if each else None


def _of_a_network(
    contrasts: Int64[ndarray, "contrast side"],
    signs: Float64[ndarray, " side"],
    groups: Int64[ndarray, " contrast"],
    said: Float64[ndarray, "3 contrast"],
    precision: Float64[ndarray, " contrast"],
    looked: Looked,
) -> Weight:
    """One loud slot does not drown the quiet ones: contrasts count by their precision."""
    share = precision / precision.sum()
    effect, least, most = (said @ share).tolist()
    samples = _present(contrasts.ravel())
    weight = np.bincount(contrasts.ravel(), (share[:, None] * signs).ravel())[samples]
    parts = weight * weight * looked.variance[samples]
    of_samples = float(parts.sum())
    squared = float((parts * parts / looked.degrees[samples]).sum())
    own = _present(groups)
    n_groups = len(own)
    beyond = 0.0
    if n_groups > 1:
        apart = np.bincount(groups, share * (said[0] - effect))[own]
        beyond = max(0.0, n_groups / (n_groups - 1) * float(apart @ apart) - APART * of_samples)
        squared += beyond * beyond / (n_groups - 1)
    variance = of_samples + beyond
    return Weight(
        effect=effect,
        least=least,
        most=most,
        error=math.sqrt(variance),
        degrees=max(1.0, variance * variance / squared) if squared > 0 else 1.0,
        n=len(contrasts),
        groups=n_groups,
        networks=1,
        noise=looked.noise,
    )


def _present(numbers: Int64[ndarray, " any"]) -> Int64[ndarray, " different"]:
    """Different numbers in order. They are those of runs, so to count them is quicker than to sort them."""
    return np.flatnonzero(np.bincount(numbers))


def _together(each: list[Weight]) -> Weight:
    """Fixed effects over networks; from three on, no surer than they agree (Birge 1932)."""
    if len(each) == 1:
        return each[0]
    precision = np.array([1 / one.error**2 for one in each])
    share = precision / precision.sum()
    said = np.array([(one.effect, one.least, one.most) for one in each])
    effect, least, most = (share @ said).tolist()
    variance = float(1 / precision.sum())
    squared = sum((part**2 * one.error**2) ** 2 / one.degrees for part, one in zip(share, each, strict=True))
    degrees = variance * variance / squared
    if len(each) > 2:
        apart = float((precision * (said[:, 0] - effect) ** 2).sum()) / (len(each) - 1)
        variance *= max(1.0, apart)
    return Weight(
        effect=effect,
        least=least,
        most=most,
        error=math.sqrt(variance),
        degrees=max(1.0, float(degrees)),
        n=sum(one.n for one in each),
        groups=sum(one.groups for one in each),
        networks=len(each),
        noise=each[0].noise,
    )
