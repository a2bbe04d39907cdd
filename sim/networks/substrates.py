"""Substrates of each reaction as a rectangular table, which is what vectorised rates need.

E is sparse: a reaction has a handful of substrates among hundreds of metabolites. The table holds
their indices and exponents, padded with exponent 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from sim.networks.network import HALF_SATURATION, Stoichiometry
from sim.networks.rate_law import RateLaw


@dataclass(frozen=True)
class Substrates:
    """Who enters each rate."""

    index: Int64[ndarray, "reaction slot"]
    """Metabolite of each substrate; 0 where a slot is empty."""

    exponent: Float64[ndarray, "reaction slot"]
    """|E| of each substrate; 0 where a slot is empty."""

    present: Bool[ndarray, "reaction slot"]
    """Which slots hold a substrate."""


def substrates_of(stoichiometry: Stoichiometry) -> Substrates:
    """The substrates of every reaction, in index order.

    Args:
        stoichiometry: S and E; E may be signed, its size counts.
    """
    order = np.abs(stoichiometry.exponents).T
    n_slots = max(int((order > 0).sum(axis=1).max(initial=0)), 1)
    shape = (stoichiometry.n_reactions, n_slots)
    index, exponent = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    present = np.zeros(shape, dtype=bool)
    for reaction, row in enumerate(order):
        members = np.flatnonzero(row)
        index[reaction, : members.size] = members
        exponent[reaction, : members.size] = row[members]
        present[reaction, : members.size] = True
    return Substrates(index=index, exponent=exponent, present=present)


def combine(
    factors: Float64[ndarray, "*batch reaction slot"], substrates: Substrates, rate_law: RateLaw
) -> Float64[ndarray, "*batch reaction"]:
    """Rates per unit rate constant out of one factor per substrate.

    Args:
        factors: f(c_s, E_sj) of each substrate; whatever stands in empty slots is ignored.
        substrates: Which slots are in use.
        rate_law: Product of the factors (mass action) or their sum (additive).
    """
    if rate_law is RateLaw.MASS_ACTION:
        return np.asarray(np.where(substrates.present, factors, 1.0).prod(axis=-1))
    return np.asarray(np.where(substrates.present, factors, 0.0).sum(axis=-1))


def unit_rates(
    concentration: Float64[ndarray, "*batch metabolite"],
    stoichiometry: Stoichiometry,
    *,
    substrates: Substrates | None = None,
    response: Callable[[Float64[ndarray, "..."]], Float64[ndarray, "..."]] | None = None,
) -> Float64[ndarray, "*batch reaction"]:
    """v_j / k_j at given concentrations, with substrates entering as a power.

    Args:
        concentration: Concentrations, c.u., not negative.
        stoichiometry: S, E and the rate law.
        substrates: The table of `stoichiometry`, where the caller has it already.
        response: Applied to the concentration before the power; default: the concentration itself.
    """
    table = substrates_of(stoichiometry) if substrates is None else substrates
    seen = concentration if response is None else response(concentration)
    return combine(seen[..., table.index] ** table.exponent, table, stoichiometry.rate_law)


def saturate(concentration: Float64[ndarray, "..."]) -> Float64[ndarray, "..."]:
    """c / (1 + c / 5): how a saturating substrate enters its rate."""
    return np.asarray(concentration / (1.0 + concentration / HALF_SATURATION))


def without_equation(
    stoichiometry: Stoichiometry, unobserved: Bool[ndarray, " metabolite"]
) -> Bool[ndarray, " metabolite"]:
    """Metabolites whose change is not accounted for: unobserved, or in a reaction of unobserved substrates.

    Args:
        stoichiometry: S and E.
        unobserved: Metabolites of which nothing was measured.
    """
    unknown = (stoichiometry.exponents[unobserved] != 0).any(axis=0)
    touched: Bool[ndarray, " metabolite"] = (stoichiometry.net[:, unknown] != 0).any(axis=1)
    return np.asarray(unobserved | touched)


RESPONSES: Final[Mapping[str, Callable[[Float64[ndarray, "..."]], Float64[ndarray, "..."]] | None]] = {
    "power": None,
    "saturating": saturate,
}
"""How a substrate's concentration enters, before the power, by its name in the settings."""


def anchored_rate_constants(
    rate_constants: Float64[ndarray, " reaction"], stoichiometry: Stoichiometry, *, substrate: str
) -> Float64[ndarray, " reaction"]:
    """k in the gauge that fixes learned responses, f(1, s) = 1: the rate at 1 c.u. in units of c^E's.

    k f is unchanged under k -> a k, f -> f / a. A saturating substrate enters as 1 / 1.2 at 1 c.u., so
    that a model with f(1, s) = 1 finds k / 1.2 per order.

    Args:
        rate_constants: k of the generator.
        stoichiometry: S and E.
        substrate: How substrates enter, as the settings name it.
    """
    at_one = np.ones(stoichiometry.n_metabolites)
    true = unit_rates(at_one, stoichiometry, response=RESPONSES[substrate])
    return np.asarray(rate_constants * true / unit_rates(at_one, stoichiometry))
