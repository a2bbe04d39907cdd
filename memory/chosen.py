"""What a slot's result is worth once the planner has built on it because it looked good.

The best of many noisy results was lucky, and its children look worse than it for no fault of their own. What
it will turn out to be on fresh seeds is the mean of its posterior, whose prior is the spread of all slots on
the same network: that is immune to having been chosen.
"""

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

SUPPORT = 60
"""Levels that slots may have, at most: quantiles of those that were measured."""

_SLOTS = 240
"""Slots that the prior is fitted to, at most, spread over the whole past."""

_ROUNDS = 40


def expected_again(
    measured: Float64[ndarray, " slot"], variance: Float64[ndarray, " slot"], quiet: ndarray
) -> Float64[ndarray, " slot"]:
    """Posterior mean of the level of every slot, by nonparametric maximum likelihood.

    The general maximum likelihood empirical Bayes method of Jiang and Zhang (2009, doi:10.1214/08-AOS638):
    no shape is assumed for the levels, so slots that form groups are drawn to their own group.

    Args:
        measured: The objective in each slot of one network.
        variance: Squared standard error of each.
        quiet: Which of them tell of the prior: a slot that spreads a thousand times more tells nothing.

    Returns:
        The levels; of slots that are not quiet, what was measured.
    """
    places = np.flatnonzero(quiet & np.isfinite(measured) & (variance > 0) & np.isfinite(variance))
    if len(places) < 3:
        return measured.copy()
    told = places[np.unique(np.linspace(0, len(places) - 1, min(len(places), _SLOTS)).astype(int))]
    levels = np.unique(np.quantile(measured[places], np.linspace(0, 1, min(SUPPORT, len(places)))))
    likelihood = _likelihood(measured[told], variance[told], levels)
    weights = np.full(len(levels), 1 / len(levels))
    for _ in range(_ROUNDS):
        # The mean over slots of the posterior of each level.
        weights *= (1 / (likelihood @ weights)) @ likelihood / len(told)
    found = measured.copy()
    joint = _likelihood(measured[places], variance[places], levels)
    joint *= weights
    total = joint.sum(axis=1)
    # Where every level is far away, nothing is known that would speak against what was measured.
    if not (known := total > 0).all():
        places, joint, total = places[known], joint[known], total[known]
    found[places] = (joint @ levels) / total
    return found


def _likelihood(
    measured: Float64[ndarray, " slot"],
    variance: Float64[ndarray, " slot"],
    levels: Float64[ndarray, " level"],
) -> Float64[ndarray, "slot level"]:
    """Normal likelihood of each level, in order, up to a factor per slot: that of the nearest level is 1."""
    above = np.searchsorted(levels, measured).clip(max=len(levels) - 1)
    nearest = np.minimum((measured - levels[above]) ** 2, (measured - levels[np.maximum(above - 1, 0)]) ** 2)
    exponent = (measured[:, None] - levels) ** 2
    exponent -= nearest[:, None]
    exponent /= (-2.0 * variance)[:, None]
    found: Float64[ndarray, "slot level"] = np.exp(exponent, out=exponent)
    return found
