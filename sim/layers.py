"""The layers of a piece, forward and back: by kernels on a CPU, by tensor operations elsewhere.

The two differ in where the work is done and not in what is computed. Layers are handed on instead of freed,
since fresh memory costs more than using it.
"""

from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from sim.kernels import layers as kernels
from sim.kernels.build import memory_of, no_type_check
from sim.weights import Memory, NodeWeights, Piece

_NOTHING: Final = np.empty((0, 0))

_TANH_BACKWARD: Final = torch.ops.aten.tanh_backward.grad_input


class Layer(NamedTuple):
    """Room for a layer."""

    values: Float[Tensor, "row unit"]
    memory: Float[ndarray, "row unit"]
    """The same, for kernels; empty where none works on it."""

    compiled: bool


class Layers(NamedTuple):
    """What the way back needs of the evaluation of a piece."""

    rows: Float[Tensor, "metabolite window"]
    """Concentrations that went in, c.u."""

    first: Layer
    second: Layer


@no_type_check
def forward(
    piece: Piece,
    rows: Float[Tensor, "metabolite window"],
    *,
    out: Float[Tensor, "metabolite window"],
) -> Layers:
    """Writes the response of a piece, and returns the layers behind it.

    Args:
        piece: Detached weights.
        rows: Concentrations in the weights' dtype, c.u.
        out: To write to, c.u. per t.u.
    """
    found = Layers(rows, shelf.take(rows.numel(), piece), shelf.take(rows.numel(), piece))
    first, second = found.first.values, found.second.values
    one = piece.weights
    if piece.memory is not None:
        _forward_compiled(piece.memory, one, found, out)
        return found
    torch.addcmul(one.share[:, None], rows.unsqueeze(-1), one.input, out=first.view(*rows.shape, -1)).tanh_()
    torch.addmm(one.bias, first, one.hidden, out=second).tanh_()
    torch.addmv(one.offset, second, one.output, out=out.view(-1))
    if one.slope is not None:
        out.addcmul_(rows, one.slope[:, None])
    return found


@no_type_check
def backward(
    piece: Piece,
    gradient: Piece,
    layers: Layers,
    pull: Float[Tensor, "metabolite window"],
    *,
    out: Float[Tensor, "metabolite window"],
) -> None:
    """Adds the gradients with respect to the weights; writes that with respect to the concentration.

    The layers are used up.

    Args:
        piece: Detached weights.
        gradient: A piece like that, to add to.
        layers: From `forward`.
        pull: Gradient with respect to the response.
        out: To write to.
    """
    lower = shelf.take(pull.numel(), piece)
    if piece.memory is not None and gradient.memory is not None:
        _backward_compiled(piece.weights, piece.memory, gradient, gradient.memory, layers, lower, pull, out)
    else:
        _backward(piece.weights, gradient.weights, layers, lower.values, pull, out)
    shelf.put(lower, layers.first, layers.second)


@no_type_check
def _forward_compiled(memory: Memory, one: NodeWeights, layers: Layers, out: Tensor) -> None:
    # numpy's tanh is several times faster than torch's on a CPU, to the same ulp.
    here, first, second = memory_of(layers.rows), layers.first.memory, layers.second.memory
    kernels.enter(memory.share, here, memory.input, first)
    np.tanh(first, out=first)
    torch.addmm(one.bias, layers.first.values, one.hidden, out=layers.second.values)
    np.tanh(second, out=second)
    kernels.leave(second, here, memory.output, memory.offset, memory.slope, memory_of(out))


@no_type_check
def _backward_compiled(
    one: NodeWeights,
    memory: Memory,
    gradient: Piece,
    to: Memory,
    layers: Layers,
    lower: Layer,
    pull: Tensor,
    out: Tensor,
) -> None:
    first, upper, above = layers.first, layers.second, memory_of(pull)
    kernels.back_to_second(above.reshape(-1), upper.memory, memory.output, to.output, to.bias, to.offset)
    torch.mm(upper.values, one.hidden.T, out=lower.values)
    gradient.weights.hidden.addmm_(first.values.T, upper.values)
    kernels.back_to_rows(
        above,
        lower.memory,
        first.memory,
        memory_of(layers.rows),
        memory.input,
        memory.slope,
        to.input,
        to.share,
        to.slope,
        memory_of(out),
    )


@no_type_check
def _backward(
    one: NodeWeights, gradient: NodeWeights, layers: Layers, lower: Tensor, pull: Tensor, out: Tensor
) -> None:
    flat, first, second = pull.view(-1), layers.first.values, layers.second.values
    gradient.output.addmv_(second.T, flat)
    gradient.offset.add_(flat.sum())
    upper = _TANH_BACKWARD(torch.outer(flat, one.output), second, grad_input=second)
    torch.mm(upper, one.hidden.T, out=lower)
    gradient.hidden.addmm_(first.T, upper)
    gradient.bias.add_(upper.sum(dim=0))
    _TANH_BACKWARD(lower, first, grad_input=lower)
    gradient.input.addmv_(lower.T, layers.rows.view(-1))
    gradient.share.add_(lower.view(*pull.shape, -1).sum(dim=1))
    torch.mv(lower, one.input, out=out.view(-1))
    if one.slope is not None and gradient.slope is not None:
        gradient.slope.add_((pull * layers.rows).sum(dim=1))
        out.addcmul_(pull, one.slope[:, None])


class _Shelf:
    """Layers that nobody needs any more, for the next ones."""

    def __init__(self) -> None:
        self._free: defaultdict[tuple[object, ...], list[Layer]] = defaultdict(list)

    @no_type_check
    def take(self, rows: int, piece: Piece) -> Layer:
        """A layer of that many rows, whatever it holds, as wide as those of the piece and of their kind."""
        like = piece.weights.hidden
        compiled = piece.memory is not None
        free = self._free[rows, like.shape[0], like.dtype, like.device, compiled]
        if free:
            return free.pop()
        values = like.new_empty(rows, like.shape[0])
        return Layer(values, memory_of(values) if compiled else _NOTHING, compiled)

    @no_type_check
    def put(self, *layers: Layer) -> None:
        """Takes layers back, which nobody may use any more."""
        for layer in layers:
            values = layer.values
            self._free[len(values), values.shape[1], values.dtype, values.device, layer.compiled].append(
                layer
            )


shelf: Final = _Shelf()
