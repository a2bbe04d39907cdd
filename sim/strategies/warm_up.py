"""Learning-rate warm-up: step sizes rise along a straight line at the start of a training."""

from typing import Annotated, ClassVar

from pydantic import Field

from blocks.base import Frozen
from sim.strategies.base import StepFactors, Strategy


class WarmUp(Strategy):
    """Keeps the first steps small, while Adam's estimates rest on few gradients and all units move alike.

    At a large step size the first few steps drive the tanh units into saturation, from where no gradient
    leads back; with a warm-up the training endures step sizes that it would not endure from the start.
    """

    class Options(Frozen):
        share: Annotated[
            float, Field(gt=0, le=1, description="Share of the optimiser steps in which step sizes rise.")
        ] = 0.1

    name: ClassVar[str] = "warm_up"
    summary: ClassVar[str] = "raises step sizes from 0 along a straight line, so that large ones are endured"
    reference: ClassVar[str] = (
        "Goyal et al. 2017, Accurate, large minibatch SGD: training ImageNet in 1 hour, arXiv:1706.02677"
    )
    options: Options

    def schedule(self, step: int, total: int) -> StepFactors:
        factor = min(1.0, (step + 1) / (self.options.share * total))
        return StepFactors(factor, factor, factor)
