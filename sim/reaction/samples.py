"""What the reaction model is fitted to: averages of dc/dt over windows, with regulation taken out of them.

Regulation is not known yet. A nuisance stands in for it, a line in a metabolite's own concentration or a
flexible curve; its directions are made orthonormal over the samples, metabolite by metabolite, so that taking
them out is one product each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from scipy import sparse
from scipy.interpolate import BSpline

from sim.reaction.window import chosen

CURVE_LEVELS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Quantiles of a metabolite's concentration at which its flexible nuisance has knots."""

Nuisance = Callable[[Float64[ndarray, "frame metabolite"]], Float64[ndarray, "function frame metabolite"]]
"""Functions of its own concentration that a metabolite's regulation is sought in, besides a constant."""


def line(
    concentration: Float64[ndarray, "frame metabolite"],
) -> Float64[ndarray, "function frame metabolite"]:
    """The concentration itself: with the constant, linear regulation."""
    return concentration[None]


def curve(
    concentration: Float64[ndarray, "frame metabolite"],
) -> Float64[ndarray, "function frame metabolite"]:
    """Cubic splines on quantiles of each metabolite's concentration: regulation of any smooth shape."""
    functions = []
    for values in concentration.T:
        knots = np.unique(np.quantile(values, CURVE_LEVELS))
        if knots.size < 2:
            functions.append(np.zeros((len(CURVE_LEVELS) + 2, values.size)))
            continue
        ladder = np.concatenate([knots[:1].repeat(3), knots, knots[-1:].repeat(3)])
        basis = BSpline.design_matrix(values, ladder, 3).toarray().T
        spare = len(CURVE_LEVELS) + 2 - len(basis)
        functions.append(np.concatenate([basis, np.zeros((spare, values.size))]))
    return np.stack(functions, axis=-1)


@dataclass(frozen=True)
class Samples:
    """What is fitted: averages over windows, with the nuisance's directions made orthonormal."""

    used: Int64[ndarray, " frame"]
    """Numbers of the frames that windows draw on."""

    concentration: Float64[ndarray, "frame metabolite"]
    """At those frames, c.u."""

    derivative: Float64[ndarray, "frame metabolite"]
    """dc/dt there, as forward differences, c.u. per t.u."""

    windows: sparse.csr_matrix
    """Weights of the windows, a row per sample and a column per frame."""

    rate: Float64[ndarray, "sample metabolite"]
    """Weighted average of dc/dt, without its nuisance."""

    weight: Float64[ndarray, "sample metabolite"]
    """Inverse deviation of each sample; 0 leaves it out."""

    nuisance: Float64[ndarray, "function sample metabolite"]
    """Orthonormal over samples, metabolite by metabolite; a function that adds nothing is 0."""

    def averaged(self, values: Float64[ndarray, "frame column"]) -> Float64[ndarray, "sample column"]:
        """Averages over the windows."""
        return np.asarray(self.windows @ values)

    def project(
        self, values: Float64[ndarray, "sample column"], metabolite: Int64[ndarray, " column"] | slice
    ) -> Float64[ndarray, "sample column"]:
        """Takes the nuisance of each column's metabolite out of it, in place."""
        for direction in self.nuisance:
            along = direction[:, metabolite]
            values -= along * np.einsum("tc,tc->c", along, values)
        return values


def sample(
    concentration: Float64[ndarray, "frame metabolite"],
    dt: float,
    frames: Int64[ndarray, " sample"],
    *,
    scale: Float64[ndarray, " metabolite"],
) -> Samples:
    """Single frames of a trajectory, with linear regulation.

    Args:
        concentration: The whole trajectory, c.u.
        dt: Time between frames, t.u.
        frames: Where dc/dt is taken, as forward differences; each below the last frame.
        scale: Standard deviation of dc/dt per metabolite, c.u. per t.u.; 0 leaves a metabolite out.
    """
    weight = np.broadcast_to(inverse(scale), (frames.size, scale.size))
    return sample_windows(concentration, dt, chosen(frames, len(concentration) - 1), weight=weight)


def sample_windows(
    concentration: Float64[ndarray, "frame metabolite"],
    dt: float,
    windows: sparse.csr_matrix,
    *,
    weight: Float64[ndarray, "sample metabolite"],
    nuisance: Nuisance = line,
) -> Samples:
    """Averages of a trajectory.

    Args:
        concentration: The whole trajectory, c.u.
        dt: Time between frames, t.u.
        windows: Weights over the changes from frame to frame.
        weight: Inverse deviation of each averaged dc/dt, t.u. per c.u.; those that a clamp at 0 touches
            are left out here.
        nuisance: Functions that stand in for regulation.
    """
    clamped = (concentration[1:] <= 0).astype(np.float64)
    weight = np.where(windows @ clamped > 0, 0.0, weight)
    used = np.unique(windows.indices).astype(np.int64)
    here, kept = concentration[used], windows[:, used]
    change = (concentration[used + 1] - here) / dt
    raw = np.concatenate([np.ones((1, *here.shape)), nuisance(here)])
    functions = orthonormal(np.stack([weight * (kept @ function) for function in raw]))
    rate = weight * (kept @ change)
    samples = Samples(used, here, change, kept, rate, weight, functions)
    samples.project(rate, slice(None))
    return samples


def orthonormal(
    columns: Float64[ndarray, "function sample metabolite"],
) -> Float64[ndarray, "function sample metabolite"]:
    """Gram-Schmidt over the functions, twice for accuracy; one that adds nothing becomes 0."""
    found: list[Float64[ndarray, "sample metabolite"]] = []
    for column in columns:
        size = np.sqrt((column**2).sum(axis=0))
        rest = column
        for _ in range(2):
            for direction in found:
                rest = rest - direction * (direction * rest).sum(axis=0)
        left = np.sqrt((rest**2).sum(axis=0))
        adds = left > 1e-9 * np.maximum(size, size.max(initial=0.0))
        found.append(np.divide(rest, left, out=np.zeros_like(rest), where=adds & (left > 0)))
    return np.stack(found)


def inverse(scale: Float64[ndarray, "*shape"]) -> Float64[ndarray, "*shape"]:
    """1 / scale, and 0 where there is no scale."""
    return np.asarray(np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0))
