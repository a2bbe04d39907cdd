"""Runs once more: what layers put into a batch in the place of what the planner below proposed."""

import math
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from agent.planner.base import replicate_seeds
from blocks.exploration import ExplorationSpec
from blocks.run import Run
from blocks.slot import Proposal, Role, SlotSpec


class Repeat(NamedTuple):
    """A run once more."""

    role: Role
    of: Run
    n_seeds: int
    network: int
    change: str
    reason: str


def merged(
    spec: ExplorationSpec,
    proposed: Sequence[Proposal],
    repeats: Sequence[Repeat],
    *,
    first: int,
    turn: int,
    leader: Run | None = None,
    worth: Mapping[int, float] = MappingProxyType({}),
    spared: Collection[int] = (),
) -> list[Proposal]:
    """A whole batch: repeats in the slots that give way, the rest as it was proposed.

    Fresh networks come last: where one cannot be prepared, no other run changes its number.

    Args:
        spec: The exploration.
        proposed: What the planner below proposes.
        repeats: At most as many as a batch has slots.
        first: Number of the batch's first run.
        turn: Counts batches: slots of equal worth give way in turn.
        leader: The run that looks best: its slot gives way last, since there the search should dig.
        worth: The best that each slot has come to, higher being better. For fresh seeds the slot that tests a
            principle gives way, and then the one from which least is to be hoped.
        spared: Slots that gave way just before, and do so again only after the others: what looks worst must
            have its chance to become better.
    """
    if not repeats:
        return list(proposed)
    home = None if leader is None else leader.proposal.slot
    in_turn = [(turn + place) % spec.block.slots for place in range(spec.block.slots)]
    # A round of fresh seeds is a test too, of what the plan rests on most: it comes in the place of another.
    tests = any(not repeat.network for repeat in repeats)
    testing = {one.slot for one in proposed if tests and one.role is Role.PRINCIPLE_TEST}

    def wanted(slot: int) -> tuple[bool, bool, bool, float]:
        return slot == home, slot not in testing, slot in spared, worth.get(slot, -math.inf)

    taken = sorted(in_turn, key=wanted)[: len(repeats)]
    kept = [proposal for proposal in proposed if proposal.slot not in taken]
    made = [_renumbered(spec, proposal, number) for number, proposal in enumerate(kept, first)]
    ordered = sorted(zip(taken, repeats, strict=True), key=lambda item: (item[1].network, item[0]))
    for number, (slot, repeat) in enumerate(ordered, first + len(kept)):
        made.append(_proposal(spec, slot, repeat, number=number))
    return made


def _renumbered(spec: ExplorationSpec, proposal: Proposal, number: int) -> Proposal:
    """The proposal as that run: with its number its seeds change, which are fresh for every run."""
    seeds = replicate_seeds(spec, number, len(proposal.spec.seeds))
    return proposal.model_copy(update={"spec": proposal.spec.model_copy(update={"seeds": seeds})})


def _proposal(spec: ExplorationSpec, slot: int, repeat: Repeat, *, number: int) -> Proposal:
    source = repeat.of.proposal.spec
    return Proposal(
        slot=slot,
        spec=SlotSpec(
            values=source.values,
            strategies=source.strategies,
            seeds=replicate_seeds(spec, number, repeat.n_seeds),
        ),
        role=repeat.role,
        parent=repeat.of.number,
        change=repeat.change,
        reason=repeat.reason,
        network=repeat.network,
    )
