"""Past runs put together by what they have in common, with the median and spread of what came of them.

A number with many values, such as a step size drawn from a range, is cut into ranges that hold about as many
runs each; everything else is grouped by its value.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

from blocks.run import sample_sd
from blocks.slot import show_value

MANY: Final = 12
"""A number with more values than this is cut into ranges."""

RANGES: Final = 6


class Group(NamedTuple):
    """Runs that have something in common."""

    key: tuple[Any, ...]
    """A value, or a range as text, per column that was grouped by."""

    runs: int
    failed: int
    medians: dict[str, float | None]
    """Median of a metric over the runs that have it (of each run's median over its replicates)."""

    sds: dict[str, float | None]
    """Sample standard deviation of the same; None for a single run."""


def group_runs(
    records: Sequence[Mapping[str, Any]], *, by: Sequence[str], metrics: Sequence[str]
) -> list[Group]:
    """Groups of runs in the order of their keys, missing values last.

    Args:
        records: Rows of `runs_wide`, with the columns of `by` and `metrics` and with `state`.
        by: Columns to group by.
        metrics: Columns to give median and spread of.
    """
    labels = {column: _labels([record[column] for record in records]) for column in by}
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for place, record in enumerate(records):
        groups[tuple(labels[column][place] for column in by)].append(record)
    ordered = sorted(groups, key=lambda key: tuple(map(_rank, key)))
    return [_group(key, groups[key], metrics) for key in ordered]


class Range(NamedTuple):
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{show_value(self.low)} .. {show_value(self.high)}"


def _labels(values: Sequence[Any]) -> list[Any]:
    numbers = sorted({value for value in values if _is_number(value)})
    if len(numbers) <= MANY:
        return list(values)
    cuts = quantiles([value for value in values if _is_number(value)], n=RANGES, method="inclusive")
    inner = sorted({min(range(len(numbers)), key=lambda i: abs(numbers[i] - cut)) for cut in cuts})
    edges = [0, *(place for place in inner if 0 < place < len(numbers)), len(numbers)]
    ranges = [Range(numbers[low], numbers[high - 1]) for low, high in pairwise(edges)]
    return [
        next(one for one in ranges if value <= one.high) if _is_number(value) else value for value in values
    ]


def _group(key: tuple[Any, ...], records: Sequence[Mapping[str, Any]], metrics: Sequence[str]) -> Group:
    medians: dict[str, float | None] = {}
    sds: dict[str, float | None] = {}
    for name in metrics:
        values = [float(record[name]) for record in records if _is_number(record[name])]
        medians[name] = median(values) if values else None
        sds[name] = sample_sd(values) if len(values) > 1 else None
    failed = sum(record["state"] == "failed" for record in records)
    return Group(key, len(records), failed, medians, sds)


def _rank(value: Any) -> tuple[int, float, str]:
    """Numbers by size, then text, then what is missing."""
    if isinstance(value, Range):
        return 0, value.low, ""
    if _is_number(value):
        return 0, float(value), ""
    return (2, 0.0, "") if value is None else (1, 0.0, str(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
