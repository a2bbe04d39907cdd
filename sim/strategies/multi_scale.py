"""Multi-scale rollouts: losses on trajectories of several lengths in every optimiser step."""

from dataclasses import replace
from typing import Annotated, ClassVar

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from blocks.base import Frozen
from sim.strategies.base import Strategy
from sim.training.plan import Batch, TrainingPlan
from sim.training.replicates import added_up
from sim.training.rollout import rollout_loss


class MultiScale(Strategy):
    """Joins the well-behaved gradient of short rollouts with what only long ones show.

    The lengths are time_step, and that divided by 2, 4, .. Each length has trajectories of its own, which
    end where the window of the batch ends; so they start anew from observed frames within it. A step thus
    costs up to twice the Euler steps, and the training takes so many fewer steps.
    """

    class Options(Frozen):
        scales: Annotated[
            int, Field(ge=2, le=10, description="Lengths: time_step, a half of it, a quarter ..")
        ] = 3
        weight: Annotated[float, Field(gt=0, le=1000, description="Weight of this loss beside others.")] = 1.0

    name: ClassVar[str] = "multi_scale"
    summary: ClassVar[str] = "loss on rollouts of time_step, half of it, a quarter .. in each step"
    reference: ClassVar[str] = (
        "Um et al. 2020, Solver-in-the-loop: learning from differentiable physics, NeurIPS 33 "
        "(look-ahead of several lengths); Lusch, Kutz & Brunton 2018, Nat. Commun. 9:4950 (multi-step losses)"
    )
    supplies_loss: ClassVar[bool] = True
    rolls_out: ClassVar[bool] = True
    options: Options

    def lengths(self, time_step: int) -> list[int]:
        """Euler steps of each scale, longest first; scales below one step are left out."""
        lengths = [time_step >> scale for scale in range(self.options.scales)]
        return [length for length in lengths if length >= 1]

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        cost = sum(self.lengths(plan.time_step)) / plan.time_step
        return replace(plan, steps=max(1, round(plan.steps / cost)))

    def loss(self, batch: Batch) -> Float[Tensor, " replicate"]:
        data, losses = batch.data, []
        for length in self.lengths(batch.time_step):
            observed = batch.windows[batch.time_step - length :]
            trajectory = batch.rollout(observed[0], length)
            losses.append(rollout_loss(trajectory, observed[1:], spread=data.spread, dt=data.dt))
        return self.options.weight * added_up(losses) / len(losses)
