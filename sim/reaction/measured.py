"""A trajectory as a fit sees it: how noisy, averaged over which windows, weighted how.

Exact data are fitted frame by frame, every change in units of its metabolite's dc/dt; noisy data in
averages over windows, every average in units of the noise that it carries.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray
from scipy import sparse

from sim.reaction.noise import noise_level
from sim.reaction.samples import Nuisance, Samples, inverse, line, sample_windows
from sim.reaction.window import chosen, noise_of_windows, width_for, windows

DULL: Final = 1e-8  # share of dc/dt's deviation that no average is trusted beyond


@dataclass(frozen=True)
class Measured:
    """A stretch of a trajectory."""

    concentration: Float64[ndarray, "frame metabolite"]
    """c.u."""

    dt: float
    """Time between frames, t.u."""

    stride: int
    """Every how many-th change is fitted where the data are exact."""

    blind: Bool[ndarray, " metabolite"]
    """Metabolites whose change cannot be accounted for; nothing is fitted to them."""

    @property
    def n_changes(self) -> int:
        return len(self.concentration) - 1

    @cached_property
    def scale(self) -> Float64[ndarray, " metabolite"]:
        """Standard deviation of each metabolite's dc/dt, c.u. per t.u.; 0 for what is not fitted."""
        deviation = (np.diff(self.concentration, axis=0) / self.dt).std(axis=0)
        return np.where(self.blind, 0.0, deviation)

    @cached_property
    def noise(self) -> float:
        """Relative measurement noise; 0.0 for exact data."""
        return noise_level(self.concentration)

    @cached_property
    def width(self) -> int:
        """Frames that an average spans."""
        return width_for(self.noise, self.n_changes)

    def samples(
        self,
        *,
        excluded: Bool[ndarray, "change metabolite"] | None = None,
        nuisance: Nuisance = line,
        begin: int = 0,
        end: int | None = None,
    ) -> Samples:
        """What is fitted of the changes from `begin` to `end`.

        Args:
            excluded: Changes of metabolites, from `begin` on, that are left out.
            nuisance: Functions that stand in for regulation.
            begin: First change.
            end: First change that no longer counts; default: all.
        """
        stretch = self.concentration[begin : None if end is None else end + 1]
        # A short stretch is there for its detail.
        whole = len(stretch) > self.n_changes // 2
        averages = self._windows(len(stretch) - 1, stride=self.stride if whole else 1)
        weight = self._weight(averages, stretch)
        if excluded is not None:
            weight = np.where(averages @ excluded.astype(np.float64) > 0, 0.0, weight)
        return sample_windows(stretch, self.dt, averages, weight=weight, nuisance=nuisance)

    def _windows(self, n_changes: int, *, stride: int) -> sparse.csr_matrix:
        if self.width > 1:
            return windows(n_changes, min(self.width, n_changes))
        return chosen(np.arange(0, n_changes, stride), n_changes)

    def _weight(
        self, averages: sparse.csr_matrix, stretch: Float64[ndarray, "frame metabolite"]
    ) -> Float64[ndarray, "sample metabolite"]:
        if self.noise == 0:
            return np.broadcast_to(inverse(self.scale), (averages.shape[0], self.scale.size))
        deviation = noise_of_windows(averages, self.noise * stretch, self.dt)
        return inverse(np.hypot(deviation, DULL * self.scale) * (self.scale > 0))
