"""A Gaussian process over encoded slots: what the runs say of slots that were never run.

Matern 5/2 kernel with a length scale per parameter and strategy. Length scales and the noise are those of
a short grid that explain the runs best (marginal likelihood), found one after the other; long ones come
first, so that a parameter counts only where the runs say that it does. Nothing is drawn: the same runs give
the same model.
Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapters 2, 4.2 and 5.4.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64
from scipy.linalg import solve_triangular

Points = Float64[np.ndarray, "point coordinate"]
Values = Float64[np.ndarray, " point"]
Square = Float64[np.ndarray, "point point"]
Wide = Float64[np.ndarray, "point candidate"]

LENGTHS: Final = (3.0, 1.5, 0.8, 0.4)
"""Length scales that are tried, as shares of a parameter's range.

None of them switches a parameter off: few runs cannot say that it is idle, and a model that believes so is
sure of what it does not know.
"""

NOISES: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Variances of the noise that are tried, as shares of that of the objective."""

ROUNDS: Final = 2


class Process:
    """The model after a fit.

    Args:
        points: Encoded slots.
        values: Their objective; any scale.
        groups: How many consecutive coordinates share a length scale.
    """

    def __init__(self, points: Points, values: Values, groups: Sequence[int]) -> None:
        self._mean, spread = float(values.mean()), float(values.std())
        self._scale = spread if spread > 0 else 1.0
        self._groups = list(groups)
        self._cuts = np.cumsum([0, *groups])
        self._points = points
        self._targets: Values = (values - self._mean) / self._scale
        self._parts = [_distances(part, part) for part in self._split(points)]
        self.lengths, self.noise = self._fit()
        self._solve()

    def predict(self, points: Points) -> tuple[Values, Values]:
        """Mean and standard deviation of the objective at other slots, without the noise of replicates."""
        parts = zip(self._split(self._points), self._split(points), self.lengths, strict=True)
        between = sum(_distances(known, asked) / length**2 for known, asked, length in parts)
        cross: Wide = _kernel(np.asarray(between))
        half = solve_triangular(self._factor, cross, lower=True, check_finite=False)
        variance = np.maximum(1.0 - np.square(half).sum(axis=0), 1e-12)
        return self._mean + self._scale * (cross.T @ self._weights), self._scale * np.sqrt(variance)

    def believe(self, point: Points) -> None:
        """Takes the mean that is expected at a slot for its result, so that the next slot goes elsewhere."""
        expected, _ = self.predict(point)
        self._targets = np.append(self._targets, (expected - self._mean) / self._scale)
        self._points = np.vstack((self._points, point))
        self._parts = [_distances(part, part) for part in self._split(self._points)]
        self._solve()

    def _fit(self) -> tuple[list[float], float]:
        lengths, noise = [LENGTHS[1]] * len(self._groups), NOISES[2]
        total = sum(part / length**2 for part, length in zip(self._parts, lengths, strict=True))
        best = self._evidence(np.asarray(total), lengths, noise)
        for _ in range(ROUNDS):
            for place, part in enumerate(self._parts):
                rest = total - part / lengths[place] ** 2
                for length in LENGTHS:
                    if length == lengths[place]:
                        continue
                    tried = [*lengths[:place], length, *lengths[place + 1 :]]
                    found = self._evidence(rest + part / length**2, tried, noise)
                    if found > best:
                        best, lengths = found, tried
                total = rest + part / lengths[place] ** 2
            for other in NOISES:
                found = self._evidence(np.asarray(total), lengths, other)
                if found > best:
                    best, noise = found, other
        return lengths, noise

    def _evidence(self, total: Square, lengths: Sequence[float], noise: float) -> float:
        """Log marginal likelihood, and a prior that holds parameters for idle until they show otherwise."""
        factor = _factor(_kernel(total), noise)
        if factor is None:
            return -math.inf
        half = solve_triangular(factor, self._targets, lower=True, check_finite=False)
        likelihood = -0.5 * float(half @ half) - float(np.log(np.diag(factor)).sum())
        return likelihood - sum(math.log(LENGTHS[0] / length) for length in lengths) * PARSIMONY

    def _solve(self) -> None:
        total = sum(part / length**2 for part, length in zip(self._parts, self.lengths, strict=True))
        factor = _factor(_kernel(np.asarray(total)), self.noise)
        assert factor is not None  # the noise keeps it positive definite
        self._factor = factor
        half = solve_triangular(factor, self._targets, lower=True, check_finite=False)
        self._weights = solve_triangular(factor, half, lower=True, trans="T", check_finite=False)

    def _split(self, points: Points) -> list[Points]:
        return [points[:, begin:end] for begin, end in zip(self._cuts[:-1], self._cuts[1:], strict=True)]


PARSIMONY: Final = 0.4
"""Log likelihood that a length scale costs for being e times shorter."""


def _distances(
    left: Float64[np.ndarray, "left coordinate"], right: Float64[np.ndarray, "right coordinate"]
) -> Float64[np.ndarray, "left right"]:
    """Squared distances."""
    found: Float64[np.ndarray, "left right"] = np.square(left[:, None, :] - right[None, :, :]).sum(axis=2)
    return found


def _kernel(squared: Float64[np.ndarray, "left right"]) -> Float64[np.ndarray, "left right"]:
    """Matern 5/2 of scaled squared distances."""
    distance = np.sqrt(5.0 * squared)
    return (1.0 + distance + distance * distance / 3.0) * np.exp(-distance)


def _factor(kernel: Square, noise: float) -> Square | None:
    """The lower Cholesky factor of the kernel with noise; None where there is none in these digits."""
    try:
        return np.linalg.cholesky(kernel + noise * np.eye(len(kernel)))
    except np.linalg.LinAlgError:
        return None
