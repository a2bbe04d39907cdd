"""A step of Adam over one tensor, in one pass over memory."""

import math
from typing import Final

from jaxtyping import Float
from numpy import ndarray

from sim.kernels.build import compiled
from sim.kernels.gate import no_type_check


def _of(kind: str) -> str:
    return f"void({', '.join([f'{kind}[::1]'] * 4)}, {', '.join(['float64'] * 5)})"


_TYPES: Final = (_of("float32"), _of("float64"))


@compiled(*_TYPES)
@no_type_check
def step(
    value: Float[ndarray, " place"],
    gradient: Float[ndarray, " place"],
    mean: Float[ndarray, " place"],
    square: Float[ndarray, " place"],
    keep_mean: float,
    keep_square: float,
    size: float,
    root: float,
    eps: float,
) -> None:
    """Moves values along the running mean of their gradients, in units of its running root mean square.

    Args:
        value: To move.
        gradient: Of the loss.
        mean: Running mean of the gradient; moves on.
        square: Running mean of its square; moves on.
        keep_mean: What stays of the mean, a share.
        keep_square: What stays of the mean square, a share.
        size: Step size, corrected for the mean's start at zero.
        root: Square root of the correction for the mean square's start at zero.
        eps: Added to the root mean square.
    """
    real = value.dtype.type
    kept, taken = real(keep_mean), real(1.0 - keep_mean)
    kept_square, taken_square = real(keep_square), real(1.0 - keep_square)
    for place in range(value.size):
        here = gradient[place]
        moment = kept * mean[place] + taken * here
        scale = kept_square * square[place] + taken_square * here * here
        mean[place], square[place] = moment, scale
        value[place] -= real(size) * moment / (math.sqrt(scale) / real(root) + real(eps))
