"""Tree search in which a model chooses among the moves.

Block 1 is that of the tree search. Where the baseline turns out good, block 2 screens around it
(agent/planner/screening.py, docs/decisions/0016). Else a Gaussian process is fitted to the runs, and a slot
that exploits or explores takes, of many candidates, the one whose expected objective plus so many
standard deviations is highest. Candidates are neighbours of the best runs by one change or two, and draws
from the whole space; what is chosen becomes the child of the run that it differs from least. The slot that
tests a principle, one of a batch once there are 32 runs, isolates one change, as in the tree search.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Final

from agent.planner.base import slot_rng
from agent.planner.desk import Desk, Plan, Planned
from agent.planner.encoding import encoding_of
from agent.planner.guided import ordered
from agent.planner.moves import Move
from agent.planner.nearby import Surroundings
from agent.planner.process import Process
from agent.planner.screening import Screen
from agent.planner.seen import Model, Seen
from agent.planner.testing import principle_test
from agent.planner.threads import on_one_thread
from agent.planner.ucb import UcbPlanner
from blocks.base import Value
from blocks.run import Run, show_number
from blocks.slot import Role, differences

NODES: Final = 6
"""Best nodes whose neighbours are candidates."""

TESTS_AFTER: Final = 32
"""Runs after which principles are tested: before, what is known is of the opening and of few others.

Tested from block 3 on, 90 % of a landscape's best took 38.0 runs on the recorded quickstart, and so 36.1
(with the poor model 52.2 and 51.2): means of 150 explorations, seeds that the benchmark does not use.
"""

TESTED: Final = 24
"""Best nodes that a principle may be tested on, before the slot goes to exploration."""

SIFTED: Final = 20
"""Candidates that prior knowledge may put into another order."""

BOLD: Final = 2.0
"""Standard deviations of the model that count in favour of a slot, at a boldness of 1.

The same whether a slot exploits or explores: more of them in some slots, and fewer in others, found nothing
sooner (docs/planners.md).
"""

CAREFUL: Final = 0.5
"""The same as a share, where a screen around a good baseline has just said which way to go."""


class HybridPlanner(UcbPlanner):
    """Roles, slots and principle tests of the tree search; a model picks what exploits and explores."""

    propose = on_one_thread()(UcbPlanner.propose)
    """See `Planner.propose`."""

    def _roles(self, desk: Desk, turn: int) -> list[Role]:
        """Those of the tree search, but where runs are worth most, they are not spent on anything else.

        The slot of the best run exploits in every batch. Nothing is tested before `TESTS_AFTER` runs, since
        whatever differs from the opening tells more; prior knowledge is tested from block 3 on.
        """
        roles = super()._roles(desk, turn)
        block, before = divmod(turn - 1, desk.spec.block.batches)
        screen = Screen(desk)
        if screen.left(block + 1) and (best := desk.nodes.best(1)):
            return screen.roles(before + 1, best[0].proposal.slot % len(roles))
        early = turn <= 2 * desk.spec.block.batches or not desk.guidance.priors
        if early and len(desk.past) < TESTS_AFTER:
            roles = [Role.EXPLORE if role is Role.PRINCIPLE_TEST else role for role in roles]
        # Where all do the same there is nothing to swap.
        if Role.EXPLOIT in roles and len(set(roles)) > 1 and (best := desk.nodes.best(1)):
            home = best[0].proposal.slot % len(roles)
            from_home = [(home + step) % len(roles) for step in range(len(roles))]
            giving = next(slot for slot in from_home if roles[slot] is Role.EXPLOIT)
            roles[home], roles[giving] = roles[giving], roles[home]
        return roles

    def _plans(self, desk: Desk) -> tuple[dict[Role, Plan], Plan]:
        plans, _ = super()._plans(desk)
        screen = Screen(desk)
        adviser = _Adviser(desk, screen)

        def explore(desk: Desk, block: int, batch: int, slot: int) -> Iterator[Planned]:
            return chain(screen.plan(desk, block, batch, slot), adviser.plan(desk, block, batch, slot))

        mine: dict[Role, Plan] = {
            Role.EXPLOIT: adviser.plan,
            Role.EXPLORE: explore,
            Role.PRINCIPLE_TEST: partial(principle_test, reach=TESTED, far=True),
        }
        return plans | mine, adviser.plan


class _Adviser:
    """The model of one batch, asked first when a slot needs it."""

    def __init__(self, desk: Desk, screen: Screen) -> None:
        self._screen = screen
        encoding, tree = encoding_of(desk.spec), desk.tree
        direction = "maximize" if tree.sign > 0 else "minimize"
        self._seen = desk.past.derive(Seen, encoding, desk.spec.objective, direction)
        self._encoding, self._sign = encoding, tree.sign
        self._around: Surroundings | None = None
        self._process: Process | None = None
        self._believed = 0

    def plan(self, desk: Desk, block: int, batch: int, slot: int) -> Iterator[Planned]:
        """What is most promising first; what goes against prior knowledge comes after the others."""
        ranked = self._ranked(desk, block, batch, slot)
        if desk.guidance.priors:
            first = list(islice(ranked, SIFTED))
            reasons = {id(move): reason for move, reason in first}
            for move in ordered((move for move, _ in first), desk.guidance):
                yield move, reasons[id(move)]
        yield from ranked

    def _ranked(self, desk: Desk, block: int, batch: int, slot: int) -> Iterator[Planned]:
        model = self._seen.model()
        if model is None:
            return
        process = self._process or model.process
        for child in desk.children[self._believed :]:
            process = process.believing(self._encoding.points([(child.values, child.strategies)]))
        self._process, self._believed = process, len(desk.children)
        if self._around is None:
            self._around = self._seen.around(desk.narrowed, desk.guidance, block)
        order = model.process.best_first[:NODES].tolist()
        best = [model.runs[place] for place in order]
        rng = slot_rng(desk.spec, block, batch, slot)
        nearby = self._around.candidates([run.proposal.spec for run in best], slot, rng)
        top = show_number(self._sign * float(model.process.fitted[order[0]]))
        share = CAREFUL if self._screen.has_pointed(block) else 1.0
        bold = BOLD * desk.spec.planner.boldness * share
        for place, mean, sd in process.promising(nearby.points, bold):
            values, strategies = self._around.decoded(nearby, place)
            parent, changes = self._nearest(values, strategies, model)
            if changes:
                move = Move(parent.number, values, strategies, ", ".join(changes))
                expected = f"{show_number(self._sign * mean)} ±{show_number(sd)}"
                yield move, f"the model expects {expected}, and of the best run {top}"

    def _nearest(
        self, values: dict[str, Value], strategies: Sequence[str], model: Model
    ) -> tuple[Run, list[str]]:
        """The run that a candidate differs from least, the latest one of several, and how it differs."""
        n_changes = (model.codes != self._seen.codes_of(values, strategies)).sum(axis=1)
        parent = model.runs[len(n_changes) - 1 - int(n_changes[::-1].argmin())]
        source = parent.proposal.spec
        return parent, differences(source, values, tuple(sorted(strategies)))
