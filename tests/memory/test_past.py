"""A past that grew with its store is what the store holds, whoever wrote to it and in whatever order."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_history import DATA, METRICS, carry_out, new_store, plan, proposals, results, run, slot, spec

from blocks.run import Failure, FailureKind, Run, RunState
from memory.findings import findings
from memory.past import Past, configuration
from memory.store import Store
from memory.sums import ExactSum
from memory.workspace import Workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as made:
        yield made


def with_gain_alone(runs: list[Run]) -> list[Run]:
    """The runs as they are in the store, without their other metrics."""
    return [
        run.model_copy(update={"metrics": tuple({"gain": m["gain"]} for m in run.metrics)}) for run in runs
    ]


def assert_up_to_date(store: Store) -> None:
    past, runs = store.past("made_up", "gain"), store.runs("made_up")
    assert list(past) == with_gain_alone(runs)
    for read in past:
        for made in (read, read.proposal, read.proposal.spec):
            assert list(vars(made)) == list(type(made).model_fields)  # as if every field had been checked
    assert list(past.ended) == [run for run in past if run.state.is_final]
    afresh = Past(past)
    assert findings(spec(), past, metrics=METRICS) == findings(spec(), afresh, metrics=METRICS)
    for one in runs:
        wanted = configuration(one.proposal.spec)
        assert past.first_of(wanted) == afresh.first_of(wanted)
    assert store.count_runs("made_up") == Counter(one.state for one in runs)
    assert past.with_strategy("residual") == sum("residual" in one.proposal.spec.strategies for one in runs)


def test_every_step_of_a_runs_life_reaches_the_past(store: Store) -> None:
    assert list(store.past("made_up", "gain")) == []
    numbers = [run.number for run in plan(store, proposals(1))]
    assert_up_to_date(store)
    done, failed, lost, interrupted = numbers
    for number in numbers:
        store.start("made_up", number)
        assert_up_to_date(store)
    for number in (failed, done, lost):  # not in the order of their numbers
        store.trained("made_up", number, trained_hash="h", train_s=1.0)
    store.fail("made_up", failed, Failure(kind=FailureKind.TIMEOUT, reason="too slow"), train_s=2.0)
    assert_up_to_date(store)
    store.truth_opened("made_up", done)
    store.finish("made_up", done, results(slot(4), rng=Random(1)))
    assert_up_to_date(store)
    assert store.requeue_interrupted("made_up") == [interrupted]
    store.replan("made_up", lost, identity="i", foundation="base", guard_check=1, why="lost")
    assert_up_to_date(store)
    assert [run.state.value for run in store.past("made_up", "gain")] == [
        "done",
        "failed",
        "planned",
        "planned",
    ]


def test_what_another_process_writes_reaches_the_past(store: Store) -> None:
    rng = Random(1)
    carry_out(store, plan(store, proposals(1)), rng=rng)
    assert_up_to_date(store)
    # A second store has its own connections and knows nothing of the first one's past.
    with Store.open(Workspace(store.workspace.root)) as other:
        carry_out(other, plan(other, proposals(2), batch=2), rng=rng)
    assert_up_to_date(store)
    assert len(store.past("made_up", "gain")) == 8


def test_a_reused_result_reaches_the_past_with_its_replicates(tmp_path: Path) -> None:
    with new_store(tmp_path, "made_up", "again") as store:
        first = plan(store, proposals(1)[:1])
        carry_out(store, first, rng=Random(1))
        source = store.run("made_up", 1)
        place = {"block": 1, "batch": 1, "dataset": DATA, "foundation": "base", "guard_check": 1}
        store.plan("again", proposals=proposals(1)[:1], **place)
        assert [run.metrics for run in store.past("again", "gain")] == [()]
        store.reuse("again", 1, source=source)
        (reused,) = store.past("again", "gain")
        assert reused.metrics == with_gain_alone([source])[0].metrics
        assert len(store.past("made_up", "gain")) == 1


def test_only_what_has_changed_is_read_again(store: Store) -> None:
    carry_out(store, plan(store, proposals(1)), rng=Random(1))
    before = list(store.past("made_up", "gain"))
    planned = plan(store, proposals(2), batch=2)
    after = list(store.past("made_up", "gain"))
    assert all(new is old for new, old in zip(after, before, strict=False))
    assert [run.number for run in after[len(before) :]] == [run.number for run in planned]


@settings(deadline=None)
@given(st.permutations(range(12)), st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_past_does_not_depend_on_the_order_in_which_runs_were_heard_of(
    order: list[int], looks: int, rng: Random
) -> None:
    runs = [
        run(
            i,
            slot([4, 16, 32][i % 3], lr_node_homeo=10.0 ** -(1 + i % 4)),
            gains=[rng.random(), rng.random()],
        )
        for i in range(1, 13)
    ]
    # Two of one configuration are pooled, one reuses a result, one was taken back and ended otherwise.
    runs[6] = runs[6].model_copy(update={"proposal": runs[0].proposal})
    runs[7] = runs[7].model_copy(update={"identity": runs[3].identity})
    grown = Past()
    for place in order:
        if place == 5:
            grown.update([runs[5].model_copy(update={"state": RunState.FAILED, "metrics": ()})])
        grown.update([runs[place]])
        if place % looks == 0:
            findings(spec(), grown, metrics=METRICS)
    assert grown == runs
    assert findings(spec(), grown, metrics=METRICS) == findings(spec(), Past(runs), metrics=METRICS)
    assert findings(spec(), grown, metrics=METRICS) == findings(spec(), runs, metrics=METRICS)


@given(st.lists(st.tuples(st.floats(-1e100, 1e100), st.booleans()), min_size=2))
def test_what_is_taken_back_leaves_no_trace_in_a_sum(values: list[tuple[float, bool]]) -> None:
    kept = [value for value, keep in values if keep]
    total, plain = ExactSum(), ExactSum()
    for value, _ in values:
        total.add(value)
    for value, keep in reversed(values):
        if not keep:
            total.add(value, sign=-1)
    for value in reversed(kept):
        plain.add(value)
    assert (total.n, total.total) == (len(kept), plain.total)
    if len(kept) > 1:
        assert (total.mean, total.sd) == (plain.mean, plain.sd)
        assert total.mean == pytest.approx(sum(kept) / len(kept), abs=1e-12 * max(map(abs, kept)))
