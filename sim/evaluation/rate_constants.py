"""Rate constants of the reaction model against the true ones, in log10.

A constant that is not positive has no logarithm. It counts as an outlier, and in R2 as if it
predicted the mean of the true ones: a reaction that was not recovered must not raise the score.
"""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from sim.evaluation.numbers import Metrics, finite

OUTLIER: Final = 0.3
"""Error in log10 k beyond which a rate constant counts as an outlier: a factor of 2."""


def rate_constant_metrics(
    learned: Float64[ndarray, " reaction"],
    true: Float64[ndarray, " reaction"],
    identifiable: Bool[ndarray, " reaction"],
) -> Metrics:
    """rate_constants_R2 over all and over the identifiable reactions, and n_outliers over all.

    Args:
        learned: k of the model.
        true: k of the generator in the model's gauge, positive.
        identifiable: Whether the data determine each k.
    """
    log_true = np.log10(true)
    recovered = learned > 0
    log_learned = np.where(recovered, np.log10(np.where(recovered, learned, 1.0)), log_true.mean())
    outlying = ~recovered | (np.abs(log_learned - log_true) > OUTLIER)
    return {
        "rate_constants_R2": r_squared(log_learned, log_true),
        "rate_constants_R2_identifiable": r_squared(log_learned[identifiable], log_true[identifiable]),
        "n_outliers": float(outlying.sum()),
    }


def r_squared(predicted: Float64[ndarray, " item"], true: Float64[ndarray, " item"]) -> float | None:
    """1 - residual / total sum of squares; None where the true values have no spread."""
    if len(true) < 2:
        return None
    total = np.square(true - true.mean()).sum()
    return finite(1 - np.square(true - predicted).sum() / total) if total > 0 else None
