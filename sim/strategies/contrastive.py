"""Unsupervised contrastive loss on embeddings, its groups taken from learned response curves.

No label has a part in it: two metabolites belong together in so far as MLP_node has learned the same
response for both, compared at the same concentrations.
"""

from typing import Annotated, ClassVar

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from blocks.base import Frozen
from sim.strategies.base import Strategy
from sim.training.data import TrainingData
from sim.training.plan import Batch

LOW, HIGH = 0.05, 0.95
"""Quantiles of all training concentrations that the curves are compared between."""


class Contrastive(Strategy):
    """Draws embeddings of alike curves together and pushes those of unlike ones apart.

    Every pair has a soft weight, exp(-(difference of curves / bandwidth)^2), by which it counts as alike.
    Differences of curves and distances of embeddings are taken relative to their own root mean square
    over all pairs of a replicate, so that the loss knows no scale. It begins after a share of the steps:
    before curves differ, they have nothing to say.
    """

    class Options(Frozen):
        weight: Annotated[
            float, Field(gt=0, le=1000, description="Weight of this loss beside the data's.")
        ] = 0.1
        begin: Annotated[
            float, Field(ge=0, lt=1, description="Share of the optimiser steps before it sets in.")
        ] = 0.5
        bandwidth: Annotated[
            float,
            Field(
                gt=0, le=2, description="Difference up to which curves are alike, over the rms difference."
            ),
        ] = 0.3
        margin: Annotated[
            float,
            Field(gt=0, le=4, description="Distance that unlike embeddings keep, over the rms distance."),
        ] = 1.0
        points: Annotated[int, Field(ge=2, le=256, description="Concentrations per response curve.")] = 16

    name: ClassVar[str] = "contrastive"
    summary: ClassVar[str] = "groups embeddings by the similarity of learned response curves, without labels"
    reference: ClassVar[str] = (
        "Hadsell, Chopra & LeCun 2006, Dimensionality reduction by learning an invariant mapping, CVPR"
    )
    options: Options

    def loss(self, batch: Batch) -> Float[Tensor, " replicate"] | None:
        if batch.progress < self.options.begin:
            return None
        replicates, metabolites = batch.node.embedding.shape[:2]
        grid = common_grid(batch.data, self.options.points)
        with torch.no_grad():
            curves = batch.response(grid[None, :, None].expand(replicates, -1, metabolites))
            difference = _relative(_squared_distances(curves.transpose(1, 2)))
            alike = torch.exp(-difference / self.options.bandwidth**2)
        distance = _relative(_squared_distances(batch.node.embedding.double()))
        # The root of zero has no gradient; coincident embeddings are not pushed in any direction.
        length = torch.where(distance > 0, distance, 1.0).sqrt()
        short = torch.where(distance > 0, (self.options.margin - length).clamp(min=0), 0.0)
        pairs = alike * distance + (1 - alike) * short.square()
        return self.options.weight * pairs.mean(dim=(1, 2))


def common_grid(data: TrainingData, points: int) -> Float[Tensor, " point"]:
    """Concentrations at which curves are compared: even quantiles of all that the data visit, c.u."""
    shares = torch.linspace(LOW, HIGH, points, dtype=data.concentration.dtype)
    ordered = data.concentration.flatten().sort().values
    return ordered[(shares * (len(ordered) - 1)).long()]


def _squared_distances(rows: Float[Tensor, "replicate row column"]) -> Float[Tensor, "replicate row row"]:
    return (rows[:, :, None] - rows[:, None]).square().sum(dim=-1)


def _relative(squares: Float[Tensor, "replicate row row"]) -> Float[Tensor, "replicate row row"]:
    """In units of the mean over a replicate's pairs, which the gradient takes for given."""
    mean = squares.detach().mean(dim=(1, 2), keepdim=True)
    return squares / mean.clamp(min=torch.finfo(squares.dtype).tiny)
