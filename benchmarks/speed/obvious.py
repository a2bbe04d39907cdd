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
from sim.reaction.mlp import LOG_SCALE, SubstrateMlp
from sim.reaction.model import ReactionModel


class EdgeReaction(torch.nn.Module):
    """sum_j S_ij k_j prod_s MLP_sub(c_s, |E_sj|), edge by edge; frozen."""

    def __init__(self, model: ReactionModel, stoichiometry: Stoichiometry) -> None:
        super().__init__()
        substrates = substrates_of(stoichiometry)
        present = torch.from_numpy(substrates.present)
        self.edge_metabolite = torch.from_numpy(substrates.index)[present]
        self.edge_exponent = torch.from_numpy(substrates.exponent).float()[present]
        self.edge_reaction = present.nonzero()[:, 0]
        self.net = torch.from_numpy(stoichiometry.net).float()
        self.rate_constants = torch.from_numpy(model.rate_constants).float()
        self.mlp: SubstrateMlp = model.mlp
        self.hidden, self.bias = (
            torch.from_numpy(self.mlp.hidden).float(),
            torch.from_numpy(self.mlp.bias).float(),
        )
        self.output, self.skip = (
            torch.from_numpy(self.mlp.output).float(),
            torch.from_numpy(self.mlp.skip).float(),
        )

    def forward(self, concentration: Float[Tensor, " metabolite"]) -> Float[Tensor, " metabolite"]:
        """dc/dt by the reactions, c.u. per t.u."""
        here = concentration[self.edge_metabolite].clamp_min(1e-6).log() / LOG_SCALE
        log_f = self._raw(here) - self._raw(torch.zeros_like(here))
        log_rate = torch.zeros_like(self.rate_constants).index_add(0, self.edge_reaction, log_f)
        return self.net @ (self.rate_constants * log_rate.exp())

    def _raw(self, log_c: Tensor) -> Tensor:
        inputs = torch.stack([log_c, self.edge_exponent], dim=-1)
        return torch.tanh(inputs @ self.hidden.T + self.bias) @ self.output + inputs @ self.skip


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
        return self.response_scale * self.mlp(inputs)[:, 0]


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
        self.reaction = EdgeReaction(model, stoichiometry)
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
