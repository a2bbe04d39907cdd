"""An exploration of any length that nobody ran: batches of runs, one change away from each other.

Every run is one change away from an earlier one, as the planner would have it, and has all metrics of the
real problem in every replicate; one in twenty diverges. Pairs of runs are repeated on two fresh networks, as
a planner repeats them to see whether a statement holds there: statements can be established, which costs more
than where they cannot.
"""

import math
from collections.abc import Sequence
from itertools import islice
from random import Random
from typing import Any, NamedTuple

from agent.planner.base import replicate_seeds, slot_spec
from agent.planner.moves import steps, toggles
from agent.planner.replicating import FROM_BLOCK
from blocks.exploration import ExplorationSpec
from blocks.identity import content_hash
from blocks.installed import load_problem
from blocks.loading import load_exploration
from blocks.run import Metrics, Run, RunState
from blocks.slot import Proposal, Role, SlotSpec
from memory.past import configuration

DATA = "o" * 64
FOUNDATION = "base"
GROUNDS = {0: (DATA, FOUNDATION), 1: ("p" * 64, "base of network 1"), 2: ("q" * 64, "base of network 2")}
"""Data set and foundation of each network."""

REPEATED = 5
"""A pair is repeated in one of so many blocks."""


class Planned(NamedTuple):
    """A run before it is written, and what will come of it."""

    number: int
    block: int
    batch: int
    proposal: Proposal
    identity: str
    results: list[Metrics] | None
    """None for one that fails."""

    def as_run(self) -> Run:
        """As the store gives it back right after it was planned."""
        return Run(
            number=self.number,
            block=self.block,
            batch=self.batch,
            proposal=self.proposal,
            identity=self.identity,
            state=RunState.PLANNED,
            certified=True,
            dataset=GROUNDS[self.proposal.network][0],
        )


class MadeUp:
    """An exploration whose runs are made up, one batch after the other; equal seeds make equal runs.

    Args:
        seed: Of everything that is made up.
    """

    def __init__(self, *, seed: int = 1) -> None:
        self.spec: ExplorationSpec = load_exploration("phase2_homeostasis")
        self.problem = load_problem(self.spec.problem)
        self.metrics = self.problem.metrics(self.spec.data)
        self._rng = Random(seed)
        self._by_slot: list[list[Run]] = [[] for _ in range(self.spec.block.slots)]
        self._tried: set[object] = set()
        self._done: set[int] = set()
        self._unrepeated: list[tuple[Run, Run]] = []
        self.n_runs = 0

    @property
    def slots_of_a_block(self) -> int:
        """Runs of a block."""
        return self.spec.block.batches * self.spec.block.slots

    def block(self) -> list[list[Planned]]:
        """The batches of the next block."""
        number = self.n_runs // self.slots_of_a_block + 1
        pair: Sequence[Run] = ()
        if number >= FROM_BLOCK and self._unrepeated and self._rng.randrange(REPEATED) == 0:
            pair = self._unrepeated.pop(self._rng.randrange(len(self._unrepeated)))
        return [self._batch(() if batch else pair) for batch in range(self.spec.block.batches)]

    def _batch(self, repeated: Sequence[Run]) -> list[Planned]:
        """New runs, then those of a pair on a fresh network, in the last slots."""
        n_new = self.spec.block.slots - len(repeated)
        found = [self._planned(slot) for slot in range(n_new)]
        network = self._rng.randrange(1, len(GROUNDS)) if repeated else 0
        return found + [self._again(run, slot, network) for slot, run in enumerate(repeated, n_new)]

    def _planned(self, slot: int) -> Planned:
        spec, number = self.spec, self.n_runs + 1
        family = self._by_slot[slot]
        parent = None
        change, values, strategies = "baseline", dict(spec.baseline), spec.strategies.baseline
        if family:
            parent = self._rng.choice(family[-50:] if self._rng.random() < 0.5 else family)
            change, values, strategies = self._mutation(parent)
        chosen = slot_spec(spec, values, strategies, slot=slot, number=number)
        self._tried.add(configuration(chosen))
        made = self._made(
            Proposal(
                slot=slot,
                spec=chosen,
                role=Role.BASELINE if parent is None else Role.EXPLOIT,
                parent=None if parent is None else parent.number,
                change=change,
                reason="made up for the benchmark",
            )
        )
        run = made.as_run()
        family.append(run)
        if made.results is not None:
            self._done.add(number)
            if parent is not None and parent.number in self._done:
                self._unrepeated.append((parent, run))
        return made

    def _again(self, run: Run, slot: int, network: int) -> Planned:
        """A side of a pair on a fresh network."""
        source = run.proposal.spec
        seeds = replicate_seeds(self.spec, self.n_runs + 1, len(source.seeds))
        return self._made(
            Proposal(
                slot=slot,
                spec=SlotSpec(values=source.values, strategies=source.strategies, seeds=seeds),
                role=Role.PRINCIPLE_TEST,
                parent=run.number,
                change=f"fresh network {network}",
                reason="made up for the benchmark",
                network=network,
            )
        )

    def _made(self, proposal: Proposal) -> Planned:
        """The next run, and what will come of it."""
        shape = self.spec.block
        index, number = self.n_runs // shape.slots, self.n_runs + 1
        self.n_runs += 1
        return Planned(
            number=number,
            block=index // shape.batches + 1,
            batch=index % shape.batches + 1,
            proposal=proposal,
            identity=content_hash([number, proposal.spec]),
            results=None if self._rng.random() < 0.05 else self._results(proposal.spec),
        )

    def _mutation(self, parent: Run) -> tuple[str, dict[str, Any], tuple[str, ...]]:
        """One change that leads to a configuration that was not tried."""
        switches = list(toggles(parent, self.spec.strategies.open))
        self._rng.shuffle(switches)
        moves = steps(parent, self.spec, self._rng)
        for move in (*(switches if self._rng.random() < 0.3 else ()), *islice(moves, 50)):
            if move.leads_to not in self._tried:
                return move.change, move.values, move.strategies
        raise AssertionError("the space of the benchmark is endless")  # three digits in four parameters

    def _results(self, chosen: SlotSpec) -> list[Metrics]:
        rate = math.log10(float(chosen.values["lr_node_homeo"]))
        level = 0.6 - 0.1 * (rate + 2) ** 2 + 0.02 * len(chosen.strategies)
        return [
            {name: round(level + self._rng.gauss(0, 0.02), 6) for name in self.metrics} for _ in chosen.seeds
        ]
