"""Integral-form residuals: MLP_node regressed on averages of the residual over windows of frames."""

from typing import Annotated, ClassVar

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from blocks.base import Frozen
from sim.reaction.window import bump
from sim.strategies.base import Strategy
from sim.training.plan import Batch, TrainingPlan
from sim.training.replicates import for_each, mean_of_each


class WeakForm(Strategy):
    """For noisy data: a difference of neighbouring frames is mostly noise, its average over a window is not.

    Windows are smooth bumps, so that summed by parts the noise of each frame enters with a small weight.
    Every average counts in units of its spread over the training frames. Alone, the training spends its
    budget of Euler steps on the frames at which MLP_node is evaluated.
    """

    class Options(Frozen):
        width: Annotated[int, Field(ge=2, le=4096, description="Frames that a window spans.")] = 32
        samples: Annotated[
            int, Field(ge=2, le=1024, description="Frames of a window at which MLP_node is evaluated.")
        ] = 16
        weight: Annotated[float, Field(gt=0, le=1000, description="Weight of this loss beside others.")] = 1.0

    name: ClassVar[str] = "weak_form"
    summary: ClassVar[str] = "regresses MLP_node on the residual averaged over windows, against noise"
    reference: ClassVar[str] = (
        "Messenger & Bortz 2021, Weak SINDy: Galerkin-based data-driven model selection, "
        "Multiscale Model. Simul. 19(3)"
    )
    supplies_loss: ClassVar[bool] = True
    options: Options

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        return plan.regressing(self.options.samples)

    def loss(self, batch: Batch) -> Float[Tensor, " replicate"]:
        data = batch.data
        width = min(self.options.width, len(data.residual))
        average = data.averaged(width)
        starts = batch.draw(batch.starts.shape[1], len(average.residual))
        samples = min(self.options.samples, width)
        places = ((torch.arange(samples) + 0.5) * width / samples).long()
        weights = torch.from_numpy(bump(width))[places]
        concentration = data.concentration[starts[:, :, None] + places]
        replicates, windows, _, metabolites = concentration.shape
        response = batch.response(concentration.reshape(replicates, windows * samples, metabolites))
        response = response.view(replicates, windows, samples, metabolites)
        shares = weights / weights.sum()
        expected = for_each(lambda one: torch.einsum("wsm,s->wm", one, shares), response)
        error = (expected - average.residual[starts]) / average.spread
        return self.options.weight * mean_of_each(average.weight[starts] * error.square())
