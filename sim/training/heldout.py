"""The held-out frames as a label-free yardstick: what MLP_node explains of frames that nothing is fitted to.

The evaluator measures trained slots with it, and a training its progress, where its slot has a rule of early
stop: the gain means the same whatever loss a strategy follows.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64
from numpy import ndarray
from torch import Tensor

from sim.dataset import Observations
from sim.node import NodeCohort
from sim.reaction.model import ReactionModel
from sim.reaction.window import width_for
from sim.training.data import Reaction, TrainingData, residual_of, training_frames, trusted_changes


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
    gains = [1 - squares(unseen.residual - one) / total for one in response]
    return [gain if math.isfinite(gain) else None for gain in gains]
