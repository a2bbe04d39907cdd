"""The reaction model as a table: what training evaluates, thousands of times, with a frozen model.

A response is a function of one variable, so it is tabulated once, as cubic Hermite pieces on an even
grid in log c, with the derivative of exactly those pieces. Beyond the grid it goes on as a straight
line in log-log. One call is a handful of tensor operations, and the backward pass is written out.
"""

import warnings
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding

from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.networks.substrates import substrates_of
from sim.reaction.compiled import CompiledRates
from sim.reaction.model import ReactionModel
from sim.reaction.spline import FLOOR

Pull = Callable[[Tensor], Tensor]
"""Gradient with respect to a rate, to gradient with respect to the concentration."""


class TabulatedReaction:
    """dc/dt by the reactions of a frozen model; shared by all replicates.

    Args:
        model: The fitted model.
        stoichiometry: S, E and rate law.
        device: Where to compute.
        dtype: Of concentrations and result.
        compiled: Whether a kernel computes the rates; default: on a CPU in float64, which it is made for.

    Attributes:
        tolerance: Largest |table / spline - 1| of a response, measured between the grid's points
            with the dtype in use.
    """

    def __init__(
        self,
        model: ReactionModel,
        stoichiometry: Stoichiometry,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        compiled: bool | None = None,
    ) -> None:
        def tensor(values: np.ndarray) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(values), dtype=dtype, device=device)

        self.rate_law = stoichiometry.rate_law
        self.start = float(model.grid[0])
        self.spacing = float(model.grid[1] - model.grid[0])
        self.pieces = tensor(_hermite(model, self.spacing))
        self._floor, self._per_piece = tensor(np.array(FLOOR)), tensor(np.array(1 / self.spacing))
        self._origin = tensor(np.array(-self.start / self.spacing))
        self.rate_constants = tensor(model.rate_constants)[:, None]
        substrates = substrates_of(stoichiometry)
        n_metabolites, n_exponents = stoichiometry.n_metabolites, model.exponents.size
        # Responses stand one below the other, exponent after exponent.
        kind = np.searchsorted(model.exponents, substrates.exponent)
        places = (kind * n_metabolites + substrates.index)[substrates.present]
        reactions = np.nonzero(substrates.present)[0]
        taken = np.zeros((stoichiometry.n_reactions, n_exponents * n_metabolites))
        np.add.at(taken, (reactions, places), 1.0)
        # On the way back slopes are per piece of the grid, not per unit of log c.
        self._taken, self._taken_back = _sparse(tensor(taken)), _sparse(tensor(taken.T / self.spacing))
        self._net, self._net_back = _sparse(tensor(stoichiometry.net)), _sparse(tensor(stoichiometry.net.T))
        self.n_metabolites, self.n_exponents = n_metabolites, n_exponents
        if compiled is None:
            compiled = self.pieces.device.type == "cpu" and dtype is torch.float64
        self._compiled = None
        if compiled:
            self._compiled = CompiledRates(
                _hermite(model, self.spacing),
                origin=-self.start / self.spacing,
                per_piece=1 / self.spacing,
                floor=FLOOR,
                taken=taken,
                net=stoichiometry.net,
                constants=model.rate_constants,
                additive=self.rate_law is not RateLaw.MASS_ACTION,
            )
        self.tolerance = self._measure(model)

    def rate(self, concentration: Float[Tensor, "*batch metabolite"]) -> Float[Tensor, "*batch metabolite"]:
        """dc/dt by the reactions, c.u. per t.u.; differentiable once with respect to the concentration.

        Args:
            concentration: Concentrations, c.u.; below a floor of 1e-6 the rate is constant.
        """
        rows = concentration.reshape(-1, self.n_metabolites).T.contiguous()
        rate: Tensor = _Rate.apply(rows, self)  # type: ignore[no-untyped-call]
        return rate.T.reshape(concentration.shape)

    def linearised(
        self, concentration: Float[Tensor, "block metabolite row"]
    ) -> tuple[Float[Tensor, "block metabolite row"], Pull]:
        """The rate without an autograd graph, and the function that pulls a gradient back through it.

        Args:
            concentration: Concentrations, c.u.; contiguous.
        """
        if self._compiled is not None:
            return self._compiled.linearised(concentration)
        rate, pull_back = self._linearised(concentration.transpose(0, 1).flatten(1))

        def pull_back_blocks(pull: Tensor) -> Tensor:
            return _blocks(pull_back(pull.transpose(0, 1).flatten(1)), pull)

        return _blocks(rate, concentration), pull_back_blocks

    def _linearised(
        self, concentration: Float[Tensor, "metabolite row"]
    ) -> tuple[Float[Tensor, "metabolite row"], Pull]:
        """The same by tensor operations, for any device."""
        floored = torch.maximum(concentration, self._floor)
        logs, slopes = self.log_response(floored)
        if self.rate_law is RateLaw.MASS_ACTION:
            weight = (self._taken @ logs).exp_().mul_(self.rate_constants)
            rate = self._net @ weight
        else:
            responses, weight = logs.exp_(), self.rate_constants
            rate = self._net @ (self._taken @ responses).mul_(weight)

        def pull_back(pull: Tensor) -> Tensor:
            moved = self._taken_back @ (self._net_back @ pull).mul_(weight)
            moved.mul_(slopes())
            if self.rate_law is not RateLaw.MASS_ACTION:
                moved.mul_(responses)
            if self.n_exponents > 1:
                moved = reduce(torch.add, moved.view(self.n_exponents, *concentration.shape))
            # Where the floor holds, nothing moves.
            return moved.mul_((concentration > self._floor).div(floored))

        return rate, pull_back

    def log_response(
        self, concentration: Float[Tensor, "metabolite row"]
    ) -> tuple[Float[Tensor, "place row"], Callable[[], Float[Tensor, "place row"]]]:
        """log f of every metabolite, exponent after exponent, and a function that gives its derivative.

        Args:
            concentration: Concentrations, c.u., not below the floor.

        Returns:
            log f, and d log f / d log c times the grid's spacing.
        """
        position = torch.addcmul(self._origin, concentration.log(), self._per_piece)
        # As whole numbers first: so NaN, of what has diverged, finds a piece too, and stays NaN along it.
        piece = position.long().clamp_(0, self.pieces.shape[1] - 1)
        along = position.sub_(piece)
        found = [embedding(piece, table).unbind(-1) for table in self.pieces]
        logs = [
            torch.addcmul(a, along, torch.addcmul(b, along, torch.addcmul(c, along, d)))
            for a, b, c, d in found
        ]

        def slopes() -> Tensor:
            each = [
                torch.addcmul(b, along, torch.addcmul(c, along, d, value=1.5), value=2)
                for _, b, c, d in found
            ]
            return each[0] if len(each) == 1 else torch.cat(each)

        return logs[0] if len(logs) == 1 else torch.cat(logs), slopes

    def _measure(self, model: ReactionModel) -> float:
        middles = (model.grid[:-1, None] + self.spacing * np.array([0.2, 0.5, 0.8])).ravel()
        middles = middles[middles > np.log(FLOOR)]
        points = torch.as_tensor(np.exp(middles), dtype=self.pieces.dtype, device=self.pieces.device)
        logs, _ = self.log_response(points[None])
        table = logs.double().cpu().numpy().reshape(self.n_exponents, -1)
        exact = np.log(points.double().cpu().numpy())
        spline = np.stack([model.log_response(exact, position) for position in range(self.n_exponents)])
        return float(np.abs(np.expm1(table - spline)).max())


def _hermite(model: ReactionModel, spacing: float) -> np.ndarray:
    """Coefficients of 1, t, t^2, t^3 per exponent and piece, t running from 0 to 1 along the piece."""
    values = model.log_f
    slopes = spacing * np.stack(
        [model.log_slope(model.grid, position) for position in range(model.exponents.size)]
    )
    rise = np.diff(values, axis=1)
    left, right = slopes[:, :-1], slopes[:, 1:]
    pieces = np.stack([values[:, :-1], left, 3 * rise - 2 * left - right, left + right - 2 * rise], axis=-1)
    # The outermost pieces are straight already (no knot lies there); rounding must not bend them far outside.
    pieces[:, [0, -1], 2:] = 0.0
    return pieces


def _sparse(dense: Tensor) -> Tensor:
    """In compressed rows: a reaction has a handful of members, however large the network."""
    with warnings.catch_warnings():  # torch calls the layout a beta, once per process
        warnings.simplefilter("ignore", UserWarning)
        rows = dense.to_sparse_csr()
        # Libraries below take 32-bit indices; others would be converted at every product.
        return torch.sparse_csr_tensor(
            rows.crow_indices().int(), rows.col_indices().int(), rows.values(), rows.shape
        )


def _blocks(
    values: Float[Tensor, "metabolite column"], like: Float[Tensor, "block metabolite row"]
) -> Float[Tensor, "block metabolite row"]:
    return values.view(len(values), len(like), -1).transpose(0, 1)


class _Rate(torch.autograd.Function):
    """Reaction rates with their gradient written out."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor, table: TabulatedReaction) -> Tensor:
        rate, ctx.pull_back = table.linearised(concentration[None])
        return rate[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, pull: Tensor) -> tuple[Tensor, None]:
        return ctx.pull_back(pull.contiguous()[None])[0], None
