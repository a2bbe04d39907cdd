"""Gradient accumulation: several micro-batches to one optimiser step."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from blocks.base import Frozen
from sim.strategies.base import Strategy
from sim.training.plan import TrainingPlan


class Accumulation(Strategy):
    """Averages gradients over micro-batches, since that of a single rollout batch is noisy."""

    class Options(Frozen):
        micro_batches: Annotated[int, Field(ge=2, le=64, description="Micro-batches per optimiser step.")] = 4

    name: ClassVar[str] = "accumulation"
    summary: ClassVar[str] = "averages the gradient over several micro-batches before each step"
    reference: ClassVar[str] = "Ott et al. 2018, Scaling neural machine translation, WMT (delayed updates)"
    options: Options

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        return replace(plan, micro_batches=plan.micro_batches * self.options.micro_batches)
