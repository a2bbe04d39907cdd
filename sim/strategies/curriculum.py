"""Curriculum on the length of rollouts: short ones first, then up to the slot's time_step."""

import math
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from blocks.base import Frozen
from sim.strategies.base import Strategy
from sim.training.plan import TrainingPlan


class Curriculum(Strategy):
    """Gets near the solution by short rollouts, whose loss is smooth, before long ones refine it.

    Over a share of the training the length grows geometrically from `first` to time_step. Short rollouts
    cost less, and what they save is spent on more optimiser steps: the training as a whole takes as many
    Euler steps as without the curriculum, to within one rollout.
    """

    class Options(Frozen):
        share: Annotated[
            float, Field(gt=0, le=1, description="Share of the optimiser steps in which the length grows.")
        ] = 0.5
        first: Annotated[int, Field(ge=1, le=1024, description="Euler steps of the first rollouts.")] = 1

    name: ClassVar[str] = "curriculum"
    summary: ClassVar[str] = "lets rollouts grow from short to time_step, at the same number of Euler steps"
    reference: ClassVar[str] = "Bengio et al. 2009, Curriculum learning, ICML 26"
    needs_rollout: ClassVar[bool] = True
    options: Options

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        budget, steps = plan.steps * plan.time_step, plan.steps
        # The mean length hardly depends on the number of steps, so that a few rounds settle it.
        for _ in range(4):
            spent = sum(self.horizon(step, steps, plan.time_step) for step in range(steps))
            steps = max(1, round(steps * budget / spent))
        return replace(plan, steps=steps)

    def horizon(self, step: int, total: int, time_step: int) -> int:
        first = min(self.options.first, time_step)
        grown = min(1.0, step / (self.options.share * total))
        length = first * math.pow(time_step / first, grown)
        return min(time_step, round(length))
