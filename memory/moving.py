"""How the status of a statement moves at a look: what is held of it, and what makes it something else.

- Established: q is at most 5 %, and two networks or more show the direction by themselves.
- Weakened: it was established, and the interval reaches 0, or what came since points the other way.
- Refuted: it was weakened, and what came since, or everything, establishes the contrary.
- A weakened or refuted statement is established again by the rule that established it.
"""

import math
from typing import Literal, NamedTuple

from memory.anytime import RATE
from memory.fate import Fate
from memory.tried import About, Tried
from memory.weighing import ONE_SIDED, REPLICATED, Weighed, Weight

Status = Literal["tentative", "prior", "established", "weakened", "refuted"]

EVERY_BLOCK = 240
GROWTH = 1.25
LONG = 1_000
GROWTH_OF_LONG = 1.5
"""Up to so many runs the look at every block moves the statuses for good; later on, that at a block by whose
end there are a quarter more than at the last such look, and from the look at so many on half as many more: in
a long history the statuses would else be worked out a thousand times by whoever opens the store. What is
asked is told as of now in any case."""

EQUIVALENT = ("value", "strategy", "instead", "span")
"""Kinds of comparisons of which "no difference that matters" is asked."""

AT_LEAST = 2
"""Networks, and independent groups of contrasts, below which nothing moves a status."""


class Verdict(NamedTuple):
    """What is held of one direction of one comparison, or of a place where runs fail."""

    about: About
    sign: int
    """1: after exceeds before; -1: the other way; 0: no difference that matters."""
    status: Status
    since: int | None
    """The block at whose end the status was given; None while tentative."""
    q: float
    weight: Weight | None = None
    before: object = ""
    after: object = ""
    runs: tuple[int, ...] = ()
    alone: bool = False
    """It would be established, were it not for a second network."""
    shown: int = 0
    """Networks that show it by themselves."""
    fate: Fate | None = None

    @property
    def standing(self) -> str:
        """What keeps something significant from being established; else empty."""
        if self.alone:
            return "significant on one network"
        if self.status != "tentative" or self.q > RATE or not self.sign or self.weight is None:
            return ""
        return f"significant, but shown by {self.shown} of {self.weight.networks} networks"


def moves_for_good(n: int, before: int) -> bool:
    """Whether a look at the end of a block is kept.

    Args:
        n: Runs by that end.
        before: Runs at the last look that was kept; 0 without one.
    """
    return n > before and (n <= EVERY_BLOCK or n >= before * (GROWTH if before < LONG else GROWTH_OF_LONG))


class Asked(NamedTuple):
    """A comparison, and what its contrasts say."""

    tried: Tried
    weighed: Weighed


def moved(
    old: Verdict | None,
    one: Asked,
    sign: int,
    q: float,
    against: float,
    later: Weight | None,
    block: int,
) -> tuple[Status, int | None]:
    """The next status of a direction; `later` is what came since it was given the one that it has."""
    status, since = (old.status, old.since) if old is not None else ("tentative", None)
    weight = one.weighed.together
    contradicted = later is not None and later.groups >= AT_LEAST and later.score(-sign) >= ONE_SIDED
    shown = q <= RATE and one.weighed.replicated(sign) >= AT_LEAST
    if status == "established":
        low, high = weight.interval
        return ("weakened", block) if contradicted or low <= 0 <= high or q > 0.5 else (status, since)
    if shown and not contradicted:
        return "established", block
    if status == "weakened":
        reversed_ = later is not None and later.groups >= AT_LEAST and later.log_e(-sign) >= -math.log(RATE)
        return ("refuted", block) if reversed_ or against <= RATE else (status, since)
    return status, since


def moved_same(
    old: Verdict | None, one: Asked, q: float, block: int, *, directed: bool
) -> tuple[Status, int | None]:
    """The next status of "no difference"; a direction that is established is told in its place."""
    status, since = (old.status, old.since) if old is not None else ("tentative", None)
    if one.tried.about.kind not in EQUIVALENT:
        return status, since
    margin = one.weighed.together.noise
    low, high = one.weighed.together.interval if status != "tentative" else (0.0, 0.0)
    if status == "established":
        return ("weakened", block) if directed or low < -margin or high > margin else (status, since)
    if q <= RATE and not directed and _both_ways(one, margin) >= AT_LEAST:
        return "established", block
    if status == "weakened" and (directed or low > margin or high < -margin):
        return "refuted", block
    return status, since


def _both_ways(one: Asked, margin: float) -> int:
    """How many networks show by themselves that a difference is neither above nor below a margin."""
    return sum(min(net.log_e(1, -margin), net.log_e(-1, -margin)) >= REPLICATED for net in one.weighed.each)
