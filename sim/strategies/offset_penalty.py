"""Offset penalty: a response at mid concentration costs, a slope about it does not."""

from typing import Annotated, ClassVar

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from blocks.base import Frozen
from sim.strategies.base import Strategy
from sim.training.plan import Batch
from sim.training.replicates import mean_of_each


class OffsetPenalty(Strategy):
    """Suppresses solutions of constant output, so that the slope has to carry the fit."""

    class Options(Frozen):
        weight: Annotated[
            float, Field(gt=0, le=1000, description="Weight of the penalty beside the data's loss.")
        ] = 0.1

    name: ClassVar[str] = "offset_penalty"
    auxiliary: ClassVar[bool] = True
    summary: ClassVar[str] = "penalises the squared output at mid concentration, against constant solutions"
    reference: ClassVar[str] = "Tikhonov & Arsenin 1977, Solutions of ill-posed problems, Winston"
    options: Options

    def loss(self, batch: Batch) -> Float[Tensor, " replicate"]:
        concentration = batch.data.concentration
        replicates, metabolites = batch.node.embedding.shape[:2]
        middle = concentration.new_full((replicates, 1, metabolites), batch.data.mid_concentration)
        response = batch.response(middle) / batch.data.response_scale
        return self.options.weight * mean_of_each(response.square())
