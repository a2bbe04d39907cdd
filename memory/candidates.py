"""Every configuration that was tried, with all that its runs have shown, and which of them leads.

A candidate leads by the median of all its replicates on the exploration's own data less one standard error
of the usual noise: few lucky replicates do not beat many good ones. Values on fresh networks are reported
beside, and decide nothing, since networks differ in how hard they are.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from blocks.run import Run, mean_of, sample_sd, show_number
from blocks.slot import Role
from memory.ended import Ended
from memory.ordered import Ordered
from memory.past import Configuration, configuration
from memory.samples import MEDIAN_NOISE


class Estimate(NamedTuple):
    """A value of the objective over seeds."""

    value: float
    sd: float | None
    """Sample standard deviation of the seeds; None for one."""

    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """The mean of one value or more."""
        return cls(mean_of(values), sample_sd(values) if len(values) > 1 else None, len(values))

    def __str__(self) -> str:
        return show_number(self.value) + ("" if self.sd is None else f" ±{show_number(self.sd)}")


@dataclass
class Candidate:
    """A configuration, and all that its runs have shown on the exploration's own data and elsewhere."""

    run: Run
    """The first run of it, by which people know it."""

    selection: list[float] = field(default_factory=list)
    """Objective in the runs that searched."""

    repeats: list[tuple[Run, Sequence[float]]] = field(default_factory=list)
    """Confirmations under fresh seeds, and controls, oldest first."""

    elsewhere: dict[int, tuple[Run, Estimate]] = field(default_factory=dict)
    """The latest confirmation on each fresh network."""

    values: list[float] = field(default_factory=list)
    """Everything on the exploration's own data."""

    failed_on: dict[int, Run] = field(default_factory=dict)
    """Networks on which the latest confirmation came to nothing."""

    @property
    def rounds(self) -> list[tuple[Run, Estimate]]:
        """Confirmations under fresh seeds, oldest first."""
        return [
            (run, Estimate.of(values)) for run, values in self.repeats if run.proposal.role is Role.CONFIRM
        ]

    median: float = math.nan
    spread: float | None = None
    """Standard deviation of its replicates."""

    def learn(self, values: Sequence[float], their_median: float) -> None:
        """Takes in replicates on the exploration's own data."""
        self.median = median([*self.values, *values]) if self.values else their_median
        self.values += values
        self.spread = sample_sd(self.values) if len(self.values) > 1 else None


class Candidates:
    """Every configuration that was tried, fed with runs as they end.

    Args:
        objective: The metric that is searched for.
        direction: `maximize` or `minimize`.
    """

    def __init__(self, objective: str, direction: str) -> None:
        self._objective = objective
        self._sign = 1.0 if direction == "maximize" else -1.0
        self._known: dict[Configuration, Candidate] = {}
        self._identities: set[str] = set()
        self._ordered: dict[int, Ordered[tuple[float, int, Candidate]]] = defaultdict(Ordered)
        """By how many values they have, from the best median to the worst, the older one of equals first."""

        self._spreads = Ordered[float]()
        self.worth: dict[int, float] = {}
        """The best that the searching runs of each slot have come to, higher being better."""

        self.latest: Candidate | None = None
        """The one whose confirmation under fresh seeds ended last, and well."""

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended; one that reuses another's result says nothing of its own."""
        run = ended.run
        if not run.is_evidence or run.identity in self._identities:
            return
        self._identities.add(run.identity)
        role, network = run.proposal.role, run.proposal.network
        values = ended.values_of(self._objective) if ended.counts else ()
        known = self._known.get(ended.configuration)
        if known is None:
            if not values or network:
                return
            known = self._known[ended.configuration] = Candidate(run)
        if role is Role.CONFIRM:
            self._confirm(known, run, values)
        elif network or not values:
            return
        elif role is Role.CONTROL:
            known.repeats.append((run, values))
        else:
            known.selection += values
            here, slot = self._sign * ended.median_of(self._objective), run.proposal.slot
            self.worth[slot] = max(here, self.worth.get(slot, here))
        if values and not network:
            self._learn(known, values, ended.median_of(self._objective))

    def of(self, run: Run) -> Candidate | None:
        """The candidate that a run belongs to."""
        return self._known.get(configuration(run.proposal.spec))

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Candidate]:
        """In the order of their first runs."""
        return iter(self._known.values())

    @property
    def noise(self) -> float:
        """Standard deviation of replicates, of the median candidate; 0 where none has two."""
        n, spreads = len(self._spreads), self._spreads.items
        return (spreads[(n - 1) // 2] + spreads[n // 2]) / 2 if n else 0.0

    def score(self, one: Candidate, noise: float) -> float:
        """By which candidates are ordered, higher being better."""
        return self._sign * one.median - MEDIAN_NOISE * noise / math.sqrt(len(one.values))

    def leader(self, *, replicates: int = 1) -> Candidate | None:
        """What looks best; of equals the older one. What failed when it was confirmed does not.

        Args:
            replicates: So many values are needed to be considered.
        """
        noise = self.noise
        # Of those with equally many values the one with the best median leads.
        fit = [
            next((one for _, _, one in ordered if 0 not in one.failed_on), None)
            for n, ordered in self._ordered.items()
            if n >= replicates
        ]
        return max(
            (one for one in fit if one is not None),
            key=lambda one: (self.score(one, noise), -one.run.number),
            default=None,
        )

    def _learn(self, known: Candidate, values: Sequence[float], their_median: float) -> None:
        if known.values:
            self._ordered[len(known.values)].remove((-self._sign * known.median, known.run.number, known))
        if known.spread is not None:
            self._spreads.remove(known.spread)
        known.learn(values, their_median)
        self._ordered[len(known.values)].add((-self._sign * known.median, known.run.number, known))
        if known.spread is not None:
            self._spreads.add(known.spread)

    def _confirm(self, known: Candidate, run: Run, values: Sequence[float]) -> None:
        network = run.proposal.network
        if not values:
            known.failed_on[network] = run
            return
        known.failed_on.pop(network, None)
        if network:
            known.elsewhere[network] = (run, Estimate.of(values))
            return
        known.repeats.append((run, values))
        self.latest = known
