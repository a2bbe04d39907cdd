"""Signal amplification: MLP_node's output times a constant."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from blocks.base import Frozen
from sim.strategies.base import Strategy
from sim.training.plan import TrainingPlan


class Amplification(Strategy):
    """Makes the gradient of the weak homeostatic term comparable to that of the reactions."""

    class Options(Frozen):
        gain: Annotated[float, Field(gt=0, le=1000, description="Factor on MLP_node's output.")] = 10.0

    name: ClassVar[str] = "amplification"
    summary: ClassVar[str] = "multiplies MLP_node's output, so that a weak signal gets a large gradient"
    reference: ClassVar[str] = (
        "Jacot, Gabriel & Hongler 2018, Neural tangent kernel, NeurIPS 31 "
        "(the output's scale sets the rate of learning)"
    )
    options: Options

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        return replace(plan, gain=plan.gain * self.options.gain)
