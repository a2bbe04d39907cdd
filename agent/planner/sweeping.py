"""Sweeps: one parameter after the other over its range, one strategy after the other on or off.

Around the baseline first; when every slot has been through all of that, around the best run, and so on.
Every run isolates one change. Slots begin at different places of the same round, so that a batch covers
several parameters and a round is through, over all slots together, in a fraction of its length.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from agent.planner.moves import Move, at_home, is_open, to_value, toggles
from agent.planner.opening import baselines, sweep
from agent.planner.tree import Tree
from agent.planner.whole_space import Batch, switches
from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import Proposal, Role, SlotSpec
from blocks.space import Tunable, value_at
from memory.past import Past

CENTRES = 200
"""Runs around which a slot is swept, before its space counts as exhausted."""


class SweepPlanner:
    """One change at a time, in a fixed order.

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
        swept = list(spec.sweep)[batch - 2] if block == 1 and 2 <= batch < len(spec.sweep) + 2 else None
        spec = narrowed.spec
        first = past.next_number
        if (block == 1 and batch == 1) or not past:
            return baselines(spec, first_number=first)
        if swept is not None and swept in spec.sweep:  # not so where a human fixed it
            return sweep(spec, past, swept, first_number=first)
        tree = past.derive(Tree, spec.objective, metrics[spec.objective].direction)
        filling = Batch(narrowed, guidance, past, self._admits)
        for slot in range(spec.block.slots):
            for move, reason in _moves(filling, tree, slot=slot, block=block):
                found = filling.new(move.values, move.strategies, slot)
                if found is not None:
                    filling.add(
                        slot, found, role=Role.SWEEP, reason=reason, change=move.change, parent=move.parent
                    )
                    break
        return filling.whole(block, batch)


def grid(parameter: Tunable, points: int) -> tuple[Value, ...]:
    """Even values over a range, on its own scale, both ends among them; of a named value all choices."""
    if parameter.kind == "categorical":
        return parameter.choices
    shares = (step / (points - 1) for step in range(points))
    return tuple(dict.fromkeys(value_at(parameter, share) for share in shares))


def _moves(filling: Batch, tree: Tree, *, slot: int, block: int) -> Iterator[tuple[Move, str]]:
    spec, past = filling.spec, filling.past
    for centre, called in _centres(past, tree, slot):
        home = at_home(centre, filling.narrowed, slot, past, filling.guidance)
        if isinstance(home, Move):
            yield home, f"{called}, brought to this slot"
            continue
        source = home.proposal.spec
        round_ = [
            (to_value(home, name, value), f"sweep of {name} around {called}")
            for name, parameter in spec.space.tunable.items()
            if is_open(name, source)
            for value in grid(parameter, spec.planner.points)
            if value != source.values[name]
        ]
        round_ += [
            (move, f"strategies one by one around {called}") for move in toggles(home, switches(spec, block))
        ]
        start = slot * len(round_) // spec.block.slots
        yield from round_[start:]
        yield from round_[:start]


def _centres(past: Past, tree: Tree, slot: int) -> Iterator[tuple[Run, str]]:
    for run in past:
        if run.proposal.role is not Role.BASELINE:
            break
        if run.proposal.slot == slot:
            yield run, f"the baseline (run {run.number})"
    for node in tree.look(exploration_constant=1.0).by_reward(CENTRES):
        yield node.run, f"run {node.run.number} (reward {node.reward:.2f})"
