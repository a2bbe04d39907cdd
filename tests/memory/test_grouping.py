"""Runs put together by what they have in common."""

from itertools import pairwise
from statistics import median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.grouping import Range, group_runs

Record = dict[str, object]


def _records(values: list[object], gains: list[float | None]) -> list[Record]:
    return [
        {"x": value, "gain": gain, "state": "failed" if gain is None else "done"}
        for value, gain in zip(values, gains, strict=True)
    ]


def test_a_group_has_the_median_and_spread_of_its_runs_and_counts_those_that_failed() -> None:
    (four, missing) = group_runs(_records([4, 4, 4, None], [1.0, 3.0, None, 5.0]), by=["x"], metrics=["gain"])
    assert (four.key, four.runs, four.failed) == ((4,), 3, 1)
    assert four.medians["gain"] == 2.0
    assert four.sds["gain"] == pytest.approx(stdev([1.0, 3.0]))
    assert (missing.key, missing.sds["gain"]) == ((None,), None)


def test_a_group_without_values_has_no_median() -> None:
    (group,) = group_runs(_records([1], [None]), by=["x"], metrics=["gain"])
    assert group.medians["gain"] is None


@given(st.lists(st.floats(1e-4, 1e-1), min_size=1, max_size=60))
def test_a_number_with_many_values_is_cut_into_ranges_that_hold_every_run_once(values: list[float]) -> None:
    groups = group_runs(_records(list(values), list(values)), by=["x"], metrics=["gain"])
    assert sum(group.runs for group in groups) == len(values)
    if len(set(values)) <= 12:
        assert [group.key[0] for group in groups] == sorted(set(values))
        return
    assert len(groups) <= 6
    for before, after in pairwise(groups):
        assert isinstance(before.key[0], Range)
        assert before.key[0].high < after.key[0].low
    for group in groups:
        inside = [v for v in values if group.key[0].low <= v <= group.key[0].high]
        assert group.runs == len(inside)
        assert group.medians["gain"] == median(inside)
