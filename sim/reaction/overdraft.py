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
