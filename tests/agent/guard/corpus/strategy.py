"""A whole strategy made of a snippet, for the layers that train: its hint steers the gradient of MLP_node."""

_BEFORE = '''\
"""A strategy that somebody brought along; its hint goes into the loss."""

from typing import ClassVar

import torch as _torch

from sim.strategies.base import Strategy
from sim.training.replicates import mean_of_each as _mean_of_each


'''

_AFTER = '''


def _numbers(value):
    """All numbers of a tensor, an array, a number, or lists of them, in their order."""
    if isinstance(value, _torch.Tensor):
        return value.detach().double().flatten()
    if isinstance(value, (list, tuple)):
        return _torch.cat([_numbers(one) for one in value])
    return _torch.as_tensor(value, dtype=_torch.float64).flatten()


def _factor(value):
    """A number in 0.5 .. 1.5 that depends on every number and on its place; NaN stays NaN."""
    numbers = _numbers(value)
    place = _torch.arange(1, len(numbers) + 1, dtype=_torch.float64)
    return 1 + 0.5 * _torch.sin((numbers * (1 + _torch.cos(place) / 2)).sum())


class Snippet(Strategy):
    """Pulls the response towards its expected size, as strongly as the hint says."""

    name: ClassVar[str] = "snippet"
    summary: ClassVar[str] = "pulls the response towards its expected size, by a hint"
    reference: ClassVar[str] = "none: a snippet of the corpus"
    supplies_loss: ClassVar[bool] = False

    def loss(self, batch):
        concentration = batch.data.concentration[:4]
        replicates = batch.node.embedding.shape[0]
        response = batch.response(concentration.expand(replicates, *concentration.shape))
        error = response / batch.data.response_scale - 1
        return _mean_of_each(error.square()) * _factor(hint(batch))
'''


def module_of(snippet: str) -> str:
    """The source of a complete module with the strategy `Snippet`, to be run beside one that supplies a loss.

    Args:
        snippet: Source that defines `hint(batch)`.
    """
    return f"{_BEFORE}{snippet.strip()}\n{_AFTER}"
