"""What stands between the matrix products of MLP_node, forward and back, each in one pass over memory.

Products and tanh are left to the libraries that are best at them. A row is a concentration of a metabolite,
metabolite after metabolite; layers lie row by row, in the dtype of the weights. Concentrations and what goes
in their place are in float64.
"""

from typing import Final

from jaxtyping import Float
from numpy import ndarray

from sim.kernels.build import REASSOCIATED, compiled
from sim.kernels.gate import no_type_check

_VECTOR: Final = "float32[::1]"
_MATRIX: Final = "float32[:,::1]"
_ROWS: Final = "float64[:,::1]"


@compiled(f"void({_MATRIX}, {_ROWS}, {_VECTOR}, {_MATRIX})", fast=REASSOCIATED)
@no_type_check
def enter(
    share: Float[ndarray, "metabolite unit"],
    rows: Float[ndarray, "metabolite window"],
    weight: Float[ndarray, " unit"],
    out: Float[ndarray, "row unit"],
) -> None:
    """First layer before its tanh: the embedding's share and the concentration's."""
    windows = rows.shape[1]
    for metabolite in range(rows.shape[0]):
        for window in range(windows):
            here, row = weight.dtype.type(rows[metabolite, window]), metabolite * windows + window
            for unit in range(weight.size):
                out[row, unit] = share[metabolite, unit] + here * weight[unit]


@compiled(f"void({_MATRIX}, {_ROWS}, {_VECTOR}, {_VECTOR}, {_VECTOR}, {_ROWS})", fast=REASSOCIATED)
@no_type_check
def leave(
    second: Float[ndarray, "row unit"],
    rows: Float[ndarray, "metabolite window"],
    output: Float[ndarray, " unit"],
    offset: Float[ndarray, " 1"],
    slope: Float[ndarray, " metabolite"],
    out: Float[ndarray, "metabolite window"],
) -> None:
    """Adds the response of the second layer; `slope` is empty where there is no skip connection."""
    windows = rows.shape[1]
    for metabolite in range(rows.shape[0]):
        for window in range(windows):
            row, total = metabolite * windows + window, offset[0]
            for unit in range(output.size):
                total += second[row, unit] * output[unit]
            if slope.size > 0:
                total += slope[metabolite] * output.dtype.type(rows[metabolite, window])
            out[metabolite, window] += total


@compiled(fast=REASSOCIATED)
@no_type_check
def _add_rows(
    total: Float[ndarray, "metabolite unit"],
    metabolite: int,
    values: Float[ndarray, "row unit"],
    begin: int,
    end: int,
) -> None:
    """Adds rows `begin` .. `end` - 1 to a total; eight at a time, since what adds up is loaded each time."""
    whole = begin + (end - begin) // 8 * 8
    for r in range(begin, whole, 8):
        for unit in range(values.shape[1]):
            total[metabolite, unit] += (
                (values[r, unit] + values[r + 1, unit]) + (values[r + 2, unit] + values[r + 3, unit])
            ) + ((values[r + 4, unit] + values[r + 5, unit]) + (values[r + 6, unit] + values[r + 7, unit]))
    for r in range(whole, end):
        for unit in range(values.shape[1]):
            total[metabolite, unit] += values[r, unit]


@compiled(fast=REASSOCIATED)
@no_type_check
def _add_weighted(
    total: Float[ndarray, " unit"], weights: Float[ndarray, " row"], values: Float[ndarray, "row unit"]
) -> None:
    """Adds all rows to a total, each with its weight."""
    whole, real = weights.size // 8 * 8, total.dtype.type
    for r in range(0, whole, 8):
        a, b, c, d = real(weights[r]), real(weights[r + 1]), real(weights[r + 2]), real(weights[r + 3])
        e, f, g, h = real(weights[r + 4]), real(weights[r + 5]), real(weights[r + 6]), real(weights[r + 7])
        for unit in range(total.size):
            total[unit] += (
                (a * values[r, unit] + b * values[r + 1, unit])
                + (c * values[r + 2, unit] + d * values[r + 3, unit])
            ) + (
                (e * values[r + 4, unit] + f * values[r + 5, unit])
                + (g * values[r + 6, unit] + h * values[r + 7, unit])
            )
    for r in range(whole, weights.size):
        for unit in range(total.size):
            total[unit] += real(weights[r]) * values[r, unit]


@compiled(f"void({_ROWS}, {_MATRIX}, {_VECTOR}, {_VECTOR}, {_MATRIX}, {_VECTOR})", fast=REASSOCIATED)
@no_type_check
def back_to_second(
    pull: Float[ndarray, "metabolite window"],
    second: Float[ndarray, "row unit"],
    output: Float[ndarray, " unit"],
    output_gradient: Float[ndarray, " unit"],
    bias_gradient: Float[ndarray, "1 unit"],
    offset_gradient: Float[ndarray, " 1"],
) -> None:
    """Makes the second layer its own gradient before the tanh; adds to the gradients of what follows it."""
    one, flat = output.dtype.type(1), pull.ravel()
    _add_weighted(output_gradient, flat, second)
    total = offset_gradient[0]
    for row in range(flat.size):
        here = output.dtype.type(flat[row])
        total += here
        for unit in range(output.size):
            value = second[row, unit]
            second[row, unit] = here * output[unit] * (one - value * value)
    offset_gradient[0] = total
    _add_rows(bias_gradient, 0, second, 0, flat.size)


@compiled(
    f"void({_ROWS}, {_MATRIX}, {_MATRIX}, {_ROWS}, {_VECTOR}, {_VECTOR}, "
    f"{_VECTOR}, {_MATRIX}, {_VECTOR}, {_ROWS})",
    fast=REASSOCIATED,
)
@no_type_check
def back_to_rows(
    pull: Float[ndarray, "metabolite window"],
    lower: Float[ndarray, "row unit"],
    first: Float[ndarray, "row unit"],
    rows: Float[ndarray, "metabolite window"],
    weight: Float[ndarray, " unit"],
    slope: Float[ndarray, " metabolite"],
    weight_gradient: Float[ndarray, " unit"],
    share_gradient: Float[ndarray, "metabolite unit"],
    slope_gradient: Float[ndarray, " metabolite"],
    out: Float[ndarray, "metabolite window"],
) -> None:
    """Adds the gradient at the concentrations to `out`, and to the gradients on the way from the first layer.

    `lower` becomes the gradient before the tanh. The slopes are empty where there is no skip connection.
    """
    windows = rows.shape[1]
    one, zero = weight.dtype.type(1), weight.dtype.type(0)
    for metabolite in range(rows.shape[0]):
        begin = metabolite * windows
        for window in range(windows):
            row, total = begin + window, zero
            for unit in range(weight.size):
                value = first[row, unit]
                moved = lower[row, unit] * (one - value * value)
                lower[row, unit] = moved
                total += moved * weight[unit]
            out[metabolite, window] += total
        _add_rows(share_gradient, metabolite, lower, begin, begin + windows)
        if slope.size > 0:
            for window in range(windows):
                here = weight.dtype.type(pull[metabolite, window])
                slope_gradient[metabolite] += here * weight.dtype.type(rows[metabolite, window])
                out[metabolite, window] += here * slope[metabolite]
    _add_weighted(weight_gradient, rows.ravel(), lower)
