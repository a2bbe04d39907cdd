"""Block 1, as the seed document plans it: label-free baselines before anything clever.

Batch 1 puts the same parameters into every slot, so that the slots differ in their invariants alone
(time_step 4 / 16 / 32 / 64). Each further batch sweeps one parameter, a value per slot; its parents
are the runs of batch 1, so every run isolates one change.
"""

from collections.abc import Sequence

from agent.planner.base import slot_spec
from blocks.exploration import ExplorationSpec
from blocks.run import Run
from blocks.slot import Proposal, Role, show_value


def baselines(spec: ExplorationSpec, *, first_number: int, once: bool = False) -> list[Proposal]:
    """Batch 1: the baseline values in every slot.

    Args:
        spec: The exploration, under its constraints.
        first_number: Number of the first run.
        once: Whether slots that came to the same values are run once: a human fixed what parts them.
    """
    made: list[Proposal] = []
    for slot in range(spec.block.slots):
        number = first_number + len(made)
        chosen = slot_spec(spec, spec.baseline, spec.strategies.baseline, slot=slot, number=number)
        if once and any(other.spec.values == chosen.values for other in made):
            continue
        made.append(
            Proposal(
                slot=slot,
                spec=chosen,
                role=Role.BASELINE,
                change="baseline",
                reason="label-free baseline: the same parameters in every slot",
            )
        )
    return made


def sweep(spec: ExplorationSpec, history: Sequence[Run], name: str, *, first_number: int) -> list[Proposal]:
    """One parameter over its range, everything else as in batch 1."""
    parents = {run.proposal.slot: run for run in history if run.proposal.role is Role.BASELINE}
    # Where one baseline stands for several slots, it is the parent of all of them.
    stand_in = next(iter(parents.values())) if len(parents) == 1 else None
    proposals = []
    for slot, value in enumerate(spec.sweep[name]):
        values = {**spec.baseline, name: value}
        number = first_number + slot
        chosen = slot_spec(spec, values, spec.strategies.baseline, slot=slot, number=number)
        parent = parents.get(slot, stand_in)
        changes = chosen.differs_from(parent.proposal.spec) if parent is not None else []
        change = f"{name} {show_value(spec.baseline[name])} -> {show_value(value)}"
        proposals.append(
            Proposal(
                slot=slot,
                spec=chosen,
                role=Role.SWEEP,
                parent=None if parent is None else parent.number,
                # A human may have asked for something since the baseline was run.
                change=", ".join(changes) if len(changes) > 1 else change,
                reason=f"sweep of {name} over its range",
            )
        )
    return proposals
