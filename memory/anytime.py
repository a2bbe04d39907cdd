"""Evidence that may be looked at after every block: e-values, and the false discovery rate over them.

An e-value of a statement is a bet against its contrary whose expected worth is at most 1 however often one
looks and whenever one stops; a p-value that is asked again after every block is not. What is told as
established is chosen by Benjamini and Hochberg's rule on 1/e, over all statements that were tried.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

RATE = 0.05
"""The share of established statements that may be false."""

SPREAD_OF_EFFECTS = 1.0
"""Effects that the bet is made on, standard deviations of one replicate: about this size is found soonest."""

_LARGEST = 700.0  # exp of more is no float


def normal_score(t: float, degrees: float) -> float:
    """The standard normal score that is as unlikely as a Student's t of so many degrees of freedom.

    Wallace (1959, doi:10.1214/aoms/1177706096); good to 0.05 from three degrees on, in the far tail as well.
    """
    if not math.isfinite(t):
        return t
    size = math.sqrt(degrees * math.log1p(t * t / degrees))
    return math.copysign((8 * degrees + 1) / (8 * degrees + 3) * size, t)


def log_e_value(score: float, information: float) -> float:
    """Logarithm of the evidence that an effect is above 0, against that it is 0 or below.

    The likelihood ratio, averaged over positive effects with a half-normal weight (Robbins 1970,
    doi:10.1214/aoms/1177696786). For estimates that grow by independent parts it is a test martingale.

    Args:
        score: The estimate over its standard error.
        information: Inverse squared standard error, in units of the variance of one replicate.
    """
    if not math.isfinite(information) or math.isnan(score):
        return 0.0
    prior = information * SPREAD_OF_EFFECTS**2
    share = prior / (1 + prior)
    root = score * math.sqrt(share)
    # log of the normal distribution function; its asymptote where it is too small for a float.
    if root > -30:
        below = math.log(0.5 * math.erfc(-root / math.sqrt(2)))
    else:
        below = -root * root / 2 - math.log(-root * math.sqrt(2 * math.pi))
    found = math.log(2) - 0.5 * math.log1p(prior) + root * root / 2 + below
    return min(found, _LARGEST)


def adjusted(log_e: Sequence[float]) -> list[float]:
    """q of every statement: the false discovery rate at which it would be told as established.

    Benjamini and Hochberg (1995) on 1/e. With e-values it needs no independence and no monotone dependence:
    Wang and Ramdas (2022, doi:10.1111/rssb.12489).

    Args:
        log_e: One for every statement that was tried, those that came to nothing included.
    """
    n = len(log_e)
    p: Float64[ndarray, " statement"] = np.exp(-np.maximum(np.asarray(log_e, dtype=float), 0.0))
    order = np.argsort(p, kind="stable")
    q = np.empty(n)
    q[order] = np.minimum.accumulate((p[order] * n / np.arange(1, n + 1))[::-1])[::-1]
    return [min(float(value), 1.0) for value in q]


@cache
def log_e_of_counts(more: int, less: int) -> float:
    """Logarithm of the evidence that one of two outcomes is the likelier one, whenever one looks.

    Of pairs that differ, half should differ either way (McNemar 1947). The likelihood ratio, averaged evenly
    over chances from 1/2 to 1, is a test martingale.

    Args:
        more: Pairs for it.
        less: Pairs against it.
    """
    n = more + less
    # The integral of p^more (1-p)^less over 1/2..1, times 2^(n+1), by the binomial distribution's tail.
    log_beta = math.lgamma(more + 1) + math.lgamma(less + 1) - math.lgamma(n + 2)
    tail = math.fsum(math.exp(_log_choose(n + 1, k) - (n + 1) * math.log(2)) for k in range(more + 1))
    return min(_LARGEST, (n + 1) * math.log(2) + log_beta + math.log(max(tail, 1e-300)))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
