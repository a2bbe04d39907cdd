"""Where runs fail: counts for values, ranges and strategies that fail more often than the rest.

Counts, not causes: a line says how many runs failed there, and how many elsewhere. They are kept as runs
end, so that an answer costs the same however many there are.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import FailureKind, Run, RunState
from blocks.slot import show_value
from memory.codes import Coded, Codes
from memory.statements import STRATEGIES, Statement, show_runs, topic_of

_OF_THE_SLOT = (FailureKind.DIVERGED, FailureKind.TIMEOUT, FailureKind.OUT_OF_MEMORY)
"""Failures that a slot's values bring about; a crash, say, may come from anywhere."""

_MARKED = 0.3
"""A value marks failures where it fails more often than the rest by this share of runs."""

_LINES = 4


class Fallen(NamedTuple):
    """A run that failed by what it was, with what it was as codes that can be compared."""

    run: Run
    dataset: str
    strategies: frozenset[str]
    coded: Coded


class Region(NamedTuple):
    """A place where runs fail more often than elsewhere."""

    said: str
    topic: str
    subject: str
    place: str
    """`above` or `below` a number, a value, or `on`; equal however many runs there are."""
    ended: int
    failed: list[Run]
    elsewhere_ended: int
    elsewhere_failed: int

    def under(self, spec: ExplorationSpec) -> "Region":
        """The same, under its heading."""
        return self._replace(topic=STRATEGIES if self.place == "on" else topic_of(spec, self.subject))

    @property
    def lead(self) -> float:
        """By which share of runs it fails more often than the rest."""
        if not self.elsewhere_ended:
            return 0.0
        return len(self.failed) / self.ended - self.elsewhere_failed / self.elsewhere_ended


class Endings:
    """How the runs of an exploration ended, by value and by strategy; equal runs count once.

    Args:
        numbers: Hyperparameters whose order means something.
        codes: Those of the samples that failed runs are held against.
    """

    def __init__(self, numbers: frozenset[str], codes: Codes) -> None:
        self._numbers = numbers
        self._codes = codes
        self._identities: set[str] = set()
        self._n_ended = self._n_failed = 0
        self._heard: list[tuple[Mapping[str, Value], tuple[str, ...]]] = []  # what is not counted yet
        self._values: dict[str, list[float]] = defaultdict(list)  # of numbers; put in order when asked
        self._ended: Counter[tuple[str, Value]] = Counter()  # of named values
        self._on: Counter[str] = Counter()  # of strategies
        self._failed: dict[str, dict[Value, list[Run]]] = defaultdict(lambda: defaultdict(list))
        self._failed_on: dict[str, list[Run]] = defaultdict(list)
        self.failed: list[Fallen] = []

    def add(self, run: Run) -> None:
        """Takes in a run that has ended."""
        if not run.is_evidence or run.identity in self._identities or run.state is RunState.STOPPED:
            return  # whether one that was stopped would have failed is not known
        self._identities.add(run.identity)
        failed = run.failure is not None and run.failure.kind in _OF_THE_SLOT
        self._n_ended += 1
        self._n_failed += failed
        if failed and run.compares:
            coded = self._codes.of(run.dataset, run.proposal.spec.strategies, run.proposal.spec.values)
            self.failed.append(Fallen(run, run.dataset, coded.strategies, coded))
        spec = run.proposal.spec
        self._heard.append((spec.values, spec.strategies))
        if failed:
            for name, value in spec.values.items():
                self._failed[name][value].append(run)
            for name in spec.strategies:
                self._failed_on[name].append(run)

    def regions(self, spec: ExplorationSpec) -> list[Region]:
        """Where runs diverge, run out of time or out of memory; the most marked places first."""
        self._count()
        found = [region for region in self._regions() if region.lead >= _MARKED]
        strongest = sorted(found, key=lambda region: (-region.lead, region.said))[:_LINES]
        return [region.under(spec) for region in strongest]

    def _count(self) -> None:
        heard, self._heard = self._heard, []
        slots = [values for values, _ in heard]
        for name in set[str]().union(*slots):
            values = [slot[name] for slot in slots if name in slot]
            if name in self._numbers:
                self._values[name] += map(float, values)
            else:
                self._ended.update({(name, value): n for value, n in Counter(values).items()})
        for strategies, n in Counter([strategies for _, strategies in heard]).items():
            self._on.update(dict.fromkeys(strategies, n))

    def _regions(self) -> Iterator[Region]:
        for name, by_value in sorted(self._failed.items()):
            if name in self._numbers:
                values = self._values[name]
                values.sort()
                low, high = min(map(float, by_value)), max(map(float, by_value))
                above, below = len(values) - bisect_left(values, low), bisect_right(values, high)
                everywhere = [run for runs in by_value.values() for run in runs]
                yield self._region(f"{name} >= {show_value(low)}", name, "above", above, everywhere)
                yield self._region(f"{name} <= {show_value(high)}", name, "below", below, everywhere)
            else:
                for value, runs in sorted(by_value.items(), key=lambda item: str(item[0])):
                    said = f"{name} {show_value(value)}"
                    yield self._region(said, name, str(value), self._ended[name, value], runs)
        for name, runs in sorted(self._failed_on.items()):
            yield self._region(f"{name} on", name, "on", self._on[name], runs)

    def _region(self, said: str, subject: str, place: str, ended: int, failed: list[Run]) -> Region:
        return Region(
            said=said,
            topic="",
            subject=subject,
            place=place,
            ended=ended,
            failed=failed,
            elsewhere_ended=self._n_ended - ended,
            elsewhere_failed=self._n_failed - len(failed),
        )


def of_region(region: Region) -> Statement:
    """A region as the working memory tells it."""
    failed = sorted(region.failed, key=lambda run: run.number)
    kinds = Counter(run.failure.kind.value for run in failed if run.failure is not None)
    named = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return Statement(
        kind="failure",
        topic=region.topic,
        text=f"{region.said}: {len(failed)} of {region.ended} runs failed ({named}); "
        f"elsewhere {region.elsewhere_failed} of {region.elsewhere_ended}.",
        evidence=f"[{show_runs([run.number for run in failed])}]",
        runs=tuple(run.number for run in failed),
        n_replicates=sum(len(run.proposal.spec.seeds) for run in failed),
        subject=region.subject,
    )
