"""What blind choice cost: said once the truth of a blind exploration is open, and not before."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run, show_number
from memory.best import best
from memory.candidates import Candidates, Estimate
from memory.past import Past

if TYPE_CHECKING:
    from memory.store import Store


def yardstick(metrics: Mapping[str, MetricInfo]) -> str | None:
    """The metric by which truth judges: the first that needs labels; None where there is none."""
    return next((name for name, info in metrics.items() if info.needs_labels), None)


def cost_once_open(store: "Store", spec: ExplorationSpec, metrics: Mapping[str, MetricInfo]) -> list[str]:
    """As `blind_cost`, of the runs until the exploration was closed; nothing before its truth is open."""
    closed_at = store.closed_at(spec.name)
    if closed_at is None:
        return []
    runs = [run for run in store.runs(spec.name) if run.ended_at is not None and run.ended_at <= closed_at]
    return blind_cost(spec, runs, metrics)


def blind_cost(spec: ExplorationSpec, runs: Sequence[Run], metrics: Mapping[str, MetricInfo]) -> list[str]:
    """The blind choice beside the choice by truth, and how alike both order what was tried.

    Args:
        spec: The exploration.
        runs: Its runs until it was closed, each with all of its metrics.
        metrics: What the problem says of its metrics.

    Returns:
        Lines for the working memory.
    """
    name = yardstick(metrics)
    past = Past.of(runs)
    chosen = best(spec, past, metrics)
    if name is None or chosen is None:
        return ["Nothing was chosen: no run has ended with as many replicates as a choice needs."]
    info, label = metrics[name], metrics[name].label or name
    by_truth = past.derive(Candidates, name, info.direction)
    leader = by_truth.leader(replicates=min(2, spec.replicates))
    values = [value for run in chosen.by for value in run.values_of(name)]
    if leader is None or not values:
        return [f"What it cost cannot be said: {name} is missing."]
    blind, true = Estimate.of(values), Estimate.of(leader.values)
    how = f"{blind.n} fresh seeds" if chosen.confirmed else f"{blind.n} replicates, unconfirmed"
    lines = [f"Chosen blind: run {chosen.run.number}, {label} {blind} ({how}).  [{name}]"]
    if leader.run.number == chosen.run.number:
        lines.append("The truth would have chosen the same: blind choice cost nothing.")
    else:
        cost = (true.value - blind.value) * (1 if info.direction == "maximize" else -1)
        lines.append(
            f"Chosen by truth: run {leader.run.number}, {label} {true}: blind choice cost "
            f"{show_number(cost)}, or less, since the best of {len(by_truth)} by truth overstates itself."
        )
    lines.append(_alike(spec, past, by_truth, name, metrics))
    return lines


def _alike(
    spec: ExplorationSpec, past: Past, by_truth: Candidates, name: str, metrics: Mapping[str, MetricInfo]
) -> str:
    """Spearman's rank correlation, over configurations on the exploration's own data."""
    from scipy.stats import spearmanr  # seldom needed, and slow to import

    blind = past.derive(Candidates, spec.objective, metrics[spec.objective].direction)
    signs = [1 if metrics[metric].direction == "maximize" else -1 for metric in (spec.objective, name)]
    pairs = [
        (signs[0] * one.median, signs[1] * truth.median)
        for one in blind
        if (truth := by_truth.of(one.run)) is not None
    ]
    what = f"{spec.objective} and {name}"
    if len(pairs) < 3 or any(len(set(side)) < 2 for side in zip(*pairs, strict=True)):
        return f"Whether {what} order alike cannot be said of {len(pairs)} configurations."
    rank = float(spearmanr([pair[0] for pair in pairs], [pair[1] for pair in pairs]).statistic)
    return f"{what} order {len(pairs)} configurations with rank correlation {rank:.2f} (Spearman)."
