"""MLP_node as training evaluates it, thousands of times: its gradient is written out.

A `BoundNode` is MLP_node with the embeddings' share of the first layer computed once. It is evaluated in
one or more parts (sim/weights.py), each by the operations of its device (sim/layers.py).
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from sim.kernels.gate import memory_of
from sim.layers import Layers, backward, backward_compiled, forward, forward_compiled, shelf
from sim.weights import Kind, NodeWeights, Parts, Stack


class BoundNode:
    """The response as a function of concentration alone, c.u. per t.u.

    Args:
        weights: Of all replicates; tensors of the autograd graph, where they are to be trained.
    """

    def __init__(self, weights: NodeWeights) -> None:
        self.weights = weights

    def __call__(
        self, concentration: Float[Tensor, "replicate *batch metabolite"]
    ) -> Float[Tensor, "replicate *batch metabolite"]:
        """The response at the given concentrations (c.u.), in their shape and dtype; differentiable once."""
        result: Tensor = _Respond.apply(concentration, self.needs_gradient(concentration), *self.weights)  # type: ignore[no-untyped-call]
        return result

    def needs_gradient(self, concentration: Tensor) -> bool:
        """Whether anybody will ask for the gradient of what is computed now."""
        inputs = (concentration, *self.weights)
        return torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in inputs)


class Evaluated(NamedTuple):
    """What the way back needs of an evaluation."""

    rows: Float[Tensor, "replicate metabolite window"]
    """Concentrations, as the pieces take them, c.u."""

    layers: list[Layers]
    """In the order of the parts."""


def evaluate(
    parts: Parts, concentration: Float[Tensor, "replicate metabolite window"], *, keep: bool
) -> tuple[Float[Tensor, "replicate metabolite window"], Evaluated]:
    """The response, and what is behind it where `keep` says so.

    Args:
        parts: Of all replicates, detached.
        concentration: c.u.; of any dtype and strides.
        keep: Whether the way back will be asked for.

    Returns:
        Response, c.u. per t.u., and what `pull_back` takes.
    """
    rows = _copy(concentration, parts)
    answer = torch.zeros_like(rows)
    if isinstance(parts, Stack):
        layers = [forward_compiled(parts, memory_of(rows), out=memory_of(answer))]
    else:
        layers = [forward(one, rows[one.place], out=answer[one.place]) for one in parts]
    if not keep:
        for kind, behind in zip(_kinds(parts), layers, strict=True):
            shelf.put(kind, behind)
    return answer, Evaluated(rows, layers if keep else [])


def pull_back(
    parts: Parts,
    gradients: Parts,
    found: Evaluated,
    pull: Float[Tensor, "replicate metabolite window"],
) -> Float[Tensor, "replicate metabolite window"]:
    """Adds the gradients with respect to the weights, and returns that with respect to the concentration.

    The layers of `found` are used up.

    Args:
        parts: Of all replicates, detached.
        gradients: Parts like these, to add to.
        found: From `evaluate`.
        pull: Gradient with respect to the response; of any dtype and strides.
    """
    pull, rows = _copy(pull, parts), found.rows
    moved = torch.zeros_like(pull)
    if isinstance(parts, Stack):
        assert isinstance(gradients, Stack)
        above, behind = memory_of(pull), found.layers[0]
        backward_compiled(parts, gradients, behind, memory_of(rows), above, out=memory_of(moved))
        return moved
    assert not isinstance(gradients, Stack)
    for one, gradient, layers in zip(parts, gradients, found.layers, strict=True):
        backward(one, gradient, layers, rows[one.place], pull[one.place], out=moved[one.place])
    return moved


def _kinds(parts: Parts) -> list[Kind]:
    return [parts.kind] if isinstance(parts, Stack) else [one.kind for one in parts]


def _copy(values: Float[Tensor, "*shape"], parts: Parts) -> Float[Tensor, "*shape"]:
    """Contiguous, and as the operations of the parts take it: kernels in float64."""
    kind = _kinds(parts)[0]
    dtype = torch.float64 if kind.compiled else kind.dtype
    return torch.empty(values.shape, dtype=dtype, device=kind.device).copy_(values)


class _Respond(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, concentration: Tensor, keep: bool, *stacked: Tensor | None) -> Tensor:
        weights = NodeWeights(*stacked)  # type: ignore[arg-type]
        windows = concentration.reshape(len(weights.share), -1, concentration.shape[-1])
        compiled = weights.for_kernels
        parts = weights.copied(compiled=compiled).parts(windows.shape[1], compiled=compiled)
        answer, found = evaluate(parts, windows.mT, keep=keep)
        if keep:
            ctx.weights, ctx.parts, ctx.found, ctx.compiled = weights, parts, found, compiled
        return answer.mT.to(concentration.dtype).reshape(concentration.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, pull: Tensor) -> tuple[Tensor | None, ...]:
        gradients: NodeWeights = ctx.weights.zeros(compiled=ctx.compiled)
        windows = pull.reshape(len(gradients.share), -1, pull.shape[-1])
        to = gradients.parts(windows.shape[1], compiled=ctx.compiled)
        moved = pull_back(ctx.parts, to, ctx.found, windows.mT)
        del ctx.found  # its layers are used up
        return moved.mT.to(pull.dtype).reshape(pull.shape), None, *gradients
