"""MLP_node as training evaluates it, thousands of times: its gradient is written out.

A `BoundNode` is MLP_node with the embeddings' share of the first layer computed once. It is evaluated
piece by piece: some metabolites of one replicate at all windows, few enough for what one layer leaves to be
in the cache when the next one takes it. No operation spans two replicates: company changes no bit of any.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

ROWS_AT_ONCE: Final = 1024
"""Rows of a layer that are worked on together: two layers of 64 units then fit into 1 MiB of cache."""

CACHE_LINE: Final = 64  # bytes; memory of a tensor of its own begins at a multiple of it

Function = TypeVar("Function", bound=Callable[..., Any])


def no_type_check(function: Function) -> Function:
    """Spares a function the run-time check of shapes that tests switch on: it takes longer than the work.

    The check goes by this name; static checkers do look at the function.
    """
    return function


_TANH_BACKWARD = torch.ops.aten.tanh_backward.grad_input


class NodeWeights(NamedTuple):
    """What a response is computed from, scales included; of a piece, or of all replicates in a stack."""

    share: Float[Tensor, "*replicate metabolite unit"]
    """What embedding and bias put into the first layer."""

    input: Float[Tensor, "*replicate unit"]
    """Per c.u."""

    hidden: Float[Tensor, "*replicate unit unit"]
    bias: Float[Tensor, "*replicate unit"]
    output: Float[Tensor, "*replicate unit"]
    """c.u. per t.u."""

    offset: Float[Tensor, "*replicate"]
    """c.u. per t.u."""

    slope: Float[Tensor, "*replicate metabolite"] | None = None
    """Of the skip connection, 1 per t.u.; None where there is none."""

    def zeros(self) -> "NodeWeights":
        """Of the same shapes, to add gradients to; aligned as well."""
        return NodeWeights(*(None if one is None else _room_like(one).zero_() for one in self))  # type: ignore[arg-type]

    def aligned(self) -> "NodeWeights":
        """The same, each replicate's share of a stack beginning where it would if it were alone.

        Matrix products round according to where their operands lie within a cache line.
        """
        return NodeWeights(*(None if one is None else _room_like(one).copy_(one) for one in self))  # type: ignore[arg-type]

    def pieces(self, n_windows: int) -> list["NodeWeights"]:
        """The stack cut up, replicate by replicate; pieces are views of it.

        Args:
            n_windows: At how many concentrations each metabolite is evaluated.
        """
        at_once = max(1, ROWS_AT_ONCE // max(1, n_windows))
        found = []
        parts = [[None] * len(self.share) if stack is None else stack.unbind() for stack in self]
        for one in (NodeWeights(*replicate) for replicate in zip(*parts, strict=True)):
            for begin in range(0, len(one.share), at_once):
                metabolites = slice(begin, begin + at_once)
                slope = None if one.slope is None else one.slope[metabolites, None]
                found.append(one._replace(share=one.share[metabolites, None], slope=slope))
        return found


class Layers(NamedTuple):
    """What the way back needs of the evaluation of a piece."""

    rows: Float[Tensor, "metabolite window"]
    """Concentrations that went in, c.u."""

    first: Float[Tensor, "row unit"]
    second: Float[Tensor, "row unit"]


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
    pieces: list[NodeWeights], concentration: Float[Tensor, "replicate metabolite window"], *, keep: bool
) -> tuple[Float[Tensor, "replicate metabolite window"], list[Layers]]:
    """The response, and the layers behind it where `keep` says so.

    Args:
        pieces: Of all replicates, detached.
        concentration: c.u.; of any dtype and strides.
        keep: Whether the way back will be asked for.

    Returns:
        Response in the dtype of the weights, c.u. per t.u., and layers in the order of the pieces.
    """
    rows = _copy(concentration, like=pieces[0].hidden)
    answer, tape = torch.empty_like(rows), []
    for one, here, there in zip(pieces, _cut(rows, pieces), _cut(answer, pieces), strict=True):
        layers = _layers(one, here)
        torch.addmv(one.offset, layers.second, one.output, out=there.view(-1))
        if one.slope is not None:
            there.addcmul_(here, one.slope)
        if keep:
            tape.append(layers)
        else:
            _shelf.put(layers.first, layers.second)
    return answer, tape


@no_type_check
def pull_back(
    pieces: list[NodeWeights],
    gradients: list[NodeWeights],
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
    pull = _copy(pull, like=pieces[0].hidden)
    moved = torch.empty_like(pull)
    for one, gradient, layers, here, there in zip(
        pieces, gradients, tape, _cut(pull, pieces), _cut(moved, pieces), strict=True
    ):
        _pull_back(one, gradient, layers, here, out=there)
    return moved


def _room_like(stack: Float[Tensor, "replicate ..."]) -> Float[Tensor, "replicate ..."]:
    """Room for such a stack in which each replicate's share begins at a cache line."""
    size, line = stack[0].numel(), CACHE_LINE // stack.element_size()
    if stack.dim() == 1 or size % line == 0:
        return stack.new_empty(stack.shape)
    room: Tensor = stack.new_empty(len(stack), size + line - size % line)
    return room[:, :size].view(stack.shape)


@no_type_check
def _copy(values: Tensor, *, like: Tensor) -> Tensor:
    return torch.empty(values.shape, dtype=like.dtype, device=like.device).copy_(values)


@no_type_check
def _cut(
    values: Float[Tensor, "replicate metabolite window"], pieces: list[NodeWeights]
) -> tuple[Tensor, ...]:
    flat = values.view(-1, values.shape[2])
    return (flat,) if len(pieces) == 1 else torch.split(flat, [len(one.share) for one in pieces])


@no_type_check
def _layers(one: NodeWeights, rows: Float[Tensor, "metabolite window"]) -> Layers:
    first, second = _shelf.take(rows.numel(), one.hidden), _shelf.take(rows.numel(), one.hidden)
    torch.addcmul(one.share, rows.unsqueeze(-1), one.input, out=first.view(*rows.shape, -1))
    tanh_(first)
    torch.addmm(one.bias, first, one.hidden, out=second)
    tanh_(second)
    return Layers(rows, first, second)


@no_type_check
def _pull_back(
    one: NodeWeights,
    gradient: NodeWeights,
    layers: Layers,
    pull: Float[Tensor, "metabolite window"],
    *,
    out: Float[Tensor, "metabolite window"],
) -> None:
    flat = pull.view(-1)
    upper, lower = _shelf.take(flat.numel(), one.hidden), _shelf.take(flat.numel(), one.hidden)
    torch.outer(flat, one.output, out=upper)
    _TANH_BACKWARD(upper, layers.second, grad_input=upper)
    torch.mm(upper, one.hidden.T, out=lower)
    _TANH_BACKWARD(lower, layers.first, grad_input=lower)
    gradient.output.addmv_(layers.second.T, flat)
    gradient.offset.add_(flat.sum())
    gradient.hidden.addmm_(layers.first.T, upper)
    gradient.bias.add_(upper.sum(dim=0))
    gradient.input.addmv_(lower.T, layers.rows.view(-1))
    gradient.share.add_(lower.view(*pull.shape, -1).sum(dim=1, keepdim=True))
    torch.mv(lower, one.input, out=out.view(-1))
    if one.slope is not None and gradient.slope is not None:
        gradient.slope.add_((pull * layers.rows).sum(dim=1, keepdim=True))
        out.addcmul_(pull, one.slope)
    _shelf.put(upper, lower, layers.first, layers.second)


@no_type_check
def tanh_(values: Float[Tensor, "*shape"]) -> None:
    """Hyperbolic tangent in place; numpy's is several times faster than torch's on a CPU, to the same ulp.

    Args:
        values: Contiguous.
    """
    if values.device.type == "cpu":
        array = values.numpy()
        np.tanh(array, out=array)
    else:
        values.tanh_()


class _Shelf:
    """Layers that nobody needs any more, for the next ones: fresh memory costs more than using it."""

    def __init__(self) -> None:
        self._free: defaultdict[tuple[object, ...], list[Tensor]] = defaultdict(list)

    @no_type_check
    def take(self, rows: int, like: Float[Tensor, "unit unit"]) -> Float[Tensor, "row unit"]:
        """A layer of that many rows, whatever it holds, as wide as `like` and of its kind."""
        free = self._free[rows, like.shape[0], like.dtype, like.device]
        return free.pop() if free else like.new_empty(rows, like.shape[0])

    @no_type_check
    def put(self, *layers: Float[Tensor, "row unit"]) -> None:
        """Takes layers back, which nobody may use any more."""
        for layer in layers:
            self._free[len(layer), layer.shape[1], layer.dtype, layer.device].append(layer)


_shelf = _Shelf()


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
