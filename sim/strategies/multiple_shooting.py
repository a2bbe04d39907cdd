"""Multiple shooting: rollouts from start states that are fitted, not observed.

The trajectory is cut into windows of time_step. A rollout from an observed frame starts with that frame's
measurement noise, is wrong from there on, and pulls the slope away: where the start is too high by
chance, the concentration seems to fall. Here the states at the cuts are unknowns; every rollout is
compared with all frames of its window, and its end with the start of the next window.
"""

from typing import Annotated, ClassVar

import torch
from jaxtyping import Float
from pydantic import Field, PositiveFloat
from torch import Tensor

from blocks.base import Frozen
from sim.strategies.base import Latent, Strategy
from sim.training.data import TrainingData
from sim.training.plan import Batch, TrainingPlan
from sim.training.replicates import mean_of_each

STATES = "multiple_shooting.states"


class MultipleShooting(Strategy):
    """Least squares over start states and MLP_node together, for data with measurement noise.

    The unknowns are distances from the observed frames in units of spread * dt, which for noisy data is the
    noise itself and for clean data what the homeostatic term adds in one step. Errors count in the same
    unit at every step, since noise does not add up. While a curriculum keeps rollouts short of the next
    cut, windows are fitted each for itself.
    """

    class Options(Frozen):
        continuity: Annotated[
            float,
            Field(ge=0, le=1e6, description="Weight of the gap between a window's end and the next start."),
        ] = 1.0
        lr: Annotated[
            PositiveFloat, Field(le=10, description="Adam step size of the start states, in their unit.")
        ] = 0.02
        weight: Annotated[float, Field(gt=0, le=1000, description="Weight of this loss beside others.")] = 1.0

    name: ClassVar[str] = "multiple_shooting"
    summary: ClassVar[str] = (
        "rolls out from fitted start states with continuity between windows, against noise"
    )
    reference: ClassVar[str] = (
        "Bock & Plitt 1984, A multiple shooting algorithm for direct solution of optimal control problems, "
        "IFAC Proc. 17(2); Baake et al. 1992, Phys. Rev. A 45:5524 (fitting noisy, chaotic trajectories)"
    )
    supplies_loss: ClassVar[bool] = True
    rolls_out: ClassVar[bool] = True
    options: Options

    def latents(
        self, plan: TrainingPlan, data: TrainingData, generators: tuple[torch.Generator, ...]
    ) -> dict[str, Latent]:
        cuts = (len(data.concentration) - 1) // plan.time_step + 1
        distance = data.concentration.new_zeros(len(generators), cuts, data.concentration.shape[1])
        return {STATES: Latent(distance, self.options.lr)}

    def loss(self, batch: Batch) -> Float[Tensor, " replicate"]:
        data, steps = batch.data, batch.time_step
        length = batch.full_time_step or steps
        unit, distance = data.spread * data.dt, batch.latents[STATES]
        replicates, cuts = distance.shape[:2]
        window = batch.draw(batch.starts.shape[1], cuts - 1)
        rows = torch.arange(replicates)[:, None]

        def state(cut: Tensor) -> Tensor:
            return (data.concentration[cut * length] + unit * distance[rows, cut]).clamp(min=0)

        start = state(window)
        trajectory = batch.rollout(start, steps)
        frames = window * length + torch.arange(steps + 1)[:, None, None]
        gap = torch.cat([start[None], trajectory]) - data.concentration[frames]
        loss = mean_of_each((gap / unit).square(), axis=1)
        if steps == length:
            jump = (trajectory[-1] - state(window + 1)) / unit
            loss = loss + self.options.continuity * mean_of_each(jump.square())
        return self.options.weight * loss
