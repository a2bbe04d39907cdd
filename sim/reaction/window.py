"""Test functions: the weights by which a differential equation is averaged over a window of frames.

For explicit Euler and any weights phi,  sum_t phi_t (c_t+1 - c_t) / dt = sum_t phi_t F(c_t)  holds
exactly. Summed by parts the left side needs no derivative: the noise of c enters with the differences of
phi, which a wide and smooth window makes small. The integral (weak) form of Messenger & Bortz 2021
doi:10.1137/20M1343166, with their polynomial bumps.
"""

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from scipy import sparse

DEGREE: Final = 3
"""Of the bump (1 - s^2)^DEGREE."""

OVERLAP: Final = 8
"""Windows that cover a frame: closer ones add next to nothing."""

WIDTHS: Final = ((3e-4, 16), (3e-3, 32), (2e-2, 64), (1.0, 128))
"""Relative noise up to which a width is used, and the width in frames."""


def width_for(noise: float, n_changes: int) -> int:
    """Frames that a window spans: 1 for exact data, more the noisier they are.

    Args:
        noise: Relative measurement noise.
        n_changes: Changes from frame to frame that there are; a window takes at most an eighth.
    """
    if noise == 0.0:
        return 1
    wanted = next((width for limit, width in WIDTHS if noise <= limit), WIDTHS[-1][1])
    return max(1, min(wanted, n_changes // 8))


def bump(width: int) -> Float64[ndarray, " frame"]:
    """Weights of one window; they add up to 1."""
    place = (np.arange(width) + 0.5) / width * 2 - 1
    weights = (1 - place**2) ** DEGREE
    return np.asarray(weights / weights.sum())


def windows(n_changes: int, width: int) -> sparse.csr_matrix:
    """Overlapping windows over a stretch of frames.

    Args:
        n_changes: Length of the stretch.
        width: Frames that a window spans.

    Returns:
        Weights, a row per window and a column per change.
    """
    starts = np.arange(0, n_changes - width + 1, max(1, width // OVERLAP))
    rows = np.repeat(np.arange(starts.size), width)
    columns = (starts[:, None] + np.arange(width)).ravel()
    return sparse.csr_matrix((np.tile(bump(width), starts.size), (rows, columns)), (starts.size, n_changes))


def chosen(frames: Int64[ndarray, " sample"], n_changes: int) -> sparse.csr_matrix:
    """Single frames as windows of width 1."""
    ones = np.ones(frames.size)
    return sparse.csr_matrix((ones, (np.arange(frames.size), frames)), (frames.size, n_changes))


def noise_of_windows(
    weights: sparse.csr_matrix, deviation: Float64[ndarray, "frame metabolite"], dt: float
) -> Float64[ndarray, "window metabolite"]:
    """Standard deviation that measurement noise gives to the averaged dc/dt, c.u. per t.u.

    Args:
        weights: Rows of windows over the changes.
        deviation: Standard deviation of each measured concentration, c.u.; one frame more than changes.
        dt: Time between frames, t.u.
    """
    n_windows, n_changes = weights.shape
    later = sparse.csr_matrix((n_windows, 1))
    by_parts = (sparse.hstack([later, weights]) - sparse.hstack([weights, later])).tocsr()
    assert by_parts.shape[1] == n_changes + 1
    return np.asarray(np.sqrt(by_parts.power(2) @ deviation**2) / dt)
