"""The first steps of a training, watched: nothing is kept of them but whether a strategy used a label.

Every hook of every strategy is run as a training runs it, against the frozen reaction model; `refine` is left
out, since it is given no frames. A strategy may wait before it sets in, so the steps that are looked at first
are one at the beginning, one in the middle and the last one.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from torch import Tensor

from sim.guarding.places import Place
from sim.guarding.watch import Watch
from sim.guarding.watching import watching
from sim.node import NodeCohort
from sim.strategies.base import Latent, StepFactors, Strategy
from sim.training.data import Reaction, TrainingData
from sim.training.plan import Batch, TrainingPlan
from sim.training.slots import Resolved
from sim.training.trainer import CohortTraining

FACTS: Final = ("name", "supplies_loss", "rolls_out", "needs_rollout", "refines", "source_sha256")
"""What training asks of a strategy besides its hooks."""

LOSS = "puts it into the loss"
START = "puts it into the start of the training"
GRADIENT = "puts it into a gradient"


def rehearse(
    resolved: Resolved,
    data: TrainingData,
    reaction: Reaction,
    *,
    n_frames: int,
    steps: int | None = None,
) -> None:
    """Trains for a few steps under the runtime layer.

    Args:
        resolved: The slot with its defaults.
        data: Training frames and residual; frames are read, and marked.
        reaction: The frozen reaction model.
        n_frames: Frames of the whole data set.
        steps: How many optimiser steps; None for three, spread over the whole training.

    Raises:
        LabelLeakError: A strategy used the label column; it names the line.
    """
    with watching() as watch:
        whole = data.frames
        watch.guard(whole)
        data = replace(data, _load_frames=lambda: whole)  # who loads them again gets these
        strategies = tuple(_Watched(one, watch) for one in resolved.strategies)
        cohort = CohortTraining(replace(resolved, strategies=strategies), data, reaction, n_frames=n_frames)
        total = cohort.plan.steps
        chosen = range(min(steps, total)) if steps is not None else sorted({0, total // 2, total - 1})
        for number in chosen:
            cohort.step(number)
            values = cohort.node.parameters.values()
            watch.refuse([*values, *(one.grad for one in values if one.grad is not None)], GRADIENT)


class _Watched(Strategy):
    """A strategy whose hooks are looked at: what they give back must not come from a label."""

    def __init__(self, strategy: Strategy, watch: Watch) -> None:
        super().__init__(strategy.options)
        self._strategy, self._watch = strategy, watch
        vars(self).update({name: getattr(strategy, name) for name in FACTS})

    def configure(self, plan: TrainingPlan) -> TrainingPlan:
        return self._strategy.configure(plan)

    def horizon(self, step: int, total: int, time_step: int) -> int:
        return self._strategy.horizon(step, total, time_step)

    def schedule(self, step: int, total: int) -> StepFactors:
        return self._strategy.schedule(step, total)

    def initialise(self, node: NodeCohort, data: TrainingData, generators: Any) -> NodeCohort:
        found = self._strategy.initialise(node, data, generators)
        self._refuse(found.parameters.values(), START, self._strategy.initialise)
        return found

    def latents(self, plan: TrainingPlan, data: TrainingData, generators: Any) -> dict[str, Latent]:
        found = self._strategy.latents(plan, data, generators)
        self._refuse([one.value for one in found.values()], START, self._strategy.latents)
        return found

    def loss(self, batch: Batch) -> Tensor | None:
        found = self._strategy.loss(batch)
        if found is not None:
            self._refuse([found], LOSS, self._strategy.loss)
            # A mean over all replicates would be added to each, and mix them, and nobody would see it.
            wanted = tuple(batch.node.embedding.shape[:1])
            if not isinstance(found, Tensor) or tuple(found.shape) != wanted:
                given = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else f"{found!r:.40}"
                raise TypeError(f"loss must give one value per replicate, shape {wanted}, but gave {given}")
        return found

    def gradients(self, node: NodeCohort) -> None:
        self._strategy.gradients(node)
        values = list(node.parameters.values())
        self._refuse([*values, *(one.grad for one in values)], GRADIENT, self._strategy.gradients)

    def _refuse(self, values: Any, did: str, hook: Callable[..., Any]) -> None:
        code = getattr(hook, "__code__", None)
        place = None if code is None else Place(code.co_filename, code.co_firstlineno, hook.__name__)
        tensors: Sequence[Tensor] = [one for one in values if isinstance(one, Tensor)]
        self._watch.refuse(tensors, did, place)
