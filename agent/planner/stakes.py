"""Which statement's refutation would change the plan most: that one is tested first.

What is at stake is what the plan would lose if the statement were false: its effect, with which the best
configurations are credited, times the share of them that rest on it. A statement that no good run follows may
be as strong as it likes; refuting it changes nothing.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from agent.planner.moves import is_open
from blocks.exploration import ExplorationSpec
from blocks.slot import SlotSpec
from blocks.space import PerSlotParameter, share_of
from memory.findings import Claim

BEST = 16
"""So many of the best runs are what the plan rests on."""


class Stake(NamedTuple):
    """A statement, and what rests on it."""

    claim: Claim
    following: int
    among: int
    """Of so many best runs."""

    loss: float
    """Mean loss of those runs if it were false, in units of the objective."""

    @property
    def reason(self) -> str:
        """Why it is tested, in words."""
        said = self.claim.text.rstrip(".")
        return f'tests "{said}": {self.following} of the {self.among} best runs rest on it'


def by_stake(claims: Sequence[Claim], best: Sequence[SlotSpec], spec: ExplorationSpec) -> list[Stake]:
    """Statements with what is at stake, most first; of equals, in the order in which they are told.

    Args:
        claims: What can be tested, strongest first.
        best: Slots of the best runs; at least one.
        spec: The exploration.
    """
    known = [claim.effect for claim in claims if claim.effect is not None]
    usual = fmean(known) if known else 1.0  # of a statement that comes without an effect
    found = []
    halves: dict[str, list[bool]] = {}
    for claim in claims:
        following = _n_following(claim, best, spec, halves)
        loss = (usual if claim.effect is None else claim.effect) * following / len(best)
        found.append(Stake(claim, following, len(best), loss))
    # Sums in another order differ in their last digits; that decides nothing.
    return sorted(found, key=lambda stake: -round(stake.loss, 12))


def follows(claim: Claim, slot: SlotSpec, spec: ExplorationSpec) -> bool:
    """Whether a slot does what a statement says is better; of a number, whether it is in that half."""
    return _n_following(claim, [slot], spec, {}) == 1


def _n_following(
    claim: Claim, slots: Sequence[SlotSpec], spec: ExplorationSpec, halves: dict[str, list[bool]]
) -> int:
    """How many slots follow a statement.

    Args:
        claim: The statement.
        slots: The slots.
        spec: The exploration.
        halves: Which of their values of a number are in the upper half, where that is known; it grows.
    """
    name, better = claim.subject, claim.better
    if (parameter := spec.space.root.get(name)) is None:
        return [name in slot.strategies for slot in slots].count(better == "on")
    values = [slot.values[name] for slot in slots if name in slot.values and is_open(name, slot)]
    if better not in ("higher", "lower") or isinstance(parameter, PerSlotParameter):
        return values.count(better)
    if name not in halves:
        halves[name] = [share_of(parameter, value) >= 0.5 for value in values]
    return halves[name].count(better == "higher")
