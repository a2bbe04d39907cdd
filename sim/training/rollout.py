"""Trajectories of the learned model by explicit Euler, and their distance to the observed ones.

All windows of all replicates advance together: an Euler step costs one evaluation of the reaction
table and one of MLP_node, and a handful of small operations.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from sim.node import Response
from sim.training.data import Reaction


def rollout(
    response: Response,
    reaction: Reaction,
    *,
    start: Float[Tensor, "replicate window metabolite"],
    steps: int,
    dt: float,
    isolated: bool = False,
) -> Float[Tensor, "step replicate window metabolite"]:
    """c(t + dt) = max(0, c(t) + dt * (response(c) + reaction(c))), back-propagated through all steps.

    Args:
        response: MLP_node with its embeddings, c.u. per t.u.; pass `node.bound()`, so that the
            embedding's share is computed once.
        reaction: The frozen reaction model.
        start: Concentrations at the first frame of each window, c.u.
        steps: Euler steps, at least 1.
        dt: Length of a step, t.u.
        isolated: Whether the gradient stops before the reaction: values stay, but what an earlier response
            did to later rates is left out of the gradient.

    Returns:
        Concentrations after 1 .. `steps` steps, c.u.
    """
    trajectory = []
    concentration = start
    for _ in range(steps):
        # A diverged replicate stays NaN through its response; a table cannot be looked up at NaN.
        seen = concentration.detach() if isolated else concentration
        change = response(concentration) + reaction.rate(seen.nan_to_num())
        concentration = torch.add(concentration, change, alpha=dt).clamp(min=0)
        trajectory.append(concentration)
    return torch.stack(trajectory)


def rollout_loss(
    trajectory: Float[Tensor, "step replicate window metabolite"],
    observed: Float[Tensor, "step replicate window metabolite"],
    *,
    spread: Float[Tensor, " metabolite"],
    dt: float,
) -> Float[Tensor, " replicate"]:
    """Mean squared error, in units of what an unexplained residual adds up to by each step.

    After n steps a residual of size `spread` has moved a metabolite by about n * dt * spread. In
    that unit each metabolite and each step counts alike, and a model without MLP_node starts near 1.

    Args:
        trajectory: Predicted concentrations, c.u.
        observed: Observed concentrations at the same times, c.u.
        spread: Scale of each metabolite's residual, c.u. per t.u.
        dt: Length of a step, t.u.
    """
    steps = torch.arange(1, len(trajectory) + 1, dtype=spread.dtype)
    unit = (steps[:, None] * spread * dt)[:, None, None, :]
    return ((trajectory - observed) / unit).square().mean(dim=(0, 2, 3))
