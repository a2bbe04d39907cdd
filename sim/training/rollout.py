"""Trajectories of the learned model by explicit Euler, and their distance to the observed ones.

All windows of all replicates advance together. The gradient is written out (the discrete adjoint of the
Euler steps): what an autograd graph of thousands of small operations would compute, without the graph.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from sim.reaction.table import Pull
from sim.response import BoundNode, Evaluated, evaluate, pull_back
from sim.training.data import Reaction
from sim.training.euler import CompiledTape, backwards, forwards
from sim.training.replicates import mean_of_each
from sim.weights import NodeWeights, Parts, Stack

_HELD_BACKWARD = torch.ops.aten.threshold_backward.grad_input


def rollout(
    response: BoundNode | None,
    reaction: Reaction,
    *,
    start: Float[Tensor, "replicate window metabolite"],
    steps: int,
    dt: float,
    isolated: bool = False,
    compiled: bool | None = None,
) -> Float[Tensor, "step replicate window metabolite"]:
    """c(t + dt) = max(0, c(t) + dt * (response(c) + reaction(c))); differentiable once.

    Args:
        response: MLP_node with its embeddings, c.u. per t.u.; None for the reactions alone, no gradient.
        reaction: The frozen reaction model.
        start: Concentrations at the first frame of each window, c.u.
        steps: Euler steps, at least 1.
        dt: Length of a step, t.u.
        isolated: Whether the gradient stops before the reaction: values stay, but what an earlier response
            did to later rates is left out of the gradient.
        compiled: Whether kernels do it; default: on a CPU.

    Returns:
        Concentrations after 1 .. `steps` steps, c.u.

    Source of the adjoint: Werbos 1990, Backpropagation through time, Proc. IEEE 78(10).
    """
    course = _Course(reaction, steps, dt, isolated, compiled)
    if response is None:
        return _euler(course, start.detach(), None, None)
    keep = response.needs_gradient(start)
    result: Tensor = _Rollout.apply(start, course, keep, *response.weights)  # type: ignore[no-untyped-call]
    return result


@dataclass(frozen=True)
class _Course:
    """What a rollout follows beside MLP_node."""

    reaction: Reaction
    steps: int
    dt: float
    isolated: bool
    compiled: bool | None


class _Step(NamedTuple):
    """What the way back needs of an Euler step."""

    found: Evaluated | None
    pull: Pull
    reached: Float[Tensor, "replicate metabolite window"]
    """Concentrations after it, c.u."""


def _euler(
    course: _Course,
    start: Float[Tensor, "replicate window metabolite"],
    parts: Parts | None,
    tape: list[_Step] | None,
) -> Float[Tensor, "step replicate window metabolite"]:
    """The trajectory; on the tape it notes what the way back needs."""
    concentration = start.mT.contiguous()
    trajectory = start.new_empty((course.steps, *concentration.shape))
    for reached in trajectory.unbind():
        change, pull = course.reaction.linearised(concentration)
        found = None
        if parts is not None:
            answer, found = evaluate(parts, concentration, keep=tape is not None)
            change += answer
        torch.add(concentration, change, alpha=course.dt, out=reached).clamp_(min=0)
        concentration = reached
        if tape is not None:
            tape.append(_Step(found, pull, concentration))
    return trajectory.mT.contiguous()


def _back(
    course: _Course,
    pulls: Float[Tensor, "step replicate window metabolite"],
    parts: Parts,
    gradients: Parts,
    tape: list[_Step],
) -> Float[Tensor, "replicate window metabolite"]:
    """Adds the gradients with respect to the weights, and returns that with respect to the start."""
    adjoint = torch.zeros_like(tape[0].reached)
    for step, pull in zip(reversed(tape), reversed(pulls.mT.contiguous().unbind()), strict=True):
        adjoint += pull
        # Where a concentration was held at 0, nothing passes.
        _HELD_BACKWARD(adjoint, step.reached, 0, grad_input=adjoint)
        moved = adjoint * course.dt
        if step.found is not None:
            adjoint += pull_back(parts, gradients, step.found, moved)
        if not course.isolated:
            adjoint += step.pull(moved)
    return adjoint.mT.contiguous()


class _Rollout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, start: Tensor, course: _Course, keep: bool, *stacked: Tensor | None) -> Tensor:
        weights = NodeWeights(*stacked)  # type: ignore[arg-type]
        compiled = weights.for_kernels if course.compiled is None else course.compiled
        parts = weights.copied(compiled=compiled).parts(start.shape[1], compiled=compiled)
        tape: CompiledTape | list[_Step]
        if isinstance(parts, Stack) and start.dtype is torch.float64:
            steps, dt = course.steps, course.dt
            trajectory, tape = forwards(parts, course.reaction, start, steps=steps, dt=dt, keep=keep)
        else:
            tape = []
            trajectory = _euler(course, start, parts, tape if keep else None)
        if keep:
            ctx.course, ctx.weights, ctx.parts, ctx.tape = course, weights, parts, tape
        return trajectory

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, pulls: Tensor) -> tuple[Tensor | None, ...]:
        compiled = isinstance(ctx.parts, Stack)
        gradients: NodeWeights = ctx.weights.zeros(compiled=compiled)
        tape, course = ctx.tape, ctx.course
        to = gradients.parts(pulls.shape[2], compiled=compiled)
        del ctx.tape  # its layers are used up
        if isinstance(tape, CompiledTape):
            assert isinstance(to, Stack)
            moved = backwards(ctx.parts, to, tape, pulls, dt=course.dt, isolated=course.isolated)
            return moved, None, None, *gradients
        return _back(course, pulls, ctx.parts, to, tape), None, None, *gradients


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
    return mean_of_each(((trajectory - observed) / unit).square(), axis=1)
