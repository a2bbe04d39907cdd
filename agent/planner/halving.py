"""Successive halving: many short runs, few long ones.

One parameter is the resource, the length of a training as a rule. Configurations are drawn at the lowest
rung; the best share of those that a rung has seen is run again, with all else as it was, at the next one.
So a run that is lost is stopped by not going on, and no rung waits until it is full.
Source: ASHA, Li et al. 2020, arXiv:1810.05934, with runs of a batch side by side.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from agent.planner.base import slot_rng
from agent.planner.opening import baselines
from agent.planner.whole_space import Batch
from blocks.base import Value
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run, RunState
from blocks.slot import Proposal, Role, SlotSpec, show_value
from memory.ended import Ended
from memory.past import Configuration, Past, configuration


class Standing(NamedTuple):
    """A run in its rung."""

    run: Run
    place: int
    """From 1, the best."""

    among: int


class HalvingPlanner:
    """Promotes what did well in a short training to a longer one.

    Args:
        admits: Whether the problem can train a slot.
    """

    def __init__(self, admits: Callable[[SlotSpec], bool]) -> None:
        self._admits = admits

    def propose(
        self,
        spec: ExplorationSpec,
        history: Sequence[Run],
        *,
        block: int,
        batch: int,
        metrics: Mapping[str, MetricInfo],
        guidance: Guidance = NO_GUIDANCE,
    ) -> list[Proposal]:
        """See `Planner.propose`.

        Raises:
            SpecError: Nothing is left for any slot.
        """
        past, narrowed = Past.of(history), guidance.narrow(spec)
        spec = narrowed.spec
        if (block == 1 and batch == 1) or not past:
            return baselines(spec, first_number=past.next_number)
        resource = spec.planner.resource
        if resource not in spec.space.tunable:
            raise SpecError(
                f"planner.resource: must be left free for halving, but {resource} is fixed; take that back, "
                "or choose another planner under another name"
            )
        levels = rungs(spec)
        shown = [show_value(level) for level in levels]
        ladder = past.derive(Ladder, spec.objective, metrics[spec.objective].direction, resource, levels)
        filling, standings = (
            Batch(narrowed, guidance, past, self._admits),
            ladder.promotable(spec.planner.reduction),
        )
        for slot in range(spec.block.slots):
            if not self._promote(filling, standings, slot, shown):
                rng = slot_rng(spec, block, batch, slot)
                reason = f"a new configuration at the lowest rung, {resource} {shown[0]}"
                filling.draw(slot, block, rng, reason=reason, **{resource: levels[0]})
        return filling.whole(block, batch)

    @staticmethod
    def _promote(
        filling: Batch, standings: Sequence[tuple[int, Standing]], slot: int, shown: Sequence[str]
    ) -> bool:
        spec, resource = filling.spec, filling.spec.planner.resource
        here = spec.space.invariants(slot)
        for rung, one in standings:
            source = one.run.proposal.spec
            if any(source.values.get(name) != value for name, value in here.items()):
                continue
            before, after = source.values[resource], rungs(spec)[rung + 1]
            found = filling.new({**source.values, resource: after}, source.strategies, slot)
            if found is None:
                continue
            filling.add(
                slot,
                found,
                role=Role.EXPLOIT,
                parent=one.run.number,
                change=f"{resource} {show_value(before)} -> {show_value(after)}",
                reason=(
                    f"run {one.run.number} is no. {one.place} of {one.among} at rung {shown[rung]}: "
                    f"on to rung {shown[rung + 1]}"
                ),
            )
            return True
        return False


def rungs(spec: ExplorationSpec) -> tuple[Value, ...]:
    """Values of the resource from the lowest rung to the highest, each `reduction` times the one before."""
    parameter, reduction = spec.space.tunable[spec.planner.resource], spec.planner.reduction
    assert parameter.kind != "categorical"  # the spec has been checked
    low, high = float(parameter.low), float(parameter.high)
    count = math.floor(math.log(high / low, reduction) + 1e-9) + 1
    found = [high / reduction**step for step in reversed(range(count))]
    return tuple(round(one) if parameter.kind == "int" else float(f"{one:.3g}") for one in found)


class Ladder:
    """Every run that has ended, in its rung: the highest one that its resource reaches.

    Args:
        objective: What runs are ranked by.
        direction: `maximize` or `minimize`.
        resource: The parameter that tells the rungs apart.
        levels: Its value at each rung.
    """

    def __init__(self, objective: str, direction: str, resource: str, levels: tuple[Value, ...]) -> None:
        self._objective, self._sign = objective, -1.0 if direction == "maximize" else 1.0
        self._resource, self._levels = resource, levels
        self._rungs: dict[int, list[tuple[float, int, Run]]] = defaultdict(list)
        self._reached: dict[Configuration, int] = {}

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended; a failed one is last in its rung; a repeat says nothing new."""
        run = ended.run
        if not run.proposal.searches or not run.is_evidence:
            return
        value = float(run.proposal.spec.values[self._resource])
        rung = max((n for n, level in enumerate(self._levels) if float(level) <= value), default=0)
        spread = run.spread(self._objective) if run.state is RunState.DONE else None
        loss = math.inf if spread is None else self._sign * spread.median
        self._rungs[rung].append((loss, run.number, run))
        key = self._key(run)
        self._reached[key] = max(rung, self._reached.get(key, 0))

    def promotable(self, reduction: int) -> list[tuple[int, Standing]]:
        """Rung and run, from the highest rung and the best run down; none that has gone on already."""
        found = []
        for rung in sorted(self._rungs, reverse=True):
            if rung + 1 == len(self._levels):
                continue
            ranked = sorted(self._rungs[rung], key=lambda one: one[:2])
            for place, (loss, _, run) in enumerate(ranked[: len(ranked) // reduction], 1):
                if loss < math.inf and self._reached[self._key(run)] == rung:
                    found.append((rung, Standing(run, place, len(ranked))))
        return found

    def _key(self, run: Run) -> Configuration:
        """The configuration but for the resource."""
        values, strategies = configuration(run.proposal.spec)
        return tuple(pair for pair in values if pair[0] != self._resource), strategies
