"""Tree search in which a model chooses among the moves.

Block 1 is that of the tree search. From then on a Gaussian process is fitted to the runs, and a slot that
exploits or explores takes, of many candidates, the one whose expected objective plus so many standard
deviations is highest. Candidates are neighbours of the best nodes by one change or two, and draws from the
whole space; what is chosen becomes the child of the run that it differs from least. The slot that tests a
principle isolates one change, as in the tree search.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Final

import numpy as np
from jaxtyping import Float64

from agent.planner.base import slot_rng
from agent.planner.encoding import Encoding
from agent.planner.guided import ordered
from agent.planner.moves import Move, steps, toggles
from agent.planner.process import Process
from agent.planner.recent import best_and_latest
from agent.planner.tree import floor_of
from agent.planner.ucb import Desk, Plan, Planned, UcbPlanner
from agent.planner.whole_space import Draw, draws, switches
from blocks.base import Value
from blocks.run import Run, show_number
from blocks.slot import Role

MODEL_RUNS: Final = 120
"""Runs that the model is fitted on, however many there are."""

NODES: Final = 10
"""Best nodes whose neighbours are candidates."""

STEPS: Final = 24
"""Neighbours of each by a number or a named value."""

PAIRS: Final = 40
"""Neighbours of each by two changes."""

DRAWN: Final = 200
"""Candidates drawn from the whole space."""

SIFTED: Final = 20
"""Candidates that prior knowledge may put into another order."""

EXPLORING: Final = 2.0
"""How many times as bold a slot is that explores."""


class HybridPlanner(UcbPlanner):
    """Roles, slots and principle tests of the tree search; a model picks what exploits and explores."""

    def _plans(self) -> tuple[dict[Role, Plan], Plan]:
        plans, _ = super()._plans()
        adviser = _Adviser()
        return {**plans, Role.EXPLOIT: adviser.exploit, Role.EXPLORE: adviser.explore}, adviser.explore


class _Adviser:
    """The model of one batch, fitted when it is first asked."""

    def __init__(self) -> None:
        self._fitted: tuple[Process, Encoding, list[Run], float] | None = None
        self._believed = 0

    def exploit(self, desk: Desk, block: int, batch: int, slot: int) -> Iterator[Planned]:
        """What the model expects most of."""
        return self._by_priors(desk, block, batch, slot, boldness=desk.spec.planner.boldness)

    def explore(self, desk: Desk, block: int, batch: int, slot: int) -> Iterator[Planned]:
        """What could be the best for all that the model knows."""
        return self._by_priors(desk, block, batch, slot, boldness=EXPLORING * desk.spec.planner.boldness)

    def _by_priors(
        self, desk: Desk, block: int, batch: int, slot: int, *, boldness: float
    ) -> Iterator[Planned]:
        """The most promising ones; those that go against prior knowledge come after the others."""
        ranked = self._ranked(desk, block, batch, slot, boldness=boldness)
        if desk.guidance.priors:
            first = list(islice(ranked, SIFTED))
            reasons = {id(move): reason for move, reason in first}
            for move in ordered((move for move, _ in first), desk.guidance):
                yield move, reasons[id(move)]
        yield from ranked

    def _ranked(self, desk: Desk, block: int, batch: int, slot: int, *, boldness: float) -> Iterator[Planned]:
        if desk.nodes.n_scored < 2:
            return
        if self._fitted is None:
            self._fitted = _fit(desk)
        model, encoding, known, best = self._fitted
        for child in desk.children[self._believed :]:
            model.believe(encoding.points([(child.values, child.strategies)]))
        self._believed = len(desk.children)
        candidates = list(_candidates(desk, slot_rng(desk.spec, block, batch, slot), block=block, slot=slot))
        mean, sd = model.predict(encoding.points(candidates))
        for place in np.argsort(-(mean + boldness * sd), kind="stable"):
            values, strategies = candidates[place]
            parent, changes = _nearest(values, strategies, known)
            if not changes:
                continue
            move = Move(parent.number, values, strategies, ", ".join(changes))
            expected = f"{show_number(desk.tree.sign * mean[place])} ±{show_number(sd[place])}"
            yield (
                move,
                f"the model expects {expected}, and of the best run {show_number(desk.tree.sign * best)}",
            )


def _fit(desk: Desk) -> tuple[Process, Encoding, list[Run], float]:
    known, encoding = best_and_latest(desk.tree, MODEL_RUNS), Encoding(desk.spec)
    points = encoding.points([(run.proposal.spec.values, run.proposal.spec.strategies) for run in known])
    model = Process(points, _levels(desk, known), [size for _, size in encoding.groups])
    return model, encoding, known, float(model.predict(points)[0].max())


def _levels(desk: Desk, runs: Sequence[Run]) -> Float64[np.ndarray, " run"]:
    """Mean objective over the replicates of each run, none below a floor; a run that failed is at the floor.

    The mean, where the tree goes by the median: replicates that end in one of two ways have a mean that says
    how often, and a median that is a coin's.
    """
    values = [np.array(desk.tree.values(run.number)) for run in runs]
    low = floor_of(np.concatenate(values))
    return np.array([float(np.maximum(one, low).mean()) if len(one) else low for one in values])


def _candidates(desk: Desk, rng: Random, *, block: int, slot: int) -> Iterator[Draw]:
    spec, names = desk.spec, switches(desk.spec, block)

    def here(values: Mapping[str, Value], strategies: Iterable[str]) -> Draw:
        return desk.guidance.brought(desk.narrowed, values, tuple(strategies), slot=slot)

    for node in desk.nodes.by_reward(NODES):
        source = node.run.proposal.spec
        yield here(source.values, source.strategies)
        near = [*islice(steps(node.run, spec, rng), STEPS), *toggles(node.run, names)]
        for move in near:
            yield here(move.values, move.strategies)
        for _ in range(PAIRS if len(near) > 1 else 0):
            one, other = rng.sample(near, 2)
            changed = {name: value for name, value in one.values.items() if value != source.values[name]}
            both = set(source.strategies) ^ set(one.strategies) ^ set(other.strategies)
            yield here({**other.values, **changed}, both)
    for values, strategies in islice(draws(spec, block, rng), DRAWN):
        yield here(values, strategies)


def _nearest(
    values: Mapping[str, Value], strategies: Sequence[str], runs: Sequence[Run]
) -> tuple[Run, list[str]]:
    """The run that a candidate differs from least, the latest one of several, and how it differs."""
    chosen = set(strategies)

    def changes(run: Run) -> int:
        source = run.proposal.spec
        changed = sum(source.values.get(name) != value for name, value in values.items())
        return changed + len(chosen.symmetric_difference(source.strategies))

    parent = min(reversed(runs), key=changes)
    source = parent.proposal.spec
    child = source.model_copy(update={"values": values, "strategies": tuple(sorted(strategies))})
    return parent, child.differs_from(source)
