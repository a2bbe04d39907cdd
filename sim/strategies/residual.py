"""Residual supervision: MLP_node regressed on what the reaction model leaves unexplained."""

from typing import Annotated, ClassVar

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from blocks.base import Frozen
from sim.strategies.base import Strategy
from sim.training.plan import Batch, TrainingPlan
from sim.training.replicates import mean_of_each


class Residual(Strategy):
    """Fits dc/dt - reaction at sampled frames, each metabolite in units of its residual's spread.

    No rollout is needed. Alone, the training spends its budget of Euler steps on samples instead, so
    that its length does not depend on time_step; beside a rollout it follows the rollout's count.
    """

    class Options(Frozen):
        samples: Annotated[
            int, Field(ge=1, le=1024, description="Frames sampled per window of the batch.")
        ] = 4
        weight: Annotated[float, Field(gt=0, le=1000, description="Weight of this loss beside others.")] = 1.0

    name: ClassVar[str] = "residual"
    summary: ClassVar[str] = "regresses MLP_node on dc/dt minus the reaction model at sampled frames"
    reference: ClassVar[str] = (
        "Brunton, Proctor & Kutz 2016, Discovering governing equations from data by sparse identification, "
        "PNAS 113(15) (regression on derivatives)"
    )
    supplies_loss: ClassVar[bool] = True
    options: Options

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        return plan.regressing(self.options.samples)

    def loss(self, batch: Batch) -> Float[Tensor, " replicate"]:
        data = batch.data
        sampled = batch.draw(batch.starts.shape[1] * self.options.samples, len(data.residual))
        error = (batch.response(data.concentration[sampled]) - data.residual[sampled]) / data.spread
        return self.options.weight * mean_of_each(data.weight[sampled] * error.square())
