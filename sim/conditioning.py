"""How well a trajectory determines each metabolite's regulation, whatever the noise turns out to be.

dc_i/dt = sum_j S_ij k_j p_j(c) + slope_i c_i + offset_i, all k, slopes and offsets unknown at once;
slope_i is -lambda, offset_i is lambda * baseline. With noise of 1 c.u. per t.u. on every dc/dt, independent
from frame to frame, the standard errors are the square roots of the diagonal of the inverse information
matrix. They are proportional to the noise: for noise s they are s times as large. Neither labels nor rate
constants are read.
Seber & Lee, Linear Regression Analysis (2003), chapter 3, doi:10.1002/9780471722199.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from sim.identifiability import NULL, null_directions
from sim.networks.network import Stoichiometry
from sim.networks.substrates import unit_rates, without_equation
from sim.reaction.design import Structure, gram
from sim.reaction.samples import Samples, sample

CONFOUNDED: Final = 1e-6
"""Share of an open direction, squared, that looks like a metabolite's regulation and so confounds it."""


@dataclass(frozen=True)
class Conditioning:
    """Standard errors per metabolite, for noise of 1 c.u. per t.u. on dc/dt. NaN where not determined."""

    slope: Float64[ndarray, " metabolite"]
    """Of the slope, 1 per t.u."""

    offset: Float64[ndarray, " metabolite"]
    """Of the offset, c.u. per t.u."""

    inflation: Float64[ndarray, " metabolite"]
    """Standard error of the slope over what it were with all rate constants known."""

    causes: tuple[str | None, ...]
    """Why a metabolite's regulation is not determined; None where it is."""


def regulation_conditioning(
    stoichiometry: Stoichiometry,
    concentration: Float64[ndarray, "frame metabolite"],
    *,
    unobserved: Bool[ndarray, " metabolite"] | None = None,
) -> Conditioning:
    """Standard errors of slope and offset for one trajectory, with substrates taken to enter as c^E.

    Args:
        stoichiometry: S, E and rate law.
        concentration: Concentrations, c.u.
        unobserved: Metabolites of which nothing was measured; default: none.
    """
    structure = Structure(stoichiometry)
    n_metabolites = stoichiometry.n_metabolites
    unseen = np.zeros(n_metabolites, dtype=bool) if unobserved is None else unobserved
    blind = without_equation(stoichiometry, unseen)
    frames = np.arange(len(concentration) - 1)
    samples = sample(concentration, 1.0, frames, scale=np.where(blind, 0.0, 1.0))
    rates = unit_rates(concentration[frames], stoichiometry, substrates=structure.substrates)
    design = rates[:, structure.column] * structure.coefficient * samples.weight[:, structure.row]
    # What each reaction has along the constant and the linear direction of the metabolite that it changes.
    along = np.stack(
        [np.einsum("tc,tc->c", direction[:, structure.row], design) for direction in samples.nuisance]
    )
    before = np.bincount(structure.column, (design**2).sum(axis=0), minlength=structure.n_reactions)
    normal, _ = gram(samples, structure, samples.project(design, structure.row))
    inverse, left_open = _split(normal, before)
    slope, offset, inflation = (np.full(n_metabolites, np.nan) for _ in range(3))
    causes: list[str | None] = []
    for metabolite, (start, stop) in enumerate(zip(structure.ends[:-1], structure.ends[1:], strict=True)):
        to_direction = _to_direction(samples, metabolite)
        cause = "never moves" if to_direction is None else None
        if blind[metabolite]:
            cause = "not observed" if unseen[metabolite] else "reacts with one that is not observed"
        if to_direction is not None:
            reactions, cross = structure.column[start:stop], along[:, start:stop]
            reach = cross @ left_open[reactions]
            if (reach**2).sum() > CONFOUNDED:
                cause = "a reaction looks like its regulation"
            else:
                spread = np.eye(2) + cross @ inverse[np.ix_(reactions, reactions)] @ cross.T
                known, unknown = (to_direction @ matrix @ to_direction.T for matrix in (np.eye(2), spread))
                offset[metabolite], slope[metabolite] = np.sqrt(np.diagonal(unknown))
                inflation[metabolite] = np.sqrt(unknown[1, 1] / known[1, 1])
        causes.append(cause)
    return Conditioning(slope=slope, offset=offset, inflation=inflation, causes=tuple(causes))


def _split(
    normal: Float64[ndarray, "reaction reaction"], before: Float64[ndarray, " reaction"]
) -> tuple[Float64[ndarray, "reaction reaction"], Float64[ndarray, "reaction open"]]:
    """Inverse of the Gram matrix over what it determines, and the directions that it leaves open."""
    n_reactions = len(normal)
    visible = np.diagonal(normal) > NULL * before
    chosen, hidden = np.flatnonzero(visible), np.flatnonzero(~visible & (before > 0))
    inner = normal[np.ix_(chosen, chosen)]
    scale = np.sqrt(np.diagonal(inner))
    null = null_directions(inner)
    inverse = np.zeros_like(normal)
    if chosen.size:
        # The open directions are taken out before the inversion, and out of what it gives.
        filled = inner / np.outer(scale, scale) + null @ null.T
        inverse[np.ix_(chosen, chosen)] = (np.linalg.inv(filled) - null @ null.T) / np.outer(scale, scale)
    left_open = np.zeros((n_reactions, null.shape[1] + hidden.size))
    left_open[chosen, : null.shape[1]] = null / scale[:, None]
    left_open[hidden, null.shape[1] + np.arange(hidden.size)] = 1.0
    # As long as what it moves before the nuisance is taken out, so that shares can be compared.
    left_open /= np.sqrt(before @ left_open**2)
    return inverse, left_open


def _to_direction(samples: Samples, metabolite: int) -> Float64[ndarray, "2 2"] | None:
    """(offset, slope) out of coefficients of the orthonormal directions; None where it never moves."""
    constant, linear = samples.nuisance[:, :, metabolite]
    if not (constant.any() and linear.any()):
        return None
    weight = samples.weight[:, metabolite]
    weighted = weight * samples.concentration[:, metabolite]
    size, mean, moved = constant @ weight, constant @ weighted, linear @ weighted
    return np.array([[1 / size, -mean / (size * moved)], [0.0, 1 / moved]])
