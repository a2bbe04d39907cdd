"""Label-free yardsticks: what MLP_node explains of frames that no training window has touched."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from numpy import ndarray
from torch import Tensor

from sim.dataset import Observations
from sim.evaluation.numbers import finite
from sim.evaluation.registry import HELDOUT_ROLLOUT_STEPS
from sim.node import NodeCohort
from sim.reaction.model import ReactionModel
from sim.reaction.window import width_for
from sim.response import BoundNode
from sim.training.data import Reaction, TrainingData, residual_of, training_frames, trusted_changes
from sim.training.rollout import rollout, rollout_loss

MAX_WINDOWS = 64
"""Windows of the held-out rollouts, evenly spread over the held-out frames."""


@dataclass(frozen=True)
class Unseen:
    """The held-out frames, with the scale that training had."""

    concentration: Float[Tensor, "frame metabolite"]
    """As measured, c.u."""

    residual: Float[Tensor, "change metabolite"]
    """dc/dt - reaction at every frame but the last, c.u. per t.u."""

    spread: Float[Tensor, " metabolite"]
    """Scale of each metabolite's residual over the training frames, c.u. per t.u."""

    dt: float
    """Time between frames, t.u."""

    trusted: Bool[Tensor, "change metabolite"] | None = None
    """Changes that are steps of the rate law; None where all of them are."""

    width: int = 1
    """Frames over which residual and response are averaged before they are compared: noisy data need that."""

    @classmethod
    def of(
        cls,
        observations: Observations,
        reaction: Reaction,
        *,
        heldout_fraction: float,
        model: ReactionModel | None = None,
    ) -> "Unseen":
        """Cuts the held-out frames off a whole data set.

        Args:
            observations: The data set.
            reaction: The reaction model, in float64.
            heldout_fraction: The share that training left out.
            model: The fitted model behind `reaction`: tells the noise, and which changes are no steps of
                the rate law. Default: exact data, all trusted.
        """
        measured, dt = observations.concentration, observations.dt
        kept = training_frames(len(measured), heldout_fraction)
        seen, unseen = (torch.from_numpy(part) for part in (measured[:kept], measured[kept:]))
        width = 1 if model is None else width_for(model.noise, len(unseen) - 1)

        def trusted(part: Float64[ndarray, "frame metabolite"]) -> Bool[Tensor, "change metabolite"] | None:
            if model is None:
                return None
            return torch.from_numpy(trusted_changes(part, model, observations, states=False))

        known = TrainingData(seen, residual_of(seen, reaction, dt=dt), dt, trusted(measured[:kept]))
        return cls(
            unseen,
            residual_of(unseen, reaction, dt=dt),
            known.averaged(width).spread,
            dt,
            trusted=trusted(measured[kept:]),
            width=width,
        )


def heldout_gain(node: NodeCohort, unseen: Unseen) -> list[float | None]:
    """1 - |residual - node|^2 / |residual|^2 on held-out frames, per replicate.

    Each metabolite is in units of its residual's spread; noisy data are compared in averages over windows.
    1 is perfect, 0 is no better than no MLP_node, below 0 is worse.
    """
    with torch.no_grad():
        response = node(unseen.concentration[:-1].expand(node.n_replicates, -1, -1))

    def squares(values: Float[Tensor, "change metabolite"]) -> float:
        averages = TrainingData(unseen.concentration, values, unseen.dt, unseen.trusted).averaged(
            unseen.width
        )
        return float((averages.weight * (averages.residual / unseen.spread).square()).sum())

    total = squares(unseen.residual)
    if total == 0:
        return [None] * node.n_replicates
    return [finite(1 - squares(unseen.residual - one) / total) for one in response]


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
