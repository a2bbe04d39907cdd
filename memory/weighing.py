"""How much contrasts of samples say together: effect, error and direction, within networks and over them.

A contrast is a pair, or a square of four. They may share samples: the error is that of the samples, each
counted once, and never less than what contrasts without a common sample differ by.
"""

import math
from collections.abc import Iterator, Sequence
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


class Contrasts(NamedTuple):
    """Contrasts that make the same change."""

    samples: Int64[ndarray, "contrast side"]
    """Numbers of the first runs of the samples on each side: two of a pair, four of a square."""
    groups: Int64[ndarray, " contrast"]
    """Equal for contrasts that share a sample, directly or through others."""


def weigh(asked: Sequence[Contrasts], looked: Looked) -> list[Weighed | None]:
    """Weighs contrasts, those of all comparisons in one pass.

    Args:
        asked: Those of each comparison.
        looked: The samples.

    Returns:
        One for each; None where there is nothing that can be weighed.
    """
    if not asked:
        return []
    each: list[list[Weight]] = [[] for _ in asked]
    with np.errstate(all="ignore"):
        said = [_said(signs, asked, looked) for signs in (PAIR, SQUARE)]
        for place, weight in _by_network(said, looked):
            if math.isfinite(weight.error) and weight.error > 0:
                each[place].append(weight)
    return [Weighed(_together(some), tuple(some)) if some else None for some in each]


class _Said(NamedTuple):
    """Contrasts with equally many sides, of all comparisons."""

    of: Int64[ndarray, " contrast"]
    """Which comparison each is of."""
    samples: Int64[ndarray, "contrast side"]
    signs: Float64[ndarray, " side"]
    groups: Int64[ndarray, " contrast"]
    effects: Float64[ndarray, "3 contrast"]
    """What each says, at least and at most."""
    total: Float64[ndarray, " contrast"]
    """Its variance."""


def _said(signs: Float64[ndarray, " side"], asked: Sequence[Contrasts], looked: Looked) -> _Said:
    here = [place for place, one in enumerate(asked) if one.samples.shape[1] == len(signs)]
    sizes = [len(asked[place].samples) for place in here]
    samples = np.concatenate([np.zeros((0, len(signs)), np.int64), *[asked[place].samples for place in here]])
    groups = np.concatenate([np.zeros(0, np.int64), *[asked[place].groups for place in here]])
    level, again = looked.level[samples] * signs, looked.again[samples] * signs
    # What was there before the last side was proposed may have been chosen for how it looked.
    order = looked.order[samples]
    chosen = order < order.max(axis=1, keepdims=True)
    least = np.where(chosen, np.minimum(level, again), level).sum(axis=1)
    most = np.where(chosen, np.maximum(level, again), level).sum(axis=1)
    return _Said(
        of=np.repeat(np.array(here, dtype=np.int64), sizes),
        samples=samples,
        signs=signs,
        groups=groups,
        effects=np.stack([level.sum(axis=1), least, most]),
        total=looked.variance[samples].sum(axis=1),
    )


def _by_network(said: Sequence[_Said], looked: Looked) -> Iterator[tuple[int, Weight]]:
    """Weights of each comparison on each of its networks, in the order of both.

    One loud slot does not drown the quiet ones: contrasts count by their precision.
    """
    effects = np.concatenate([one.effects for one in said], axis=1)
    total = np.concatenate([one.total for one in said])
    of = np.concatenate([one.of for one in said])
    network = looked.network[np.concatenate([one.samples[:, 0] for one in said])]
    sound = np.flatnonzero(np.isfinite(total) & (total > 0) & np.isfinite(effects.sum(axis=0)))
    if not len(sound):
        return
    # A part is what a comparison says on a network; contrasts are put in their order.
    n_networks = int(network.max()) + 1
    keys = (of * n_networks + network)[sound]
    ordered = np.argsort(keys, kind="stable")
    chosen, keys = sound[ordered], keys[ordered]
    begins = np.flatnonzero(np.diff(keys, prepend=-1))
    n = np.diff(begins, append=len(keys))
    part = np.repeat(np.arange(len(begins)), n)
    precision = 1 / total[chosen]
    share = precision / np.add.reduceat(precision, begins)[part]
    effect, least, most = np.add.reduceat(effects[:, chosen] * share, begins, axis=1)

    # Each sample counts once, by its weight in all contrasts of the part.
    place = np.full(len(of), -1)
    place[chosen] = np.arange(len(chosen))
    sides, shares, offset = [], [], 0
    for one in said:
        there = place[offset : offset + len(one.of)]
        kept = there >= 0
        there, samples = there[kept], one.samples[kept]
        sides.append((part[there][:, None] * len(looked.level) + samples).ravel())
        shares.append((share[there][:, None] * one.signs).ravel())
        offset += len(one.of)
    members, within = np.unique(np.concatenate(sides), return_inverse=True)
    its_part, sample = np.divmod(members, len(looked.level))
    weight = np.bincount(within, np.concatenate(shares))
    parts = weight * weight * looked.variance[sample]
    first = np.searchsorted(its_part, np.arange(len(begins)))
    of_samples = np.add.reduceat(parts, first)
    squared = np.add.reduceat(parts * parts / looked.degrees[sample], first)

    # Groups share no sample: they may not differ by much more than what that makes of them.
    group = np.concatenate([one.groups for one in said])[chosen]
    own, within = np.unique(part * (int(group.max()) + 1) + group, return_inverse=True)
    its_part = own // (int(group.max()) + 1)
    n_groups = np.bincount(its_part)
    apart = np.bincount(within, share * (effects[0, chosen] - effect[part]))
    first = np.searchsorted(its_part, np.arange(len(begins)))
    spread = n_groups / (n_groups - 1) * np.add.reduceat(apart * apart, first)
    beyond = np.where(n_groups > 1, np.fmax(0.0, spread - APART * of_samples), 0.0)
    squared += np.where(n_groups > 1, beyond * beyond / (n_groups - 1), 0.0)
    variance = of_samples + beyond
    degrees = np.where(squared > 0, np.fmax(1.0, variance * variance / squared), 1.0)
    columns = (effect, least, most, np.sqrt(variance), degrees, n, n_groups)
    for key, *row in zip((keys[begins] // n_networks).tolist(), *map(ndarray.tolist, columns), strict=True):
        yield key, Weight._make([*row, 1, looked.noise])


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
