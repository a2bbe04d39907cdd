"""Length scales and noise that explain some runs best, found on a short grid.

One is moved after the other, by marginal likelihood; long ones come first, so that a parameter counts only
where the runs say that it does. Nothing is drawn: the same runs give the same shape. The search costs far
more than a model of a known shape.
Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapter 5.4.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from scipy.linalg.lapack import dpftrf, dtfsm

from agent.planner.algebra import (
    BELIEVED,
    Packed,
    Points,
    Values,
    kernel_of,
    level_of,
    packed,
    size_of,
    squared_distances,
)

LENGTHS: Final = (3.0, 1.5, 0.8, 0.4)
"""Length scales that are tried, as shares of a parameter's range.

None of them switches a parameter off: few runs cannot say that it is idle, and a model that believes so is
sure of what it does not know.
"""

NOISES: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Variances of the noise of a run that are tried, as shares of that of the objective."""

ROUNDS: Final = 2

PARSIMONY: Final = 0.4
"""Log likelihood that a length scale costs for being e times shorter."""


class Shape(NamedTuple):
    """What is searched for on the grid."""

    lengths: tuple[float, ...]
    """Length scale of each group of coordinates."""

    noise: float
    """Variance of the noise of a run of weight 1."""


def shape_of(points: Points, values: Values, groups: Sequence[int], *, weights: Values) -> Shape:
    """Length scales and noise that explain some runs best.

    Args:
        points: Encoded slots.
        values: Their objective; any scale.
        groups: How many consecutive coordinates share a length scale.
        weights: How much each value counts.
    """
    mean, scale = level_of(values)
    targets: Values = (values - mean) / scale
    cuts = np.cumsum([0, *groups])
    n, grouped = len(points), (points[:, begin:end] for begin, end in pairwise(cuts))
    parts = [packed(squared_distances(part, part)) for part in grouped]
    marks = packed(np.diag(np.arange(1.0, n + 1.0)))
    diagonal = np.flatnonzero(marks)[np.argsort(marks[marks > 0])]
    lengths, noise = [LENGTHS[1]] * len(groups), NOISES[2]

    known: dict[tuple[tuple[float, ...], float], float] = {}

    def evidence(total: Packed, lengths: Sequence[float], noise: float) -> float:
        """Log marginal likelihood, and a prior that holds parameters for idle until they show otherwise."""
        kernel = kernel_of(total)
        kernel[diagonal] = 1.0 + noise / weights
        factor, info = dpftrf(n, kernel, uplo="L", overwrite_a=1)
        if info:
            return -math.inf
        half = dtfsm(1.0, factor, targets[:, None], uplo="L")[:, 0]
        likelihood = -(n + BELIEVED) * math.log(size_of(half)) - float(np.log(factor[diagonal]).sum())
        return likelihood - sum(math.log(LENGTHS[0] / length) for length in lengths) * PARSIMONY

    total: Packed = np.asarray(sum(part / length**2 for part, length in zip(parts, lengths, strict=True)))
    best = known[tuple(lengths), noise] = evidence(total.copy(), lengths, noise)
    for _ in range(ROUNDS):
        for place, part in enumerate(parts):
            rest = total - part / lengths[place] ** 2
            for length in LENGTHS:
                tried = [*lengths[:place], length, *lengths[place + 1 :]]
                key = tuple(tried), noise
                if key not in known:
                    known[key] = evidence(rest + part / length**2, tried, noise)
                if known[key] > best:
                    best, lengths = known[key], tried
            total = rest + part / lengths[place] ** 2
        for other in NOISES:
            key = tuple(lengths), other
            if key not in known:
                known[key] = evidence(total.copy(), lengths, other)
            if known[key] > best:
                best, noise = known[key], other
    return Shape(tuple(lengths), noise)
