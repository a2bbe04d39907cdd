"""Tree search in which a model chooses among the moves.

Block 1 is that of the tree search. From then on a Gaussian process is fitted to the runs, and a slot that
exploits or explores takes, of many candidates, the one whose expected objective plus so many standard
deviations is highest. Candidates are neighbours of the best nodes by one change or two, and draws from the
whole space; what is chosen becomes the child of the run that it differs from least. The slot that tests a
principle isolates one change, as in the tree search.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import Final

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtr

from agent.planner.base import slot_rng
from agent.planner.encoding import Encoding
from agent.planner.moves import Move, steps, toggles
from agent.planner.process import Process
from agent.planner.recent import best_and_latest
from agent.planner.tree import level_rewards
from agent.planner.ucb import Desk, Planned, UcbPlanner
from agent.planner.whole_space import Draw, draws, switches
from blocks.run import Run
from blocks.slot import Role

MODEL_RUNS: Final = 120
"""Runs that the model is fitted on, however many there are."""

NODES: Final = 6
"""Best nodes whose neighbours are candidates."""

STEPS: Final = 24
"""Neighbours of each by a number or a named value."""

PAIRS: Final = 40
"""Neighbours of each by two changes."""

DRAWN: Final = 200
"""Candidates drawn from the whole space."""

EXPLORING: Final = 2.0
"""How many times as bold a slot is that explores."""


def WORTH(mean,sd,boldness,model): return mean+boldness*sd


class HybridPlanner(UcbPlanner):
    """Roles, slots and principle tests of the tree search; a model picks what exploits and explores."""

    def _plans(self) -> dict[Role, Callable[[Desk, int, int, int], Iterator[Planned]]]:
        adviser = _Adviser()
        return {**super()._plans(), Role.EXPLOIT: adviser.exploit, Role.EXPLORE: adviser.explore}


class _Adviser:
    """The model of one batch, fitted when it is first asked."""

    def __init__(self) -> None:
        self._fitted: tuple[Process, Encoding, list[Run]] | None = None
        self._believed = 0

    def exploit(self, desk: Desk, block: int, batch: int, slot: int) -> Iterator[Planned]:
        """What the model expects most of."""
        return self._ranked(desk, block, batch, slot, boldness=desk.spec.planner.boldness)

    def explore(self, desk: Desk, block: int, batch: int, slot: int) -> Iterator[Planned]:
        """What could be the best for all that the model knows."""
        return self._ranked(desk, block, batch, slot, boldness=EXPLORING * desk.spec.planner.boldness)

    def _ranked(self, desk: Desk, block: int, batch: int, slot: int, *, boldness: float) -> Iterator[Planned]:
        if desk.nodes.n_scored < 2:
            return
        if self._fitted is None:
            self._fitted = _fit(desk)
        model, encoding, known = self._fitted
        for child in desk.children[self._believed :]:
            model.believe(encoding.points([(child.values, child.strategies)]))
        self._believed = len(desk.children)
        candidates = list(_candidates(desk, slot_rng(desk.spec, block, batch, slot), block=block, slot=slot))
        mean, sd = model.predict(encoding.points(candidates))
        worth = WORTH(mean, sd, boldness, model)
        for place in np.argsort(-worth, kind="stable"):
            parent, changes = _nearest(candidates[place], known)
            if not changes:
                continue
            move = Move(parent.number, *candidates[place], ", ".join(changes))
            yield move, f"the model expects a reward of {mean[place]:.2f} ±{sd[place]:.2f}"


def _fit(desk: Desk) -> tuple[Process, Encoding, list[Run]]:
    known, encoding = best_and_latest(desk.tree, MODEL_RUNS), Encoding(desk.spec)
    points = encoding.points([(run.proposal.spec.values, run.proposal.spec.strategies) for run in known])
    return Process(points, _levels(desk, known), [size for _, size in encoding.groups]), encoding, known


def _levels(desk: Desk, runs: Sequence[Run]) -> Float64[np.ndarray, " run"]:
    """Mean over replicates of their place between the worst and the best of all; 0 for a run that failed.

    The mean, where the tree goes by the median: replicates that end in one of two ways have a mean that says
    how often, and a median that is a coin's.
    """
    values = [desk.tree.values(run.number) for run in runs]
    levels = level_rewards(np.array([value for one in values for value in one]))
    ends = np.cumsum([len(one) for one in values])
    parts = np.split(levels, ends[:-1])
    return np.array([float(part.mean()) if len(part) else 0.0 for part in parts])


def improvement(
    mean: Float64[np.ndarray, " slot"], sd: Float64[np.ndarray, " slot"], *, best: float
) -> Float64[np.ndarray, " slot"]:
    """By how much a slot is expected to be better than the best, counting what is worse as no loss.

    Source: expected improvement, Jones, Schonlau and Welch 1998, doi:10.1023/A:1008306431147.

    Args:
        mean: What is expected of it.
        sd: Standard deviation of that, above 0.
        best: What is expected of the best run.
    """
    z = (mean - best) / sd
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    found: Float64[np.ndarray, " slot"] = sd * (z * ndtr(z) + density)
    return found


def _candidates(desk: Desk, rng: Random, *, block: int, slot: int) -> Iterator[Draw]:
    spec, names = desk.spec, switches(desk.spec, block)
    here = spec.space.invariants(slot)
    for node in desk.nodes.by_reward(NODES):
        source = node.run.proposal.spec
        yield {**source.values, **here}, source.strategies
        near = [*islice(steps(node.run, spec, rng), STEPS), *toggles(node.run, names)]
        for move in near:
            yield {**move.values, **here}, move.strategies
        for _ in range(PAIRS):
            one, other = rng.sample(near, 2)
            changed = {name: value for name, value in one.values.items() if value != source.values[name]}
            on = (
                set(source.strategies)
                ^ (set(source.strategies) ^ set(one.strategies))
                ^ (set(source.strategies) ^ set(other.strategies))
            )
            yield {**other.values, **changed, **here}, tuple(sorted(on))
    for values, strategies in islice(draws(spec, block, rng), DRAWN):
        yield {**values, **here}, tuple(sorted(strategies))


def _nearest(candidate: Draw, runs: Sequence[Run]) -> tuple[Run, list[str]]:
    """The run that a candidate differs from least, the latest one of several, and how it differs."""
    values, strategies = candidate
    chosen = set(strategies)

    def changes(run: Run) -> int:
        source = run.proposal.spec
        return sum(source.values.get(name) != value for name, value in values.items()) + len(
            chosen.symmetric_difference(source.strategies)
        )

    parent = min(reversed(runs), key=changes)
    child = parent.proposal.spec.model_copy(update={"values": values, "strategies": strategies})
    return parent, child.differs_from(parent.proposal.spec)
