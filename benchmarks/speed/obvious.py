"""Training one slot the obvious way, which is what the training core is measured against.

A loop over windows and Euler steps; MLP_sub evaluated for every substrate of every reaction at every step;
autograd through all of it; Adam over the parameters. Written as one writes it first, without tricks and
without handicaps: single precision, whole-network tensors, no logging.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from sim.networks.network import Stoichiometry
from sim.networks.substrates import substrates_of
from sim.reaction.mlp import LOG_SCALE
from sim.reaction.model import ReactionModel
from sim.reaction.spline import FLOOR

FITTING_STEPS = 600


class EdgeReaction(torch.nn.Module):
    """sum_j S_ij k_j prod_s MLP_sub(c_s, |E_sj|), edge by edge; frozen.

    MLP_sub is of the size of MLP_node, and is fitted to the responses of a reaction model.

    Args:
        model: The fitted reaction model.
        stoichiometry: Of the network.
        width: Units of both hidden layers of MLP_sub.
    """

    def __init__(self, model: ReactionModel, stoichiometry: Stoichiometry, *, width: int) -> None:
        super().__init__()
        substrates = substrates_of(stoichiometry)
        present = torch.from_numpy(substrates.present)
        self.edge_metabolite = torch.from_numpy(substrates.index)[present]
        self.edge_exponent = torch.from_numpy(substrates.exponent).float()[present]
        self.edge_reaction = present.nonzero()[:, 0]
        self.net = torch.from_numpy(stoichiometry.net).float()
        self.rate_constants = torch.from_numpy(model.rate_constants).float()
        self.mlp_sub = torch.nn.Sequential(
            torch.nn.Linear(2, width),
            torch.nn.Tanh(),
            torch.nn.Linear(width, width),
            torch.nn.Tanh(),
            torch.nn.Linear(width, 1),
        )
        _fit(self.mlp_sub, model)
        self.mlp_sub.requires_grad_(requires_grad=False)

    def forward(self, concentration: Float[Tensor, " metabolite"]) -> Float[Tensor, " metabolite"]:
        """dc/dt by the reactions, c.u. per t.u."""
        here = concentration[self.edge_metabolite].clamp_min(FLOOR).log() / LOG_SCALE
        log_f = self.mlp_sub(torch.stack([here, self.edge_exponent], dim=1))[:, 0]
        log_rate = torch.zeros_like(self.rate_constants).index_add(0, self.edge_reaction, log_f)
        return self.net @ (self.rate_constants * log_rate.exp())


def _fit(mlp_sub: torch.nn.Module, model: ReactionModel) -> None:
    """Adam steps until MLP_sub is near enough to the model's responses for rollouts to stay on the data."""
    grid = torch.from_numpy(model.grid[::8]).float()
    inputs = torch.cat(
        [torch.stack([grid / LOG_SCALE, torch.full_like(grid, order)], dim=1) for order in model.exponents]
    )
    wanted = torch.from_numpy(model.log_f[:, ::8]).float().reshape(-1, 1)
    optimiser = torch.optim.Adam(mlp_sub.parameters(), lr=3e-3)
    for _ in range(FITTING_STEPS):
        optimiser.zero_grad()
        (mlp_sub(inputs) - wanted).square().mean().backward()
        optimiser.step()


class Node(torch.nn.Module):
    """MLP_node and the embeddings of one replicate."""

    def __init__(
        self, n_metabolites: int, *, width: int, concentration_scale: float, response_scale: float
    ) -> None:
        super().__init__()
        self.embedding = torch.nn.Parameter(0.01 * torch.randn(n_metabolites, 2))
        self.mlp = torch.nn.Sequential(
            torch.nn.Linear(3, width),
            torch.nn.Tanh(),
            torch.nn.Linear(width, width),
            torch.nn.Tanh(),
            torch.nn.Linear(width, 1),
        )
        self.concentration_scale, self.response_scale = concentration_scale, response_scale

    def forward(self, concentration: Float[Tensor, " metabolite"]) -> Float[Tensor, " metabolite"]:
        """The response of every metabolite, c.u. per t.u."""
        inputs = torch.cat([concentration[:, None] / self.concentration_scale, self.embedding], dim=1)
        response: Tensor = self.response_scale * self.mlp(inputs)[:, 0]
        return response


class ObviousTraining:
    """An optimiser step over a batch of windows, the obvious way.

    Args:
        model: The fitted reaction model.
        stoichiometry: Of the network.
        concentration: Training frames, c.u.
        spread: Scale of each metabolite's residual, c.u. per t.u.
        dt: Time between frames, t.u.
        windows: Windows of a batch.
        steps: Euler steps per window.
        width: Units of MLP_node's hidden layers.
    """

    def __init__(
        self,
        model: ReactionModel,
        stoichiometry: Stoichiometry,
        *,
        concentration: Float[Tensor, "frame metabolite"],
        spread: Float[Tensor, " metabolite"],
        dt: float,
        windows: int,
        steps: int,
        width: int = 64,
    ) -> None:
        self.concentration, self.spread = concentration.float(), spread.float()
        self.dt, self.windows, self.steps = dt, windows, steps
        self.reaction = EdgeReaction(model, stoichiometry, width=width)
        scales = {"concentration_scale": float(concentration.square().mean().sqrt()), "response_scale": 0.01}
        self.node = Node(concentration.shape[1], width=width, **scales)
        self.optimiser = torch.optim.Adam(self.node.parameters(), lr=1e-3)
        self.generator = torch.Generator().manual_seed(0)

    def step(self) -> None:
        """Draws windows, rolls out, back-propagates, and moves the parameters."""
        starts = torch.randint(
            len(self.concentration) - self.steps, (self.windows,), generator=self.generator
        )
        self.optimiser.zero_grad()
        self.loss(starts).backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()

    def loss(self, starts: Tensor) -> Float[Tensor, ""]:
        """Mean squared distance to the observed trajectory, in units of what a residual adds up to."""
        total = torch.zeros(())
        for start in starts.tolist():
            concentration = self.concentration[start]
            for step in range(1, self.steps + 1):
                change = self.reaction(concentration) + self.node(concentration)
                concentration = (concentration + self.dt * change).clamp(min=0)
                error = (concentration - self.concentration[start + step]) / (step * self.spread * self.dt)
                total = total + error.square().mean()
        return total / (len(starts) * self.steps)
