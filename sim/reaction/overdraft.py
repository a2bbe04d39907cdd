"""Changes that are no Euler step of the rate law, since a substrate ran out on the way.

Where a step would consume more of a substrate than there is, a flux limit slows its reactions (or a clamp
makes molecules out of nothing), and everything that takes part in them follows another law. Such changes
would spoil a least-squares fit. What has run out is known by its content one step later, which is no more
than what was produced in between: production can be told by a model that is nearly right, consumption that
was cut short cannot.
"""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from sim.networks.network import Stoichiometry

UNUSUAL: Final = 3.0  # times the largest error elsewhere
SLIGHT: Final = 1e-2  # of the regulation
ALL: Final = 0.99  # share of the suspects that fit in


class Caution(NamedTuple):
    """How readily a substrate is taken to have run out."""

    production: float
    """Its content after the step, over what was produced in it, less 1."""

    demand: float
    """What the model would consume, over what there is."""


LADDER: Final = (Caution(1.0, 0.5), Caution(0.3, 0.8), Caution(0.1, 0.95), Caution(0.02, 0.98))
"""From a first model, which is off, to the last."""


def overdrawn(
    concentration: Float64[ndarray, "frame metabolite"],
    fluxes: Float64[ndarray, "change reaction"],
    stoichiometry: Stoichiometry,
    *,
    dt: float,
    caution: Caution = LADDER[-1],
) -> Bool[ndarray, "change metabolite"]:
    """Which changes of which metabolites a substrate that ran out has touched.

    Args:
        concentration: The trajectory, c.u., one frame more than changes.
        fluxes: v_j at every frame but the last, c.u. per t.u., by a fitted model.
        stoichiometry: S and E.
        dt: Time between frames, t.u.
        caution: How readily a substrate is taken to have run out.
    """
    here, after = concentration[:-1], concentration[1:]
    consumed, produced = np.maximum(-stoichiometry.net, 0.0), np.maximum(stoichiometry.net, 0.0)
    flux = np.maximum(fluxes, 0.0)
    gone = after <= (1 + caution.production) * dt * (flux @ produced.T)
    short = dt * (flux @ consumed.T) > caution.demand * here
    eaten = (consumed > 0).any(axis=1)
    ran_out = ((gone | short) & eaten) | (after <= 0)
    slowed = ran_out.astype(np.float64) @ (consumed > 0) > 0
    touched: Bool[ndarray, "change metabolite"] = (
        slowed.astype(np.float64) @ (stoichiometry.net != 0).T > 0
    ) | (after <= 0)
    return touched


def spoilt(
    suspects: Bool[ndarray, "change metabolite"],
    unexplained: Float64[ndarray, "change metabolite"],
    after: Float64[ndarray, "change metabolite"],
    *,
    scale: Float64[ndarray, " metabolite"],
) -> Bool[ndarray, "change metabolite"]:
    """Which of the suspects follow another law: all of them under a flux limit, few under a clamp at 0.

    A clamp makes up for what was missing of the substrate that ran out, and leaves the others' changes as
    the rate law has them. Then what the model leaves unexplained of those is no larger than elsewhere.

    Args:
        suspects: Changes that `overdrawn` found.
        unexplained: What is left of dc/dt beside reactions and each metabolite's line, c.u. per t.u.
        after: Concentrations after the changes, c.u.
        scale: Size of each metabolite's regulation, c.u. per t.u.
    """
    empty = after <= 0
    others = suspects & ~empty
    usual = np.abs(np.where(suspects, 0.0, unexplained)).max(axis=0, initial=0.0)
    fits = (np.abs(unexplained) <= np.maximum(UNUSUAL * usual, SLIGHT * scale))[others]
    return suspects if fits.size and fits.mean() < ALL else empty
