"""What a Gaussian process is worked out with: the kernel, and systems of its triangular factor.

Matern 5/2. Arrays that are marked as used up are written over.
Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapters 2 and 4.2.
"""

import math
from typing import Final

import numpy as np
from jaxtyping import Float, Float64
from scipy.linalg.lapack import dpotrf, dtrtrs, dtrttf

Points = Float64[np.ndarray, "point coordinate"]
Values = Float64[np.ndarray, " point"]
Square = Float64[np.ndarray, "point point"]
Packed = Float64[np.ndarray, " entry"]
"""Its lower triangle."""

BELIEVED: Final = 2.0
"""So many runs' worth of belief that the objective varies over the space as it does over the runs."""


def kernel_between(left: Points, right: Points) -> Float64[np.ndarray, "left right"]:
    """The kernel between scaled points: the same bits for a pair, whichever others stand beside it."""
    apart = left[:, None, :] - right[None, :, :]
    apart *= apart
    return kernel_of(apart.sum(axis=2))


def size_of(half: Values) -> float:
    """How many times the objective varies over the space more than over the runs, from L^-1 of its values."""
    return math.sqrt((float(half @ half) + BELIEVED) / (len(half) + BELIEVED))


def level_of(values: Values) -> tuple[float, float]:
    mean = float(np.add.reduce(values)) / len(values)
    apart = values - mean
    spread = math.sqrt(float(apart @ apart) / len(values))
    return mean, spread if spread > 0 else 1.0


def squared_distances(
    left: Float[np.ndarray, "left coordinate"], right: Float[np.ndarray, "right coordinate"]
) -> Float[np.ndarray, "left right"]:
    """Squared distances; those of equal points may be as far below 0 as rounding takes them."""
    found: Float[np.ndarray, "left right"] = left @ (-2.0 * right.T)
    found += np.einsum("ij,ij->i", left, left)[:, None]
    found += np.einsum("ij,ij->i", right, right)
    return found


def packed(square: Square) -> Packed:
    """The lower triangle of a symmetric matrix: half of the numbers, as LAPACK takes them at full speed."""
    found: Packed
    found, _ = dtrttf(np.asfortranarray(square), uplo="L")
    return found


def kernel_of(squared: Float[np.ndarray, "*pair"]) -> Float[np.ndarray, "*pair"]:
    """Matern 5/2 of scaled squared distances, whose array is used up."""
    squared *= 5.0
    return matern(np.maximum(squared, 0.0, out=squared))


def matern(squared: Float[np.ndarray, "*pair"]) -> Float[np.ndarray, "*pair"]:
    """The same of five times those distances, none of which is below 0."""
    distance = np.sqrt(squared, out=squared)
    found: Float[np.ndarray, "*pair"] = distance * (1.0 / 3.0)
    found += 1.0
    found *= distance
    found += 1.0
    np.negative(distance, out=distance)
    found *= np.exp(distance, out=distance)
    return found


def factor_of(kernel: Square) -> Square | None:
    """The lower Cholesky factor; None where there is none in these digits."""
    found: Square
    found, info = dpotrf(kernel.T, lower=1, overwrite_a=1, clean=1)
    return found if info == 0 else None


def solved(
    factor: Square, right: Float64[np.ndarray, "point ..."], *, transposed: bool = False
) -> Float64[np.ndarray, "point ..."]:
    """The right side divided by the factor."""
    found: Float64[np.ndarray, "point ..."]
    found, info = dtrtrs(factor, right, lower=1, trans=int(transposed))
    assert info == 0  # its diagonal is positive
    return found
