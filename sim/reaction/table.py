"""The reaction model as a table: what training evaluates, thousands of times, with a frozen model.

A response is a function of one variable, so it is tabulated once, as cubic Hermite pieces on an even
grid in log c, with the derivative of exactly those pieces. Beyond the grid it goes on as a straight
line in log-log. One call is a handful of tensor operations, and the backward pass is written out.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from sim.networks.network import RateLaw, Stoichiometry
from sim.networks.substrates import substrates_of
from sim.reaction.model import ReactionModel
from sim.reaction.spline import FLOOR


class TabulatedReaction:
    """dc/dt by the reactions of a frozen model; shared by all replicates.

    Args:
        model: The fitted model.
        stoichiometry: S, E and rate law.
        device: Where to compute.
        dtype: Of concentrations and result.

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
    ) -> None:
        def tensor(values: np.ndarray) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(values), dtype=dtype, device=device)

        self.rate_law = stoichiometry.rate_law
        self.start = float(model.grid[0])
        self.spacing = float(model.grid[1] - model.grid[0])
        self.pieces = tensor(_hermite(model, self.spacing))
        self.net = tensor(stoichiometry.net)
        self.rate_constants = tensor(model.rate_constants)
        substrates = substrates_of(stoichiometry)
        kind = np.searchsorted(model.exponents, substrates.exponent)
        n_metabolites, n_exponents = stoichiometry.n_metabolites, model.exponents.size
        # Responses stand side by side, exponent after exponent; empty slots point behind the last one.
        places = np.where(
            substrates.present, kind * n_metabolites + substrates.index, n_exponents * n_metabolites
        )
        self.places = torch.as_tensor(places, device=device)
        self.n_metabolites, self.n_exponents = n_metabolites, n_exponents
        self.tolerance = self._measure(model)

    def rate(self, concentration: Float[Tensor, "*batch metabolite"]) -> Float[Tensor, "*batch metabolite"]:
        """dc/dt by the reactions, c.u. per t.u.; differentiable once with respect to the concentration.

        Args:
            concentration: Concentrations, c.u.; below a floor of 1e-6 the rate is constant.
        """
        result: Tensor = _Rate.apply(concentration, self)  # type: ignore[no-untyped-call]
        return result

    def log_response(
        self, concentration: Float[Tensor, "*batch metabolite"]
    ) -> tuple[Float[Tensor, "*batch place"], Float[Tensor, "*batch place"]]:
        """log f of every metabolite and its derivative with respect to c, exponent after exponent.

        Args:
            concentration: Concentrations, c.u.
        """
        floored = concentration.clamp_min(FLOOR)
        position = floored.log().sub_(self.start).div_(self.spacing)
        piece = position.detach().floor().clamp_(0, self.pieces.shape[1] - 1)
        along = position.sub_(piece)
        piece = piece.long()
        # 1 / (spacing c), and 0 where the floor holds: nothing moves there
        chain = floored.mul(self.spacing).reciprocal_().mul_(concentration > FLOOR)
        logs, slopes = [], []
        for table in self.pieces:
            a, b, c, d = table[piece].unbind(-1)
            logs.append(a + along * (b + along * (c + along * d)))
            slopes.append((b + along * (2 * c + 3 * along * d)) * chain)
        return torch.cat(logs, dim=-1), torch.cat(slopes, dim=-1)

    def _measure(self, model: ReactionModel) -> float:
        middles = (model.grid[:-1, None] + self.spacing * np.array([0.2, 0.5, 0.8])).ravel()
        middles = middles[middles > np.log(FLOOR)]
        points = torch.as_tensor(np.exp(middles), dtype=self.pieces.dtype, device=self.pieces.device)
        logs, _ = self.log_response(points)
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


class _Rate(torch.autograd.Function):
    """Reaction rates with their gradient written out: what it needs is computed on the way forward."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor, table: TabulatedReaction) -> Tensor:
        logs, slopes = table.log_response(concentration)
        shape = concentration.shape[:-1]
        reactions, slots = table.places.shape
        if table.rate_law is RateLaw.MASS_ACTION:
            padded = torch.cat([logs, logs.new_zeros((*shape, 1))], dim=-1)
            gathered = padded.index_select(-1, table.places.flatten()).view(*shape, reactions, slots)
            flux = gathered.sum(-1).exp_().mul_(table.rate_constants)
            ctx.save_for_backward(slopes, flux)
        else:
            responses = logs.exp()
            padded = torch.cat([responses, responses.new_zeros((*shape, 1))], dim=-1)
            gathered = padded.index_select(-1, table.places.flatten()).view(*shape, reactions, slots)
            flux = gathered.sum(-1).mul_(table.rate_constants)
            ctx.save_for_backward(slopes.mul_(responses), table.rate_constants.expand(*shape, reactions))
        ctx.table = table
        return flux @ table.net.T

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, pull: Tensor) -> tuple[Tensor, None]:
        slopes, weight = ctx.saved_tensors
        table: TabulatedReaction = ctx.table
        per_reaction = (pull @ table.net).mul_(weight)
        shape = per_reaction.shape[:-1]
        reactions, slots = table.places.shape
        spread = (
            per_reaction.unsqueeze(-1).expand(*shape, reactions, slots).reshape(*shape, reactions * slots)
        )
        gathered = per_reaction.new_zeros((*shape, slopes.shape[-1] + 1))
        gathered.index_add_(-1, table.places.flatten(), spread)
        moved = gathered[..., :-1] * slopes
        return moved.view(*shape, table.n_exponents, table.n_metabolites).sum(-2), None
