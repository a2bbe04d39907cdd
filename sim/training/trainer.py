"""Phase 2: all replicates of a slot are trained together against a frozen reaction model.

Written are `trained.npz`, the parameters of every replicate, and `history.json`, the loss over the
steps. The same slot and data give the same bits on the same machine. A replicate that leaves the finite
numbers does not touch the others; its parameters become NaN, and so its metrics missing.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from blocks.errors import DataError
from blocks.problem import Progress, Report
from blocks.slot import SlotSpec
from blocks.stopping import Course
from sim.arrays import write_arrays
from sim.dataset import Observations, Recorded
from sim.node import NodeCohort
from sim.reaction.model import ReactionModel
from sim.reaction.table import TabulatedReaction
from sim.strategies.base import Latent, Strategy
from sim.training.data import Reaction, TrainingData, training_data
from sim.training.heldout import Unseen
from sim.training.history import History
from sim.training.optimiser import CohortAdam
from sim.training.outcome import HISTORY, REFINED, TRAINED, divergence, history_text
from sim.training.plan import Batch, TrainingPlan, draw
from sim.training.replicates import added_up
from sim.training.slots import Resolved, resolve
from sim.training.stopping import Watch

CHECK_EVERY = 50
"""Steps between two looks at the losses; a look waits for the numbers, the steps between do not."""

TAPE_BYTES = 50 * 2**20
"""Memory per replicate that one pass over windows may take for what the way back needs.

With it eight replicates stay below 1 GiB, whatever batch_size and time_step are (0.96 GiB was the most); the
fewer the passes, the less is done per pass.
"""

Observer = Callable[[int, Mapping[str, ndarray]], None]
"""Is shown everything that is trained after each optimiser step, by name; step 0 is the initial state."""


def train_slot(
    slot: SlotSpec,
    observations: Observations,
    reaction: Reaction,
    out: Path,
    report: Report,
    *,
    model: ReactionModel | None = None,
    part: bool = False,
    observer: Observer | None = None,
    known: Mapping[str, type[Strategy]] | None = None,
) -> Course:
    """Trains a slot and writes its parameters and history into `out`, and a refined reaction model.

    Where the slot has a rule of early stop, the training may end before its time, and what is written is what
    it had come to by then.

    Args:
        slot: Hyperparameters, strategies and one seed per replicate.
        observations: The data set; column 3 is all that our own strategies read of it.
        reaction: The frozen reaction model, in float64.
        out: Folder to write into; made if need be.
        report: Takes progress.
        model: The fitted model behind `reaction`, which tells what it knows of the frames, and which
            strategies may refine.
        part: Whether the slot has some of a slot's seeds only; then no divergence is a failure.
        observer: Is shown the parameters after each step.
        known: Strategies by name; default: those that ship with Setpoint.

    Returns:
        How far it went, and where the slot has a rule, its learning curve.

    Raises:
        SpecError: A name or value of the slot breaks a rule.
        DataError: The data set is too short for the slot.
        DivergenceError: No replicate has a finite loss any more.
    """
    resolved = resolve(slot, known)
    settings = resolved.hyperparameters
    out.mkdir(parents=True, exist_ok=True)
    if model is not None:
        refined = _refined(resolved.strategies, model, observations, report)
        if refined is not model:
            write_arrays(out / REFINED, refined.arrays())
            if observer is not None:
                observer(0, refined.arrays())
            reaction = TabulatedReaction(refined, observations.stoichiometry, dtype=torch.float64)
            model = refined
    data = training_data(observations, reaction, heldout_fraction=settings.heldout_fraction, model=model)
    if settings.time_step >= len(data.concentration):
        raise DataError(
            f"time_step must be below the number of training frames, but {settings.time_step} is not below "
            f"{len(data.concentration)}; lower time_step or use a longer data set"
        )
    n_frames = len(observations.frames)
    watch = None
    if slot.stop is not None:
        unseen = Unseen.of(observations, reaction, heldout_fraction=settings.heldout_fraction, model=model)
        watch = Watch(slot.stop, unseen, planned(resolved, n_frames).steps)
    node, history = train_cohort(
        resolved, data, reaction, report, n_frames=n_frames, part=part, observer=observer, watch=watch
    )
    write_arrays(out / TRAINED, node.arrays())
    # No time and no date: the same slot gives the same bytes.
    record = history.thinned() | {"slot": resolved.description(), "reaction_tolerance": reaction.tolerance}
    if data.frames_read:
        record["frames_read"] = True
    steps = history.steps[-1]
    course = Course(steps=steps, planned=history.total) if watch is None else watch.course(steps)
    if course.curve is not None:
        record["curve"] = course.curve.model_dump(mode="json")
    (out / HISTORY).write_text(history_text(record), encoding="utf-8")
    return course


def _refined(
    strategies: tuple[Strategy, ...], model: ReactionModel, observations: Observations, report: Report
) -> ReactionModel:
    # What refines is given no frames, since it has no use for them.
    recorded = Recorded(
        observations.concentration, observations.unobserved, observations.stoichiometry, observations.dt
    )
    for strategy in strategies:
        if strategy.refines:
            model = strategy.refine(model, recorded, report)
    return model


def train_cohort(
    resolved: Resolved,
    data: TrainingData,
    reaction: Reaction,
    report: Report,
    *,
    n_frames: int,
    part: bool = False,
    observer: Observer | None = None,
    watch: Watch | None = None,
) -> tuple[NodeCohort, History]:
    """The training itself, without files.

    Args:
        resolved: The slot with its defaults.
        data: Training frames and residual.
        reaction: The frozen reaction model.
        report: Takes progress.
        n_frames: Frames of the whole data set, which the count of optimiser steps refers to.
        part: Whether to go on to the end where all replicates have diverged, since others live elsewhere.
        observer: Is shown the parameters after each step, and the loss that led to it.
        watch: Looks at it where its slot has a rule of early stop.

    Raises:
        DivergenceError: No replicate has a finite loss any more.
    """
    cohort = CohortTraining(resolved, data, reaction, n_frames=n_frames)
    plan, history = cohort.plan, History(cohort.plan.steps)
    if observer is not None:
        observer(0, cohort.state())
    recent: list[Tensor] = []
    every = max(1, min(CHECK_EVERY, plan.steps // 100))
    for step in range(plan.steps):
        recent.append(cohort.step(step))
        if observer is not None:
            observer(step + 1, {**cohort.state(), "loss": recent[-1].numpy()})
        lost = watch is not None and watch.is_due(step + 1) and watch.loses(cohort.node, step + 1)
        if len(recent) == every or step + 1 == plan.steps or lost:
            history.add(step + 1, torch.stack(recent))
            recent.clear()
            if not part and not any(history.alive):
                steps, slot = history.diverged_at.values(), resolved.description()
                raise divergence(steps, plan.steps, slot, frames_read=data.frames_read)
            report(Progress(step + 1, plan.steps, history.latest))
        if lost:
            break
    alive = [all(flags) for flags in zip(history.alive, cohort.finite_replicates(), strict=True)]
    with torch.no_grad():
        for value in cohort.node.parameters.values():
            value[~torch.tensor(alive)] = torch.nan
    return cohort.node, history


class CohortTraining:
    """All that an optimiser step needs: the cohort, what strategies train beside it, and the optimiser.

    Args:
        resolved: The slot with its defaults.
        data: Training frames and residual.
        reaction: The frozen reaction model.
        n_frames: Frames of the whole data set, which the count of optimiser steps refers to.
    """

    def __init__(self, resolved: Resolved, data: TrainingData, reaction: Reaction, *, n_frames: int) -> None:
        self.plan = planned(resolved, n_frames)
        self._resolved, self._data, self._reaction = resolved, data, reaction
        self._generators = tuple(torch.Generator().manual_seed(_batch_seed(seed)) for seed in resolved.seeds)
        self.node = _initial(resolved, self.plan, data, self._generators)
        self._latents: dict[str, Latent] = {}
        for strategy in resolved.strategies:
            self._latents |= strategy.latents(self.plan, data, self._generators)
        self._optimiser = CohortAdam(self.node, self._latents, resolved.hyperparameters)

    def step(self, number: int) -> Float[Tensor, " replicate"]:
        """Takes one optimiser step; returns the loss before it.

        Args:
            number: Of the step, counted from 0; schedules go by it.
        """
        strategies = self._resolved.strategies
        factors = [strategy.schedule(number, self.plan.steps) for strategy in strategies]
        self._optimiser.set_step_sizes(number, self.plan.steps, factors)
        loss = _gradient(
            self.node,
            self._latents,
            strategies,
            self.plan,
            self._data,
            self._reaction,
            self._generators,
            number,
        )
        for strategy in strategies:
            strategy.gradients(self.node)
        self._optimiser.step()
        return loss

    def state(self) -> dict[str, ndarray]:
        """All that is trained, by name: parameters, embeddings, and what strategies train beside them."""
        latents = {f"latent {name}": one.value.detach().numpy() for name, one in self._latents.items()}
        return self.node.arrays() | latents

    def finite_replicates(self) -> list[bool]:
        """For each replicate, whether all that is trained of it is finite."""
        flags = zip(self.node.finite_replicates(), *_finite(self._latents), strict=True)
        return [all(one) for one in flags]


def planned(resolved: Resolved, n_frames: int) -> TrainingPlan:
    """Sizes and counts of a slot's training, after all strategies had their say."""
    settings = resolved.hyperparameters
    plan = TrainingPlan(
        strategies=frozenset(strategy.name for strategy in resolved.strategies),
        time_step=settings.time_step,
        batch_size=settings.batch_size,
        steps=settings.optimiser_steps(n_frames),
        rolls_out=any(strategy.rolls_out for strategy in resolved.strategies),
    )
    for strategy in resolved.strategies:
        plan = strategy.configure(plan)
    return plan


def _batch_seed(seed: int) -> int:
    """Batches must not repeat the random numbers that the initial parameters were drawn from.

    Torch's generator uses the lower 32 bits of a seed, so that is where the two must differ.
    """
    return seed ^ 0x9E3779B9


def _initial(
    resolved: Resolved, plan: TrainingPlan, data: TrainingData, generators: tuple[torch.Generator, ...]
) -> NodeCohort:
    settings = resolved.hyperparameters
    node = NodeCohort.create(
        data.concentration.shape[1],
        resolved.seeds,
        concentration_scale=data.concentration_scale,
        response_scale=data.response_scale,
        hidden_width=settings.hidden_width,
        embedding_dim=settings.embedding_dim,
        embedding_spread=settings.embedding_spread,
        skip=settings.skip,
    )
    node.gain = plan.gain
    for strategy in resolved.strategies:
        node = strategy.initialise(node, data, generators)
    return node


def _finite(latents: Mapping[str, Latent]) -> list[list[bool]]:
    """For each latent, the replicates in which it is finite."""
    return [torch.isfinite(one.value.detach()).flatten(1).all(dim=1).tolist() for one in latents.values()]


def _gradient(
    node: NodeCohort,
    latents: Mapping[str, Latent],
    strategies: tuple[Strategy, ...],
    plan: TrainingPlan,
    data: TrainingData,
    reaction: Reaction,
    generators: tuple[torch.Generator, ...],
    step: int,
) -> Float[Tensor, " replicate"]:
    """Leaves the mean gradient over the micro-batches in the parameters; returns the mean loss."""
    values = {name: one.value for name, one in latents.items()}
    for value in (*node.parameters.values(), *values.values()):
        value.grad = None
    time_step = plan.time_step
    for strategy in strategies:
        time_step = strategy.horizon(step, plan.steps, time_step)
    windows = plan.batch_size * plan.micro_batches
    below = len(data.concentration) - plan.time_step
    losses = []
    for share in _passes(windows, plan, node):
        starts = draw(generators, share, below)
        batch = Batch(
            node,
            reaction,
            data,
            time_step,
            starts,
            generators,
            progress=step / plan.steps,
            full_time_step=plan.time_step,
            isolated=plan.isolated,
            latents=values,
        )
        terms = [term for strategy in strategies if (term := strategy.loss(batch)) is not None]
        loss = added_up(terms) * (share / windows)
        loss.sum().backward()  # type: ignore[no-untyped-call]
        losses.append(loss.detach())
    return added_up(losses)


def _passes(windows: int, plan: TrainingPlan, node: NodeCohort) -> list[int]:
    """Windows of each pass over those of a step: as few passes as memory allows, all nearly alike.

    The bound is per replicate, so that company does not change a replicate's bits.
    """
    n_metabolites, hidden = node.embedding.shape[1], node.parameters["hidden"]
    both_layers = 2 * hidden.shape[-1] * hidden.element_size()
    bytes_per_window = n_metabolites * both_layers * (plan.time_step if plan.rolls_out else 1)
    passes = min(windows, math.ceil(windows * bytes_per_window / TAPE_BYTES))
    return [windows // passes + (number < windows % passes) for number in range(passes)]
