"""The best run as the working memory tells it: confirmed or not, by what, and what has drifted since."""

from collections.abc import Mapping, Sequence

from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run
from blocks.slot import show_value
from memory.best import Best, best_of
from memory.candidates import Candidates
from memory.drift import latest_control
from memory.past import Past
from memory.statements import count, plain, show_runs


def best_lines(
    spec: ExplorationSpec,
    runs: Sequence[Run],
    metrics: Mapping[str, MetricInfo],
    *,
    has_fresh_networks: bool = True,
) -> list[str]:
    """What is best, how well that is known, and whether the control still gives it; nothing before any run.

    Args:
        spec: The exploration.
        runs: Its runs in any state.
        metrics: What the problem says of its metrics.
        has_fresh_networks: Whether there are further networks to confirm on.
    """
    info = metrics[spec.objective]
    label = info.label or spec.objective
    candidates = Past.of(runs).derive(Candidates, spec.objective, info.direction)
    found = best_of(candidates, replicates=spec.replicates)
    if found is None:
        return []
    lines = _confirmed(found, label, has_fresh_networks) if found.confirmed else [_unconfirmed(found, label)]
    lines.insert(1, plain(_what(spec, found.run)))
    if (control := latest_control(candidates)) is not None:
        said = f"Control: run {control.of.number} repeated gave {label} {control.now}"
        against = f"{control.before} over {control.before.n} fresh seeds before"
        verdict = (
            "beyond noise: code, data or machine have drifted" if control.differs else "within the noise"
        )
        lines.append(
            f"{plain(f'{said}, against {against}: {verdict}.')}  [{show_runs([control.run.number])}]"
        )
    return lines


def _unconfirmed(found: Best, label: str) -> str:
    return plain(
        f"Best so far, not yet confirmed on fresh seeds: run {found.run.number}, {label} {found.estimate} "
        f"over {count(found.estimate.n, 'replicate')} that selected it, and so overstate it."
    )


def _confirmed(found: Best, label: str, has_fresh_networks: bool) -> list[str]:
    value = found.estimate
    said = f"Best confirmed: run {found.run.number}, {label} {value} over {value.n} fresh seeds"
    if found.elsewhere:
        fresh = ", ".join(f"{there} on network {one}" for one, there in found.elsewhere.items())
        said += f", {found.n_networks} networks ({fresh})"
    elif has_fresh_networks:
        said += ", 1 network so far"
    else:
        said += "; by fresh seeds alone, since there is no other network like these data"
    lines = [f"{plain(said)}.  [{show_runs([run.number for run in found.by])}]"]
    if failed := [network for network in found.failed_on if network]:
        named = ", ".join(map(str, failed))
        lines.append(f"Run {found.run.number} did not hold on fresh network {named}: its runs there failed.")
    if found.rounds > 1:
        lines.append(
            f"That value is of round {found.rounds} alone: earlier rounds helped to choose run "
            f"{found.run.number}, and would overstate it."
        )
    if found.challenger is not None:
        lines.append(
            f"Run {found.challenger.number} leads by now; it is not called best before a round of its own."
        )
    return lines


def _what(spec: ExplorationSpec, run: Run) -> str:
    # Values that never change say nothing of why this run is the best.
    tuned = [name for name in spec.space.names() if name in run.proposal.spec.values]
    values = [f"{name} {show_value(run.proposal.spec.values[name])}" for name in tuned]
    strategies = ", ".join(run.proposal.spec.strategies) or "no strategy"
    return f"Run {run.number} is: {', '.join(values)}; {strategies}."
