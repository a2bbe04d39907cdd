"""A recorded landscape, replayed: what any slot of the space is truly worth, and what a training would give.

True value. A trend is fitted to the means of the recorded slots (boosted trees: no planner's model), and the
nearest recorded slot says by how much the truth departs from the trend around there, less what the noise of
replicates accounts for.

Nearest. Distance over encoded slots (a number is its place in its range, a strategy 0 or 1), each parameter
and strategy weighted by how much the trend depends on it.

Noise. A replicate is the true value plus a deviation that was recorded in one of the three nearest slots,
drawn by the replicate's seed. Deviations of a slot sum to zero and nothing is clipped, so that the mean of
many replicates is the true value.
"""

from collections.abc import Sequence
from functools import cached_property
from random import Random
from typing import Any, Final

import numpy as np
from jaxtyping import Float64

from agent.planner.encoding import Encoding, Points
from benchmarks.planners.recorded import Recording
from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.slot import SlotSpec

NEAR: Final = 3
"""Recorded slots whose replicates' deviations are drawn from."""

TREES: Final = 300
"""Boosted trees of the trend."""

LEAST: Final = 0.005
"""What a parameter counts at least when slots are compared, as a share of the trend."""


class Landscape:
    """What the replay asks instead of training.

    Args:
        recording: What was recorded.
        spec: The exploration that it was recorded of.
    """

    def __init__(self, recording: Recording, spec: ExplorationSpec) -> None:
        self.name = recording.header.landscape
        self._slots, self._encoding = recording.slots, Encoding(spec)
        values = [slot.objective_or(0.0) for slot in recording.slots]
        self._points = self._encode([(slot.values, slot.strategies) for slot in recording.slots])
        self._means = np.array([np.mean(one) for one in values])
        # Of n replicates the deviations from their mean are too small by sqrt((n - 1) / n).
        self._deviations = [
            (np.array(one) - np.mean(one)) * (len(one) / max(len(one) - 1, 1)) ** 0.5 for one in values
        ]
        self._fit()

    def true_value(self, slots: Sequence[SlotSpec]) -> Float64[np.ndarray, " slot"]:
        """The expected objective of one replicate."""
        points = self._encode([(slot.values, slot.strategies) for slot in slots])
        nearest = self._distances(points).argmin(axis=1)
        found: Float64[np.ndarray, " slot"] = np.clip(
            self._trend.predict(points) + self._departures[nearest], 0.0, 1.0
        )
        return found

    def replicates(self, slot: SlotSpec) -> list[float]:
        """The objective of a training under each of the slot's seeds."""
        points = self._encode([(slot.values, slot.strategies)])
        near = np.argsort(self._distances(points)[0], kind="stable")[:NEAR]
        pool = np.concatenate([self._deviations[place] for place in near])
        truth = float(self.true_value([slot])[0])
        return [truth + float(Random(f"{self.name} {seed}").choice(list(pool))) for seed in slot.seeds]

    @cached_property
    def best(self) -> float:
        """The highest true value among the recorded slots."""
        found = np.clip(self._trend.predict(self._points) + self._departures, 0.0, 1.0)
        return float(found.max())

    @property
    def noise(self) -> float:
        """Standard deviation of a replicate, over all slots."""
        return float(np.sqrt(np.mean([np.mean(one**2) for one in self._deviations])))

    def explained(self, folds: int = 5) -> float:
        """R2 of true values at slots that were left out of the fit: what interpolation is worth."""
        places = np.random.default_rng(0).permutation(len(self._slots))
        missed = np.zeros(len(places))
        for fold in range(folds):
            out = places[fold::folds]
            kept = np.setdiff1d(places, out)
            trend = _trend().fit(self._points[kept], self._means[kept])
            departures = self._means[kept] - trend.predict(self._points[kept])
            nearest = _distances(self._points[out], self._points[kept], self._weights).argmin(axis=1)
            foretold = trend.predict(self._points[out]) + self._share * departures[nearest]
            missed[out] = self._means[out] - foretold
        return 1.0 - float((missed**2).mean() / self._means.var())

    def _encode(self, slots: Sequence[tuple[dict[str, Value], tuple[str, ...]]]) -> Points:
        return self._encoding.points(slots)

    def _fit(self) -> None:
        self._trend = _trend().fit(self._points, self._means)
        self._weights = self._weighting()
        departures = self._means - self._trend.predict(self._points)
        # A mean of n replicates is off by their spread over sqrt(n); that part of a departure is no truth.
        errors = [np.mean(one**2) / len(one) for one in self._deviations]
        size = float(np.mean(departures**2))
        self._share = max(0.0, 1.0 - float(np.mean(errors)) / size) if size > 0 else 0.0
        self._departures = self._share * departures

    def _weighting(self) -> Float64[np.ndarray, " coordinate"]:
        """What a difference in each coordinate counts: the share of the trend that its parameter makes."""
        found: list[float] = []
        for _, size in self._encoding.groups:
            begin = len(found)
            share = float(self._trend.feature_importances_[begin : begin + size].sum())
            found += [max(share, LEAST) ** 0.5] * size
        return np.array(found)

    def _distances(self, points: Points) -> Float64[np.ndarray, "point slot"]:
        return _distances(points, self._points, self._weights)


def _distances(
    left: Float64[np.ndarray, "left coordinate"],
    right: Float64[np.ndarray, "right coordinate"],
    weights: Float64[np.ndarray, " coordinate"],
) -> Float64[np.ndarray, "left right"]:
    a, b = left * weights, right * weights
    found: Float64[np.ndarray, "left right"] = np.square(a[:, None, :] - b[None, :, :]).sum(axis=2)
    return found


def _trend() -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(
        n_estimators=TREES, max_depth=5, learning_rate=0.05, subsample=0.7, min_samples_leaf=5, random_state=0
    )
