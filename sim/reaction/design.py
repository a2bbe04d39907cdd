"""The linear part of the reaction model: given the responses, rate constants are least squares.

Per metabolite i, averaged over windows of frames (single frames where the data are exact) and weighted by
the inverse deviation of what is left:

    < dc_i/dt > = sum_j S_ij k_j < p_j(c) >  +  nuisance_i

p_j combines the responses of the substrates. The nuisance stands in for regulation (`sim.reaction.samples`);
it is projected out metabolite by metabolite, and since a metabolite takes part in few reactions, all that is
left are many small Gram matrices that add up to one.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.networks.substrates import Substrates, combine, substrates_of
from sim.reaction.samples import Samples

RIDGE = 1e-11
"""Relative to the diagonal: what the data leave open is drawn towards a typical rate constant."""


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
