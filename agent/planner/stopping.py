"""Early stop as a layer over any planner: slots get the rule by which their training may end as lost.

The rule of a slot is made when its batch is planned, of the learning curves of runs as long that are stored
by then. It asks a run to reach, at each look, what the worst of the best third of them had reached there, or
their median where that is less: so it would have stopped none of those that did well. Which did well is said
by the end of the same curves; no label is read, nor any objective that may rest on one. Runs that were
stopped count as lost, so that the limits do not rise by themselves. Slots that repeat a run get no rule: what
is confirmed is trained to its end.
Source: the median stopping rule, Golovin et al. 2017, Google Vizier, doi:10.1145/3097983.3098043.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

from agent.planner.base import Planner
from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run, RunState
from blocks.slot import Proposal, SlotSpec
from blocks.stopping import StopRule
from memory.ended import Ended
from memory.past import Past
from memory.statements import show_runs

SHARES: Final = (0.15, 0.3, 0.5, 0.7)
"""Shares of a training after which it is looked at: early looks save most, and some begin slowly."""

ENOUGH: Final = 6
"""Runs as long below which there is no limit: two of them then did well."""


class Known(NamedTuple):
    """What is known of a comparable run."""

    number: int
    reached: tuple[float, ...]
    """At the looks and at the end; of one that was stopped, up to then."""


class StoppingPlanner:
    """Gives each slot that searches its rule, and leaves everything else as it was proposed.

    Args:
        inner: Proposes.
    """

    def __init__(self, inner: Planner) -> None:
        self._inner = inner

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
        """See `Planner.propose`."""
        past = Past.of(history)
        proposed = self._inner.propose(
            spec, past, block=block, batch=batch, metrics=metrics, guidance=guidance
        )
        if not spec.planner.stops_early:
            return proposed
        curves = past.derive(Curves, spec.planner.resource)
        return [_ruled(one, curves, spec) if one.searches else one for one in proposed]


class Curves:
    """Learning curves of runs that have ended, by how long the runs were to be.

    Args:
        resource: The hyperparameter that says so.
    """

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._known: dict[Value | None, list[Known]] = defaultdict(list)

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended, where it searched, is evidence, and has a curve of these looks."""
        run, rule = ended.run, ended.run.proposal.spec.stop
        ended_well = (
            run.state in (RunState.DONE, RunState.STOPPED) and run.is_evidence and run.proposal.searches
        )
        if not ended_well or run.curve is None or rule is None or rule.shares != SHARES:
            return
        reached = [value for value in run.curve.middles if value is not None]
        if len(reached) == len(run.curve.reached):
            length = run.proposal.spec.values.get(self._resource)
            self._known[length].append(Known(run.number, tuple(reached)))

    def like(self, slot: SlotSpec) -> Sequence[Known]:
        """Runs as long as a slot is to be, in the order of their numbers."""
        return self._known.get(slot.values.get(self._resource), ())


def _ruled(proposal: Proposal, curves: Curves, spec: ExplorationSpec) -> Proposal:
    rule = stop_rule(curves.like(proposal.spec), reduction=spec.planner.reduction)
    return proposal.model_copy(update={"spec": proposal.spec.model_copy(update={"stop": rule})})


def stop_rule(known: Sequence[Known], *, reduction: int) -> StopRule:
    """The rule that comparable runs make.

    Args:
        known: What they had reached.
        reduction: One of so many did well.
    """
    whole = sorted(
        (one for one in known if len(one.reached) > len(SHARES)),
        key=lambda one: (-one.reached[-1], one.number),
    )
    if len(known) < ENOUGH or len(whole) < 2:
        return StopRule(shares=SHARES, why=f"{len(known)} of {ENOUGH} runs as long that are needed")
    best = whole[: max(2, math.ceil(len(known) / reduction))]
    limits = []
    for look in range(len(SHARES)):
        middle = median(one.reached[look] for one in known if len(one.reached) > look)
        limits.append(float(f"{min(middle, *(one.reached[look] for one in best)):.6g}"))
    return StopRule(
        shares=SHARES,
        limits=tuple(limits),
        why=f"which each of the {len(best)} best of {len(known)} runs as long had reached there "
        f"({show_runs([one.number for one in best])})",
    )
