"""Where runs fail: counts for values, ranges and strategies that fail more often than the rest.

Counts, not causes: a line says how many runs failed there, and how many elsewhere.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import FailureKind, Run
from blocks.slot import show_value
from memory.statements import STRATEGIES, Statement, is_number, show_runs, topic_of
from tests.plain.evidence import distinct

_OF_THE_SLOT = (FailureKind.DIVERGED, FailureKind.TIMEOUT, FailureKind.OUT_OF_MEMORY)
"""Failures that a slot's values bring about; a crash, say, may come from anywhere."""

_MARKED = 0.3
"""A value marks failures where it fails more often than the rest by this share of runs."""

_LINES = 4


def failures(spec: ExplorationSpec, runs: Sequence[Run]) -> list[Statement]:
    """Statements about where runs diverge, run out of time or out of memory.

    Args:
        spec: The exploration.
        runs: Its runs in any state; only those that have ended count, equal ones once.
    """
    ended = distinct([run for run in runs if run.state.is_final])
    failed = [run for run in ended if run.failure is not None and run.failure.kind in _OF_THE_SLOT]
    bad = {run.number for run in failed}
    told: list[tuple[float, str, Statement]] = []
    for said, topic, subject, inside in _regions(spec, ended, failed):
        inner = [run for run in inside if run.number in bad]
        outside, outer = len(ended) - len(inside), len(failed) - len(inner)
        lead = len(inner) / len(inside) - outer / outside if outside else 0.0
        if lead < _MARKED:
            continue
        kinds = Counter(run.failure.kind.value for run in inner if run.failure is not None)
        named = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        statement = Statement(
            kind="failure",
            topic=topic,
            text=f"{said}: {len(inner)} of {len(inside)} runs failed ({named}); "
            f"elsewhere {outer} of {outside}.",
            evidence=f"[{show_runs([run.number for run in inner])}]",
            runs=tuple(run.number for run in inner),
            n_replicates=sum(len(run.proposal.spec.seeds) for run in inner),
            subject=subject,
        )
        told.append((-lead, said, statement))
    return [statement for _, _, statement in sorted(told, key=lambda item: item[:2])[:_LINES]]


def _regions(
    spec: ExplorationSpec, ended: Sequence[Run], failed: Sequence[Run]
) -> Iterator[tuple[str, str, str, list[Run]]]:
    """Places where runs failed: what to call it, topic, subject, and the runs that ended there."""
    for name in sorted({name for run in failed for name in run.proposal.spec.values}):
        there = [run for run in ended if name in run.proposal.spec.values]
        values = {_value(run, name) for run in failed if name in run.proposal.spec.values}
        if is_number(spec, name):
            low, high = min(map(float, values)), max(map(float, values))
            above = [run for run in there if float(_value(run, name)) >= low]
            below = [run for run in there if float(_value(run, name)) <= high]
            yield f"{name} >= {show_value(low)}", topic_of(spec, name), name, above
            yield f"{name} <= {show_value(high)}", topic_of(spec, name), name, below
        else:
            for value in sorted(values, key=str):
                equal = [run for run in there if _value(run, name) == value]
                yield f"{name} {show_value(value)}", topic_of(spec, name), name, equal
    for name in sorted({name for run in failed for name in run.proposal.spec.strategies}):
        yield f"{name} on", STRATEGIES, name, [run for run in ended if name in run.proposal.spec.strategies]


def _value(run: Run, name: str) -> Value:
    return run.proposal.spec.values[name]
