"""The status of every statement, look by look: tentative, established, weakened, refuted.

A look is taken when a block ends. It weighs all comparisons anew, corrects for all of them, and moves each
status by the rules of memory.moving; the same runs give the same history, so it can be told as of any block.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from blocks.slot import show_value
from memory.anytime import RATE, adjusted, log_e_of_counts
from memory.fate import Fate
from memory.measured import Looked
from memory.moving import AT_LEAST, EQUIVALENT, Asked, Status, Verdict, moved, moved_same
from memory.tried import About, Tried
from memory.weighing import Contrasts, Weight, weigh

Direction = tuple[About, int]


WAYS = (1, -1, 0)
"""Directions of a comparison."""


class _Number(NamedTuple):
    """What a look finds of a number: q of both directions, and its weight."""

    rise: float
    fall: float
    weight: Weight


class Verdicts:
    """Statuses as of the last look, and how often was looked."""

    def __init__(self) -> None:
        self.held: dict[Direction, Verdict] = {}
        self.looks = 0

    def copy(self) -> "Verdicts":
        """Another one that goes its own way."""
        made = Verdicts()
        made.held, made.looks = dict(self.held), self.looks
        return made

    def look(
        self,
        found: Sequence[Tried],
        looked: Looked,
        failed: Sequence[Fate],
        *,
        block: int,
        is_told: bool = True,
    ) -> None:
        """Weighs everything, and moves the statuses.

        Args:
            found: All comparisons.
            looked: The samples.
            failed: Places where runs failed.
            block: The block that has ended.
            is_told: Whether what is tentative is held as well; the next look does not depend on it.
        """
        self.looks += 1
        weighed = weigh([Contrasts(one.contrasts, one.groups) for one in found], looked)
        asked = [Asked(one, its) for one, its in zip(found, weighed, strict=True) if its is not None]
        log_e = [value for one in asked for value in _evidence(one)]
        # A place that was chosen among several has paid for all of them.
        log_e += [log_e_of_counts(fate.there, fate.elsewhere) - math.log(fate.tried) for fate in failed]
        q = adjusted(log_e) if log_e else []
        before, self.held = self.held, {}
        later = _since(asked, before, looked)
        numbers: dict[About, _Number] = {}
        for place, one in enumerate(asked):
            about = one.tried.about
            rise, fall, same = q[3 * place : 3 * place + 3]
            if about.kind == "number":
                numbers[about] = _Number(rise, fall, one.weighed.together)
            if (
                not is_told
                and min(rise, fall, same) > RATE
                and not any((about, way) in before for way in WAYS)
            ):
                continue  # it was tentative, and stays so

            directed = False
            if about.kind == "span":
                # Its mean step says nothing of a peak between the ends: both halves are asked as well.
                directed = not self._is_even(about.subject, numbers)
            else:
                for sign, own, contrary in ((1, rise, fall), (-1, fall, rise)):
                    old = before.get((about, sign))
                    against = min(contrary, same)
                    status, since = moved(old, one, sign, own, against, later.get((about, sign)), block)
                    directed |= status == "established"
                    if is_told or status != "tentative":
                        self._hold(one, sign, status, since, own)
            status, since = moved_same(before.get((about, 0)), one, same, block, directed=directed)
            if is_told or status != "tentative":
                self._hold(one, 0, status, since, same)
        for fate, own in zip(failed, q[3 * len(asked) :], strict=True):
            self._hold_fate(fate, before.get((_about(fate), 1)), own, block)
        for direction, old in before.items():
            # Its contrasts are gone, or cannot be weighed any more: nothing new is known of it.
            if direction not in self.held and old.status != "tentative":
                self.held[direction] = old

    def _is_even(self, name: str, numbers: Mapping[About, "_Number"]) -> bool:
        """Whether no direction of a number is significant, and neither half moves by more than noise."""
        for half in ("", "below", "above"):
            about = About("number", name, half=half)
            its = numbers.get(about)
            if its is None or min(its.rise, its.fall) <= RATE or abs(its.weight.effect) > its.weight.noise:
                return False
            for sign in (1, -1):
                held = self.held.get((about, sign))
                if held is not None and held.status == "established":
                    return False
        return True

    def _hold(self, one: Asked, sign: int, status: Status, since: int | None, q: float) -> None:
        tried, weight = one.tried, one.weighed.together
        self.held[tried.about, sign] = Verdict(
            about=tried.about,
            sign=sign,
            status=status,
            since=since,
            q=q,
            weight=weight,
            before=tried.before,
            after=tried.after,
            runs=tuple(np.unique(tried.contrasts).tolist()) if status != "tentative" or q <= RATE else (),
            alone=status == "tentative" and q <= RATE and weight.networks == 1,
            shown=one.weighed.replicated(sign) if sign else 0,
        )

    def _hold_fate(self, fate: Fate, old: Verdict | None, q: float, block: int) -> None:
        networks = len(fate.networks)
        status, since = (old.status, old.since) if old is not None else ("tentative", None)
        against = log_e_of_counts(fate.elsewhere, fate.there) >= -math.log(RATE)
        if status == "established" and (q > 0.5 or fate.there <= fate.elsewhere):
            status, since = "weakened", block
        elif status == "weakened" and against:
            status, since = "refuted", block
        elif status != "established" and q <= RATE and networks >= AT_LEAST:
            status, since = "established", block
        self.held[_about(fate), 1] = Verdict(
            about=_about(fate),
            sign=1,
            status=status,
            since=since,
            q=q,
            runs=fate.runs,
            alone=status == "tentative" and q <= RATE and networks == 1,
            fate=fate,
        )


def _about(fate: Fate) -> About:
    second = "" if fate.where is None else f"{fate.where[0]} {show_value(fate.where[1])}"
    return About("failure", fate.subject, fate.place, second)


def _evidence(one: Asked) -> tuple[float, float, float]:
    """Rise, fall, and no difference beyond the spread of one replicate."""
    weight = one.weighed.together
    margin = weight.noise
    same = 0.0
    if margin > 0 and one.tried.about.kind in EQUIVALENT:
        # Both sides of an equivalence must be shown, so the weaker one counts.
        same = min(weight.log_e(1, -margin), weight.log_e(-1, -margin))
    return weight.log_e(1), weight.log_e(-1), same


def _since(
    asked: Sequence[Asked], held: Mapping[Direction, Verdict], looked: Looked
) -> dict[Direction, Weight]:
    """What contrasts say of a direction that were completed after the block since which it has its status."""
    found: list[Direction] = []
    contrasts: list[Contrasts] = []
    for one in asked:
        for sign in (1, -1):
            old = held.get((one.tried.about, sign))
            if old is None or old.since is None:
                continue
            later = looked.block[one.tried.contrasts].max(axis=1) > old.since
            if later.any():
                found.append((one.tried.about, sign))
                contrasts.append(Contrasts(one.tried.contrasts[later], one.tried.groups[later]))
    weighed = weigh(contrasts, looked)
    return {direction: its.together for direction, its in zip(found, weighed, strict=True) if its is not None}
