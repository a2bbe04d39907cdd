"""Whether one hyperparameter does better above another: pairs of runs between which a single change turns it.

Asked only where a document says so (`lr_node must be higher than lr_emb`). Of runs that agree in all but
one of the two, the nearest on either side of the other's value are a pair. What is found is tentative: it
is told, it says which way a prior leans, and it settles nothing.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean, median
from typing import NamedTuple

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run, RunState, sample_sd, show_number
from blocks.vocabulary import Vocabulary
from memory.comparison import CONFIDENCE
from memory.entries import Entry, known_by
from memory.prior_claims import claims_of
from memory.prior_store import PriorLine
from memory.seed_document import LineKind
from memory.statements import show_runs, topic_of

AT_LEAST = 3
"""Pairs below which no direction is claimed."""


_Surroundings = tuple[str, tuple[str, ...], tuple[tuple[str, Value], ...], float]
"""Data set, strategies, all other values, and the value of the hyperparameter that stays."""


class _Point(NamedTuple):
    value: float
    objective: float
    runs: tuple[int, ...]


class _Turn(NamedTuple):
    """A pair: how much better the side is that lies above, and the runs of both sides."""

    gain: float
    runs: tuple[int, ...]


def order_entries(
    spec: ExplorationSpec,
    runs: Iterable[Run],
    lines: Sequence[PriorLine],
    *,
    metrics: Mapping[str, MetricInfo],
) -> list[Entry]:
    """What runs say of the orders of two hyperparameters that documents claim; one entry each.

    Args:
        spec: The exploration.
        runs: Its runs in any state.
        lines: Lines of documents, of any kind.
        metrics: What the problem says of its metrics.
    """
    words = Vocabulary(spec)
    asked = {
        (claim.subject, str(claim.value))
        for line in lines
        if line.kind is LineKind.STATEMENT
        for claim in claims_of(line.text, words, heading=line.heading)
        if claim.kind == "above"
    }
    if not asked:
        return []
    sign = 1.0 if metrics[spec.objective].direction == "maximize" else -1.0
    done = [run for run in runs if run.state is RunState.DONE and run.values_of(spec.objective)]
    return [
        entry
        for upper, lower in sorted(asked)
        if (entry := _entry(spec, upper, lower, list(_turns(done, spec.objective, upper, lower, sign))))
    ]


def subject_of(upper: str, lower: str) -> str:
    """What an entry about an order is about."""
    return f"{upper} above {lower}"


def _turns(runs: Sequence[Run], objective: str, upper: str, lower: str, sign: float) -> Iterator[_Turn]:
    for moved, fixed in ((upper, lower), (lower, upper)):
        surroundings: dict[_Surroundings, dict[float, list[Run]]] = {}
        for run in runs:
            values = run.proposal.spec.values
            if _is_number(values.get(moved)) and _is_number(values.get(fixed)):
                rest = tuple(sorted((name, value) for name, value in values.items() if name != moved))
                where = (run.dataset, run.proposal.spec.strategies, rest, float(values[fixed]))
                by_moved = surroundings.setdefault(where, defaultdict(list))
                by_moved[float(values[moved])].append(run)
        for where, by_value in sorted(surroundings.items(), key=lambda item: _first(item[1])):
            other = where[-1]
            points = [_point(value, found, objective) for value, found in sorted(by_value.items())]
            over = [point for point in points if point.value > other]
            under = [point for point in points if point.value < other]
            if not over or not under:
                continue
            nearest_over, nearest_under = over[0], under[-1]
            rises = 1.0 if moved == upper else -1.0
            gain = sign * rises * (nearest_over.objective - nearest_under.objective)
            yield _Turn(gain, nearest_over.runs + nearest_under.runs)


def _entry(spec: ExplorationSpec, upper: str, lower: str, turns: Sequence[_Turn]) -> Entry | None:
    if not turns:
        return None
    gains = [turn.gain for turn in turns]
    effect, interval = fmean(gains), _interval(gains)
    runs = sorted({number for turn in turns for number in turn.runs})
    shown = f"{'+' if effect >= 0 else ''}{show_number(effect)}"
    if interval is not None:
        shown += f" ({show_number(interval[0])}..{show_number(interval[1])})"
    decided = interval is not None and (interval[0] > 0 or interval[1] < 0)
    count = "1 pair" if len(turns) == 1 else f"{len(turns)} pairs"
    name = subject_of(upper, lower)
    pairs: tuple[tuple[str, str], ...] = ()
    if not decided:
        text = f"{name} or not: no direction shown."
    elif effect > 0:
        text, pairs = f"{name} is better.", (("above", "below"),)
    else:
        text, pairs = f"{name} is worse.", (("below", "above"),)
    return Entry.model_validate(
        {
            "key": known_by("order", upper, lower),
            "topic": topic_of(spec, upper),
            "text": text,
            "evidence": f"[{count}, {shown}, {show_runs(runs)}]",
            "subject": name,
            "pairs": pairs,
            "runs": tuple(runs),
            "n_pairs": len(turns),
        }
    )


def _interval(gains: Sequence[float]) -> tuple[float, float] | None:
    """95 % t interval of the mean."""
    if len(gains) < AT_LEAST:
        return None
    from scipy.special import stdtrit  # Student's t quantile

    half = float(stdtrit(len(gains) - 1, 0.5 + CONFIDENCE / 2)) * sample_sd(gains) / math.sqrt(len(gains))
    return fmean(gains) - half, fmean(gains) + half


def _point(value: float, runs: Sequence[Run], objective: str) -> _Point:
    values = [one for run in runs for one in run.values_of(objective)]
    return _Point(value, median(values), tuple(run.number for run in runs))


def _is_number(value: Value | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _first(by_value: Mapping[float, Sequence[Run]]) -> int:
    return min(run.number for runs in by_value.values() for run in runs)
