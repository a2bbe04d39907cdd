"""Which statement's refutation would change the plan most: that one is tested first.

What is at stake is what the plan would lose if the statement were false: its effect, with which the best
configurations are credited, times the share of them that rest on it. A statement that no good run follows may
be as strong as it likes; refuting it changes nothing.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from agent.planner.moves import is_open
from blocks.base import Value
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
    halves: dict[tuple[str, Value], bool] = {}
    for claim in claims:
        following = sum(follows(claim, slot, spec, halves) for slot in best)
        loss = (usual if claim.effect is None else claim.effect) * following / len(best)
        found.append(Stake(claim, following, len(best), loss))
    # Sums in another order differ in their last digits; that decides nothing.
    return sorted(found, key=lambda stake: -round(stake.loss, 12))


def follows(
    claim: Claim, slot: SlotSpec, spec: ExplorationSpec, halves: dict[tuple[str, Value], bool] | None = None
) -> bool:
    """Whether a slot does what a statement says is better; of a number, whether it is in that half.

    Args:
        claim: The statement.
        slot: The slot.
        spec: The exploration.
        halves: Which values of numbers are in the upper half, as far as that is known; it grows.
    """
    name, better = claim.subject, claim.better
    if (parameter := spec.space.root.get(name)) is None:
        return (name in slot.strategies) == (better == "on")
    if not is_open(name, slot) or name not in slot.values:
        return False
    value = slot.values[name]
    if better not in ("higher", "lower") or isinstance(parameter, PerSlotParameter):
        return value == better
    halves = {} if halves is None else halves
    upper = halves.get((name, value))
    if upper is None:
        upper = halves[name, value] = share_of(parameter, value) >= 0.5
    return upper == (better == "higher")
