"""The linear part of the reaction model: given the responses, rate constants are least squares.

Per metabolite i, averaged over windows of frames (single frames where the data are exact) and weighted by
the inverse deviation of what is left:

    < dc_i/dt > = sum_j S_ij k_j < p_j(c) >  +  nuisance_i

p_j combines the responses of the substrates. The nuisance, a line in c_i or a flexible curve, stands in
for regulation, which is not known yet; it is projected out metabolite by metabolite, and since a
metabolite takes part in few reactions, all that is left are many small Gram matrices that add up to one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from scipy import sparse
from scipy.interpolate import BSpline
from scipy.linalg import cho_factor, cho_solve

from sim.networks.network import RateLaw, Stoichiometry
from sim.networks.substrates import Substrates, combine, substrates_of
from sim.reaction.window import chosen

RIDGE = 1e-11
"""Relative to the diagonal: what the data leave open is drawn towards a typical rate constant."""

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


class Structure:
    """S and E, arranged for building designs."""

    def __init__(self, stoichiometry: Stoichiometry) -> None:
        self.rate_law: RateLaw = stoichiometry.rate_law
        self.n_metabolites = stoichiometry.n_metabolites
        self.n_reactions = stoichiometry.n_reactions
        self.substrates: Substrates = substrates_of(stoichiometry)
        self.exponents: Float64[ndarray, " exponent"] = np.unique(
            self.substrates.exponent[self.substrates.present]
        )
        self.kind: Int64[ndarray, "reaction slot"] = np.searchsorted(
            self.exponents, self.substrates.exponent
        ) % max(self.exponents.size, 1)
        self.net = sparse.csr_matrix(stoichiometry.net)
        self.row, self.column = np.nonzero(stoichiometry.net)  # sorted by metabolite
        self.coefficient: Float64[ndarray, " entry"] = stoichiometry.net[self.row, self.column]
        self.ends = np.searchsorted(self.row, np.arange(self.n_metabolites + 1))
        self.gather = sparse.csr_matrix(
            (np.ones(self.row.size), (self.row, np.arange(self.row.size))),
            shape=(self.n_metabolites, self.row.size),
        )

    def unit_rates(
        self, response: Float64[ndarray, "exponent sample metabolite"]
    ) -> Float64[ndarray, "sample reaction"]:
        """p_j out of the responses f(c, e) of every metabolite."""
        factors = response[self.kind, :, self.substrates.index]  # reaction slot sample
        return combine(np.moveaxis(factors, -1, 0), self.substrates, self.rate_law)


@dataclass(frozen=True)
class LinearFit:
    """Least squares for given responses."""

    rate_constants: Float64[ndarray, " reaction"]
    residual: Float64[ndarray, "sample metabolite"]
    """Weighted; orthogonal to everything linear."""

    design: Float64[ndarray, "sample entry"]
    """Weighted S_ij p_j without its affine part, for each entry of S."""

    normal: Float64[ndarray, "reaction reaction"]
    """Gram matrix of the design, with the ridge."""

    @property
    def cost(self) -> float:
        """Sum of squared weighted residuals."""
        return float((self.residual**2).sum())


def solve_linear(
    samples: Samples, structure: Structure, unit_rates: Float64[ndarray, "frame reaction"]
) -> LinearFit:
    """Rate constants and residual, the nuisance projected out.

    Args:
        samples: Frames to fit.
        structure: S and E.
        unit_rates: p_j at the frames that windows draw on.
    """
    design = designed(samples, structure, unit_rates)
    normal, target = gram(samples, structure, design)
    diagonal = np.diagonal(normal).copy()
    # A reaction that never moves has a zero column: it gets a rate constant of 0.
    normal[np.diag_indices_from(normal)] += RIDGE * diagonal + np.where(diagonal > 0, 0.0, 1.0)
    factor = cho_factor(normal, check_finite=False)
    constants = cho_solve(factor, target, check_finite=False)
    if (positive := constants[constants > 0]).size:
        # Of opposed reactions only the difference shows; around 0 one of the two would come out negative.
        target += RIDGE * diagonal * np.median(positive)
        constants = cho_solve(factor, target, check_finite=False)
    return LinearFit(constants, residual(samples, structure, design, constants), design, normal)


def designed(
    samples: Samples, structure: Structure, unit_rates: Float64[ndarray, "frame reaction"]
) -> Float64[ndarray, "sample entry"]:
    """Weighted averages of S_ij p_j without the nuisance, for each entry of S."""
    design = samples.averaged(unit_rates)[:, structure.column] * structure.coefficient
    design *= samples.weight[:, structure.row]
    return samples.project(design, structure.row)


def residual(
    samples: Samples,
    structure: Structure,
    design: Float64[ndarray, "sample entry"],
    rate_constants: Float64[ndarray, " reaction"],
) -> Float64[ndarray, "sample metabolite"]:
    """Weighted average of dc/dt that neither reactions nor the nuisance explain."""
    fitted = structure.gather @ (design * rate_constants[structure.column]).T
    return np.asarray(samples.rate - fitted.T)


def gram(
    samples: Samples, structure: Structure, design: Float64[ndarray, "sample entry"]
) -> tuple[Float64[ndarray, "reaction reaction"], Float64[ndarray, " reaction"]]:
    """Gram matrix of a design and its product with dc/dt, metabolite by metabolite."""
    normal = np.zeros((structure.n_reactions, structure.n_reactions))
    target = np.zeros(structure.n_reactions)
    for metabolite, (start, stop) in enumerate(zip(structure.ends[:-1], structure.ends[1:], strict=True)):
        block, reactions = design[:, start:stop], structure.column[start:stop]
        normal[np.ix_(reactions, reactions)] += block.T @ block
        target[reactions] += block.T @ samples.rate[:, metabolite]
    return normal, target


def regulation_line(
    samples: Samples,
    structure: Structure,
    unit_rates: Float64[ndarray, "frame reaction"],
    *,
    rate_constants: Float64[ndarray, " reaction"],
) -> tuple[Float64[ndarray, " metabolite"], Float64[ndarray, " metabolite"]]:
    """Slope (1 per t.u.) and offset (c.u. per t.u.) of the line through each metabolite's regulation.

    Args:
        samples: What was fitted.
        structure: S and E.
        unit_rates: p_j at the frames that windows draw on.
        rate_constants: k.
    """
    rest = samples.averaged(samples.derivative - (structure.net @ (unit_rates * rate_constants).T).T)
    concentration = samples.averaged(samples.concentration)
    weight = samples.weight**2
    total = np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
    centre = (weight * concentration).sum(axis=0) / total
    mean = (weight * rest).sum(axis=0) / total
    distance = concentration - centre
    spread = (weight * distance**2).sum(axis=0)
    moment = (weight * distance * rest).sum(axis=0)
    slope = np.divide(moment, spread, out=np.zeros_like(moment), where=spread > 0)
    return slope, mean - slope * centre
