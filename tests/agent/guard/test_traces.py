"""Traces are compared step by step, and the first difference is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.guard.traces import Step, Trace, TraceFile, first_difference, judge, read_trace, without_places

hashes = st.dictionaries(
    st.sampled_from(["input", "embedding", "loss"]), st.text("ab", max_size=2), max_size=3
)
traces = st.builds(
    lambda found, error: Trace(tuple(Step(n, one) for n, one in enumerate(found)), error),
    st.lists(hashes, max_size=4),
    st.none() | st.sampled_from(["error", "timeout"]),
)


def trace(*values: str, error: str | None = None, hidden: str = "") -> Trace:
    return Trace(tuple(Step(n, {"first": "same", "x": v}) for n, v in enumerate(values)), error, hidden)


@given(traces, traces)
def test_traces_differ_exactly_where_anything_of_them_does(one: Trace, other: Trace) -> None:
    assert (first_difference(one, other) is None) == (one == other)
    assert first_difference(one, one) is None


def test_the_first_parameter_of_the_first_step_is_named() -> None:
    difference = first_difference(trace("a", "b", "c"), trace("a", "B", "C"))
    assert difference is not None
    assert (difference.parameter, difference.step) == ("x", 1)
    assert str(difference) == "x at step 1"


def test_an_exception_that_only_one_truth_brings_about_is_a_difference() -> None:
    difference = first_difference(trace("a", "b"), trace("a", "b", error="error (ValueError)"))
    assert difference is not None
    assert "error (ValueError) after 1 steps" in str(difference)


def test_what_an_exception_says_is_compared_and_not_shown() -> None:
    one, other = (trace("a", error="error (E)", hidden=f"types {kind}") for kind in ("0 1", "1 0"))
    assert "types" not in str(first_difference(one, other))
    assert first_difference(one, one) is None


@pytest.mark.parametrize(
    ("first", "again", "other", "outcome"),
    [
        (trace("a", "b"), trace("a", "b"), trace("a", "b"), "certified"),
        (trace("a", "b"), trace("a", "c"), trace("a", "b"), "nondeterministic"),
        (trace("a", "b"), trace("a", "b"), trace("a", "c"), "interferes"),
        (trace("a", "b"), trace("a", "b"), trace("a"), "interferes"),
        (trace("a", error="e"), trace("a", error="e"), trace("a", error="e"), "unverified"),
        (trace("a"), trace("a"), trace("a"), "unverified"),
        (Trace(), Trace(), Trace(), "unverified"),
    ],
)
def test_three_traces_make_a_verdict(first: Trace, again: Trace, other: Trace, outcome: str) -> None:
    assert judge(first, again, other).outcome == outcome


def test_a_trace_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    file = TraceFile(tmp_path / "trace.jsonl")
    file(0, {"x": "a"})
    file(1, {"x": "b"})
    file.close()
    text = (tmp_path / "trace.jsonl").read_text()
    (tmp_path / "trace.jsonl").write_text(text[:-5])
    assert read_trace(tmp_path / "trace.jsonl", error="crashed").steps == (Step(0, {"x": "a"}),)
    assert read_trace(tmp_path / "none.jsonl", error="crashed") == Trace(error="crashed")


def test_a_message_is_compared_without_folders_and_addresses() -> None:
    one, other = Path("/tmp/audit/one"), Path("/tmp/audit/other")
    said = [f"no <C at 0x7f{n}> in {root}/runs" for n, root in enumerate((one, other))]
    assert without_places(said[0], one) == without_places(said[1], other)
