"""Block 2 where the baseline is good already: its hyperparameters high and low, several at once.

Every run of the screen sets all hyperparameters that the opening did not sweep, each near the one end of its
range or near the other (of named values, the first or the last), and leaves strategies as they are. Which
are high together is chosen so that the effect of each can be told from those of the others (Bayesian
D-optimality, the runs before included). So every run tells of all of them, where one that changes one thing
tells of that alone. Where the baseline is far from what is wanted, what is good lies elsewhere, and nothing
is screened around it; nor is it where the block has fewer runs than there are hyperparameters.
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
from agent.planner.guided import breaches
from agent.planner.moves import Move, is_open
from blocks.base import Value
from blocks.run import Run
from blocks.slot import Role, SlotSpec, differences
from blocks.space import CategoricalParameter, Tunable, share_of, value_at

Levels = Float64[np.ndarray, "run hyperparameter"]
"""1 where a run sets a hyperparameter high, -1 where low, 0 where it leaves it."""

BLOCK: Final = 2
"""The block that screens."""

NEAR: Final = 0.5
"""The share of its perfect value that the objective has to reach at the baseline."""

HIGH: Final = 0.85
"""Where in its range a number is high: near the end, since at the end itself trainings may fail."""

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
    def _opening(self) -> list[Run]:
        """The first block's worth of runs."""
        return list(islice(self._desk.past, self._desk.spec.block.slots * self._desk.spec.block.batches))

    @cached_property
    def _homes(self) -> dict[int, Run]:
        """The baseline of each slot."""
        return {run.proposal.slot: run for run in self._opening if run.proposal.role is Role.BASELINE}

    @cached_property
    def _barren(self) -> set[int]:
        """Slots whose baseline came to nothing: around it, next to nothing would be told."""
        objective = self._desk.spec.objective
        return {slot for slot, run in self._homes.items() if not run.values_of(objective)}

    @cached_property
    def _base(self) -> SlotSpec:
        """The baseline as the constraints want it by now, in any slot."""
        run = next(iter(self._homes.values()))
        source = run.proposal.spec
        values, strategies = self._desk.guidance.brought(
            self._desk.narrowed, source.values, source.strategies, slot=run.proposal.slot
        )
        return source.model_copy(update={"values": values, "strategies": strategies})

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
        sweeps = [run.proposal.spec.values for run in self._opening if run.proposal.role is Role.SWEEP]
        spec, before = self._desk.spec, next(iter(self._homes.values())).proposal.spec.values
        swept = {name for name in spec.sweep if any(values[name] != before[name] for values in sweeps)}
        return [n for n in spec.space.tunable if n not in swept and is_open(n, self._base)]

    def left(self, block: int) -> int:
        """Runs that the screen still needs: two for each hyperparameter in all, in the block for it."""
        if block != BLOCK or not self.is_near:
            return 0
        room = self._desk.spec.block.slots * self._desk.spec.block.batches
        wanted = RUNS_EACH * len(self._names) if len(self._names) <= room else 0
        return max(0, wanted - self._done)

    def has_pointed(self, block: int) -> bool:
        """Whether it has just said which way to go: in its own block and the next."""
        return BLOCK <= block <= BLOCK + 1 and self.is_near and self._done > 0

    @cached_property
    def _done(self) -> int:
        """Its runs so far."""
        return sum(run.block == BLOCK and self._is_of_screen(run) for run in self._desk.past)

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
        if not left or slot in self._barren:
            return
        run = self._homes.get(slot, next(iter(self._homes.values())))
        home = desk.home(run, slot)
        parent, values, strategies = (
            (run, dict(home.values), home.strategies)  # a human asked for something since
            if isinstance(home, Move)
            else (home, dict(home.proposal.spec.values), home.proposal.spec.strategies)
        )
        if self._rows is None:
            here = max(1, self.roles(batch, 0).count(Role.EXPLORE) - len(self._barren))
            n_runs = min(left, here)
            self._rows = iter(self._design(n_runs, slot_rng(desk.spec, block, batch, slot)))
        for name, level in zip(self._names, next(self._rows, ()), strict=False):
            other = {**values, name: _value_at(desk.spec.space.tunable[name], high=level > 0)}
            after = Move(parent.number, other, strategies, "")
            if desk.guidance.allows(other, strategies) and not breaches(after, desk.guidance, name=name):
                values = other
        changes = differences(parent.proposal.spec, values, strategies)
        if changes:
            what = f"{len(changes)} hyperparameters at once, each" if len(changes) > 1 else "a hyperparameter"
            reason = f"screens {what} near an end of its range, around run {parent.number}"
            yield Move(parent.number, values, strategies, ", ".join(changes)), reason

    def _is_of_screen(self, run: Run) -> bool:
        """Whether a run is the baseline but for what is screened."""
        source, base = run.proposal.spec, self._base
        moved = any(source.values[name] != base.values[name] for name in self._names)
        return moved and self._is_around(run)

    def _is_around(self, run: Run) -> bool:
        return run.proposal.spec.strategies == self._base.strategies and not run.proposal.role.repeats

    def _design(self, n_runs: int, rng: Random) -> Levels:
        """A level for each run and hyperparameter, such that with the runs before they tell most."""
        tunable, base = self._desk.spec.space.tunable, self._base.values
        around = [run.proposal.spec.values for run in self._desk.past if self._is_around(run)]
        known = np.array(
            [[1.0, *(_level(tunable[n], one[n], base[n]) for n in self._names)] for one in around]
        ).reshape(-1, 1 + len(self._names))
        dice = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
        drawn = dice.choice((-1.0, 1.0), (DESIGNS, n_runs, 1 + len(self._names)))
        drawn[:, :, 0] = 1.0  # what all runs have in common is no effect
        before = known.T @ known + BELIEF * np.eye(1 + len(self._names))
        _, worth = np.linalg.slogdet(np.swapaxes(drawn, 1, 2) @ drawn + before)
        best: Levels = drawn[int(worth.argmax()), :, 1:]
        return best


def _value_at(parameter: Tunable, *, high: bool) -> Value:
    """A value near an end of the range; of named ones, that at the end."""
    far = 1.0 if isinstance(parameter, CategoricalParameter) else HIGH
    return value_at(parameter, far if high else 1.0 - far)


def _level(parameter: Tunable, value: Value, base: Value) -> float:
    """Of a run before; of two names that the baseline may have, one is high and the other low."""
    if isinstance(parameter, CategoricalParameter):
        ends = (parameter.choices[0], parameter.choices[-1])
        return float(value == ends[1]) - float(value == ends[0])
    if value == base or not parameter.contains(value):
        return 0.0
    return 1.0 if share_of(parameter, value) > 0.5 else -1.0
