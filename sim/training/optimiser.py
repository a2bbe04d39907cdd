"""Adam over a cohort: step sizes by group, each element stepped by itself.

Kingma & Ba 2015, Adam: a method for stochastic optimization, ICLR (arXiv:1412.6980), as torch has it.
Written out, since torch's own imports a compiler when it is made, which takes longer than a short training,
and since its fused kernel rounds by where in a vector an element stands: in a stack, company would decide.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import torch
from jaxtyping import Shaped
from numpy import ndarray
from torch import Tensor

from sim.kernels.gate import memory_of
from sim.node import NodeCohort
from sim.strategies.base import Latent, StepFactors
from sim.training.hyperparameters import Hyperparameters
from sim.weights import COMPILED

KEEP_MEAN: Final = 0.9
KEEP_SQUARE: Final = 0.999
EPS: Final = 1e-8


@dataclass
class Moments:
    """A stack that is stepped, with the running means of its gradient."""

    stack: Shaped[Tensor, "replicate ..."]
    eps: float = EPS
    lr: float = 0.0

    def __post_init__(self) -> None:
        self._numbers = count(1)
        whole = self.stack.detach()
        self._mean, self._square = torch.zeros_like(whole).contiguous(), torch.zeros_like(whole).contiguous()

    def step(self, *, compiled: bool | None = None) -> None:
        """One step along the gradient that the stack has now; none if it has none.

        Args:
            compiled: Whether a kernel does it; default: on a CPU.
        """
        gradient, value = self.stack.grad, self.stack.detach()
        if gradient is None:
            return
        number = next(self._numbers)
        size = self.lr / (1 - KEEP_MEAN**number)
        root = math.sqrt(1 - KEEP_SQUARE**number)
        if compiled is None:
            compiled = value.device.type == "cpu" and value.dtype in COMPILED and value.is_contiguous()
        if compiled:
            from sim.kernels.adam import step as step_by_kernel

            step_by_kernel(
                _flat(value),
                _flat(gradient.contiguous()),
                _flat(self._mean),
                _flat(self._square),
                KEEP_MEAN,
                KEEP_SQUARE,
                size,
                root,
                self.eps,
            )
            return
        self._mean.mul_(KEEP_MEAN).add_(gradient, alpha=1 - KEEP_MEAN)
        self._square.mul_(KEEP_SQUARE).addcmul_(gradient, gradient, value=1 - KEEP_SQUARE)
        value.addcdiv_(self._mean, self._square.sqrt().div_(root).add_(self.eps), value=-size)


def _flat(tensor: Shaped[Tensor, "..."]) -> Shaped[ndarray, " place"]:
    return memory_of(tensor).reshape(-1)


class CohortAdam:
    """Steps MLP_node, the embeddings, and what strategies train beside them, in place.

    Args:
        node: The cohort; its parameters stay the tensors that they are.
        latents: By name.
        settings: Step sizes and their schedule.
    """

    def __init__(self, node: NodeCohort, latents: Mapping[str, Latent], settings: Hyperparameters) -> None:
        self._settings = settings
        # The loss is a mean over metabolites, so that one metabolite's own gradient is of the order 1 / n.
        # With an eps of that order, embeddings whose gradient has become weak come to rest; Adam's usual
        # eps would have them wander at full speed, and split a type whose members all fit alike.
        self._node = [Moments(one) for one in node.network_parameters]
        self._embedding = Moments(node.embedding, eps=1 / node.embedding.shape[1])
        self._latents = [(Moments(one.value.requires_grad_()), one.lr) for one in latents.values()]

    def set_step_sizes(self, step: int, total: int, factors: Sequence[StepFactors]) -> None:
        """Step sizes of step `step` of `total`, counted from 0, with the factors of all strategies."""
        settings = self._settings
        # 1 until the cooldown begins, then down a straight line that would reach 0 one step after the last.
        cooling = min(1.0, (total - step) / (settings.cooldown * total)) if settings.cooldown else 1.0
        # MLP_node must learn first: embeddings that move at once sort metabolites by the concentrations
        # that they visit, since that is what an untrained response gets wrong, and never come back.
        held = step < settings.embedding_delay * total
        node, embedding = settings.lr_node_homeo * cooling, 0.0 if held else settings.lr_emb_homeo * cooling
        latent = cooling
        for one in factors:
            node, embedding, latent = node * one.node, embedding * one.embedding, latent * one.latents
        for moments in self._node:
            moments.lr = node
        self._embedding.lr = embedding
        for moments, lr in self._latents:
            moments.lr = lr * latent

    def step(self) -> None:
        """One step along the gradients that the stacks have now."""
        for moments in (*self._node, self._embedding, *(one for one, _ in self._latents)):
            moments.step()
