"""Label-free yardsticks: what MLP_node explains of frames that no training window has touched."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sim.evaluation.numbers import finite
from sim.evaluation.registry import HELDOUT_ROLLOUT_STEPS
from sim.node import NodeCohort, Response
from sim.training.data import Reaction, moving, residual_of, residual_spread, training_frames
from sim.training.rollout import rollout, rollout_loss

MAX_WINDOWS = 64
"""Windows of the held-out rollouts, evenly spread over the held-out frames."""


@dataclass(frozen=True)
class Unseen:
    """The held-out frames, with the scale that training had."""

    concentration: Float[Tensor, "frame metabolite"]
    """c.u."""

    residual: Float[Tensor, "change metabolite"]
    """dc/dt - reaction at every frame but the last, c.u. per t.u."""

    spread: Float[Tensor, " metabolite"]
    """Scale of each metabolite's residual over the training frames, c.u. per t.u."""

    dt: float
    """Time between frames, t.u."""

    @classmethod
    def of(
        cls,
        concentration: Float[Tensor, "frame metabolite"],
        reaction: Reaction,
        *,
        dt: float,
        heldout_fraction: float,
    ) -> "Unseen":
        """Cuts the held-out frames off a whole data set.

        Args:
            concentration: All frames, c.u., float64.
            reaction: The reaction model, in float64.
            dt: Time between frames, t.u.
            heldout_fraction: The share that training left out.
        """
        kept = training_frames(len(concentration), heldout_fraction)
        seen, unseen = concentration[:kept], concentration[kept:]
        spread = residual_spread(residual_of(seen, reaction, dt=dt), moving=moving(seen))
        return cls(unseen, residual_of(unseen, reaction, dt=dt), spread, dt)


def heldout_gain(node: NodeCohort, unseen: Unseen) -> list[float | None]:
    """1 - |residual - node|^2 / |residual|^2 on held-out frames, per replicate.

    Each metabolite is in units of its residual's spread. 1 is perfect, 0 is no better than no
    MLP_node, below 0 is worse.
    """
    with torch.no_grad():
        response = node(unseen.concentration[:-1].expand(node.n_replicates, -1, -1))
    unexplained = ((unseen.residual - response) / unseen.spread).square().sum(dim=(1, 2))
    gains = 1 - unexplained / (unseen.residual / unseen.spread).square().sum()
    return [finite(gain) for gain in gains.tolist()]


def heldout_rollout_error(node: NodeCohort, reaction: Reaction, unseen: Unseen) -> list[float | None]:
    """Error of rollouts through held-out frames over the error without MLP_node, per replicate.

    0 is perfect, 1 is no better than no MLP_node. None where the held-out part is shorter than a
    rollout.
    """
    last = len(unseen.concentration) - 1 - HELDOUT_ROLLOUT_STEPS
    if last < 0:
        return [None] * node.n_replicates
    starts = torch.from_numpy(np.unique(np.linspace(0, last, MAX_WINDOWS).round().astype(np.int64)))
    windows = unseen.concentration[starts + torch.arange(HELDOUT_ROLLOUT_STEPS + 1)[:, None]][:, None]

    def loss(response: Response, replicates: int) -> Tensor:
        trajectory = rollout(
            response,
            reaction,
            start=windows[0].expand(replicates, -1, -1),
            steps=HELDOUT_ROLLOUT_STEPS,
            dt=unseen.dt,
        )
        observed = windows[1:].expand_as(trajectory)
        return rollout_loss(trajectory, observed, spread=unseen.spread, dt=unseen.dt)

    with torch.no_grad():
        with_node = loss(node.bound(), node.n_replicates)
        without = loss(torch.zeros_like, 1)
    return [finite(error) for error in (with_node / without).sqrt().tolist()]
