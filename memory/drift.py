"""Does the incumbent still give what it gave? What its control runs say, beside what fresh seeds gave before.

A control repeats the incumbent unchanged under fresh seeds. It is held against earlier controls and
confirmations alone: what selected the incumbent overstates it, and would always look like drift.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from blocks.run import Run
from blocks.slot import Role
from memory.candidates import Candidates, Estimate

CONFIDENCE = 0.99
"""Each batch has its control; one in a hundred differs by chance."""


class Control(NamedTuple):
    """The latest control beside what the same configuration gave before."""

    run: Run
    of: Run
    """The run that the configuration is known by."""

    now: Estimate
    before: Estimate
    differs: bool
    """Whether the difference is beyond the noise of both."""


def latest_control(candidates: Candidates) -> Control | None:
    """The latest control that something can be held against; None where there is none."""
    found: Control | None = None
    for one in candidates:
        for place in reversed(range(1, len(one.repeats))):
            run, now = one.repeats[place]
            if run.proposal.role is not Role.CONTROL:
                continue
            if found is None or run.number > found.run.number:
                before = [value for _, values in one.repeats[:place] for value in values]
                found = Control(run, one.run, Estimate.of(now), Estimate.of(before), differ(now, before))
            break
    return found


def differ(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two means differ by more than noise (Welch 1947, doi:10.1093/biomet/34.1-2.28).

    Without a spread on both sides nothing can be said, so that they do not.
    """
    from scipy.special import stdtrit

    sides = [Estimate.of(one), Estimate.of(other)]
    if any(side.sd is None for side in sides):
        return False
    errors = [(side.sd or 0.0) ** 2 / side.n for side in sides]
    difference = abs(sides[0].value - sides[1].value)
    if not sum(errors):
        return difference > 1e-9 * max(abs(side.value) for side in sides)
    degrees = sum(errors) ** 2 / sum(
        error**2 / (side.n - 1) for error, side in zip(errors, sides, strict=True) if error
    )
    return bool(difference > float(stdtrit(max(degrees, 1.0), 0.5 + CONFIDENCE / 2)) * math.sqrt(sum(errors)))
