"""Which metabolites share a response curve? A mixture of regressions on the residual, label-free.

Every metabolite's residual is summarised by the normal equations of its regression on a few functions of
the concentration. Some unknown number of curves generated them; expectation maximisation finds curves
and memberships, components are added one at a time (Vlassis & Likas 2002, doi:10.1023/A:1013844811137),
Schwarz's criterion (1978, doi:10.1214/aos/1176344136) says when to stop, and what can be joined is joined
(Ueda et al. 2000, doi:10.1162/089976600300015088). Mixtures of regressions:
DeSarbo & Cron 1988, doi:10.1007/BF01897167.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

MAX_CURVES: Final = 8
CANDIDATES: Final = 6
"""Metabolites tried as the seed of a new curve: those that the present curves describe worst."""

MAX_ROUNDS: Final = 200
SETTLED: Final = 1e-6  # change of the log likelihood that ends a search
FEW: Final = 2.5  # members below which a curve describes what is odd about them, and not a type

SET_ASIDE: Final = 10  # of so many metabolites, one may be taken as odd

DISTINCT: Final = 150.0
"""Log likelihood ratio by which the median member of two curves must tell them apart.

By the tolerances of `residual_evidence` it stands for curves that differ by a third of a residual's spread;
less may come of an error that some reaction models share among several metabolites.
"""

RIDGE: Final = 1e-6  # of the pooled information: functions that a curve's members never visit


@dataclass(frozen=True)
class Evidence:
    """What each metabolite's residual says of its curve: information matrix, and that times the estimate."""

    information: Float64[ndarray, "metabolite function function"]
    weighted: Float64[ndarray, "metabolite function"]
    bends: Float64[ndarray, "bend function"] | None = None
    """Combinations of the coefficients that are 0 for what a curve does where none of its members has been:
    it goes on straight, say. Default: it is 0."""

    def without(self, metabolite: int) -> "Evidence":
        """The same, nothing being known of one metabolite."""
        known = np.arange(len(self.weighted)) != metabolite
        return Evidence(self.information * known[:, None, None], self.weighted * known[:, None], self.bends)


@dataclass(frozen=True)
class Mixture:
    """Curves, and who belongs to which."""

    curves: Float64[ndarray, "curve function"]
    shares: Float64[ndarray, " curve"]
    membership: Float64[ndarray, "metabolite curve"]
    """Probabilities; each row adds up to 1."""

    log_likelihood: float

    @property
    def criterion(self) -> float:
        """Schwarz's criterion: the smaller, the better."""
        n_curves, n_functions = self.curves.shape
        n_parameters = n_curves * n_functions + n_curves - 1
        return float(-2 * self.log_likelihood + n_parameters * np.log(len(self.membership)))


def curves_of(evidence: Evidence, *, distinct: float = DISTINCT) -> Mixture:
    """The mixture with as many curves as the evidence calls for.

    Metabolites that resemble no other are set aside while curves are sought, since one alone can drag a
    curve away from all of its members; in the end each belongs to what is nearest.

    Args:
        evidence: Of every metabolite; one of whom nothing is known has zeros.
        distinct: Log likelihood ratio by which the median member of two curves must tell them apart.
    """
    mixture, odd = _grown(evidence, distinct)
    known = evidence
    for _ in range(len(evidence.weighted) // SET_ASIDE):
        if odd is None:
            break
        known = known.without(odd)
        mixture, odd = _grown(known, distinct)
    return mixture if known is evidence else _assigned(evidence, mixture.curves, mixture.shares)


def _grown(evidence: Evidence, distinct: float) -> tuple[Mixture, int | None]:
    """The best mixture, and a metabolite that calls for a curve of its own and resembles no other."""
    best = grown = _settle(evidence, _pooled(evidence, np.ones((len(evidence.weighted), 1))), np.ones(1))
    odd = None
    while len(grown.curves) < MAX_CURVES:
        larger = [_with(evidence, grown, seed) for seed in _worst(evidence, grown)]
        larger = [mixture for mixture in larger if _separation(evidence, mixture) > distinct]
        kept = [mixture for mixture in larger if mixture.membership.sum(axis=0).min() > FEW]
        if not kept:
            alone = min(larger, key=lambda mixture: mixture.criterion, default=best)
            if alone.criterion < best.criterion:
                odd = int(alone.membership[:, alone.membership.sum(axis=0).argmin()].argmax())
            break
        grown = max(kept, key=lambda mixture: mixture.log_likelihood)
        if grown.criterion < best.criterion:
            best = grown
        elif len(grown.curves) > len(best.curves) + 1:
            break
    return _merged(evidence, best), odd


def _merged(evidence: Evidence, mixture: Mixture) -> Mixture:
    """The mixture with curves joined that do without each other: growing alone may split a type in two."""
    while len(mixture.curves) > 1:
        joined = [_joined(evidence, mixture, *pair) for pair in combinations(range(len(mixture.curves)), 2)]
        best = min(joined, key=lambda one: one.criterion)
        if best.criterion > mixture.criterion:
            break
        mixture = best
    return mixture


def _joined(evidence: Evidence, mixture: Mixture, first: int, second: int) -> Mixture:
    membership = np.delete(mixture.membership, second, axis=1)
    membership[:, first] += mixture.membership[:, second]
    return _settle(evidence, _pooled(evidence, membership), membership.mean(axis=0))


def _with(evidence: Evidence, mixture: Mixture, seed: int) -> Mixture:
    alone = np.zeros((len(evidence.weighted), 1))
    alone[seed] = 1.0
    curves = np.concatenate([mixture.curves, _pooled(evidence, alone)])
    shares = np.append(mixture.shares, 1 / len(curves))
    return _settle(evidence, curves, shares / shares.sum())


def _worst(evidence: Evidence, mixture: Mixture) -> list[int]:
    """Metabolites that would gain most by a curve of their own."""
    own = np.linalg.pinv(evidence.information, hermitian=True) @ evidence.weighted[:, :, None]
    reachable = 0.5 * (own[:, :, 0] * evidence.weighted).sum(axis=1)
    missed = reachable - _log_likelihoods(evidence, mixture.curves).max(axis=1)
    return [int(metabolite) for metabolite in np.argsort(missed)[::-1][:CANDIDATES]]


def _separation(evidence: Evidence, mixture: Mixture) -> float:
    """Log likelihood ratio of the two most similar curves, for the median member of both."""
    between = mixture.curves[:, None] - mixture.curves[None]
    ratio = 0.5 * np.einsum("klf,ifg,klg->ikl", between, evidence.information, between, optimize=True)
    nearest, n_curves = mixture.membership.argmax(axis=1), len(mixture.curves)
    medians = [
        np.median(ratio[(nearest == first) | (nearest == second), first, second])
        for first, second in combinations(range(n_curves), 2)
        if ((nearest == first) | (nearest == second)).any()
    ]
    return float(min(medians, default=0.0))


def _settle(
    evidence: Evidence, curves: Float64[ndarray, "curve function"], shares: Float64[ndarray, " curve"]
) -> Mixture:
    mixture = _assigned(evidence, curves, shares)
    for _ in range(MAX_ROUNDS):
        membership, last = mixture.membership, mixture.log_likelihood
        mixture = _assigned(evidence, _pooled(evidence, membership), membership.mean(axis=0))
        if mixture.log_likelihood - last < SETTLED:
            break
    return mixture


def _assigned(
    evidence: Evidence, curves: Float64[ndarray, "curve function"], shares: Float64[ndarray, " curve"]
) -> Mixture:
    scores = _log_likelihoods(evidence, curves) + np.log(np.maximum(shares, 1e-12))
    top = scores.max(axis=1, keepdims=True)
    likelihood = np.exp(scores - top)
    total = float((top[:, 0] + np.log(likelihood.sum(axis=1))).sum())
    return Mixture(curves, shares, likelihood / likelihood.sum(axis=1, keepdims=True), total)


def _log_likelihoods(
    evidence: Evidence, curves: Float64[ndarray, "curve function"]
) -> Float64[ndarray, "metabolite curve"]:
    """Up to a constant of each metabolite."""
    square = np.einsum("kf,ifg,kg->ik", curves, evidence.information, curves, optimize=True)
    return np.asarray(evidence.weighted @ curves.T - 0.5 * square)


def _pooled(
    evidence: Evidence, membership: Float64[ndarray, "metabolite curve"]
) -> Float64[ndarray, "curve function"]:
    information = np.einsum("ik,ifg->kfg", membership, evidence.information)
    weighted = membership.T @ evidence.weighted
    ridge = RIDGE * np.diagonal(evidence.information.mean(axis=0))
    if evidence.bends is not None:
        information += ridge.mean() * evidence.bends.T @ evidence.bends
        ridge = RIDGE * ridge
    floor = np.diag(ridge + np.finfo(float).tiny)
    return np.asarray(np.linalg.solve(information + floor, weighted[:, :, None])[:, :, 0])
