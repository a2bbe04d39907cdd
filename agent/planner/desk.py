"""What a batch is planned from, by planners that walk from run to run.

What is costly is worked out when it is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from random import Random

from agent.planner.guided import ordered
from agent.planner.moves import Move, at_home, steps
from agent.planner.tree import Look, Tree
from blocks.constraints import Narrowed
from blocks.exploration import ExplorationSpec
from blocks.guidance import Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import SlotSpec
from memory.findings import Claim, claims
from memory.past import Configuration, Past

ATTEMPTS = 200
"""Numeric neighbours tried before a slot's space counts as exhausted."""

REACH = 200
"""Nodes that a role considers, however many there are, before it counts as having nothing to do."""

Planned = tuple[Move, str]
"""A move and the reason for it."""


@dataclass
class Desk:
    """What the slots of one batch are planned from; `filled` and `children` grow as slots are."""

    spec: ExplorationSpec
    """Under the constraints."""

    narrowed: Narrowed
    guidance: Guidance
    past: Past
    tree: Tree
    metrics: Mapping[str, MetricInfo]
    open: tuple[str, ...]
    """Strategies that may be turned on: none in block 1."""

    near_zero: float
    """Below this an objective counts as zero; 0 where zero is nothing bad."""

    filled: set[Configuration] = field(default_factory=set)
    """Configurations that are proposed in this batch already."""

    children: list[SlotSpec] = field(default_factory=list)
    """The slots that are, in their order."""

    exploited: int = 0

    @cached_property
    def nodes(self) -> Look:
        """The tree as it stands."""
        planner = self.spec.planner
        return self.tree.look(exploration_constant=planner.exploration_constant, reward=planner.reward)

    @cached_property
    def claims(self) -> list[Claim]:
        """What is observed to be better, strongest first."""
        return claims(self.spec, self.past, metrics=self.metrics)

    def is_new(self, move: Move) -> bool:
        """Whether no run has this configuration yet, and no constraint forbids it."""
        if move.leads_to in self.filled or self.past.first_of(move.leads_to) is not None:
            return False
        return self.guidance.allows(move.values, move.strategies)

    def home(self, run: Run, slot: int) -> Run | Move:
        """See `at_home`."""
        return at_home(run, self.narrowed, slot, self.past, self.guidance)

    def steps(self, run: Run, rng: Random) -> Iterator[Move]:
        """Numeric neighbours of a run, those that no prior speaks against first."""
        return ordered(islice(steps(run, self.spec, rng), ATTEMPTS), self.guidance)


Plan = Callable[[Desk, int, int, int], Iterator[Planned]]
"""From desk, block, batch and slot to what a slot may do."""
