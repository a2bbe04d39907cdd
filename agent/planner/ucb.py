"""Tree search by upper confidence bounds, with a role for every slot.

Of four slots two exploit the best nodes, one explores what is under-visited, and one tries to refute
something that the working memory says. Roles move on by one slot per batch, so that no role is tied
to one time_step. Every child differs from its parent by one change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from random import Random

from agent.planner.base import slot_rng, slot_spec
from agent.planner.guided import by_priors, ordered, said_of, suggested, tests_of
from agent.planner.moves import Move, at_home, draws, is_open, steps, to_value, toggles
from agent.planner.opening import baselines, sweep
from agent.planner.stakes import BEST, by_stake
from agent.planner.tree import Look, Tree
from blocks.base import Value
from blocks.constraints import Narrowed
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import Proposal, Role, SlotSpec
from memory.findings import Claim, claims
from memory.past import Configuration, Past

STALLED_RUNS = 3
"""So many runs in a line near zero, and the strategy changes instead of the numbers."""

NEAR_ZERO = 0.05
"""An objective below this share of its target counts as zero."""

ATTEMPTS = 200
"""Numeric neighbours tried before a slot's space counts as exhausted."""

REACH = 200
"""Nodes that a role considers, however many there are, before it counts as having nothing to do."""

ROLES = (Role.EXPLOIT, Role.EXPLOIT, Role.EXPLORE, Role.PRINCIPLE_TEST)


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
    nodes: Look
    claims: list[Claim]
    open: tuple[str, ...]
    """Strategies that may be turned on: none in block 1."""

    near_zero: float
    """Below this an objective counts as zero; 0 where zero is nothing bad."""

    filled: set[Configuration] = field(default_factory=set)
    """Configurations that are proposed in this batch already."""

    children: list[SlotSpec] = field(default_factory=list)
    """The slots that are, in their order."""

    exploited: int = 0

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


class UcbPlanner:
    """The planner of the study behind the seed, made pure and made to isolate its changes.

    Args:
        admits: Whether the problem can train a slot: some combinations of strategies leave no loss.
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
        """See `Planner.propose`. A slot for which nothing new is left in the space is left out.

        Raises:
            SpecError: Nothing is left for any slot, or the constraints contradict each other.
        """
        past = Past.of(history)
        first = past.next_number
        swept = list(spec.sweep)[batch - 2] if block == 1 and 2 <= batch < len(spec.sweep) + 2 else None
        narrowed = guidance.narrow(spec)
        spec = narrowed.spec
        # Where all runs are void, there is nothing to go on from but the beginning.
        if (block == 1 and batch == 1) or not past:
            steered = any(one.subject not in spec.space.tunable for one in guidance.constraints)
            return baselines(spec, first_number=first, once=steered)
        if swept is not None and swept in spec.sweep:  # not so where a human fixed it
            return sweep(spec, past, swept, first_number=first)
        tree = past.derive(Tree, spec.objective, metrics[spec.objective].direction)
        desk = Desk(
            spec=spec,
            narrowed=narrowed,
            guidance=guidance,
            past=past,
            tree=tree,
            nodes=tree.look(
                exploration_constant=spec.planner.exploration_constant, reward=spec.planner.reward
            ),
            claims=claims(spec, past, metrics=metrics),
            open=spec.strategies.open if block > 1 else (),
            near_zero=_near_zero(metrics[spec.objective]),
        )
        turn = (block - 1) * spec.block.batches + batch
        plans, spare = self._plans()
        proposals: list[Proposal] = []
        for slot in range(spec.block.slots):
            number = first + len(proposals)
            role = ROLES[(slot + turn) % len(ROLES)]
            options = chain(
                ((move, reason, role) for move, reason in plans[role](desk, block, batch, slot)),
                # A role with nothing to do here gives its slot to exploration.
                ((move, reason, Role.EXPLORE) for move, reason in spare(desk, block, batch, slot)),
                ((move, reason, Role.EXPLORE) for move, reason in _any_step(desk, block, batch, slot)),
            )
            found = self._slot(desk, options, slot=slot, number=number)
            if found is not None:
                proposals.append(found)
        if not proposals:
            raise SpecError(
                f"space: must leave something to try, but block {block}, batch {batch} found nothing new; "
                "widen a range or open a strategy, under another name"
            )
        return proposals

    def _plans(self) -> tuple[dict[Role, Plan], Plan]:
        """What each role of this batch would do in a slot, best first, and what one without work would do."""
        plans: dict[Role, Plan] = {
            Role.EXPLOIT: _exploit,
            Role.EXPLORE: _explore,
            Role.PRINCIPLE_TEST: _principle_test,
        }
        return plans, _any_step

    def _slot(
        self, desk: Desk, options: Iterator[tuple[Move, str, Role]], *, slot: int, number: int
    ) -> Proposal | None:
        for move, reason, chosen_role in options:
            if not desk.is_new(move):
                continue
            child = slot_spec(desk.spec, move.values, move.strategies, slot=slot, number=number)
            if self._admits(child):
                desk.filled.add(move.leads_to)
                desk.children.append(child)
                return Proposal(
                    slot=slot,
                    spec=child,
                    role=chosen_role,
                    parent=move.parent,
                    change=move.change,
                    reason=reason,
                )
        return None


def _exploit(desk: Desk, block: int, batch: int, slot: int) -> Iterator[tuple[Move, str]]:
    """A conservative change to the best node by UCB, the second best for the second such slot."""
    start, desk.exploited = desk.exploited, desk.exploited + 1
    for rank, node in enumerate(desk.nodes.by_ucb(REACH, skip=start), start):
        place = "best" if rank == 0 else f"no. {rank % desk.nodes.n_scored + 1}"
        why = f"{place} node by UCB (run {node.run.number}, reward {node.reward:.2f}, {node.visits} visits)"
        home = desk.home(node.run, slot)
        if isinstance(home, Move):
            yield home, f"{why}, brought to this slot"
            continue
        if _is_stalled(home, desk):
            for move in toggles(home, by_priors(desk.open, desk.guidance)):
                yield (
                    move,
                    f"{STALLED_RUNS} runs near zero up to run {home.number}: "
                    "the strategy changes, not the numbers",
                )
        rng = slot_rng(desk.spec, block, batch, slot)
        for move in desk.steps(home, rng):
            yield move, why


def _explore(desk: Desk, block: int, batch: int, slot: int) -> Iterator[tuple[Move, str]]:
    """An open strategy that few runs had, on the best node; then the least visited node."""
    counts = {name: desk.past.with_strategy(name) for name in desk.open}
    # Tried once per slot of a batch, a strategy has had its chance; exploiting takes over.
    used = {name: count for name, count in counts.items() if count < desk.spec.block.slots}
    best = list(desk.nodes.by_reward(REACH)) if used else []
    for name in by_priors(sorted(used, key=lambda name: used[name]), desk.guidance):
        for node in best:
            if name in node.run.proposal.spec.strategies:
                continue
            home = desk.home(node.run, slot)
            if isinstance(home, Move):
                continue
            for move in toggles(home, [name]):
                why = f"{name} was tried in {used[name]} runs; run {home.number} is the best without it"
                yield move, f"{why}{said_of(name, desk.guidance)}"
    for node in desk.nodes.by_reward(REACH) if desk.guidance.priors else ():
        if not isinstance(home := desk.home(node.run, slot), Move):
            yield from suggested(home, desk.guidance)
    for node in desk.nodes.by_visits(REACH):
        home = desk.home(node.run, slot)
        if isinstance(home, Move):
            yield home, f"run {node.run.number} was visited {node.visits} times; brought to this slot"
            continue
        rng = slot_rng(desk.spec, block, batch, slot)
        for move in desk.steps(home, rng):
            yield move, f"under-visited node (run {home.number}, {node.visits} visits)"


def _principle_test(desk: Desk, block: int, batch: int, slot: int) -> Iterator[tuple[Move, str]]:
    """Undoes, in the best run that follows it, something that the memory says is better."""
    spec = desk.spec
    # What block 1 takes for granted was never compared with its absence: that is the first thing to test.
    assumed = [name for name in spec.strategies.baseline if desk.past.with_strategy(name) == len(desk.past)]
    # An invariant of the slot is changed by no move.
    testable = [
        claim
        for claim in (*tests_of(desk.guidance), *desk.claims)
        if claim.subject in spec.space.tunable or _is_switch(claim, spec)
    ]
    best = [node.run.proposal.spec for node in desk.nodes.by_reward(BEST)]
    stakes = by_stake(testable, best, spec) if best else []
    reached: dict[tuple[str, Value], set[Value]] = {}

    def draw() -> Random:
        return slot_rng(spec, block, batch, slot)

    for node in desk.nodes.by_reward(REACH) if testable or assumed else ():
        home = desk.home(node.run, slot)
        if isinstance(home, Move):
            continue
        for stake in stakes:
            for move in _against(stake.claim, home, desk, draw, reached):
                yield move, stake.reason
        taken = [name for name in assumed if name in home.proposal.spec.strategies]
        for move in toggles(home, taken):
            yield move, f"no run yet {move.change}: the first block took it for granted"


def _is_switch(claim: Claim, spec: ExplorationSpec) -> bool:
    """Whether a claim is about a strategy."""
    return claim.better in ("on", "off") and claim.subject not in spec.space


def _against(
    claim: Claim,
    home: Run,
    desk: Desk,
    draw: Callable[[], Random],
    reached: dict[tuple[str, Value], set[Value]],
) -> Iterator[Move]:
    """Moves that do the opposite of what a claim says is better, where the run follows it.

    Args:
        claim: What is said.
        home: The run to be changed.
        desk: What the batch is planned from.
        draw: Gives the slot's random numbers, from their beginning.
        reached: Values that they lead to from a value, filled here: many runs share a value.
    """
    subject, source = claim.subject, home.proposal.spec
    if _is_switch(claim, desk.spec):
        if (subject in source.strategies) == (claim.better == "on"):
            yield from toggles(home, [subject])
        return
    before = source.values[subject]
    if claim.better in ("higher", "lower"):
        for move in islice(steps(home, desk.spec, draw(), names=[subject]), ATTEMPTS):
            if (float(move.values[subject]) < float(before)) == (claim.better == "higher"):
                yield move
    elif before == claim.better and is_open(subject, source):
        move = to_value(home, subject, claim.other)
        if not desk.is_new(move):
            return
        if (subject, before) not in reached:
            reached[subject, before] = set(islice(draws(before, subject, desk.spec, draw()), ATTEMPTS))
        if claim.other in reached[subject, before]:
            yield move


def _any_step(desk: Desk, block: int, batch: int, slot: int) -> Iterator[tuple[Move, str]]:
    """A numeric neighbour of anything at all, failed runs last."""
    for node in desk.nodes.anything():
        home = desk.home(node.run, slot)
        if isinstance(home, Move):
            yield home, f"run {node.run.number}, brought to this slot"
            continue
        rng = slot_rng(desk.spec, block, batch, slot)
        for move in desk.steps(home, rng):
            yield move, f"a neighbour of run {home.number}"


def _is_stalled(run: Run, desk: Desk) -> bool:
    """Whether the last runs up to this one stayed near zero."""
    line = list(islice(_lineage(run, desk.past), STALLED_RUNS))
    medians = [spread.median for other in line if (spread := other.spread(desk.spec.objective)) is not None]
    return len(medians) == STALLED_RUNS and all(abs(m) < desk.near_zero for m in medians)


def _lineage(run: Run, past: Past) -> Iterator[Run]:
    """The run and its ancestors, youngest first."""
    younger: Run | None = run
    while younger is not None:
        yield younger
        younger = past.by_number(younger.proposal.parent)


def _near_zero(info: MetricInfo) -> float:
    if info.direction == "minimize" or not info.target:
        return 0.0
    return NEAR_ZERO * abs(info.target)
