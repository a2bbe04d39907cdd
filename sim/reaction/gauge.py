"""Where rates are sums, a second scale is free: without substrate there must be no rate.

With one substrate, or substrates that add up, the response f = a + (1 - a) g gives the same dc/dt as g
with rate constants 1 - a times as large, since the constant part looks like the offset of the affine
nuisance. f(1) = 1 holds for both. What settles it is that a response vanishes with its substrate: the
intercept at c = 0 is taken out and the constants are solved for again. Products need none of this.
"""

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from sim.networks.rate_law import RateLaw
from sim.reaction.design import Structure
from sim.reaction.spline import log_concentration
from sim.reaction.varpro import Iterate, VariableProjection

DEGREE: Final = 3  # of the polynomial in c that is followed down to 0
POINTS: Final = 200
WORSE: Final = 2.0  # growth of the squared residual that is taken for the same fit
NOTHING: Final = 1e-3  # of the squared dc/dt: the refitted spline may miss this much of a perfect fit


def vanish_without_substrate(search: VariableProjection, iterate: Iterate) -> Iterate:
    """The same fit with responses that are 0 at c = 0, where the data leave that open.

    Args:
        search: The search that found it.
        iterate: Where it ended.

    Returns:
        The iterate itself for products of substrates, where a response does not rise from c = 0 to 1,
        or where the fit would suffer.
    """
    structure = search.structure
    sums = structure.rate_law is RateLaw.ADDITIVE or structure.substrates.index.shape[1] == 1
    if not sums or not structure.exponents.size:
        return iterate
    seen = search.samples.concentration
    low, middle, high = np.quantile(seen, [0.001, 0.5, 0.999])
    near = np.linspace(low, middle, POINTS)
    values = np.exp(_log_responses(search, iterate, near))
    intercepts = np.array([np.polynomial.Polynomial.fit(near, value, DEGREE)(0.0) for value in values])
    linked = _linked(structure)
    # Exponents that meet in a reaction share its rate constant, so they share the intercept.
    shared = np.array([intercepts[linked == group].mean() for group in linked])
    if not (shared < 1).all():
        return iterate
    ends = log_concentration(np.array([low, high]))
    log_c = np.linspace(ends[0], ends[1], 4 * POINTS)
    design = search.basis.values(log_c)
    moved = (np.exp(_log_responses(search, iterate, np.exp(log_c))) - shared[:, None]) / (1 - shared[:, None])
    coefficients = []
    for row in moved:
        usable = row > 1e-6
        if usable.sum() < design.shape[1]:
            return iterate
        coefficients.append(np.linalg.lstsq(design[usable], np.log(row[usable]), rcond=None)[0])
    total = float((search.samples.rate**2).sum())
    moved_fit = search.at(np.stack(coefficients), iterate.step)
    # Where it costs accuracy the data had settled the scale themselves, or the model fits too badly to tell.
    return moved_fit if moved_fit.linear.cost <= WORSE * iterate.linear.cost + NOTHING * total else iterate


def _log_responses(
    search: VariableProjection, iterate: Iterate, concentration: Float64[ndarray, " point"]
) -> Float64[ndarray, "exponent point"]:
    return np.asarray(iterate.coefficients @ search.basis.values(log_concentration(concentration)).T)


def _linked(structure: Structure) -> Int64[ndarray, " exponent"]:
    """A group number per exponent; exponents that meet in a reaction have the same."""
    group = np.arange(structure.exponents.size)
    for kinds, present in zip(structure.kind, structure.substrates.present, strict=True):
        met = group[kinds[present]]
        group = np.where(np.isin(group, met), met.min(), group)
    return group
