"""A Gaussian process over encoded slots: what the runs say of slots that were never run.

Matern 5/2 kernel with a length scale per parameter and strategy (agent/planner/shape.py). Nothing is drawn:
the same runs give the same model.
Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapter 2.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int
from scipy.linalg.lapack import dtrtri

from agent.planner.algebra import (
    Points,
    Square,
    Values,
    factor_of,
    kernel_between,
    kernel_of,
    level_of,
    matern,
    size_of,
    solved,
    squared_distances,
)
from agent.planner.shape import Shape, shape_of

AT_ONCE: Final = 100
"""Slots that are predicted at once: larger arrays would be given back to the system after each step."""


CLOSELY: Final = 32
"""So many of the most promising slots are looked at closely, and further ones where that does not decide."""

LANDMARKS: Final = 40
"""So many runs, the best ones, bound how unsure the model can be of a slot."""

ROOM: Final = 1e-5
"""Room for rounding in half the digits, as a share of what is summed: a hundred times what is met."""


class _Rough(NamedTuple):
    """A model in half the digits."""

    centre: Float64[np.ndarray, " coordinate"]
    """Distances between points around 0 lose fewest digits."""

    distance: Float32[np.ndarray, "coordinate+2 point"]
    """What a slot, its squared length and 1 are multiplied with for five times its squared distances."""

    weights: Float32[np.ndarray, " point"]
    inverse: Float32[np.ndarray, "landmark landmark"]
    """Of the factor of the kernel of the first points, the landmarks, transposed."""

    room: float
    """That of a mean."""


class Process:
    """The model of some runs.

    Args:
        points: Encoded slots.
        values: Their objective; any scale.
        groups: How many consecutive coordinates share a length scale.
        weights: How much each value counts: the noise of its run is so many times smaller. Default: 1.
        shape: Length scales and noise; default: those that explain the runs best.
        kernel: Gives that of the scaled slots, as `kernel_between` does, in an array that is used up.
    """

    def __init__(
        self,
        points: Points,
        values: Values,
        groups: Sequence[int],
        *,
        weights: Values | None = None,
        shape: Shape | None = None,
        kernel: Callable[[Points], Square] = lambda points: kernel_between(points, points),
    ) -> None:
        weights = np.ones(len(values)) if weights is None else weights
        self.shape = shape_of(points, values, groups, weights=weights) if shape is None else shape
        self._mean, spread = level_of(values)
        self._scales = np.repeat(self.shape.lengths, groups)
        self._points: Points = points / self._scales
        targets = (values - self._mean) / spread
        noise = self.shape.noise / weights
        known = kernel(self._points)
        known.flat[:: len(known) + 1] = 1.0 + noise
        factor = factor_of(known)
        assert factor is not None  # the noise keeps it positive definite
        self._factor = factor
        half = solved(factor, targets)
        size = size_of(half)
        self._scale = spread * size
        self._half, targets = half / size, targets / size
        self._weights = solved(factor, self._half, transposed=True)
        self.fitted: Values = self._mean + self._scale * (targets - noise * self._weights)
        """Mean of the objective at the runs themselves, without their noise."""

    @cached_property
    def best_first(self) -> Int[np.ndarray, " point"]:
        """The places of the runs, the one of the highest mean first; ties as they come."""
        return np.argsort(-self.fitted, kind="stable")

    def predict(self, points: Points) -> tuple[Values, Values]:
        """Mean and standard deviation of the objective at other slots, without the noise of replicates."""
        scaled, mean, variance = points / self._scales, np.empty(len(points)), np.empty(len(points))
        for begin in range(0, len(points), AT_ONCE):
            here = slice(begin, begin + AT_ONCE)
            cross = kernel_of(squared_distances(scaled[here], self._points))
            half = solved(self._factor, cross.T)
            mean[here], variance[here] = cross @ self._weights, np.einsum("ij,ij->j", half, half)
        sd = np.sqrt(np.maximum(1.0 - variance, 1e-12))
        return self._mean + self._scale * mean, self._scale * sd

    def promising(self, points: Points, boldness: float) -> Iterator[tuple[int, float, float]]:
        """Slots by their mean and so many standard deviations together, highest first; ties as they come.

        Few are asked for. So all of them are looked at roughly: in half the digits, and as unsure as they
        would be for `LANDMARKS` runs alone, which is at least as unsure as they are. Exact is what those are
        that may come first; what none of the others can exceed is given at once.

        Args:
            points: Encoded slots.
            boldness: Standard deviations that count.

        Returns:
            The place of a slot, its mean and its standard deviation.
        """
        bounds, given = self._at_most(points, boldness), set()
        if len(points) > CLOSELY:
            order = np.argpartition(bounds, -CLOSELY)
            near, far = np.sort(order[-CLOSELY:]), order[:-CLOSELY]
            mean, sd = self.predict(points[near])
            hopes = mean + boldness * sd
            undecided = bounds[far] >= hopes.max()
            if undecided.any():
                near, far = np.concatenate((near, far[undecided])), far[~undecided]
                others, spreads = self.predict(points[near[CLOSELY:]])
                mean, sd = np.concatenate((mean, others)), np.concatenate((sd, spreads))
                hopes = mean + boldness * sd
            limit = bounds[far].max() if len(far) else -math.inf
            for at in np.lexsort((near, -hopes)).tolist():
                if hopes[at] <= limit:
                    break
                given.add(int(near[at]))
                yield int(near[at]), float(mean[at]), float(sd[at])
        mean, sd = self.predict(points)
        for place in np.argsort(-(mean + boldness * sd), kind="stable").tolist():
            if place not in given:
                yield place, float(mean[place]), float(sd[place])

    def _at_most(self, points: Points, boldness: float) -> Values:
        """What mean and standard deviations are at most together, with room for rounding."""
        rough = self._rough
        scaled = np.empty((len(points), len(rough.distance)), dtype=np.float32)
        scaled[:, :-2] = points / self._scales - rough.centre
        scaled[:, -2], scaled[:, -1] = np.einsum("ij,ij->i", scaled[:, :-2], scaled[:, :-2]), 1.0
        squared = scaled @ rough.distance
        cross = matern(np.abs(squared, out=squared))  # rounding may take them below 0
        half = cross[:, : len(rough.inverse)] @ rough.inverse
        sd = np.sqrt(np.maximum(1.0 - np.einsum("ij,ij->i", half, half), 0.0) + ROOM)
        found: Values = (cross @ rough.weights + boldness * sd).astype(np.float64)
        found += rough.room
        found *= self._scale
        found += self._mean
        return found

    @cached_property
    def _rough(self) -> "_Rough":
        """The model in half the digits, its landmarks first."""
        order = self.best_first
        centre = self._points[order[0]]
        points = self._points[order] - centre
        distance = np.empty((points.shape[1] + 2, len(points)), dtype=np.float32)
        distance[:-2], distance[-2] = -10.0 * points.T, 5.0
        distance[-1] = 5.0 * np.einsum("ij,ij->i", points, points)
        rows = self._factor[order[:LANDMARKS]]
        factor = factor_of(rows @ rows.T)
        assert factor is not None  # the noise keeps it positive definite
        inverse, _ = dtrtri(factor, lower=1)
        weights = self._weights[order]
        return _Rough(
            centre=centre,
            distance=distance,
            weights=weights.astype(np.float32),
            inverse=inverse.T.astype(np.float32),
            room=ROOM * (1.0 + float(np.abs(weights).sum())),
        )

    def believing(self, point: Float64[np.ndarray, "1 coordinate"]) -> "Process":
        """A model that takes the mean that is expected at a slot for its result.

        It expects the same everywhere, and is surer around that slot, so that the next one goes elsewhere.
        """
        scaled = point / self._scales
        cross = kernel_of(squared_distances(scaled, self._points))[0]
        row = solved(self._factor, cross)
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
