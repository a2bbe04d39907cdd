"""Adam over a cohort: step sizes by group, each replicate's parameters stepped by themselves.

Adam's fused kernel takes most elements in vectors and the last few one by one, which rounds otherwise. In
a stack it would depend on the company which elements are the last; so every replicate's share of a stack
is a tensor of its own to the optimiser, a view into the stack.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from sim.node import NodeCohort
from sim.strategies.base import Latent, StepFactors
from sim.training.hyperparameters import Hyperparameters


class CohortAdam:
    """Steps MLP_node, the embeddings, and what strategies train beside them, in place.

    Args:
        node: The cohort; its parameters stay the tensors that they are.
        latents: By name.
        settings: Step sizes and their schedule.
    """

    def __init__(self, node: NodeCohort, latents: Mapping[str, Latent], settings: Hyperparameters) -> None:
        self._settings = settings
        self._full_lr = [one.lr for one in latents.values()]
        self._stacks = [*node.network_parameters, node.embedding]
        self._stacks += [one.value.requires_grad_() for one in latents.values()]
        self._shares = [[share.detach() for share in stack.detach().unbind()] for stack in self._stacks]
        *network, embedding = self._shares[: len(node.parameters)]
        # The loss is a mean over metabolites, so that one metabolite's own gradient is of the order 1 / n.
        # With an eps of that order, embeddings whose gradient has become weak come to rest; Adam's usual
        # eps would have them wander at full speed, and split a type whose members all fit alike.
        rest = 1 / node.embedding.shape[1]
        groups: list[dict[str, Any]] = [
            {"params": [share for shares in network for share in shares], "lr": settings.lr_node_homeo},
            {"params": embedding, "lr": settings.lr_emb_homeo, "eps": rest},
            *(
                {"params": shares, "lr": lr}
                for shares, lr in zip(self._shares[len(node.parameters) :], self._full_lr, strict=True)
            ),
        ]
        self._adam = torch.optim.Adam(groups, fused=True)

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
        sizes = (node, embedding, *(lr * latent for lr in self._full_lr))
        for group, lr in zip(self._adam.param_groups, sizes, strict=True):
            group["lr"] = lr

    def step(self) -> None:
        """One step along the gradients that the stacks have now."""
        for stack, shares in zip(self._stacks, self._shares, strict=True):
            gradients = _shares_of(stack.grad, len(shares))
            for share, gradient in zip(shares, gradients, strict=True):
                share.grad = gradient
        self._adam.step()


def _shares_of(gradient: Tensor | None, n: int) -> Sequence[Tensor | None]:
    return [None] * n if gradient is None else gradient.contiguous().unbind()
