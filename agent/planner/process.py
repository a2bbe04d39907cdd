"""A Gaussian process over encoded slots: what the runs say of slots that were never run.

Matern 5/2 kernel with a length scale per parameter and strategy. Length scales and the noise are those of
a short grid that explain the runs best (marginal likelihood), found one after the other; long ones come
first, so that a parameter counts only where the runs say that it does. Nothing is drawn: the same runs give
the same model. The search of the grid (`shape_of`) costs far more than a model of a known shape, so that
the two are apart.
Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapters 2, 4.2 and 5.4.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg.lapack import dpotrf, dtrtrs

Points = Float64[np.ndarray, "point coordinate"]
Values = Float64[np.ndarray, " point"]
Square = Float64[np.ndarray, "point point"]

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

BELIEVED: Final = 2.0
"""So many runs' worth of belief that the objective varies over the space as it does over the runs."""

AT_ONCE: Final = 100
"""Slots that are predicted at once: larger arrays would be given back to the system after each step."""


class Shape(NamedTuple):
    """What is searched for on the grid."""

    lengths: tuple[float, ...]
    """Length scale of each group of coordinates."""

    noise: float
    """Variance of the noise of a run of weight 1."""


class Process:
    """The model of some runs.

    Args:
        points: Encoded slots.
        values: Their objective; any scale.
        groups: How many consecutive coordinates share a length scale.
        weights: How much each value counts: the noise of its run is so many times smaller. Default: 1.
        shape: Length scales and noise; default: those that explain the runs best.
    """

    def __init__(
        self,
        points: Points,
        values: Values,
        groups: Sequence[int],
        *,
        weights: Values | None = None,
        shape: Shape | None = None,
    ) -> None:
        weights = np.ones(len(values)) if weights is None else weights
        self.shape = shape_of(points, values, groups, weights=weights) if shape is None else shape
        self._mean, spread = _level(values)
        self._scales = np.repeat(self.shape.lengths, groups)
        self._points: Points = points / self._scales
        targets = (values - self._mean) / spread
        noise = self.shape.noise / weights
        kernel = _kernel(_squared(self._points, self._points))
        kernel[np.diag_indices_from(kernel)] = 1.0 + noise
        factor = _factor(kernel)
        assert factor is not None  # the noise keeps it positive definite
        self._factor = factor
        half = _solved(factor, targets)
        size = _size(half)
        self._scale = spread * size
        self._half, targets = half / size, targets / size
        self._weights = _solved(factor, self._half, transposed=True)
        self.fitted: Values = self._mean + self._scale * (targets - noise * self._weights)
        """Mean of the objective at the runs themselves, without their noise."""

    def predict(self, points: Points) -> tuple[Values, Values]:
        """Mean and standard deviation of the objective at other slots, without the noise of replicates."""
        scaled, mean, variance = points / self._scales, np.empty(len(points)), np.empty(len(points))
        for begin in range(0, len(points), AT_ONCE):
            here = slice(begin, begin + AT_ONCE)
            cross = _kernel(_squared(scaled[here], self._points))
            half = _solved(self._factor, cross.T)
            mean[here], variance[here] = cross @ self._weights, np.einsum("ij,ij->j", half, half)
        sd = np.sqrt(np.maximum(1.0 - variance, 1e-12))
        return self._mean + self._scale * mean, self._scale * sd

    def believing(self, point: Float64[np.ndarray, "1 coordinate"]) -> "Process":
        """A model that takes the mean that is expected at a slot for its result.

        It expects the same everywhere, and is surer around that slot, so that the next one goes elsewhere.
        """
        scaled = point / self._scales
        cross = _kernel(_squared(scaled, self._points))[0]
        row = _solved(self._factor, cross)
        n = len(row)
        factor = np.zeros((n + 1, n + 1), order="F")
        factor[:n, :n], factor[n, :n] = self._factor, row
        factor[n, n] = math.sqrt(max(1.0 + self.shape.noise - float(row @ row), 1e-12))
        grown = object.__new__(Process)
        grown.shape, grown._mean, grown._scale = self.shape, self._mean, self._scale
        grown._scales, grown._points = self._scales, np.vstack((self._points, scaled))
        grown._factor, grown._half = factor, np.append(self._half, 0.0)
        # What comes as expected changes no expectation.
        grown._weights = np.append(self._weights, 0.0)
        grown.fitted = np.append(self.fitted, self._mean + self._scale * float(cross @ self._weights))
        return grown


def shape_of(points: Points, values: Values, groups: Sequence[int], *, weights: Values) -> Shape:
    """Length scales and noise that explain some runs best.

    Args:
        points: Encoded slots.
        values: Their objective; any scale.
        groups: How many consecutive coordinates share a length scale.
        weights: How much each value counts.
    """
    mean, scale = _level(values)
    targets: Values = (values - mean) / scale
    cuts = np.cumsum([0, *groups])
    parts = [_squared(part, part) for part in (points[:, begin:end] for begin, end in pairwise(cuts))]
    lengths, noise = [LENGTHS[1]] * len(groups), NOISES[2]

    def evidence(total: Square, lengths: Sequence[float], noise: float) -> float:
        """Log marginal likelihood, and a prior that holds parameters for idle until they show otherwise."""
        kernel = _kernel(total)
        kernel[np.diag_indices_from(kernel)] = 1.0 + noise / weights
        factor = _factor(kernel)
        if factor is None:
            return -math.inf
        half = _solved(factor, targets)
        n = len(half) + BELIEVED
        likelihood = -n * math.log(_size(half)) - float(np.log(np.diag(factor)).sum())
        return likelihood - sum(math.log(LENGTHS[0] / length) for length in lengths) * PARSIMONY

    total: Square = np.asarray(sum(part / length**2 for part, length in zip(parts, lengths, strict=True)))
    best = evidence(total, lengths, noise)
    for _ in range(ROUNDS):
        for place, part in enumerate(parts):
            rest = total - part / lengths[place] ** 2
            for length in LENGTHS:
                if length == lengths[place]:
                    continue
                tried = [*lengths[:place], length, *lengths[place + 1 :]]
                found = evidence(rest + part / length**2, tried, noise)
                if found > best:
                    best, lengths = found, tried
            total = rest + part / lengths[place] ** 2
        for other in NOISES:
            found = evidence(total, lengths, other)
            if found > best:
                best, noise = found, other
    return Shape(tuple(lengths), noise)


def _size(half: Values) -> float:
    """How many times the objective varies over the space more than over the runs, from L^-1 of its values."""
    return math.sqrt((float(half @ half) + BELIEVED) / (len(half) + BELIEVED))


def _level(values: Values) -> tuple[float, float]:
    mean, spread = float(values.mean()), float(values.std())
    return mean, spread if spread > 0 else 1.0


def _squared(
    left: Float64[np.ndarray, "left coordinate"], right: Float64[np.ndarray, "right coordinate"]
) -> Float64[np.ndarray, "left right"]:
    """Squared distances."""
    found: Float64[np.ndarray, "left right"] = left @ (-2.0 * right.T)
    found += np.einsum("ij,ij->i", left, left)[:, None]
    found += np.einsum("ij,ij->i", right, right)[None, :]
    found[found < 0.0] = 0.0
    return found


def _kernel(squared: Float64[np.ndarray, "left right"]) -> Float64[np.ndarray, "left right"]:
    """Matern 5/2 of scaled squared distances."""
    distance = np.sqrt(5.0 * np.maximum(squared, 0.0))
    found: Float64[np.ndarray, "left right"] = distance * distance
    found /= 3.0
    found += distance
    found += 1.0
    found *= np.exp(np.negative(distance, out=distance), out=distance)
    return found


def _factor(kernel: Square) -> Square | None:
    """The lower Cholesky factor; None where there is none in these digits."""
    found: Square
    found, info = dpotrf(kernel.T, lower=1, overwrite_a=1, clean=1)
    return found if info == 0 else None


def _solved(
    factor: Square, right: Float64[np.ndarray, "point ..."], *, transposed: bool = False
) -> Float64[np.ndarray, "point ..."]:
    """The right side divided by the factor."""
    found: Float64[np.ndarray, "point ..."]
    found, info = dtrtrs(factor, right, lower=1, trans=int(transposed))
    assert info == 0  # its diagonal is positive
    return found
