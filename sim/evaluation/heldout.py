"""Label-free yardsticks: what MLP_node explains of frames that no training window has touched."""

import numpy as np
import torch
from torch import Tensor

from sim.evaluation.numbers import finite
from sim.evaluation.registry import HELDOUT_ROLLOUT_STEPS
from sim.node import NodeCohort
from sim.response import BoundNode
from sim.training.data import Reaction
from sim.training.heldout import Unseen, heldout_gain
from sim.training.rollout import rollout, rollout_loss

__all__ = ["Unseen", "heldout_gain", "heldout_rollout_error"]

MAX_WINDOWS = 64
"""Windows of the held-out rollouts, evenly spread over the held-out frames."""


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

    def loss(response: BoundNode | None, replicates: int) -> Tensor:
        start = windows[0].expand(replicates, -1, -1)
        trajectory = rollout(response, reaction, start=start, steps=HELDOUT_ROLLOUT_STEPS, dt=unseen.dt)
        observed = windows[1:].expand_as(trajectory)
        return rollout_loss(trajectory, observed, spread=unseen.spread, dt=unseen.dt)

    with torch.no_grad():
        with_node, without = loss(node.bound(), node.n_replicates), loss(None, 1)
    return [finite(error) for error in (with_node / without).sqrt().tolist()]
