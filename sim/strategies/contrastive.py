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
from sim.training.replicates import for_each, sum_of_each

LOW, HIGH = 0.05, 0.95
"""Quantiles of all training concentrations that the curves are compared between."""

_PER_METABOLITE = 64
"""Quantiles of each metabolite that stand for all of its frames."""

_TINY = torch.finfo(torch.float64).tiny


class Contrastive(Strategy):
    """Draws embeddings of alike curves together and pushes those of unlike ones apart.

    Every pair has a soft weight, exp(-(difference of curves / bandwidth)^2), by which it counts as alike.
    Two curves are compared where both metabolites have been; pairs that share no concentration are left out.
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
    auxiliary: ClassVar[bool] = True
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
        visited = visits(batch.data, grid)
        comparable = ((visited @ visited.T) > 0).double()
        with torch.no_grad():
            response = batch.response(grid[None, :, None].expand(replicates, -1, metabolites))
            difference = for_each(
                lambda curves: curve_differences(curves[None], visited)[0], response.transpose(1, 2)
            )
            alike = torch.exp(-difference / self.options.bandwidth**2)
        embedding = batch.node.embedding.double()
        squares = (embedding[:, :, None] - embedding[:, None]).square().sum(dim=-1)
        scale = _mean(squares.detach(), comparable).clamp(min=_TINY)
        distance = squares / scale[:, None, None]
        # The root of zero has no gradient; coincident embeddings are not pushed in any direction.
        length = torch.where(distance > 0, distance, 1.0).sqrt()
        short = torch.where(distance > 0, (self.options.margin - length).clamp(min=0), 0.0)
        pairs = alike * distance + (1 - alike) * short.square()
        # Times the root mean square, so that the pull on an embedding is the same at any scale.
        return self.options.weight * scale.sqrt() * _mean(pairs, comparable)


def common_grid(data: TrainingData, points: int) -> Float[Tensor, " point"]:
    """Concentrations at which curves are compared: even quantiles of all that the data visit, c.u."""
    pooled = _quantiles(data.ordered, torch.linspace(0, 1, _PER_METABOLITE)).flatten().sort().values
    return _quantiles(pooled, torch.linspace(LOW, HIGH, points))


def visits(data: TrainingData, grid: Float[Tensor, " point"]) -> Float[Tensor, "metabolite point"]:
    """1 where a metabolite visits a concentration of the grid, 0 elsewhere.

    Only there has its curve been learned; beyond, it is whatever the network makes of it.
    """
    low, high = _quantiles(data.ordered, torch.tensor([LOW, HIGH]))
    inside: Tensor = (grid >= low[:, None]) & (grid <= high[:, None])
    return inside.double()


def curve_differences(
    curves: Float[Tensor, "replicate metabolite point"], visited: Float[Tensor, "metabolite point"]
) -> Float[Tensor, "replicate metabolite metabolite"]:
    """Squared difference of every two curves over that of the average pair at the same concentrations.

    The concentrations are those that both metabolites visit; 0 for pairs that share none. Without
    dimension: where all curves meet, small differences count as much as large ones do elsewhere.
    """
    seen = curves * visited
    squares = seen.square() @ visited.T
    total = squares + squares.transpose(1, 2) - 2 * seen @ seen.transpose(1, 2)
    visitors = visited.sum(dim=0).clamp(min=1)
    mean = seen.sum(dim=1) / visitors
    typical = 2 * (visited * (curves - mean[:, None]).square()).sum(dim=1) / visitors
    return total.clamp(min=0) / ((visited * typical[:, None]) @ visited.T).clamp(min=_TINY)


def _quantiles(
    ordered: Float[Tensor, "value ..."], shares: Float[Tensor, " share"]
) -> Float[Tensor, "share ..."]:
    positions = (shares * (len(ordered) - 1)).round().long()
    return ordered.index_select(0, positions)


def _mean(
    pairs: Float[Tensor, "replicate row row"], counted: Float[Tensor, "row row"]
) -> Float[Tensor, " replicate"]:
    return sum_of_each(pairs * counted) / counted.sum()
