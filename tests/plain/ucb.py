"""Tree search by upper confidence bounds, with a role for every slot.

Of four slots two exploit the best nodes, one explores what is under-visited, and one tries to refute
something that the working memory says. Roles move on by one slot per batch, so that no role is tied
to one time_step. Every child differs from its parent by one change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from random import Random

from agent.planner.base import slot_rng, slot_spec
from agent.planner.opening import baselines, sweep
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run
from blocks.slot import Proposal, Role, SlotSpec
from blocks.space import share_of
from tests.plain.findings import Statement, findings
from tests.plain.moves import Move, at_home, is_new, steps, toggles, tried
from tests.plain.tree import Node, build_tree, lineage

STALLED_RUNS = 3
"""So many runs in a line near zero, and the strategy changes instead of the numbers."""

NEAR_ZERO = 0.05
"""An objective below this share of its target counts as zero."""

ATTEMPTS = 200
"""Numeric neighbours tried before a slot's space counts as exhausted."""

ROLES = (Role.EXPLOIT, Role.EXPLOIT, Role.EXPLORE, Role.PRINCIPLE_TEST)


@dataclass
class _Desk:
    """What the slots of one batch are planned from; `seen` grows as slots are filled."""

    spec: ExplorationSpec
    history: Sequence[Run]
    nodes: list[Node]
    statements: list[Statement]
    open: tuple[str, ...]
    """Strategies that may be turned on: none in block 1."""

    near_zero: float
    """Below this an objective counts as zero; 0 where zero is nothing bad."""

    seen: set[tuple[object, ...]]
    exploited: int = 0


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
    ) -> list[Proposal]:
        """See `Planner.propose`. A slot for which nothing new is left in the space is left out.

        Raises:
            SpecError: Nothing is left for any slot.
        """
        first = len(history) + 1
        if block == 1 and batch == 1:
            return baselines(spec, first_number=first)
        if block == 1 and batch - 2 < len(spec.sweep):
            return sweep(spec, history, list(spec.sweep)[batch - 2], first_number=first)
        nodes = build_tree(
            history,
            objective=spec.objective,
            metrics=metrics,
            exploration_constant=spec.planner.exploration_constant,
        )
        desk = _Desk(
            spec=spec,
            history=history,
            nodes=nodes,
            statements=findings(spec, history, metrics=metrics),
            open=spec.strategies.open if block > 1 else (),
            near_zero=_near_zero(metrics[spec.objective]),
            seen=tried(history),
        )
        turn = (block - 1) * spec.block.batches + batch
        proposals: list[Proposal] = []
        for slot in range(spec.block.slots):
            number = first + len(proposals)
            found = self._slot(desk, block=block, batch=batch, slot=slot, turn=turn, number=number)
            if found is not None:
                proposals.append(found)
        if not proposals:
            raise SpecError(
                f"space: must leave something to try, but block {block}, batch {batch} found nothing new; "
                "widen a range or open a strategy, under another name"
            )
        return proposals

    def _slot(
        self, desk: _Desk, *, block: int, batch: int, slot: int, turn: int, number: int
    ) -> Proposal | None:
        spec = desk.spec
        role = ROLES[(slot + turn) % len(ROLES)]
        plans: dict[Role, Callable[[_Desk, int, int, int], Iterator[tuple[Move, str]]]] = {
            Role.EXPLOIT: _exploit,
            Role.EXPLORE: _explore,
            Role.PRINCIPLE_TEST: _principle_test,
        }
        options = chain(
            ((move, reason, role) for move, reason in plans[role](desk, block, batch, slot)),
            # A role with nothing to do here gives its slot to exploration of the numbers.
            ((move, reason, Role.EXPLORE) for move, reason in _any_step(desk, block, batch, slot)),
        )
        for move, reason, chosen_role in options:
            if not is_new(move, desk.seen):
                continue
            child = slot_spec(spec, move.values, move.strategies, slot=slot, number=number)
            if self._admits(child):
                desk.seen.add((tuple(sorted(move.values.items())), tuple(sorted(move.strategies))))
                return Proposal(
                    slot=slot,
                    spec=child,
                    role=chosen_role,
                    parent=move.parent,
                    change=move.change,
                    reason=reason,
                )
        return None


def _exploit(desk: _Desk, block: int, batch: int, slot: int) -> Iterator[tuple[Move, str]]:
    """A conservative change to the best node by UCB, the second best for the second such slot."""
    ranked = [node for node in desk.nodes if node.scored]
    start, desk.exploited = desk.exploited, desk.exploited + 1
    for rank, node in enumerate(ranked[start:] + ranked[:start]):
        place = "best" if start + rank == 0 else f"no. {(start + rank) % len(ranked) + 1}"
        why = f"{place} node by UCB (run {node.run.number}, reward {node.reward:.2f}, {node.visits} visits)"
        home = at_home(node.run, desk.spec, slot, desk.history)
        if isinstance(home, Move):
            yield home, f"{why}, brought to this slot"
            continue
        if _is_stalled(home, desk):
            for move in toggles(home, desk.open):
                yield (
                    move,
                    f"{STALLED_RUNS} runs near zero up to run {home.number}: "
                    "the strategy changes, not the numbers",
                )
        rng = slot_rng(desk.spec, block, batch, slot)
        for move in islice(steps(home, desk.spec, rng), ATTEMPTS):
            yield move, why


def _explore(desk: _Desk, block: int, batch: int, slot: int) -> Iterator[tuple[Move, str]]:
    """An open strategy that few runs had, on the best node; then the least visited node."""
    counts = {name: sum(name in run.proposal.spec.strategies for run in desk.history) for name in desk.open}
    # Tried once per slot of a batch, a strategy has had its chance; exploiting takes over.
    used = {name: count for name, count in counts.items() if count < desk.spec.block.slots}
    best = sorted((node for node in desk.nodes if node.scored), key=lambda node: -node.reward)
    for name in sorted(used, key=lambda name: used[name]):
        for node in best:
            if name in node.run.proposal.spec.strategies:
                continue
            home = at_home(node.run, desk.spec, slot, desk.history)
            if isinstance(home, Move):
                continue
            for move in toggles(home, [name]):
                yield move, f"{name} was tried in {used[name]} runs; run {home.number} is the best without it"
    for node in sorted(best, key=lambda node: (node.visits, -node.reward)):
        home = at_home(node.run, desk.spec, slot, desk.history)
        if isinstance(home, Move):
            yield home, f"run {node.run.number} was visited {node.visits} times; brought to this slot"
            continue
        rng = slot_rng(desk.spec, block, batch, slot)
        for move in islice(steps(home, desk.spec, rng), ATTEMPTS):
            yield move, f"under-visited node (run {home.number}, {node.visits} visits)"


def _rests_on(claim: Statement, slot: SlotSpec, spec: ExplorationSpec) -> bool:
    name = claim.subject
    if name not in spec.space:
        return (name in slot.strategies) == (claim.better == "on")
    if "." in name and name.split(".")[0] not in slot.strategies:
        return False
    if claim.better not in ("higher", "lower"):
        return slot.values.get(name) == claim.better
    return (share_of(spec.space.tunable[name], slot.values[name]) >= 0.5) == (claim.better == "higher")


def _principle_test(desk: _Desk, block: int, batch: int, slot: int) -> Iterator[tuple[Move, str]]:
    """Undoes, in the best run that follows it, something that the memory says is better."""
    best = sorted((node for node in desk.nodes if node.scored), key=lambda node: -node.reward)
    spec = desk.spec
    tested = {
        strategy
        for run in desk.history
        for strategy in spec.strategies.baseline
        if strategy not in run.proposal.spec.strategies
    }
    claims = [statement for statement in desk.statements if statement.better is not None]
    # What block 1 takes for granted was never compared with its absence: that is the first thing to test.
    assumed = [name for name in spec.strategies.baseline if name not in tested]
    top = [node.run.proposal.spec for node in best[:16]]
    resting = {claim.text: sum(_rests_on(claim, slot, spec) for slot in top) for claim in claims}
    testable = [c for c in claims if c.subject in spec.space.tunable or c.subject not in spec.space]
    testable.sort(key=lambda claim: -round(abs(claim.effect) * resting[claim.text] / max(len(top), 1), 12))
    for node in best:
        home = at_home(node.run, spec, slot, desk.history)
        if isinstance(home, Move):
            continue
        for claim in testable:
            rng = slot_rng(spec, block, batch, slot)
            why = f"{resting[claim.text]} of the {len(top)} best runs rest on it"
            for move in _against(claim, home, spec, rng):
                yield move, f'tests "{claim.text.rstrip(".")}": {why}'
        for move in toggles(home, [name for name in assumed if name in home.proposal.spec.strategies]):
            yield move, f"no run yet {move.change}: the first block took it for granted"


def _against(claim: Statement, home: Run, spec: ExplorationSpec, rng: Random) -> Iterator[Move]:
    """Moves that do the opposite of what a claim says is better, where the run follows it."""
    subject, values = claim.subject, home.proposal.spec.values
    if claim.better in ("on", "off") and subject not in spec.space:
        follows = (subject in home.proposal.spec.strategies) == (claim.better == "on")
        if follows:
            yield from toggles(home, [subject])
        return
    if subject not in spec.space.tunable:
        return  # an invariant of the slot, which no move changes
    for move in islice(steps(home, spec, rng, names=[subject]), ATTEMPTS):
        before, after = values[subject], move.values[subject]
        if claim.better not in ("higher", "lower"):
            if before == claim.better and after == claim.other:
                yield move
        elif (float(after) < float(before)) == (claim.better == "higher"):
            yield move


def _any_step(desk: _Desk, block: int, batch: int, slot: int) -> Iterator[tuple[Move, str]]:
    """A numeric neighbour of anything at all, failed runs last."""
    ordered = sorted(desk.nodes, key=lambda node: (not node.scored, node.visits, node.run.number))
    for node in ordered:
        home = at_home(node.run, desk.spec, slot, desk.history)
        if isinstance(home, Move):
            yield home, f"run {node.run.number}, brought to this slot"
            continue
        rng = slot_rng(desk.spec, block, batch, slot)
        for move in islice(steps(home, desk.spec, rng), ATTEMPTS):
            yield move, f"a neighbour of run {home.number}"


def _is_stalled(run: Run, desk: _Desk) -> bool:
    """Whether the last runs up to this one stayed near zero."""
    line = lineage(run, desk.history)[:STALLED_RUNS]
    medians = [spread.median for other in line if (spread := other.spread(desk.spec.objective)) is not None]
    return len(medians) == STALLED_RUNS and all(abs(m) < desk.near_zero for m in medians)


def _near_zero(info: MetricInfo) -> float:
    if info.direction == "minimize" or not info.target:
        return 0.0
    return NEAR_ZERO * abs(info.target)
