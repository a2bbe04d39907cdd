"""Normal equations of multiple shooting, solved with the windows' starts eliminated.

The starts of a window meet those of no other, so the curvature is an arrow: a block per window, and a border
of the parameters that all share. Schur's complement of the blocks is the curvature of these once the starts
are free.
"""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

EASE: Final = 1e-3  # damping of shared parameters, against that of the starts, which are far more local


class Curvature(NamedTuple):
    """Normal equations: starts of each window, and the parameters that all windows share."""

    starts: Float64[ndarray, "window metabolite metabolite"]
    mixed: Float64[ndarray, "window metabolite parameter"]
    shared: Float64[ndarray, "parameter parameter"]
    pull_starts: Float64[ndarray, "window metabolite"]
    pull_shared: Float64[ndarray, " parameter"]


class Step(NamedTuple):
    """A damped Gauss-Newton step (of the starts: of their logarithms).

    With it comes the curvature of the shared parameters once the starts are free.
    """

    starts: Float64[ndarray, "window metabolite"]
    shared: Float64[ndarray, " parameter"]
    reduced: Float64[ndarray, "parameter parameter"]


def solve(curvature: Curvature, damping: float) -> Step:
    """The damped step, starts eliminated window by window.

    Args:
        curvature: Normal equations.
        damping: Relative to the diagonal.
    """
    diagonal = np.einsum("wii->wi", curvature.starts)
    damped = curvature.starts.copy()
    rows = np.arange(diagonal.shape[1])
    # A start that no frame shows (it is clamped away at once) stays where it is.
    damped[:, rows, rows] += damping * diagonal + np.where(diagonal > 0, 0.0, 1.0)
    right = np.concatenate([curvature.mixed, curvature.pull_starts[:, :, None]], axis=2)
    solved = np.linalg.solve(damped, right)
    absorbed = np.tensordot(curvature.mixed, solved[:, :, :-1], axes=((0, 1), (0, 1)))
    reduced = curvature.shared - absorbed
    gradient = curvature.pull_shared - np.einsum("wmp,wm->p", curvature.mixed, solved[:, :, -1])
    own = np.diagonal(curvature.shared)
    # The floor keeps what no frame shows (constants that are not determined) where it is.
    floor = 1e-12 * own + np.where(own > 0, 0.0, 1.0)
    shared = np.linalg.solve(reduced + np.diag(EASE * damping * own + floor), gradient)
    starts = solved[:, :, -1] - solved[:, :, :-1] @ shared
    return Step(starts=starts, shared=shared, reduced=reduced + np.diag(floor))
