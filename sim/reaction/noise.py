"""How noisy is a measurement? Told from the trajectory alone, by differences of neighbouring frames.

Smooth motion all but vanishes in differences of high order, and independent noise does not: its
variance grows by a known factor. Successive differences: von Neumann et al. 1941
doi:10.1214/aoms/1177731746; higher orders: Hall, Kay & Titterington 1990 doi:10.1093/biomet/77.3.521.
"""

from math import comb
from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from sim.reaction.spline import log_concentration

ORDER: Final = 8
"""Order of the differences; motion on the scale of ten frames leaves about 1e-10 of itself."""

QUARTILE: Final = 0.6744897501960817
"""Median of |x| of a standard normal x."""

NOISELESS: Final = 3e-6
"""Relative noise below which a trajectory counts as exact: rounding and fast motion leave that much."""


def noise_level(concentration: Float64[ndarray, "frame metabolite"]) -> float:
    """Standard deviation of the measurement noise, relative to the concentration.

    Args:
        concentration: As measured, c.u.

    Returns:
        The median metabolite's noise; 0.0 where there are too few frames to tell, or where it is too
        small to be told from motion.
    """
    if len(concentration) <= 2 * ORDER:
        return 0.0
    differences = np.diff(log_concentration(concentration), n=ORDER, axis=0)
    size = np.median(np.abs(differences), axis=0) / (QUARTILE * np.sqrt(comb(2 * ORDER, ORDER)))
    level = float(np.median(size))
    return level if level > NOISELESS else 0.0
