"""Tests of principles: what the memory says is better is undone, in the best run that follows it.

Each changes one thing, so that it tells of that alone. What is tested first is what the plan rests on most
(agent/planner/stakes.py).
"""

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random

from agent.planner.base import slot_rng
from agent.planner.desk import ATTEMPTS, REACH, Desk, Planned
from agent.planner.guided import tests_of
from agent.planner.moves import Move, is_open, leads, steps, to_value, toggles
from agent.planner.stakes import BEST, by_stake
from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import Run
from memory.findings import Claim


def principle_test(
    desk: Desk, block: int, batch: int, slot: int, *, reach: int = REACH, far: bool = False
) -> Iterator[Planned]:
    """Undoes, in the best run that follows it, something that the memory says is better.

    Args:
        desk: What the batch is planned from.
        block: The block.
        batch: The batch.
        slot: The slot.
        reach: So many of the best nodes are considered.
        far: Whether a value may be tested that is no step away from the other.
    """
    spec = desk.spec
    # What block 1 takes for granted was never compared with its absence: that is the first thing to test.
    assumed = [name for name in spec.strategies.baseline if desk.past.with_strategy(name) == len(desk.past)]
    # An invariant of the slot is changed by no move.
    tunable = spec.space.tunable
    testable = [
        claim
        for claim in (*tests_of(desk.guidance), *desk.claims)
        if claim.subject in tunable or _is_switch(claim, spec)
    ]
    nodes = desk.nodes.best(max(reach, BEST))
    best = [run.proposal.spec for run in nodes[:BEST]]
    stakes = by_stake(testable, best, spec) if best else []
    paces = _Paces(spec, lambda: slot_rng(spec, block, batch, slot), far=far)
    for run in nodes[:reach] if testable or assumed else ():
        home = desk.home(run, slot)
        if isinstance(home, Move):
            continue
        for stake in stakes:
            for move in _against(stake.claim, home, desk, paces):
                yield move, stake.reason
        taken = [name for name in assumed if name in home.proposal.spec.strategies]
        for move in toggles(home, taken):
            yield move, f"no run yet {move.change}: the first block took it for granted"


def _is_switch(claim: Claim, spec: ExplorationSpec) -> bool:
    """Whether a claim is about a strategy."""
    return claim.better in ("on", "off") and claim.subject not in spec.space


class _Paces:
    """How far a slot may step from a value.

    Args:
        spec: The exploration.
        draw: Gives the slot's random numbers, from their beginning.
        far: Whether any value will do.
    """

    def __init__(self, spec: ExplorationSpec, draw: Callable[[], Random], *, far: bool) -> None:
        self._spec, self._draw, self._far = spec, draw, far
        self._known: dict[tuple[str, Value, Value], bool] = {}  # many runs share a value

    def along(self, home: Run, name: str) -> Iterator[Move]:
        """Steps of one hyperparameter."""
        return islice(steps(home, self._spec, self._draw(), names=[name]), ATTEMPTS)

    def lead(self, name: str, before: Value, after: Value) -> bool:
        """Whether they lead from one value to another."""
        if self._far and self._spec.space[name].contains(after):
            return True
        key = name, before, after
        if key not in self._known:
            self._known[key] = leads(before, after, name, self._spec, self._draw(), within=ATTEMPTS)
        return self._known[key]


def _against(claim: Claim, home: Run, desk: Desk, paces: _Paces) -> Iterator[Move]:
    """Moves that do the opposite of what a claim says is better, where the run follows it."""
    subject, source = claim.subject, home.proposal.spec
    if _is_switch(claim, desk.spec):
        if (subject in source.strategies) == (claim.better == "on"):
            yield from toggles(home, [subject])
        return
    before = source.values[subject]
    if claim.better in ("higher", "lower"):
        for move in paces.along(home, subject):
            if (float(move.values[subject]) < float(before)) == (claim.better == "higher"):
                yield move
    elif before == claim.better and is_open(subject, source):
        move = to_value(home, subject, claim.other)
        if desk.is_new(move) and paces.lead(subject, before, claim.other):
            yield move
