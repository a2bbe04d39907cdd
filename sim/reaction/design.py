"""The linear part of the reaction model: given the responses, rate constants are least squares.

Per metabolite i, weighted by the inverse variance of dc_i/dt:

    dc_i/dt = sum_j S_ij k_j p_j(c)  +  slope_i c_i + offset_i

p_j combines the responses of the substrates. The affine nuisance stands in for regulation, which is
not known yet; it is projected out metabolite by metabolite, and since a metabolite takes part in few
reactions, all that is left are many small Gram matrices that add up to one.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from sim.networks.network import RateLaw, Stoichiometry
from sim.networks.substrates import Substrates, combine, substrates_of

RIDGE = 1e-11
"""Relative to the diagonal: what the data leave open is drawn towards a typical rate constant."""


@dataclass(frozen=True)
class Samples:
    """Frames to fit, with the nuisance's directions made orthonormal."""

    concentration: Float64[ndarray, "sample metabolite"]
    rate: Float64[ndarray, "sample metabolite"]
    """Weighted dc/dt, without its affine part."""

    weight: Float64[ndarray, "sample metabolite"]
    """Square root of the weight of each observation; 0 where Euler was clamped at 0."""

    constant: Float64[ndarray, "sample metabolite"]
    linear: Float64[ndarray, "sample metabolite"]
    """Orthonormal over samples, metabolite by metabolite; together they span the affine nuisance."""

    def project(
        self, values: Float64[ndarray, "sample column"], metabolite: Int64[ndarray, " column"] | slice
    ) -> Float64[ndarray, "sample column"]:
        """Takes the affine nuisance of each column's metabolite out of it, in place."""
        for direction in (self.constant, self.linear):
            chosen = direction[:, metabolite]
            values -= chosen * np.einsum("tc,tc->c", chosen, values)
        return values


def sample(
    concentration: Float64[ndarray, "frame metabolite"],
    dt: float,
    frames: Int64[ndarray, " sample"],
    *,
    scale: Float64[ndarray, " metabolite"],
) -> Samples:
    """Cuts samples out of a trajectory.

    Args:
        concentration: The whole trajectory, c.u.
        dt: Time between frames, t.u.
        frames: Where dc/dt is taken, as forward differences; each below the last frame.
        scale: Standard deviation of dc/dt per metabolite, c.u. per t.u.; 0 leaves a metabolite out.
    """
    here, after = concentration[frames], concentration[frames + 1]
    weight = np.where(after > 0, 1.0, 0.0) * np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    constant = _unit(weight)
    linear = weight * here
    linear = _unit(linear - constant * (constant * linear).sum(axis=0))
    rate = weight * (after - here) / dt
    samples = Samples(here, rate, weight, constant, linear)
    samples.project(rate, slice(None))
    return samples


def _unit(columns: Float64[ndarray, "sample metabolite"]) -> Float64[ndarray, "sample metabolite"]:
    size = np.sqrt((columns**2).sum(axis=0))
    unit = np.divide(columns, size, out=np.zeros_like(columns), where=size > 1e-9 * size.max(initial=0.0))
    return np.asarray(unit)


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
    samples: Samples, structure: Structure, unit_rates: Float64[ndarray, "sample reaction"]
) -> LinearFit:
    """Rate constants and residual, the nuisance projected out.

    Args:
        samples: Frames to fit.
        structure: S and E.
        unit_rates: p_j at those frames.
    """
    design = unit_rates[:, structure.column] * structure.coefficient
    design *= samples.weight[:, structure.row]
    samples.project(design, structure.row)
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
    fitted = structure.gather @ (design * constants[structure.column]).T
    return LinearFit(constants, samples.rate - fitted.T, design, normal)


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


def nuisance(
    samples: Samples,
    structure: Structure,
    unit_rates: Float64[ndarray, "sample reaction"],
    *,
    rate_constants: Float64[ndarray, " reaction"],
    derivative: Float64[ndarray, "sample metabolite"],
) -> tuple[Float64[ndarray, " metabolite"], Float64[ndarray, " metabolite"]]:
    """Slope (1 per t.u.) and offset (c.u. per t.u.) of the affine rest of each metabolite.

    Args:
        samples: Frames to fit.
        structure: S and E.
        unit_rates: p_j at those frames.
        rate_constants: k.
        derivative: dc/dt at those frames, not weighted, c.u. per t.u.
    """
    rest = derivative - (structure.net @ (unit_rates * rate_constants).T).T
    weight = samples.weight**2
    total = np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
    centre = (weight * samples.concentration).sum(axis=0) / total
    mean = (weight * rest).sum(axis=0) / total
    distance = samples.concentration - centre
    spread = (weight * distance**2).sum(axis=0)
    moment = (weight * distance * rest).sum(axis=0)
    slope = np.divide(moment, spread, out=np.zeros_like(moment), where=spread > 0)
    return slope, mean - slope * centre
