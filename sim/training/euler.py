"""A rollout by kernels, on a CPU: what sim/training/rollout.py does by tensor operations on any device.

All that is written to lies in arrays that are made once; an Euler step is a handful of calls, in which
nothing is copied or transposed.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from sim.kernels.gate import memory_of
from sim.layers import Layers, backward_compiled, forward_compiled, shelf
from sim.reaction.table import Pull
from sim.training.data import Reaction
from sim.weights import Stack


class CompiledTape(NamedTuple):
    """What the way back needs of a rollout."""

    trajectory: Float[ndarray, "step+1 replicate metabolite window"]
    """Concentrations, the start first, c.u."""

    layers: list[Layers]
    """Of each step."""

    pulls: list[Pull]
    """Back through the reactions of each step."""


def forwards(
    stack: Stack,
    reaction: Reaction,
    start: Float[Tensor, "replicate window metabolite"],
    *,
    steps: int,
    dt: float,
    keep: bool,
) -> tuple[Float[Tensor, "step replicate window metabolite"], CompiledTape]:
    """The trajectory, and what is behind it.

    Args:
        stack: All replicates, detached.
        reaction: The frozen reaction model.
        start: Concentrations to start from, c.u., float64.
        steps: Euler steps.
        dt: Length of a step, t.u.
        keep: Whether the way back will be asked for; else nothing is kept for it.
    """
    from sim.kernels.euler import advance

    replicates, windows, metabolites = start.shape
    whole = start.new_empty(steps + 1, replicates, metabolites, windows)
    whole[0] = start.mT
    tape = CompiledTape(memory_of(whole), [], [])
    for concentration, here, after in zip(whole.unbind(), tape.trajectory, tape.trajectory[1:], strict=False):
        rate, pull = reaction.linearised(concentration)
        change = memory_of(rate.contiguous())
        layers = forward_compiled(stack, here, out=change)
        if keep:
            tape.layers.append(layers)
            tape.pulls.append(pull)
        else:
            shelf.put(stack.kind, layers)
        advance(here, change, dt, after)
    return whole[1:].mT.contiguous(), tape


def backwards(
    stack: Stack,
    gradients: Stack,
    tape: CompiledTape,
    pulls: Float[Tensor, "step replicate window metabolite"],
    *,
    dt: float,
    isolated: bool,
) -> Float[Tensor, "replicate window metabolite"]:
    """Adds the gradients with respect to the weights, and returns that with respect to the start.

    Args:
        stack: As for `forwards`.
        gradients: A stack like that, to add to.
        tape: From `forwards`; its layers are used up.
        pulls: Gradient of the loss with respect to the trajectory.
        dt: Length of a step, t.u.
        isolated: Whether the gradient stops before the reaction.
    """
    from sim.kernels.euler import arrive

    own, trajectory = memory_of(pulls.mT.contiguous()), tape.trajectory
    adjoint, moved = np.zeros_like(trajectory[0]), np.empty_like(trajectory[0])
    for step in reversed(range(len(own))):
        arrive(adjoint, own[step], trajectory[step + 1], dt, moved)
        backward_compiled(stack, gradients, tape.layers[step], trajectory[step], moved, out=adjoint)
        if not isolated:
            adjoint += memory_of(tape.pulls[step](torch.from_numpy(moved)).contiguous())
    return torch.from_numpy(adjoint).mT.contiguous()
