"""MLP_node as training evaluates it, thousands of times: its gradient is written out.

A `BoundNode` is MLP_node with the embeddings' share of the first layer computed once. It is evaluated
piece by piece (sim/weights.py), each by the operations of its device (sim/layers.py).
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from sim.kernels.build import no_type_check
from sim.layers import Layers, backward, forward, shelf
from sim.weights import NodeWeights, Piece


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


@no_type_check
def evaluate(
    pieces: list[Piece], concentration: Float[Tensor, "replicate metabolite window"], *, keep: bool
) -> tuple[Float[Tensor, "replicate metabolite window"], list[Layers]]:
    """The response, and the layers behind it where `keep` says so.

    Args:
        pieces: Of all replicates, detached.
        concentration: c.u.; of any dtype and strides.
        keep: Whether the way back will be asked for.

    Returns:
        Response in the dtype of the weights, c.u. per t.u., and layers in the order of the pieces.
    """
    rows = _copy(concentration, like=pieces[0].weights.hidden)
    answer, tape = torch.empty_like(rows), []
    for one, here, there in zip(pieces, _cut(rows, pieces), _cut(answer, pieces), strict=True):
        layers = forward(one, here, out=there)
        if keep:
            tape.append(layers)
        else:
            shelf.put(layers.first, layers.second)
    return answer, tape


@no_type_check
def pull_back(
    pieces: list[Piece],
    gradients: list[Piece],
    tape: list[Layers],
    pull: Float[Tensor, "replicate metabolite window"],
) -> Float[Tensor, "replicate metabolite window"]:
    """Adds the gradients with respect to the weights, and returns that with respect to the concentration.

    The layers of `tape` are used up.

    Args:
        pieces: Of all replicates, detached.
        gradients: Pieces like these, to add to.
        tape: From `evaluate`.
        pull: Gradient with respect to the response; of any dtype and strides.
    """
    pull = _copy(pull, like=pieces[0].weights.hidden)
    moved = torch.empty_like(pull)
    for one, gradient, layers, here, there in zip(
        pieces, gradients, tape, _cut(pull, pieces), _cut(moved, pieces), strict=True
    ):
        backward(one, gradient, layers, here, out=there)
    return moved


@no_type_check
def _copy(values: Tensor, *, like: Tensor) -> Tensor:
    return torch.empty(values.shape, dtype=like.dtype, device=like.device).copy_(values)


@no_type_check
def _cut(values: Float[Tensor, "replicate metabolite window"], pieces: list[Piece]) -> tuple[Tensor, ...]:
    flat = values.view(-1, values.shape[2])
    if len(pieces) == 1:
        return (flat,)
    return torch.split(flat, [len(one.weights.share) for one in pieces])


class _Respond(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, concentration: Tensor, keep: bool, *stacked: Tensor | None) -> Tensor:
        weights = NodeWeights(*stacked)  # type: ignore[arg-type]
        windows = concentration.reshape(len(weights.share), -1, concentration.shape[-1])
        pieces = weights.aligned().pieces(windows.shape[1])
        answer, tape = evaluate(pieces, windows.mT, keep=keep)
        if keep:
            ctx.weights, ctx.pieces, ctx.tape = weights, pieces, tape
        return _copy(answer.mT, like=concentration).view(concentration.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, pull: Tensor) -> tuple[Tensor | None, ...]:
        gradients: NodeWeights = ctx.weights.zeros()
        windows = pull.reshape(len(gradients.share), -1, pull.shape[-1])
        moved = pull_back(ctx.pieces, gradients.pieces(windows.shape[1]), ctx.tape, windows.mT)
        del ctx.tape  # its layers are used up
        return _copy(moved.mT, like=pull).view(pull.shape), None, *gradients
