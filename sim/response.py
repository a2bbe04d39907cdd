"""MLP_node as training evaluates it, thousands of times: its gradient is written out.

A `BoundNode` is MLP_node with the embeddings' share of the first layer computed once. It is evaluated
piece by piece (sim/weights.py), each by the operations of its device (sim/layers.py).
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor
from torch.autograd.function import once_differentiable

from sim.kernels.gate import memory_of, no_type_check
from sim.layers import Layers, backward, backward_compiled, forward, forward_compiled, shelf
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


class Evaluated(NamedTuple):
    """What the way back needs of an evaluation."""

    rows: Float[Tensor, "replicate metabolite window"]
    """Concentrations, as the pieces take them, c.u."""

    layers: list[Layers]
    """In the order of the pieces."""


def evaluate(
    pieces: list[Piece], concentration: Float[Tensor, "replicate metabolite window"], *, keep: bool
) -> tuple[Float[Tensor, "replicate metabolite window"], Evaluated]:
    """The response, and what is behind it where `keep` says so.

    Args:
        pieces: Of all replicates, detached.
        concentration: c.u.; of any dtype and strides.
        keep: Whether the way back will be asked for.

    Returns:
        Response, c.u. per t.u., and what `pull_back` takes.
    """
    rows = _copy(concentration, like=pieces[0])
    answer = torch.zeros_like(rows)
    if pieces[0].kind.compiled:
        layers = respond(pieces, memory_of(rows), out=memory_of(answer))
    else:
        layers = [forward(one, rows[one.place], out=answer[one.place]) for one in pieces]
    if not keep:
        give_back(pieces, layers)
    return answer, Evaluated(rows, layers if keep else [])


def pull_back(
    pieces: list[Piece],
    gradients: list[Piece],
    found: Evaluated,
    pull: Float[Tensor, "replicate metabolite window"],
) -> Float[Tensor, "replicate metabolite window"]:
    """Adds the gradients with respect to the weights, and returns that with respect to the concentration.

    The layers of `found` are used up.

    Args:
        pieces: Of all replicates, detached.
        gradients: Pieces like these, to add to.
        found: From `evaluate`.
        pull: Gradient with respect to the response; of any dtype and strides.
    """
    pull, rows = _copy(pull, like=pieces[0]), found.rows
    moved = torch.zeros_like(pull)
    if pieces[0].kind.compiled:
        respond_back(pieces, gradients, found.layers, memory_of(rows), memory_of(pull), out=memory_of(moved))
        return moved
    for one, gradient, layers in zip(pieces, gradients, found.layers, strict=True):
        backward(one, gradient, layers, rows[one.place], pull[one.place], out=moved[one.place])
    return moved


@no_type_check
def respond(
    pieces: list[Piece],
    rows: Float[ndarray, "replicate metabolite window"],
    *,
    out: Float[ndarray, "replicate metabolite window"],
) -> list[Layers]:
    """Adds the response to `out` by kernels, and returns the layers behind it.

    Args:
        pieces: Of all replicates, detached; for kernels.
        rows: Concentrations, c.u.
        out: c.u. per t.u.
    """
    return [forward_compiled(one, rows[one.place], out=out[one.place]) for one in pieces]


@no_type_check
def respond_back(
    pieces: list[Piece],
    gradients: list[Piece],
    layers: list[Layers],
    rows: Float[ndarray, "replicate metabolite window"],
    pull: Float[ndarray, "replicate metabolite window"],
    *,
    out: Float[ndarray, "replicate metabolite window"],
) -> None:
    """Adds the gradients with respect to the weights, and to `out` that with respect to the concentration.

    Args:
        pieces: As for `respond`.
        gradients: Pieces like these, to add to.
        layers: From `respond`; they are used up.
        rows: As for `respond`.
        pull: Gradient with respect to the response.
        out: To add to.
    """
    for one, gradient, behind in zip(pieces, gradients, layers, strict=True):
        place = one.place
        backward_compiled(one, gradient, behind, rows[place], pull[place], out=out[place])


def give_back(pieces: list[Piece], layers: list[Layers]) -> None:
    """Lets go of layers that nobody will ask for."""
    for one, behind in zip(pieces, layers, strict=True):
        shelf.put(one.kind, behind)


def _copy(values: Float[Tensor, "*shape"], *, like: Piece) -> Float[Tensor, "*shape"]:
    """Contiguous, and as the operations of the pieces take it: kernels in float64."""
    dtype = torch.float64 if like.kind.compiled else like.kind.dtype
    return torch.empty(values.shape, dtype=dtype, device=like.kind.device).copy_(values)


class _Respond(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, concentration: Tensor, keep: bool, *stacked: Tensor | None) -> Tensor:
        weights = NodeWeights(*stacked)  # type: ignore[arg-type]
        windows = concentration.reshape(len(weights.share), -1, concentration.shape[-1])
        pieces = weights.aligned().pieces(windows.shape[1])
        answer, found = evaluate(pieces, windows.mT, keep=keep)
        if keep:
            ctx.weights, ctx.pieces, ctx.found = weights, pieces, found
        return answer.mT.to(concentration.dtype).reshape(concentration.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, pull: Tensor) -> tuple[Tensor | None, ...]:
        gradients: NodeWeights = ctx.weights.zeros()
        windows = pull.reshape(len(gradients.share), -1, pull.shape[-1])
        moved = pull_back(ctx.pieces, gradients.pieces(windows.shape[1]), ctx.found, windows.mT)
        del ctx.found  # its layers are used up
        return moved.mT.to(pull.dtype).reshape(pull.shape), None, *gradients
