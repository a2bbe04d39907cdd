"""Cosine annealing with warm restarts: step sizes fall along half a cosine, several times over."""

import math
from typing import Annotated, ClassVar

from pydantic import Field

from blocks.base import Frozen
from sim.strategies.base import StepFactors, Strategy


class CosineRestarts(Strategy):
    """Settles into a minimum at the end of each cycle, and leaves a poor one by the next restart.

    The factors multiply those of the slot's own cooldown; set `cooldown` to 0 for the schedule of the paper.
    """

    class Options(Frozen):
        cycles: Annotated[int, Field(ge=1, le=32, description="Cycles in a training.")] = 3
        growth: Annotated[
            float, Field(ge=1, le=4, description="Length of each cycle over that of the one before.")
        ] = 2.0
        floor: Annotated[
            float, Field(ge=0, lt=1, description="Factor on the step sizes at the end of a cycle.")
        ] = 0.0

    name: ClassVar[str] = "cosine_restarts"
    summary: ClassVar[str] = (
        "anneals step sizes along half a cosine and restarts them, to settle and to leave"
    )
    reference: ClassVar[str] = (
        "Loshchilov & Hutter 2017, SGDR: Stochastic gradient descent with warm restarts, ICLR"
    )
    options: Options

    def schedule(self, step: int, total: int) -> StepFactors:
        lengths = [self.options.growth**cycle for cycle in range(self.options.cycles)]
        position = step / total * sum(lengths)
        for length in lengths[:-1]:
            if position < length:
                break
            position -= length
        else:
            length = lengths[-1]
        cosine = 0.5 * (1 + math.cos(math.pi * position / length))
        factor = self.options.floor + (1 - self.options.floor) * cosine
        return StepFactors(factor, factor, factor)
