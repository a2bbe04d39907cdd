"""Escalation as a layer over any planner: where the search is stuck, the strategy changes, not the numbers.

Stuck for 3 runs: the last three searching runs all stayed near zero. Stuck for a block: no run of the last
block improved on what there was before by more than noise. Then slots that would exploit by moving a number
turn on the next strategy of the spec's order instead, on the best run that it was not tried on: label-free
baselines before auxiliary losses. A planner that exploits in no slot gives one of its other slots that move
a number.
"""

import math
from bisect import insort
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

from agent.planner.base import Planner, slot_spec
from agent.planner.moves import Move, at_home, toggles
from blocks.constraints import Narrowed
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run, show_number
from blocks.slot import Proposal, Role, SlotSpec
from memory.candidates import Candidates
from memory.ended import Ended
from memory.past import Configuration, Past, configuration
from memory.samples import MEDIAN_NOISE

STALLED_RUNS = 3

NEAR_ZERO = 0.05
"""An objective below this share of its target counts as zero."""

BEYOND = 2.0
"""Standard errors of a difference that an improvement has to exceed."""

REACH = 50
"""Runs that are considered for a strategy, best first."""


class EscalatingPlanner:
    """Changes the strategy where numbers no longer help, and leaves everything else as it was proposed.

    Args:
        inner: Proposes everything else.
        order: Puts open strategies into the order in which they are turned on, where the spec gives none.
        admits: Whether the problem can train a slot.
        enough: So many slots of a batch that change the strategy are enough, whoever has them do so; None:
            all that exploit are to. A planner that weighs strategies along with the numbers needs a reminder
            where it forgets them, and no replacement.
    """

    def __init__(
        self,
        inner: Planner,
        *,
        order: Callable[[Sequence[str]], Sequence[str]],
        admits: Callable[[SlotSpec], bool],
        enough: int | None = None,
    ) -> None:
        self._inner = inner
        self._enough = enough
        self._order = order
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
            SpecError: The planner below finds nothing new.
        """
        past = Past.of(history)
        proposed = self._inner.propose(
            spec, past, block=block, batch=batch, metrics=metrics, guidance=guidance
        )
        chosen = spec.strategies.escalation
        names = self._order(spec.strategies.open) if chosen is None else chosen
        if block == 1 or not names:
            return proposed
        info = metrics[spec.objective]
        candidates = past.derive(Candidates, spec.objective, info.direction)
        why = stuck(spec, past, candidates, block=block, info=info)
        if why is None:
            return proposed
        best = past.derive(Course, spec.objective, info.direction).top
        taken = {configuration(proposal.spec) for proposal in proposed}
        out = list(proposed)
        for place in _places(proposed, past, enough=self._enough):
            move = self._next(guidance.narrow(spec), past, best, names, proposed[place], taken, guidance)
            if move is None:
                continue
            taken.add(move.leads_to)
            out[place] = _changed(
                spec, proposed[place], move, f"{why}; {move.change} is next, on run {move.parent}"
            )
        return out

    def _next(
        self,
        narrowed: Narrowed,
        past: Past,
        best: Sequence[Run],
        names: Sequence[str],
        proposal: Proposal,
        taken: Collection[Configuration],
        guidance: Guidance,
    ) -> Move | None:
        """The first strategy of the order that is untried on the best run under the slot's invariants."""
        for name in names:
            if name in narrowed.off:
                continue
            for run in best:
                home = at_home(run, narrowed, proposal.slot, past, guidance)
                if isinstance(home, Move) or name in home.proposal.spec.strategies:
                    continue
                (move,) = toggles(home, [name])
                if move.leads_to in taken or past.first_of(move.leads_to) is not None:
                    break  # it had its turn on the best that could have it: on to the next strategy
                if self._admits(_changed(narrowed.spec, proposal, move, "").spec):
                    return move
        return None


class Course:
    """How the search went, fed with runs as they end.

    Args:
        objective: The metric that is searched for.
        direction: `maximize` or `minimize`.
    """

    def __init__(self, objective: str, direction: str) -> None:
        self._objective = objective
        self._sign = 1.0 if direction == "maximize" else -1.0
        self.last: deque[tuple[Run, float]] = deque(maxlen=STALLED_RUNS)
        """The last searching runs with an objective, and that."""

        self.best: dict[int, tuple[float, Run]] = {}
        """By block, its best run and how good that is, higher being better."""

        self._top: list[tuple[float, int, Run]] = []

    @property
    def top(self) -> list[Run]:
        """The `REACH` best runs, best first; the older one of equals."""
        return [run for _, _, run in self._top]

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended."""
        run = ended.run
        if not run.proposal.searches or not ended.values_of(self._objective):
            return
        value = ended.median_of(self._objective)
        self.last.append((run, value))
        here = (self._sign * value, run)
        self.best[run.block] = max(self.best.get(run.block, here), here, key=_score)
        if len(self._top) < REACH or -here[0] < self._top[-1][0]:
            insort(self._top, (-here[0], run.number, run))
            del self._top[REACH:]


def stuck(
    spec: ExplorationSpec, past: Past, candidates: Candidates, *, block: int, info: MetricInfo
) -> str | None:
    """How the search is stuck, in words; None where it is not.

    Args:
        spec: The exploration.
        past: Its runs.
        candidates: What they have shown.
        block: The block that is planned.
        info: What the problem says of the objective.
    """
    objective, sign = spec.objective, 1.0 if info.direction == "maximize" else -1.0
    course = past.derive(Course, objective, info.direction)
    last = course.last
    zero = NEAR_ZERO * abs(info.target or 0.0) if info.direction == "maximize" else 0.0
    # Where something did well, runs near zero were ventured, and the search goes on from what did well.
    nothing = all(abs(best) < zero for best, _ in course.best.values())
    if len(last) == STALLED_RUNS and nothing and all(abs(value) < zero for _, value in last):
        named = ", ".join(str(run.number) for run, _ in last)
        return f"stuck for {STALLED_RUNS} runs: runs {named} stayed near zero"
    before = [best for number, best in course.best.items() if number < block - 1]
    if block < 3 or not before or block - 1 not in course.best:
        return None
    had, gained = max(before, key=_score), course.best[block - 1]
    needed = BEYOND * math.sqrt(2 / spec.replicates) * MEDIAN_NOISE * candidates.noise
    at_target = info.target is not None and abs(sign * info.target - max(had[0], gained[0])) <= needed
    if gained[0] > had[0] + needed or at_target:
        return None
    return (
        f"stuck for a block: block {block - 1} did not improve on run {had[1].number} "
        f"({info.label or objective} {show_number(sign * had[0])}) by more than noise"
    )


def _score(item: tuple[float, Run]) -> tuple[float, int]:
    return item[0], -item[1].number


def _places(proposed: Sequence[Proposal], past: Past, *, enough: int | None) -> list[int]:
    """Places of a batch whose proposals give way."""

    def moves_a_number(proposal: Proposal) -> bool:
        parent = past.by_number(proposal.parent)
        return parent is None or set(proposal.spec.strategies) == set(parent.proposal.spec.strategies)

    movable = [place for place, proposal in enumerate(proposed) if moves_a_number(proposal)]
    exploiting = [place for place in movable if proposed[place].role is Role.EXPLOIT]
    found = exploiting or [place for place in movable if proposed[place].role is Role.EXPLORE][:1]
    return found if enough is None else found[: max(0, enough - (len(proposed) - len(movable)))]


def _changed(spec: ExplorationSpec, proposal: Proposal, move: Move, reason: str) -> Proposal:
    child = slot_spec(spec, move.values, move.strategies, slot=proposal.slot, number=1)
    return proposal.model_copy(
        update={
            "spec": child.model_copy(update={"seeds": proposal.spec.seeds}),
            "role": Role.EXPLOIT,
            "parent": move.parent,
            "change": move.change,
            "reason": reason,
        }
    )
