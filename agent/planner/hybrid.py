"""Tree search in which a model chooses among the moves.

Block 1 is that of the tree search. From then on a Gaussian process is fitted to the runs, and a slot that
exploits or explores takes, of many candidates, the one whose expected objective plus so many standard
deviations is highest. Candidates are neighbours of the best nodes by one change or two, and draws from the
whole space; what is chosen becomes the child of the run that it differs from least. The slot that tests a
principle isolates one change, as in the tree search.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Final

import numpy as np

from agent.planner.base import slot_rng
from agent.planner.desk import Desk, Plan, Planned
from agent.planner.encoding import Encoding
from agent.planner.guided import ordered
from agent.planner.moves import Move
from agent.planner.nearby import Surroundings
from agent.planner.process import Process
from agent.planner.seen import Model, Seen
from agent.planner.testing import principle_test
from agent.planner.ucb import UcbPlanner
from blocks.base import Value
from blocks.run import Run, show_number
from blocks.slot import Role

NODES: Final = 6
"""Best nodes whose neighbours are candidates."""

TESTED: Final = 24
"""Best nodes that a principle may be tested on, before the slot goes to exploration."""

SIFTED: Final = 20
"""Candidates that prior knowledge may put into another order."""

EXPLORING: Final = 2.0
"""How many times as bold a slot is that explores."""


class HybridPlanner(UcbPlanner):
    """Roles, slots and principle tests of the tree search; a model picks what exploits and explores."""

    def _roles(self, desk: Desk, turn: int) -> list[Role]:
        """Those of the tree search; but the slot of the best run always exploits, and another one tests."""
        roles = super()._roles(desk, turn)
        best = next(desk.nodes.by_reward(1), None)
        if best is not None and Role.EXPLOIT in roles:
            home = best.run.proposal.slot % len(roles)
            giving = next(slot for slot in range(home, home + len(roles)) if roles[slot % len(roles)] is Role.EXPLOIT)
            roles[home], roles[giving % len(roles)] = roles[giving % len(roles)], roles[home]
        return roles

    def _plans(self, desk: Desk) -> tuple[dict[Role, Plan], Plan]:
        plans, _ = super()._plans(desk)
        adviser = _Adviser(desk)
        mine: dict[Role, Plan] = {
            Role.EXPLOIT: adviser.exploit,
            Role.EXPLORE: adviser.explore,
            Role.PRINCIPLE_TEST: partial(principle_test, reach=TESTED, far=True),
        }
        return plans | mine, adviser.explore


class _Adviser:
    """The model of one batch, asked first when a slot needs it."""

    def __init__(self, desk: Desk) -> None:
        encoding, tree = Encoding(desk.spec), desk.tree
        direction = "maximize" if tree.sign > 0 else "minimize"
        self._seen = desk.past.derive(Seen, encoding, desk.spec.objective, direction)
        self._encoding, self._sign = encoding, tree.sign
        self._around: Surroundings | None = None
        self._process: Process | None = None
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
        model = self._seen.model()
        if model is None:
            return
        process = self._process or model.process
        for child in desk.children[self._believed :]:
            process = process.believing(self._encoding.points([(child.values, child.strategies)]))
        self._process, self._believed = process, len(desk.children)
        if self._around is None:
            self._around = Surroundings(self._encoding, desk.narrowed, desk.guidance, block)
        best = [model.runs[place] for place in np.argsort(-model.worth, kind="stable")[:NODES]]
        rng = slot_rng(desk.spec, block, batch, slot)
        nearby = self._around.candidates([run.proposal.spec for run in best], slot, rng)
        mean, sd = process.predict(nearby.points)
        top = show_number(self._sign * float(model.worth.max()))
        for place in np.argsort(-(mean + boldness * sd), kind="stable"):
            values, strategies = self._around.decoded(nearby, place)
            parent, changes = self._nearest(values, strategies, model)
            if changes:
                move = Move(parent.number, values, strategies, ", ".join(changes))
                expected = f"{show_number(self._sign * float(mean[place]))} ±{show_number(float(sd[place]))}"
                yield move, f"the model expects {expected}, and of the best run {top}"

    def _nearest(
        self, values: dict[str, Value], strategies: Sequence[str], model: Model
    ) -> tuple[Run, list[str]]:
        """The run that a candidate differs from least, the latest one of several, and how it differs."""
        differences = (model.codes != self._seen.codes_of(values, strategies)).sum(axis=1)
        parent = model.runs[len(differences) - 1 - int(differences[::-1].argmin())]
        source = parent.proposal.spec
        child = source.model_copy(update={"values": values, "strategies": tuple(sorted(strategies))})
        return parent, child.differs_from(source)
