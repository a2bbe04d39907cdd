"""How large a residual is: in averages over windows of frames, and on the scale of its metabolite.

A change that is not trusted has no weight, and no average in which it takes part; what never moves has an
infinite scale, and so no weight in any loss.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sim.reaction.window import bump


@dataclass(frozen=True)
class Averages:
    """The residual averaged over every window of some width."""

    residual: Float[Tensor, "window metabolite"]
    """c.u. per t.u."""

    weight: Float[Tensor, "window metabolite"]
    """1 where every change of the window is trusted, else 0."""

    spread: Float[Tensor, " metabolite"]
    """Scale of each metabolite's averages, c.u. per t.u."""


def averages(
    residual: Float[Tensor, "change metabolite"],
    weight: Float[Tensor, "change metabolite"],
    *,
    moving: Bool[Tensor, " metabolite"],
    width: int,
) -> Averages:
    """The residual in integral form, over smooth windows that begin at every change.

    Args:
        residual: dc/dt - reaction, c.u. per t.u.
        weight: Of each change, 0 or 1.
        moving: Which metabolites move.
        width: Frames that a window spans, at most as many as there are changes.
    """
    average = residual.unfold(0, width, 1) @ torch.from_numpy(bump(width)).to(residual.dtype)
    trusted = (weight.unfold(0, width, 1).amin(dim=-1) > 0).to(residual.dtype)
    return Averages(average, trusted, residual_spread(average, moving=moving, weight=trusted))


def moving(concentration: Float[Tensor, "frame metabolite"]) -> Bool[Tensor, " metabolite"]:
    """Which metabolites move at all; of the others' regulation the data say nothing."""
    return (concentration != concentration[0]).any(dim=0)


def line_deviation(
    concentration: Float[Tensor, "frame metabolite"], covariance: Float[Tensor, "metabolite 2 2"]
) -> Float[Tensor, " metabolite"]:
    """Standard deviation of an uncertain line over the concentrations of its metabolite, c.u. per t.u.

    Args:
        concentration: Where the line is looked at, c.u.
        covariance: Of slope and offset.
    """
    mean, square = concentration.mean(dim=0), concentration.square().mean(dim=0)
    slope, mixed, offset = covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
    return (square * slope + 2 * mean * mixed + offset).clamp(min=0).sqrt()


def residual_spread(
    residual: Float[Tensor, "change metabolite"],
    *,
    moving: Bool[Tensor, " metabolite"] | None = None,
    weight: Float[Tensor, "change metabolite"] | None = None,
) -> Float[Tensor, " metabolite"]:
    """Standard deviation of each metabolite's residual, at least a tenth of its mean, c.u. per t.u.

    A metabolite that hardly moves has next to no spread and would outweigh all others; it gets the
    tenth of its mean, or where that is nothing too, a thousandth of the median metabolite.

    Args:
        residual: dc/dt - reaction, c.u. per t.u.
        moving: Which metabolites move; the others get an infinite scale, and so no weight. Default: all.
        weight: Of each change; a metabolite without any gets an infinite scale too. Default: all alike.
    """
    weight = torch.ones_like(residual) if weight is None else weight
    total = weight.sum(dim=0)
    mean = (weight * residual).sum(dim=0) / total.clamp(min=1)
    variance = (weight * (residual - mean).square()).sum(dim=0) / total.clamp(min=1)
    spread = (variance + (0.1 * mean).square()).sqrt()
    moving = (total > 0) if moving is None else moving & (total > 0)
    if not bool(moving.any()):
        moving = torch.ones_like(spread, dtype=torch.bool)
    floor = 1e-3 * float(spread[moving].median()) or torch.finfo(torch.float32).tiny
    return spread.clamp(min=floor).where(moving, torch.inf)
