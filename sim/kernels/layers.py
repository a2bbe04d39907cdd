"""The layers of MLP_node, forward and back, by blocks of rows that stay in the nearest cache throughout.

A row is a concentration of a metabolite, metabolite after metabolite, replicate after replicate; layers lie
row by row, in the dtype of the weights. Concentrations and what goes in their place are in float64. What the
way back needs is both hidden layers: they are written once and read once, fetched while the block before is
multiplied.
"""

from typing import Final

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from sim.kernels.build import REASSOCIATED, compiled
from sim.kernels.elementary import tanh
from sim.kernels.gate import no_type_check
from sim.kernels.products import add_product

BLOCK: Final = 32
"""Rows of a block."""

_VECTOR: Final = "float32[::1]"
_MATRIX: Final = "float32[:,::1]"
_STACK: Final = "float32[:,:,::1]"
_ROWS: Final = "float64[:,:,::1]"
_LAYERS: Final = f"{_MATRIX}, {_MATRIX}"
_WEIGHTS: Final = f"{_MATRIX}, {_MATRIX}, {_STACK}, {_STACK}, {_MATRIX}, {_MATRIX}, {_VECTOR}"


@compiled(fast=REASSOCIATED)
@no_type_check
def _respond(
    concentration: Float[ndarray, " row"],
    first: Float[ndarray, "row unit"],
    second: Float[ndarray, "row unit"],
    response: Float[ndarray, " row"],
    low: int,
    high: int,
    windows: int,
    share: Float[ndarray, "replicate*metabolite unit"],
    weight: Float[ndarray, " unit"],
    hidden: Float[ndarray, "unit unit"],
    bias: Float[ndarray, "1 unit"],
    output: Float[ndarray, " unit"],
    offset: Float[ndarray, " 1"],
    slope: Float[ndarray, " replicate*metabolite"],
) -> None:
    """Rows `low` .. `high` - 1, all of one replicate, whose weights these are."""
    real, width = weight.dtype.type, weight.size
    for begin in range(low, high, BLOCK):
        end = min(begin + BLOCK, high)
        for row in range(begin, end):
            metabolite, here = row // windows, real(concentration[row])
            for unit in range(width):
                first[row, unit] = tanh(share[metabolite, unit] + here * weight[unit])
            for unit in range(width):
                second[row, unit] = bias[0, unit]
        add_product(first, begin * width, width, 1, hidden, 0, second, begin, end, width, second, end * width)
        for row in range(begin, end):
            total = offset[0]
            for unit in range(width):
                value = tanh(second[row, unit])
                second[row, unit] = value
                total += value * output[unit]
            if slope.size > 0:
                total += slope[row // windows] * real(concentration[row])
            response[row] += total


@compiled(f"void({_ROWS}, {_LAYERS}, {_ROWS}, int64, {_WEIGHTS})", fast=REASSOCIATED)
@no_type_check
def respond(
    rows: Float[ndarray, "replicate metabolite window"],
    first: Float[ndarray, "row unit"],
    second: Float[ndarray, "row unit"],
    out: Float[ndarray, "replicate metabolite window"],
    at_once: int,
    share: Float[ndarray, "replicate*metabolite unit"],
    weight: Float[ndarray, "replicate unit"],
    hidden: Float[ndarray, "replicate unit unit"],
    bias: Float[ndarray, "replicate 1 unit"],
    output: Float[ndarray, "replicate unit"],
    offset: Float[ndarray, "replicate 1"],
    slope: Float[ndarray, " replicate*metabolite"],
) -> None:
    """Adds the response to `out`.

    Args:
        rows: Concentrations, c.u.
        first: To write to: the first layer.
        second: To write to: the second.
        out: To add to, c.u. per t.u.
        at_once: Rows from one beginning of blocks to the next, within a replicate.
        share: What embedding and bias put into the first layer.
        weight: Of the concentration in it, per c.u.
        hidden: From the first layer to the second.
        bias: Of the second.
        output: From the second layer to the response, c.u. per t.u.
        offset: Of the response, c.u. per t.u.
        slope: Of the skip connection, 1 per t.u.; empty where there is none.
    """
    concentration, response, windows = rows.ravel(), out.ravel(), rows.shape[2]
    each = rows.shape[1] * windows
    for replicate in range(len(rows)):
        end = (replicate + 1) * each
        for begin in range(replicate * each, end, at_once):
            _respond(
                concentration,
                first,
                second,
                response,
                begin,
                min(begin + at_once, end),
                windows,
                share,
                weight[replicate],
                hidden[replicate],
                bias[replicate],
                output[replicate],
                offset[replicate],
                slope,
            )


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
    total: Float[ndarray, " unit"],
    weights: Float[ndarray, " row"],
    values: Float[ndarray, "row unit"],
    first: int,
    count: int,
) -> None:
    """Adds `count` rows from row `first` on to a total, each with its weight."""
    whole, real = count // 8 * 8, total.dtype.type
    for n in range(0, whole, 8):
        a, b, c, d = real(weights[n]), real(weights[n + 1]), real(weights[n + 2]), real(weights[n + 3])
        e, f, g, h = real(weights[n + 4]), real(weights[n + 5]), real(weights[n + 6]), real(weights[n + 7])
        r = first + n
        for unit in range(total.size):
            total[unit] += (
                (a * values[r, unit] + b * values[r + 1, unit])
                + (c * values[r + 2, unit] + d * values[r + 3, unit])
            ) + (
                (e * values[r + 4, unit] + f * values[r + 5, unit])
                + (g * values[r + 6, unit] + h * values[r + 7, unit])
            )
    for n in range(whole, count):
        for unit in range(total.size):
            total[unit] += real(weights[n]) * values[first + n, unit]


@compiled(fast=REASSOCIATED)
@no_type_check
def _respond_back(
    pull: Float[ndarray, " row"],
    concentration: Float[ndarray, " row"],
    first: Float[ndarray, "row unit"],
    second: Float[ndarray, "row unit"],
    moved_by: Float[ndarray, " row"],
    low: int,
    high: int,
    windows: int,
    room: Float[ndarray, "row unit"],
    weight: Float[ndarray, " unit"],
    turned: Float[ndarray, "unit unit"],
    output: Float[ndarray, " unit"],
    slope: Float[ndarray, " replicate*metabolite"],
    to_share: Float[ndarray, "replicate*metabolite unit"],
    to_weight: Float[ndarray, " unit"],
    to_hidden: Float[ndarray, "unit unit"],
    to_bias: Float[ndarray, "1 unit"],
    to_output: Float[ndarray, " unit"],
    to_offset: Float[ndarray, " 1"],
    to_slope: Float[ndarray, " replicate*metabolite"],
) -> None:
    """Rows `low` .. `high` - 1, all of one replicate; in `room` are the gradients before either tanh."""
    real, width = weight.dtype.type, weight.size
    one, zero = real(1), real(0)
    for begin in range(low, high, BLOCK):
        end = min(begin + BLOCK, high)
        count = end - begin
        _add_weighted(to_output, pull[begin:end], second, begin, count)
        for n in range(count):
            here = real(pull[begin + n])
            to_offset[0] += here
            for unit in range(width):
                value = second[begin + n, unit]
                room[n, unit] = here * output[unit] * (one - value * value)
                room[BLOCK + n, unit] = zero
        _add_rows(to_bias, 0, room, 0, count)
        # What the next block begins with is fetched during the one product, the rest during the other.
        following = end * width
        add_product(room, 0, width, 1, turned, 0, room, BLOCK, BLOCK + count, width, second, following)
        add_product(first, begin * width, 1, width, room, 0, to_hidden, 0, width, count, first, following)
        for n in range(count):
            total = zero
            for unit in range(width):
                value = first[begin + n, unit]
                moved = room[BLOCK + n, unit] * (one - value * value)
                room[BLOCK + n, unit] = moved
                total += moved * weight[unit]
            moved_by[begin + n] += total
        for metabolite in range(begin // windows, (end - 1) // windows + 1):
            lowest, highest = max(begin, metabolite * windows), min(end, (metabolite + 1) * windows)
            _add_rows(to_share, metabolite, room, BLOCK + lowest - begin, BLOCK + highest - begin)
            if slope.size > 0:
                for row in range(lowest, highest):
                    to_slope[metabolite] += real(pull[row]) * real(concentration[row])
                    moved_by[row] += real(pull[row]) * slope[metabolite]
        _add_weighted(to_weight, concentration[begin:end], room, BLOCK, count)


@compiled(
    f"void({_ROWS}, {_ROWS}, {_LAYERS}, {_ROWS}, int64, {_MATRIX}, {_STACK}, {_MATRIX}, {_VECTOR}, "
    f"{_WEIGHTS})",
    fast=REASSOCIATED,
)
@no_type_check
def respond_back(
    pull: Float[ndarray, "replicate metabolite window"],
    rows: Float[ndarray, "replicate metabolite window"],
    first: Float[ndarray, "row unit"],
    second: Float[ndarray, "row unit"],
    out: Float[ndarray, "replicate metabolite window"],
    at_once: int,
    weight: Float[ndarray, "replicate unit"],
    turned: Float[ndarray, "replicate unit unit"],
    output: Float[ndarray, "replicate unit"],
    slope: Float[ndarray, " replicate*metabolite"],
    to_share: Float[ndarray, "replicate*metabolite unit"],
    to_weight: Float[ndarray, "replicate unit"],
    to_hidden: Float[ndarray, "replicate unit unit"],
    to_bias: Float[ndarray, "replicate 1 unit"],
    to_output: Float[ndarray, "replicate unit"],
    to_offset: Float[ndarray, "replicate 1"],
    to_slope: Float[ndarray, " replicate*metabolite"],
) -> None:
    """Adds to the gradients of the weights, and to `out` that of the concentrations.

    Args:
        pull: Gradient with respect to the response.
        rows: As for `respond`.
        first: As `respond` left it, like the next.
        second: The second layer.
        out: To add to.
        at_once: As for `respond`, like the next.
        weight: Of the concentration.
        turned: From the second layer back to the first: `hidden` with rows for columns.
        output: As for `respond`, like the next.
        slope: Of the skip connection.
        to_share: Gradients, by the names of the weights; to add to.
        to_weight: Of the concentration's.
        to_hidden: From layer to layer.
        to_bias: Of the second layer.
        to_output: From it.
        to_offset: Of the response.
        to_slope: Of the skip connection.
    """
    room = np.empty((2 * BLOCK, weight.shape[1]), weight.dtype)
    above, concentration, moved_by, windows = pull.ravel(), rows.ravel(), out.ravel(), rows.shape[2]
    each = rows.shape[1] * windows
    for replicate in range(len(rows)):
        end = (replicate + 1) * each
        for begin in range(replicate * each, end, at_once):
            _respond_back(
                above,
                concentration,
                first,
                second,
                moved_by,
                begin,
                min(begin + at_once, end),
                windows,
                room,
                weight[replicate],
                turned[replicate],
                output[replicate],
                slope,
                to_share,
                to_weight[replicate],
                to_hidden[replicate],
                to_bias[replicate],
                to_output[replicate],
                to_offset[replicate],
                to_slope,
            )
