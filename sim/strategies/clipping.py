"""Gradient-norm clipping, each replicate by its own norm."""

from typing import Annotated, ClassVar

from pydantic import Field

from blocks.base import Frozen
from sim.node import NodeCohort
from sim.strategies.base import Strategy
from sim.training.replicates import added_up, sum_of_each


class Clipping(Strategy):
    """Bounds the step that a single exploding rollout can cause."""

    class Options(Frozen):
        max_norm: Annotated[
            float, Field(gt=0, le=1e6, description="Largest norm of a replicate's whole gradient.")
        ] = 1.0

    name: ClassVar[str] = "clipping"
    summary: ClassVar[str] = "scales each replicate's gradient down to a largest norm"
    reference: ClassVar[str] = (
        "Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks, ICML 30"
    )
    options: Options

    def gradients(self, node: NodeCohort) -> None:
        gradients = [value.grad for value in node.parameters.values() if value.grad is not None]
        norm = added_up(sum_of_each(gradient.square()) for gradient in gradients).sqrt()
        # A zero gradient gives an infinite ratio, which the clamp turns into 1.
        factor = (self.options.max_norm / norm).clamp(max=1.0)[:, None, None]
        for gradient in gradients:
            gradient.mul_(factor)
