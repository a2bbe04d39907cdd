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


def baselines(spec: ExplorationSpec, *, first_number: int) -> list[Proposal]:
    """Batch 1: the baseline values in every slot."""
    return [
        Proposal(
            slot=slot,
            spec=slot_spec(
                spec, spec.baseline, spec.strategies.baseline, slot=slot, number=first_number + slot
            ),
            role=Role.BASELINE,
            change="baseline",
            reason="label-free baseline: the same parameters in every slot",
        )
        for slot in range(spec.block.slots)
    ]


def sweep(spec: ExplorationSpec, history: Sequence[Run], name: str, *, first_number: int) -> list[Proposal]:
    """One parameter over its range, everything else as in batch 1."""
    parents = {run.proposal.slot: run.number for run in history if run.proposal.role is Role.BASELINE}
    proposals = []
    for slot, value in enumerate(spec.sweep[name]):
        values = {**spec.baseline, name: value}
        proposals.append(
            Proposal(
                slot=slot,
                spec=slot_spec(spec, values, spec.strategies.baseline, slot=slot, number=first_number + slot),
                role=Role.SWEEP,
                parent=parents.get(slot),
                change=f"{name} {show_value(spec.baseline[name])} -> {show_value(value)}",
                reason=f"sweep of {name} over its range",
            )
        )
    return proposals
