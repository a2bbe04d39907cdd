"""What the charts of a report show: runs with an objective, what kind each is, and the scale they share.

Runs that search, repetitions under fresh seeds, controls and runs on fresh networks are no equals, and are
told apart in every chart. The best is what memory.best says, and never simply the highest point.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from statistics import quantiles
from typing import Any, Final, NamedTuple

from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run
from blocks.slot import Role
from memory.best import Best
from memory.lineage import Lineage

EDGE: Final = ("generation", "row", "generation2", "row2")
"""Ends of a line of the search tree."""


class Kind(StrEnum):
    """What a point is; of several the first that holds, in the order of `kind_of`."""

    SEARCH = "search"
    CONFIRMATION = "confirmation"
    CONTROL = "control"
    FRESH_NETWORK = "fresh network"
    BEST = "best"
    VOID = "void"


MEANINGS: Final = {
    Kind.SEARCH: "a run of the search",
    Kind.CONFIRMATION: "a configuration once more, under fresh seeds",
    Kind.CONTROL: "control: the best once more, so that drift shows",
    Kind.FRESH_NETWORK: "on a fresh network, which may be harder or easier than that of the others",
    Kind.BEST: "the best",
    Kind.VOID: "void: no evidence",
}


@dataclass(frozen=True)
class Shown:
    """What all charts show: runs with an objective, and its scale."""

    spec: ExplorationSpec
    runs: Sequence[Run]
    info: MetricInfo
    best: Best | None
    void: frozenset[int]

    @property
    def label(self) -> str:
        """Short name of the objective."""
        return self.info.label or self.spec.objective

    def kind_of(self, run: Run) -> Kind:
        """What the run's point is."""
        if run.number in self.void:
            return Kind.VOID
        if self.best is not None and run.number == self.best.run.number:
            return Kind.BEST
        if run.proposal.network:
            return Kind.FRESH_NETWORK
        kinds = {Role.CONFIRM: Kind.CONFIRMATION, Role.CONTROL: Kind.CONTROL}
        return kinds.get(run.proposal.role, Kind.SEARCH)

    @cached_property
    def kinds(self) -> dict[Kind, str]:
        """The kinds that occur, each with what it means."""
        found = {self.kind_of(run) for run in self.runs}
        meanings = dict(MEANINGS)
        if self.best is not None:
            how = "confirmed under fresh seeds" if self.best.confirmed else "so far, not yet confirmed"
            meanings[Kind.BEST] = f"the best, {how}"
        return {kind: meaning for kind, meaning in meanings.items() if kind in found}

    @cached_property
    def scored(self) -> list[tuple[Run, float, float]]:
        """Runs with the median and the spread (0 for one replicate) of their objective."""
        found = []
        for run in self.runs:
            if spread := run.spread(self.spec.objective):
                found.append((run, spread.median, spread.sd or 0.0))
        return found

    @cached_property
    def varied(self) -> tuple["Varied", ...]:
        """Hyperparameters and strategies that the runs with an objective do not share."""
        named = [Varied(name, parameter.kind) for name, parameter in self.spec.space.root.items()]
        strategies = {name for run, _, _ in self.scored for name in run.proposal.spec.strategies}
        named += [Varied(name, "strategy") for name in sorted(strategies)]
        return tuple(
            one for one in named if len({one.value_in(run) for run, _, _ in self.scored} - {None}) > 1
        )

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Ends of the objective's axis."""
        values = [value for _, value, _ in self.scored]
        if not values:
            return 0.0, 1.0
        low, high = min(values), max(values)
        if len(values) >= 4:
            first, _, third = quantiles(values, n=4, method="inclusive")
            reach = 3 * (third - first)
            low, high = max(low, first - reach), min(high, third + reach)
        margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
        return low - margin, high + margin


class Varied(NamedTuple):
    """A hyperparameter that runs do not share, or a strategy that some have on."""

    name: str
    kind: str
    """Kind of the parameter, or `strategy`."""

    def value_in(self, run: Run) -> Any:
        """As the chart shows it; None where the run has none."""
        spec = run.proposal.spec
        if self.kind == "strategy":
            return "on" if self.name in spec.strategies else "off"
        return spec.values.get(self.name)


MOST_MARKS = 6
"""Of more blocks every second one is marked, or every third, so that their names keep apart on a phone."""


class Table(NamedTuple):
    """What the charts are drawn from: rows of plain values, by the names that their specifications use."""

    runs: list[dict[str, Any]]
    edges: list[dict[str, float]]
    blocks: list[dict[str, Any]]
    confirmed: list[dict[str, float]]
    """The value of the best, where it is confirmed; else nothing."""


def table(shown: Shown) -> Table:
    """A row per run, per parent and child, and per block.

    Hyperparameters and strategies stand under `x0`, `x1`, ... in the order of `Shown.varied`. `best` is the
    highest (or lowest) that a run of the search had shown until then: it was selected, and so it overstates.
    """
    low, high = shown.limits
    places = Lineage(shown.runs).places()
    scored = {run.number: (value, sd) for run, value, sd in shown.scored}
    sign = 1 if shown.info.direction == "maximize" else -1
    best: float | None = None
    rows, edges = [], []
    for run in shown.runs:
        number, parent = run.number, run.proposal.parent
        row = {**_facts(shown, run), "generation": places[number].generation, "row": places[number].row}
        if number in scored:
            value, sd = scored[number]
            if number not in shown.void and run.is_evidence and _searched(run):
                best = value if best is None or sign * value > sign * best else best
            row |= {"shown": _within(value, low, high)}
            row |= {} if best is None else {"best": _within(best, low, high)}
            row |= {"low": _within(value - sd, low, high), "high": _within(value + sd, low, high)}
            row |= {f"x{i}": one.value_in(run) for i, one in enumerate(shown.varied)}
        if parent in places:
            ends = places[parent], places[number]
            edges.append(dict(zip(EDGE, (*ends[0], *ends[1]), strict=True)))
        rows.append(row)
    firsts = sorted({run.block: run.number for run in reversed(shown.runs)}.items())
    every = max(1, math.ceil(len(firsts) / MOST_MARKS))
    marks = [{"run": number - 0.5, "block": f"block {block}"} for block, number in firsts[::every]]
    is_confirmed = shown.best is not None and shown.best.confirmed
    confirmed = [shown.best.estimate.value] if shown.best is not None and is_confirmed else []
    return Table(rows, edges, marks, [{"value": _within(value, low, high)} for value in confirmed])


def _searched(run: Run) -> bool:
    return not run.proposal.role.repeats and not run.proposal.network


def _facts(shown: Shown, run: Run) -> dict[str, Any]:
    spread = run.spread(shown.spec.objective)
    result = str(spread) if spread is not None else run.failure.kind.value if run.failure else run.state.value
    network = run.proposal.network
    return {
        "run": run.number,
        "kind": shown.kind_of(run).value,
        "role": run.proposal.role.value + (f", fresh network {network}" if network else ""),
        "network": network,
        "change": run.proposal.change,
        "result": result,
        "href": f"#run-{run.number}",
    }


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
