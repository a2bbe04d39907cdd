"""Tree search by upper confidence bounds, with a role for every slot.

Of four slots two exploit the best nodes, one explores what is under-visited, and one tries to refute
something that the working memory says. Roles move on by one slot per batch, so that no role is tied
to one time_step. Every child differs from its parent by one change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice

from agent.planner.base import slot_rng, slot_spec
from agent.planner.desk import REACH, Desk, Plan
from agent.planner.guided import by_priors, said_of, suggested
from agent.planner.moves import Move, toggles
from agent.planner.opening import baselines, sweep
from agent.planner.testing import principle_test
from agent.planner.tree import Tree
from blocks.base import made
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import Proposal, Role, SlotSpec
from memory.past import Past

STALLED_RUNS = 3
"""So many runs in a line near zero, and the strategy changes instead of the numbers."""

NEAR_ZERO = 0.05
"""An objective below this share of its target counts as zero."""

ROLES = (Role.EXPLOIT, Role.EXPLOIT, Role.EXPLORE, Role.PRINCIPLE_TEST)


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
            metrics=metrics,
            open=spec.strategies.open if block > 1 else (),
            near_zero=_near_zero(metrics[spec.objective]),
        )
        turn = (block - 1) * spec.block.batches + batch
        plans, spare = self._plans(desk)
        roles = self._roles(desk, turn)
        proposals: list[Proposal] = []
        for slot in range(spec.block.slots):
            number = first + len(proposals)
            role = roles[slot]
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

    def _roles(self, desk: Desk, turn: int) -> list[Role]:
        """The role of each slot; they move on by one slot per batch."""
        return [ROLES[(slot + turn) % len(ROLES)] for slot in range(desk.spec.block.slots)]

    def _plans(self, desk: Desk) -> tuple[dict[Role, Plan], Plan]:  # noqa: ARG002
        """What each role of this batch would do in a slot, best first, and what one without work would do.

        Args:
            desk: What the batch is planned from.
        """
        plans: dict[Role, Plan] = {
            Role.EXPLOIT: _exploit,
            Role.EXPLORE: _explore,
            Role.PRINCIPLE_TEST: principle_test,
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
                return made(
                    Proposal,
                    {
                        "slot": slot,
                        "spec": child,
                        "role": chosen_role,
                        "parent": move.parent,
                        "change": move.change,
                        "reason": reason,
                        "network": 0,
                    },
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
