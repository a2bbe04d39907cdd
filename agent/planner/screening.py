"""Block 2 where the baseline is good already: its hyperparameters high and low, several at once.

Every run of the screen sets all hyperparameters that the opening did not sweep, each near the one end of its
range or near the other (of named values, the first or the last), and leaves strategies as they are. Which
are high together is chosen so that the effect of each can be told from those of the others (Bayesian
D-optimality, the runs of earlier batches included). So every run tells of all of them, where one that
changes one thing tells of that alone. Where the baseline is far from what is wanted, what is good lies
elsewhere, and nothing is screened around it.
Source: DuMouchel and Jones 1994, A simple Bayesian modification of D-optimal designs.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from random import Random
from typing import Final

import numpy as np
from jaxtyping import Float64

from agent.planner.base import slot_rng
from agent.planner.desk import Desk, Planned
from agent.planner.guided import speaks_against
from agent.planner.moves import Move, is_open, to_value
from blocks.base import Value
from blocks.run import Run
from blocks.slot import Role, differences
from blocks.space import Tunable, share_of, value_at

Levels = Float64[np.ndarray, "run hyperparameter"]
"""1 where a run sets a hyperparameter high, -1 where low, 0 where it leaves it."""

BLOCK: Final = 2
"""The block that screens."""

NEAR: Final = 0.5
"""The share of its target that the objective has to reach at the baseline."""

HIGH: Final = 0.85
"""Where in its range a value is high: near the end, since at the end itself trainings may fail."""

RUNS_EACH: Final = 2
"""Runs of a screen, for each hyperparameter."""

DESIGNS: Final = 200
"""So many designs are drawn, and the best is taken."""

BELIEF: Final = 0.1
"""Precision of the belief, before any run, that nothing has an effect: so few runs can screen many."""


class Screen:
    """The screen of one batch; what is costly is worked out when it is asked for.

    Args:
        desk: What the batch is planned from.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rows: Iterator[Levels] | None = None

    @cached_property
    def _homes(self) -> dict[int, Run]:
        """The baseline of each slot."""
        opening = islice(self._desk.past, self._desk.spec.block.slots * self._desk.spec.block.batches)
        return {run.proposal.slot: run for run in opening if run.proposal.role is Role.BASELINE}

    @cached_property
    def is_near(self) -> bool:
        """Whether the baseline is so good that what is better should lie near it."""
        info = self._desk.metrics[self._desk.spec.objective]
        if info.direction == "minimize" or not info.target or info.target < 0:
            return False
        spreads = [run.spread(self._desk.spec.objective) for run in self._homes.values()]
        return any(spread is not None and spread.median >= NEAR * info.target for spread in spreads)

    @cached_property
    def _names(self) -> list[str]:
        """What is screened: what the opening did not sweep, and does something in the baseline."""
        spec = self._desk.spec
        base = next(iter(self._homes.values())).proposal.spec
        return [name for name in spec.space.tunable if name not in spec.sweep and is_open(name, base)]

    @cached_property
    def _known(self) -> Levels:
        """Those of earlier runs that set some of them and left the strategies."""
        base, tunable = next(iter(self._homes.values())).proposal.spec, self._desk.spec.space.tunable
        found = [
            [_level(tunable[name], run.proposal.spec.values[name], base.values[name]) for name in self._names]
            for run in self._desk.past
            if run.proposal.spec.strategies == base.strategies and not run.proposal.role.repeats
        ]
        return np.array([row for row in found if any(row)]).reshape(-1, len(self._names))

    def left(self, block: int) -> int:
        """Runs that the screen still needs: two for each hyperparameter in all, in the block for it."""
        if block != BLOCK or not self.is_near:
            return 0
        return max(0, RUNS_EACH * len(self._names) - len(self._known))

    def roles(self, batch: int, home: int) -> list[Role]:
        """The first batch screens; in further ones the slot of the best run digs where the screen points.

        Args:
            batch: The batch.
            home: That slot.
        """
        roles = [Role.EXPLORE] * self._desk.spec.block.slots
        if batch > 1:
            roles[home] = Role.EXPLOIT
        return roles

    def plan(self, desk: Desk, block: int, batch: int, slot: int) -> Iterator[Planned]:
        """One run of the screen, around the baseline of its slot; none where it needs no more."""
        left = self.left(block)
        if not left:
            return
        home = desk.home(self._homes.get(slot, next(iter(self._homes.values()))), slot)
        if isinstance(home, Move):  # a human asked for something since
            yield home, "the baseline as it is wanted by now, to screen around it"
            return
        if self._rows is None:
            n_runs = min(left, self.roles(batch, 0).count(Role.EXPLORE))
            self._rows = iter(self._design(n_runs, slot_rng(desk.spec, block, batch, slot)))
        source, tunable = home.proposal.spec, desk.spec.space.tunable
        values = dict(source.values)
        for name, level in zip(self._names, next(self._rows, ()), strict=False):
            move = to_value(home, name, value_at(tunable[name], HIGH if level > 0 else 1.0 - HIGH))
            if not speaks_against(move, desk.guidance):
                values[name] = move.values[name]
        changes = differences(source, values, source.strategies)
        if changes:
            what = f"{len(changes)} hyperparameters at once, each" if len(changes) > 1 else "a hyperparameter"
            reason = f"screens {what} near an end of its range, around run {home.number}"
            yield Move(home.number, values, source.strategies, ", ".join(changes)), reason

    def _design(self, n_runs: int, rng: Random) -> Levels:
        """A level for each run and hyperparameter, such that with the runs before they tell most."""
        n = len(self._names)
        dice = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
        drawn = dice.choice((-1.0, 1.0), (DESIGNS, n_runs, n))
        before = self._known.T @ self._known + BELIEF * np.eye(n)
        _, worth = np.linalg.slogdet(np.swapaxes(drawn, 1, 2) @ drawn + before)
        best: Levels = drawn[int(worth.argmax())]
        return best


def _level(parameter: Tunable, value: Value, base: Value) -> float:
    """Of a run before: the end that its value is nearer to, 0 where it is the baseline's or a foreign one."""
    if value == base or not parameter.contains(value):
        return 0.0
    return 1.0 if share_of(parameter, value) > 0.5 else -1.0
