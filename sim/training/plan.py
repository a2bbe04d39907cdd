"""What one training does: the plan that strategies may change, and the batch that they are given.

A batch gives frames to a strategy that asks for them, with NaN where the label column was; nothing here holds
anything of the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from sim.node import NodeCohort
from sim.response import BoundNode
from sim.training.data import Reaction, TrainingData
from sim.training.rollout import rollout


@dataclass(frozen=True)
class TrainingPlan:
    """Sizes and counts of a training. Strategies return changed copies."""

    strategies: frozenset[str]
    """Names of all strategies that are on."""

    time_step: int
    """Euler steps per rollout."""

    batch_size: int
    """Windows per replicate and micro-batch."""

    steps: int
    """Optimiser steps."""

    gain: float = 1.0
    """Factor on MLP_node's output."""

    micro_batches: int = 1
    """Micro-batches whose gradients are averaged before each optimiser step."""

    rolls_out: bool = False
    """Whether a strategy's loss follows trajectories over `time_step` Euler steps."""

    isolated: bool = False
    """Whether the gradient of rollouts stops before the reaction."""

    def regressing(self, samples: int) -> "TrainingPlan":
        """The plan for a loss that evaluates MLP_node at `samples` frames per window instead of a rollout.

        Where nothing rolls out, the budget of Euler steps is spent on samples, so that the length of the
        training does not depend on time_step; beside a rollout its count of optimiser steps stands.
        """
        if self.rolls_out:
            return self
        return replace(self, steps=max(1, self.steps * self.time_step // samples))


@dataclass(frozen=True)
class Batch:
    """Where a loss is to be taken: the model, the training data, and this time's windows."""

    node: NodeCohort
    reaction: Reaction
    data: TrainingData
    time_step: int
    """Euler steps per rollout, now; a curriculum has it grow."""

    starts: Int64[Tensor, "replicate window"]
    """First frame of each window."""

    generators: tuple[torch.Generator, ...]
    """One per replicate; whatever is random must be drawn from these."""

    progress: float = 1.0
    """Share of the optimiser steps that are done, 0 .. 1."""

    full_time_step: int | None = None
    """Euler steps per rollout once nothing shortens them; None where that is `time_step`."""

    isolated: bool = False
    """Whether the gradient of rollouts stops before the reaction."""

    latents: Mapping[str, Tensor] = field(default_factory=dict)
    """What strategies train beside MLP_node, by name; the replicate axis comes first."""

    @cached_property
    def response(self) -> BoundNode:
        """MLP_node with the embedding's share computed, for use by all losses of this batch."""
        return self.node.bound()

    @cached_property
    def windows(self) -> Float64[Tensor, "step replicate window metabolite"]:
        """Observed concentrations from each start through `time_step` further frames, c.u."""
        steps = torch.arange(self.time_step + 1)
        return self.data.concentration[self.starts + steps[:, None, None]]

    @cached_property
    def frames(self) -> Float64[Tensor, "replicate window metabolite 8"]:
        """The frame at which each window starts, all eight columns as observed; column 6 is NaN."""
        return self.data.frames[self.starts]

    def rollout(
        self, start: Float[Tensor, "replicate window metabolite"], steps: int
    ) -> Float[Tensor, "step replicate window metabolite"]:
        """The model's trajectory from `start` (c.u.) through `steps` Euler steps; see `rollout`."""
        return rollout(
            self.response, self.reaction, start=start, steps=steps, dt=self.data.dt, isolated=self.isolated
        )

    def draw(self, count: int, below: int) -> Int64[Tensor, "replicate count"]:
        """Whole numbers from 0 to `below` - 1, drawn by each replicate for itself."""
        return draw(self.generators, count, below)


def draw(generators: tuple[torch.Generator, ...], count: int, below: int) -> Int64[Tensor, "replicate count"]:
    """Whole numbers from 0 to `below` - 1, a row per generator."""
    return torch.stack([torch.randint(below, (count,), generator=generator) for generator in generators])
