"""The contract of a strategy: a small object that changes one thing about training.

A strategy has a name, options, a literature reference, and overrides one or two of the hooks below;
those that it leaves alone are neutral. Slots compose strategies freely, in the order of their names.
Hooks see concentrations, what follows from them, and frames whose label column is NaN; no label is within
their reach. A user's own strategy is a subclass in a file (`setpoint launch --strategy my_strategy.py:Name`).
"""

from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from blocks.base import Frozen
from blocks.problem import Report
from sim.dataset import Trajectory
from sim.node import NodeCohort
from sim.reaction.model import ReactionModel
from sim.training.data import TrainingData
from sim.training.plan import Batch, TrainingPlan


class NoOptions(Frozen):
    """Options of a strategy that has none."""


class StepFactors(NamedTuple):
    """Factors on the Adam step sizes."""

    node: float = 1.0
    embedding: float = 1.0
    latents: float = 1.0


class Latent(NamedTuple):
    """Unknowns that are trained along with MLP_node, and thrown away with the training.

    They have their own step size, which `schedule` and the cooldown scale; `gradients` does not see them.
    """

    value: Shaped[Tensor, "replicate ..."]
    """Where they start; the replicate axis comes first."""

    lr: float
    """Adam step size, in the unit of the value."""


class Strategy:
    """Base of all strategies."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """What it does and what for, in one line."""

    reference: ClassVar[str]
    """The publication that it goes back to."""

    supplies_loss: ClassVar[bool] = False
    """Whether a slot can be trained by this strategy's loss alone."""

    auxiliary: ClassVar[bool] = False
    """Whether it adds a loss that is not about the data: such a strategy is tried after those that are."""

    rolls_out: ClassVar[bool] = False
    """Whether its loss follows trajectories over `time_step` Euler steps."""

    needs_rollout: ClassVar[bool] = False
    """Whether it does nothing unless a strategy that rolls out is on too; such a slot is refused."""

    Options: ClassVar[type[Frozen]] = NoOptions

    source_sha256: ClassVar[str | None] = None
    """Hash of a user's own strategy, which is part of a run's identity; whoever loads it sets it."""

    def __init__(self, options: Any = None) -> None:
        """Takes an instance of `Options`; without one, its defaults."""
        self.options = self.Options() if options is None else options

    refines: ClassVar[bool] = False
    """Whether it changes the reaction model, which is frozen otherwise."""

    def refine(
        self,
        model: ReactionModel,
        trajectory: Trajectory,  # noqa: ARG002
        report: Report,  # noqa: ARG002
    ) -> ReactionModel:
        """The reaction model to train against, made before anything else; label-free as all hooks are."""
        return model

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        """The plan with this strategy's changes, made before anything is drawn."""
        return plan

    def initialise(
        self,
        node: NodeCohort,
        data: TrainingData,  # noqa: ARG002
        generators: tuple[torch.Generator, ...],  # noqa: ARG002
    ) -> NodeCohort:
        """The cohort to start from; random numbers come from the replicates' own generators."""
        return node

    def latents(
        self,
        plan: TrainingPlan,  # noqa: ARG002
        data: TrainingData,  # noqa: ARG002
        generators: tuple[torch.Generator, ...],  # noqa: ARG002
    ) -> dict[str, Latent]:
        """Unknowns to train beside MLP_node; losses find their values in `Batch.latents` by these names."""
        return {}

    def horizon(self, step: int, total: int, time_step: int) -> int:  # noqa: ARG002
        """Euler steps per rollout at step `step` of `total`, from 1 to `time_step`."""
        return time_step

    def loss(self, batch: Batch) -> Float[Tensor, " replicate"] | None:  # noqa: ARG002
        """A term of the loss per replicate, or None for no term. It must not mix replicates.

        Sums over a replicate are taken by sim/training/replicates.py, so that company changes no bit.
        """
        return None

    def gradients(self, node: NodeCohort) -> None:
        """Changes the gradients in place, before the optimiser's step. It must not mix replicates."""

    def schedule(self, step: int, total: int) -> StepFactors:  # noqa: ARG002
        """Factors on the step sizes at step `step` of `total`, counted from 0."""
        return StepFactors()
