"""Numbers of every sample in arrays, by the number of its first run: what statements are weighed with.

They are written as runs end, and made ready at a look: the noise of each network is pooled robustly, a loud
slot keeps its own, and what a planner chose is expected again.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from blocks.run import Run, mean_of
from memory.chosen import expected_again
from memory.samples import Sample

PRIOR_DEGREES = 4.0
"""Degrees of freedom that the pooled noise of a network lends to each of its slots (Smyth 2004,
doi:10.2202/1544-6115.1027): three replicates alone would hardly know their own spread."""

LOUD = 3.0
"""A slot is loud where its replicates spread so many times more than the usual slot's."""

_FIELDS = 9
_MEAN, _MEDIAN, _VARIANCE, _N, _BLOCK, _ORDER, _NETWORK, _AGAIN, _N_AGAIN = range(_FIELDS)
_BATCHES = 10_000
_ROUNDING = 1e-9


class Looked(NamedTuple):
    """Samples as one look sees them; arrays are by the number of a sample's first run."""

    level: Float64[ndarray, " run"]
    """The objective: the mean of a slot's replicates, or of a loud slot their median."""
    again: Float64[ndarray, " run"]
    """What is expected of it on fresh seeds, for slots that others were made from."""
    variance: Float64[ndarray, " run"]
    """Squared standard error of the level."""
    degrees: Float64[ndarray, " run"]
    order: Float64[ndarray, " run"]
    """Grows from batch to batch: a slot could be chosen for its result by later ones alone."""
    block: Float64[ndarray, " run"]
    network: Int64[ndarray, " run"]
    noise: float
    """Standard deviation of one replicate, of the usual slot of the usual network."""


class _Expected(NamedTuple):
    """What is expected of a network's slots, and of what."""

    of: tuple[ndarray, ...]
    found: Float64[ndarray, " slot"]


class Measured:
    """Samples as they are now."""

    def __init__(self) -> None:
        self._rows: Float64[ndarray, "run field"] = np.zeros((64, _FIELDS))
        self._written: dict[int, list[float]] = {}
        self._new: set[int] = set()  # what the array does not hold yet
        self._networks: dict[str, int] = {}
        self._known: dict[int, _Expected] = {}  # by network

    @property
    def networks(self) -> list[str]:
        """Data sets in the order in which they came."""
        return list(self._networks)

    def take(self, sample: Sample, run: Run, values: Sequence[float]) -> None:
        """Takes in a sample that a run has made or changed.

        Args:
            sample: As it is with the run.
            run: The run.
            values: The objective in its replicates.
        """
        number = sample.runs[0]
        row = self._written.get(number)
        if row is None:
            row = self._written[number] = [0.0] * _FIELDS
            row[_BLOCK], row[_ORDER] = run.block, run.block * _BATCHES + run.batch
            row[_NETWORK] = self._networks.setdefault(sample.dataset, len(self._networks))
        elif values:
            row[_AGAIN] += (mean_of(values) - row[_AGAIN]) * (len(values) / (row[_N_AGAIN] + len(values)))
            row[_N_AGAIN] += len(values)
        row[_N], row[_MEDIAN] = len(sample.objective), sample.median
        row[_MEAN] = math.fsum(value / len(sample.objective) for value in sample.objective)
        row[_VARIANCE] = sample.squares / sample.degrees
        self._new.add(number)

    def look(self) -> Looked:
        """Everything that weighing needs, as of now."""
        if self._new:
            while max(self._new) >= len(self._rows):
                self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
            self._rows[list(self._new)] = [self._written[number] for number in self._new]
            self._new.clear()
        with np.errstate(all="ignore"):  # numbers near the largest float are no evidence, and no error
            return self._look(self._rows)

    def _look(self, rows: Float64[ndarray, "run field"]) -> Looked:
        there = rows[:, _N] > 0
        n = np.where(there, rows[:, _N], 2)
        degrees, spread = n - 1, rows[:, _VARIANCE]
        # The median of a variance with few degrees of freedom lies below it (Wilson and Hilferty 1931).
        typical = spread / (1 - 2 / (9 * degrees)) ** 3
        network = rows[:, _NETWORK].astype(np.int64)
        noise = np.zeros(len(rows))
        floors = []
        for index in range(len(self._networks)):
            here = there & (network == index)
            floors.append(float(np.median(typical[here])))
            noise[here] = floors[-1]
        pooled = (PRIOR_DEGREES * noise + degrees * spread) / (PRIOR_DEGREES + degrees)
        own = spread > (LOUD**2 / 2) * noise
        loud = spread > LOUD**2 * noise
        level = np.where(loud, rows[:, _MEDIAN], rows[:, _MEAN])
        largest = float(np.abs(level[there]).max(initial=0.0))
        variance = np.where(own, spread, pooled) / n * np.where(loud, math.pi / 2, 1.0)
        variance = np.maximum(variance, np.square(_ROUNDING * largest))
        again = level.copy()
        for index in range(len(self._networks)):
            here = np.flatnonzero(there & (network == index))
            again[here] = self._again(index, level[here], variance[here], ~loud[here])
        # Replicates that came later were chosen by nobody.
        repeated: Bool[ndarray, " run"] = rows[:, _N_AGAIN] >= 2
        again[repeated] = rows[repeated, _AGAIN]
        return Looked(
            level=level,
            again=again,
            variance=variance,
            degrees=np.where(own, degrees, PRIOR_DEGREES + degrees),
            order=rows[:, _ORDER],
            block=rows[:, _BLOCK],
            network=network,
            noise=math.sqrt(float(np.median(floors))) if floors else 0.0,
        )

    def _again(self, network: int, *slots: ndarray) -> Float64[ndarray, " slot"]:
        """`expected_again` of a network's slots; most looks find those of the fresh networks as they were."""
        known = self._known.get(network)
        if known is None or not all(map(np.array_equal, known.of, slots)):
            known = self._known[network] = _Expected(slots, expected_again(*slots))
        return known.found
