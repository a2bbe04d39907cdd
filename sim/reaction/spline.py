"""Cubic splines in log concentration: the shape that a substrate's response is sought in.

The logarithm of a response is a spline that is 0 at c = 1 by construction, which fixes the scale
between response and rate constant. Outside of the knots it goes on as a straight line, so a power
law stays a power law.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from scipy.interpolate import BSpline

DEGREE = 3

FLOOR = 1e-6
"""Concentrations below this count as this, c.u.: the logarithm needs a floor."""


def log_concentration(concentration: Float64[ndarray, "*shape"]) -> Float64[ndarray, "*shape"]:
    """Natural logarithm of a concentration, c.u., with the floor."""
    floored: Float64[ndarray, "*shape"] = np.log(np.maximum(concentration, FLOOR))
    return floored


@dataclass(frozen=True)
class SplineBasis:
    """Cubic B-splines on given knots, each shifted to be 0 at log c = 0.

    The shifted functions add up to nothing, so the first one is left out: what remains is a basis.
    """

    breaks: Float64[ndarray, " break"]
    """Knots in log c, rising; the ends included once."""

    @classmethod
    def at_quantiles(cls, log_c: Float64[ndarray, "*shape"], n_breaks: int) -> "SplineBasis":
        """Knots where the data are.

        Args:
            log_c: Observed log concentrations.
            n_breaks: Number of knots, at least 2.
        """
        levels = np.linspace(0.0, 1.0, n_breaks)
        levels[0], levels[-1] = 0.001, 0.999  # single extremes would leave the outermost pieces without data
        breaks = np.unique(np.quantile(log_c, levels))
        if breaks.size < 2 or breaks[-1] - breaks[0] < 0.5:
            # Hardly any spread: a wide cubic is a straight line over it.
            breaks = np.array([breaks[0] - 1.0, breaks[-1] + 1.0])
        return cls(breaks=breaks)

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return int(self.breaks.size) + DEGREE - 2

    @property
    def centres(self) -> Float64[ndarray, " coefficient"]:
        """Greville abscissae less the one at 0: with these as coefficients the spline is log f = log c."""
        ladder = self._ladder
        places = np.array([ladder[i + 1 : i + 1 + DEGREE].mean() for i in range(self.size + 1)])
        return np.asarray(places[1:] - places[0])

    def values(self, log_c: Float64[ndarray, "*shape"]) -> Float64[ndarray, "*shape coefficient"]:
        """Each basis function at each point."""
        return np.asarray(self._raw(log_c) - self._raw(np.zeros(())))

    def slopes(self, log_c: Float64[ndarray, "*shape"]) -> Float64[ndarray, "*shape coefficient"]:
        """Derivative of each basis function with respect to log c."""
        inside = np.clip(log_c, self.breaks[0], self.breaks[-1])
        slopes: Float64[ndarray, "*shape coefficient"] = self._splines.derivative()(inside)[..., 1:]
        return slopes

    @property
    def _ladder(self) -> Float64[ndarray, " knot"]:
        ends = np.repeat(self.breaks[[0, -1]], DEGREE)
        return np.concatenate([ends[:DEGREE], self.breaks, ends[DEGREE:]])

    @property
    def _splines(self) -> BSpline:
        return BSpline(self._ladder, np.eye(self.size + 1), DEGREE)

    def _raw(self, log_c: Float64[ndarray, "*shape"]) -> Float64[ndarray, "*shape coefficient"]:
        inside = np.asarray(np.clip(log_c, self.breaks[0], self.breaks[-1]))
        values: Float64[ndarray, "*shape coefficient"] = self._splines(inside)[..., 1:]
        beyond = log_c - inside
        return values + self.slopes(inside) * beyond[..., None] if np.any(beyond) else values
