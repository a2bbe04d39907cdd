"""What may be called best, and its worth: the value of fresh runs, not the maximum that was selected.

The largest of many noisy values overstates, and so does the largest of a few confirmations. So the choice
and the value never come from the same runs: whatever leads is run again under fresh seeds, and the last
such round is reported, whether it pleases or not; the runs that led to its selection, earlier rounds among
them, are left out. A round is run in every block, not only where the last one disappointed, or
disappointing rounds alone would be replaced. What leads is told beside it where it is something else by
now: the next round is about that. Which one leads is said in memory/candidates.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run
from memory.candidates import Candidates, Estimate
from memory.ended import Ended
from memory.past import Past


class Best(NamedTuple):
    """What is best as far as anybody can say, and how far that is."""

    run: Run
    """The run that people know it by: the first of its configuration."""

    confirmed: bool
    estimate: Estimate
    """The last round of fresh seeds; while unconfirmed, the runs that selected it, which overstate."""

    by: tuple[Run, ...]
    """The runs that the estimate rests on."""

    elsewhere: Mapping[int, Estimate]
    """On fresh networks, by their number."""

    failed_on: tuple[int, ...]
    """Networks on which its latest confirmation came to nothing; 0 is the exploration's own."""

    rounds: int
    """Rounds of fresh seeds so far."""

    challenger: Run | None
    """What leads by now, where that is something else: it is confirmed next."""

    @property
    def n_networks(self) -> int:
        """Networks that it was run on."""
        return 1 + len(self.elsewhere)

    def said(self, label: str) -> str:
        """`run 19  gain 0.874 ±0.003 (5 fresh seeds, 2 networks)`, for a line of a screen."""
        value = f"run {self.run.number}  {label} {self.estimate}"
        if not self.confirmed:
            return f"{value} (not yet confirmed)"
        networks = f", {self.n_networks} networks" if self.elsewhere else ""
        return f"{value} ({self.estimate.n} fresh seeds{networks})"


def best(spec: ExplorationSpec, runs: Sequence[Run], metrics: Mapping[str, MetricInfo]) -> Best | None:
    """The best that is confirmed; without any, what looks best so far, and said to be no more than that.

    Args:
        spec: The exploration.
        runs: Its runs in any state; what has not ended says nothing.
        metrics: What the problem says of its metrics, the objective among them.

    Returns:
        None where no run has ended with as many replicates as make a spread (or as the spec has).
    """
    past = Past.of(runs)
    candidates = past.derive(Candidates, spec.objective, metrics[spec.objective].direction)
    return best_of(candidates, replicates=spec.replicates)


def best_among(runs: Iterable[Run], objective: str, info: MetricInfo) -> Best | None:
    """As `best`, of some runs alone, be their replicates few: to mark it in a picture of them."""
    candidates = Candidates(objective, info.direction)
    for run in sorted(runs, key=lambda run: run.number):
        candidates.add(Ended(run))
    return best_of(candidates)


def best_of(candidates: Candidates, *, replicates: int = 1) -> Best | None:
    """As `best`, of candidates that are at hand.

    Args:
        candidates: Fed with the runs.
        replicates: So many make a run that may be named before anything is confirmed; 2 are enough.
    """
    leader, found = candidates.leader(replicates=min(2, replicates)), candidates.latest
    if found is None:
        if leader is None:
            return None
        first, values = leader.run, leader.selection or leader.values
        value = Estimate(median(values), leader.spread, len(values))
        return Best(first, False, value, (first,), {}, (), 0, None)
    rounds = found.rounds
    by, value = rounds[-1]
    return Best(
        run=found.run,
        confirmed=True,
        estimate=value,
        by=(by,),
        elsewhere={network: estimate for network, (_, estimate) in sorted(found.elsewhere.items())},
        failed_on=tuple(sorted(found.failed_on)),
        rounds=len(rounds),
        challenger=None if leader is None or leader is found else leader.run,
    )
