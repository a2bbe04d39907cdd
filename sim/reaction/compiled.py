"""The tabulated reaction by kernels, on a CPU in float64."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int32
from numpy import ndarray
from torch import Tensor

from sim.kernels.gate import memory_of, no_type_check


class CompiledRates:
    """Rates and their gradient in one pass over memory each.

    Args:
        pieces: Coefficients of 1, t, t^2, t^3 of log f along each piece of the grid.
        origin: Where log c = 0 stands in the grid, in pieces.
        per_piece: Pieces per unit of log c.
        floor: Concentration below which nothing changes, c.u.
        taken: How often each reaction takes each response; exponent after exponent.
        net: S.
        constants: k.
        additive: Whether responses add up in a rate law, instead of multiplying.
    """

    def __init__(
        self,
        pieces: Float[ndarray, "exponent piece 4"],
        *,
        origin: float,
        per_piece: float,
        floor: float,
        taken: Float[ndarray, "reaction place"],
        net: Float[ndarray, "metabolite reaction"],
        constants: Float[ndarray, " reaction"],
        additive: bool,
    ) -> None:
        self._table = (np.ascontiguousarray(pieces), origin, per_piece, floor)
        begin, place, times = _entries(taken)
        # A response that is taken twice is listed twice.
        count = np.repeat(np.arange(len(place)), times.astype(int))
        ends = np.concatenate([[0], np.cumsum(times)])[begin]
        self._taken = (ends.astype(np.int32), place[count])
        self._net = _entries(net.T)
        self._constants, self._additive = np.ascontiguousarray(constants), additive
        self._places = taken.shape[1]

    @no_type_check
    def linearised(
        self, concentration: Float[Tensor, "block metabolite row"]
    ) -> tuple[Float[Tensor, "block metabolite row"], Callable[[Tensor], Tensor]]:
        """The rate, and the function that pulls a gradient back through it.

        Args:
            concentration: Concentrations, c.u.; contiguous.
        """
        from sim.kernels.rates import back_through_rates, rates

        here = memory_of(concentration)
        blocks, _, rows = here.shape
        rate = np.empty_like(here)
        weight = np.empty((blocks, self._constants.size, rows))
        steepness = np.empty((blocks, self._places, rows))
        rates(
            here,
            *self._table,
            *self._taken,
            *self._net,
            self._constants,
            self._additive,
            rate,
            weight,
            steepness,
            np.empty((self._places, rows)),
        )

        def pull_back(pull: Tensor) -> Tensor:
            above = memory_of(pull)
            moved = np.empty_like(above)
            room = np.empty((self._places, rows)), np.empty(rows)
            back_through_rates(above, *self._taken, *self._net, weight, steepness, moved, *room)
            return torch.from_numpy(moved)

        return torch.from_numpy(rate), pull_back


def _entries(
    matrix: Float[ndarray, "reaction column"],
) -> tuple[Int32[ndarray, " reaction+1"], Int32[ndarray, " entry"], Float[ndarray, " entry"]]:
    """Where each row's entries begin, their columns, and their values."""
    row, column = np.nonzero(matrix)
    begin = np.searchsorted(row, np.arange(len(matrix) + 1))
    return begin.astype(np.int32), column.astype(np.int32), np.ascontiguousarray(matrix[row, column])
