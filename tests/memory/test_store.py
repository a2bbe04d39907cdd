"""The store: what goes in comes out, states only move forward, and every move leaves its event."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up_history import DATA, carry_out, explored, new_store, plan, proposals, results, slot, spec
from sqlalchemy import event

from blocks.errors import DataError, QueryError, WorkspaceError
from blocks.exploration import Limits
from blocks.problem import FoundationReport
from blocks.run import Failure, FailureKind, Metrics, Run, RunState
from blocks.slot import Proposal, Role, SlotSpec
from blocks.stopping import Course, Curve, StopRule
from memory.schema import BlockState, FoundationState
from memory.store import Store
from memory.workspace import Workspace

names = st.text(
    st.characters(codec="utf-8", exclude_characters='"', exclude_categories=("Cc",)), min_size=1, max_size=12
)
texts = st.text(st.characters(codec="utf-8"), max_size=12)
values = st.one_of(
    st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
)
slots = st.builds(
    SlotSpec,
    values=st.dictionaries(names, values, max_size=5),
    strategies=st.lists(names, max_size=4).map(tuple),
    seeds=st.lists(st.integers(0, 2**31), min_size=1, max_size=4, unique=True).map(tuple),
)
numbers = st.one_of(st.none(), st.floats())
CUT_SHORT = Course(steps=3, planned=20, curve=Curve(measure="gain", steps=(3,), reached=((0.1, None, 0.2),)))
DIVERGED = Failure(kind=FailureKind.DIVERGED, reason="loss is NaN at step 3")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that properties may fill, each with runs of its own."""
    with new_store(tmp_path_factory.mktemp("shared")) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        yield opened


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=slots, data=st.data())
def test_any_slot_and_any_metrics_come_back_as_they_went_in(
    shared: Store, chosen: SlotSpec, data: st.DataObject
) -> None:
    proposal = Proposal(
        slot=data.draw(st.integers(0, 9)),
        spec=chosen,
        role=data.draw(st.sampled_from(Role)),
        parent=data.draw(st.one_of(st.none(), st.integers(1, 99))),
        change=data.draw(texts),
        reason=data.draw(texts),
    )
    given_metrics: list[Metrics] = [
        data.draw(st.dictionaries(names, numbers, max_size=4)) for _ in chosen.seeds
    ]
    planned = plan(shared, [(proposal, "identity")])[0]
    assert (planned.proposal, planned.state, planned.identity) == (proposal, RunState.PLANNED, "identity")
    assert [type(value) for value in planned.proposal.spec.values.values()] == [
        type(value) for value in chosen.values.values()
    ]
    shared.start("made_up", planned.number)
    shared.trained("made_up", planned.number, trained_hash="h", train_s=0.25)
    shared.finish("made_up", planned.number, given_metrics)
    done = shared.run("made_up", planned.number)
    expected = tuple(
        {
            name: value if value is not None and abs(value) < float("inf") else None
            for name, value in row.items()
        }
        for row in given_metrics
    )
    assert done.metrics == expected
    assert (done.state, done.proposal, done.train_s, done.trained_hash) == (
        RunState.DONE,
        proposal,
        0.25,
        "h",
    )


def test_a_stored_specification_comes_back_with_its_keys_in_order(store: Store) -> None:
    assert store.spec("made_up") == spec()
    assert list(store.spec("made_up").space.names()) == list(spec().space.names())
    with pytest.raises(QueryError, match=r"no exploration 'made_uq'.* Did you mean made_up\?"):
        store.spec("made_uq")


def test_planned_runs_are_numbered_on_and_read_back_in_order(store: Store) -> None:
    first = plan(store, proposals(1))
    second = plan(store, proposals(2), batch=2)
    assert [run.number for run in first + second] == list(range(1, 9))
    assert store.runs("made_up") == first + second
    assert store.runs("made_up", batch=2) == second
    assert store.runs("made_up", block=2) == []
    with pytest.raises(QueryError, match="got 9; its runs are 1 to 8"):
        store.run("made_up", 9)


def test_a_batch_is_planned_as_a_whole_or_not_at_all(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.plan(
            "made_up",
            block=1,
            batch=1,
            proposals=proposals(1),
            dataset=DATA,
            foundation="nope",
            guard_check=1,
        )
    assert store.runs("made_up") == []
    assert [run.number for run in plan(store, proposals(1))] == [1, 2, 3, 4]


MOVES: dict[str, Callable[[Store], None]] = {
    "start": lambda store: store.start("made_up", 1),
    "trained": lambda store: store.trained("made_up", 1, trained_hash="h", train_s=1.0),
    "finish": lambda store: store.finish("made_up", 1, [{"gain": 1.0}] * 3),
    "stop": lambda store: store.stop(
        "made_up", 1, trained_hash="h", train_s=1.0, course=CUT_SHORT, why="stopped early at step 3 of 20"
    ),
    "fail": lambda store: store.fail("made_up", 1, DIVERGED, train_s=None),
}
PATHS = {
    RunState.PLANNED: [],
    RunState.RUNNING: ["start"],
    RunState.TRAINED: ["start", "trained"],
    RunState.DONE: ["start", "trained", "finish"],
    RunState.STOPPED: ["start", "stop"],
    RunState.FAILED: ["start", "fail"],
}
OPEN = {RunState.PLANNED: "start", RunState.RUNNING: "trained", RunState.TRAINED: "finish"}


@pytest.mark.parametrize("state", RunState)
@pytest.mark.parametrize("move", MOVES)
def test_a_state_only_moves_forward(store: Store, state: RunState, move: str) -> None:
    plan(store, proposals(1))
    for step in PATHS[state]:
        MOVES[step](store)
    before, events = store.run("made_up", 1), store.events()
    assert before.state is state
    stops = move == "stop" and state is RunState.RUNNING
    if OPEN.get(state) == move or stops or (move == "fail" and not state.is_final):
        MOVES[move](store)
        assert len(store.events()) == len(events) + 1
        return
    with pytest.raises(ValueError, match=rf"made_up, run 1: .* {state} -> "):
        MOVES[move](store)
    assert (store.run("made_up", 1), store.events()) == (before, events)


def test_metrics_for_too_few_replicates_are_refused(store: Store) -> None:
    plan(store, proposals(1))
    MOVES["start"](store)
    MOVES["trained"](store)
    with pytest.raises(ValueError, match="each of its 3 replicates, but got 1"):
        store.finish("made_up", 1, [{"gain": 1.0}])
    assert store.run("made_up", 1).state is RunState.TRAINED


@pytest.mark.parametrize("at_once", [False, True], ids=["later", "at once"])
def test_truth_is_opened_only_after_the_trained_hash_is_stored(store: Store, at_once: bool) -> None:
    plan(store, proposals(1))
    with pytest.raises(ValueError, match="planned -> trained"):
        store.trained("made_up", 1, trained_hash="h", train_s=1.0, opens_truth=at_once)
    MOVES["start"](store)
    with pytest.raises(ValueError, match="truth may be opened once it is trained, but it is running"):
        store.truth_opened("made_up", 1)
    assert "truth opened" not in {event.what for event in store.events("made_up", run=1)}
    store.trained("made_up", 1, trained_hash="h", train_s=1.0, opens_truth=at_once)
    if not at_once:
        store.truth_opened("made_up", 1)
    with Store.open(store.workspace) as evaluator:  # what another process finds when it opens the truth
        assert evaluator.run("made_up", 1).trained_hash == "h"
    MOVES["finish"](store)
    ids = {event.what: event.id for event in store.events("made_up", run=1)}
    assert ids["planned"] < ids["started"] < ids["trained"] < ids["truth opened"] < ids["done"]
    hashes = {event.what: event.detail for event in store.events("made_up", run=1)}
    assert hashes["truth opened"] == hashes["trained"] == "h"


def test_a_failed_run_is_kept_with_its_reason(store: Store) -> None:
    plan(store, proposals(1))
    MOVES["start"](store)
    store.fail("made_up", 1, DIVERGED, train_s=2.5)
    failed = store.run("made_up", 1)
    assert (failed.state, failed.failure, failed.train_s) == (RunState.FAILED, DIVERGED, 2.5)
    assert failed.metrics == ()


def test_a_stopped_run_keeps_its_rule_and_its_curve_and_is_never_evaluated(store: Store) -> None:
    rule = StopRule(
        shares=(0.15, 0.5), limits=(0.25, 0.4), why="which each of the 2 best of 6 had reached there"
    )
    (proposal, identity), *_ = proposals(1)
    ruled = proposal.model_copy(update={"spec": proposal.spec.model_copy(update={"stop": rule})})
    plan(store, [(ruled, identity)])
    MOVES["start"](store)
    MOVES["stop"](store)
    (read_alone, read_with_all) = store.run("made_up", 1), store.past("made_up", "gain")[0]
    for stopped in (read_alone, read_with_all):
        assert stopped.proposal == ruled
        assert (stopped.state, stopped.curve) == (RunState.STOPPED, CUT_SHORT.curve)
        assert (stopped.trained_steps, stopped.planned_steps) == (3, 20)
        assert stopped.stopped == "stopped early at step 3 of 20"
        assert stopped.failure is None
        assert not stopped.compares
    with pytest.raises(ValueError, match="but it is stopped"):
        store.truth_opened("made_up", 1)


def test_interrupted_runs_are_planned_again_and_trained_ones_stay_trained(store: Store) -> None:
    plan(store, proposals(1))
    for number in (1, 2):
        store.start("made_up", number)
    store.trained("made_up", 2, trained_hash="h", train_s=1.0)
    assert store.requeue_interrupted("made_up") == [1]
    assert [run.state.value for run in store.runs("made_up")] == ["planned", "trained", "planned", "planned"]
    store.start("made_up", 1)
    assert store.events("made_up", run=1)[-1].detail == "attempt 2"
    assert store.requeue_interrupted("made_up") == [1]


def test_an_equal_run_is_never_paid_for_twice(tmp_path: Path) -> None:
    store = new_store(tmp_path, "made_up", "other")
    done = plan(store, proposals(1))[0]
    assert store.find_done(done.identity) is None
    carry_out(store, [done], rng=Random(1))
    source = store.find_done(done.identity)
    assert source == store.run("made_up", 1)
    assert source is not None
    twins = store.plan(
        "other",
        block=1,
        batch=1,
        proposals=proposals(1)[:2],
        dataset=DATA,
        foundation="base",
        guard_check=None,
    )
    store.reuse("other", 1, source=source)
    reused = store.run("other", 1)
    assert (reused.state, reused.metrics) == (RunState.DONE, source.metrics)
    assert reused.train_s is None
    assert store.origin("other", 1) == ("made_up", 1)
    assert store.origin("made_up", 1) == ("made_up", 1)
    assert store.find_done(done.identity) == source
    with pytest.raises(ValueError, match="other, run 2: only a planned run of the same identity"):
        store.reuse("other", 2, source=source)
    with pytest.raises(ValueError, match="other, run 1: only a planned run"):
        store.reuse("other", 1, source=source)
    assert twins[1] == store.run("other", 2)


def test_beginning_again_with_other_settings_names_the_keys_that_differ(store: Store) -> None:
    store.begin(spec(), version="0.1.0")
    plan(store, proposals(1))
    changed = spec().model_copy(update={"seed": 2, "baseline": {**spec().baseline, "lr_node_homeo": 0.02}})
    with pytest.raises(WorkspaceError, match=r"baseline\.lr_node_homeo, seed differs .*--workspace"):
        store.begin(changed, version="0.1.0")
    assert store.spec("made_up") == spec()


def test_settings_may_be_mended_as_long_as_nothing_was_planned(store: Store) -> None:
    store.begin(spec(), version="0.1.0")
    mended = spec().model_copy(update={"seed": 2})
    store.begin(mended, version="0.1.0")
    assert store.spec("made_up") == mended


def test_a_run_without_result_can_be_planned_again_and_one_with_a_result_cannot(store: Store) -> None:
    plan(store, proposals(2))
    check = store.guard_checks()[0].id

    def replan() -> None:
        store.replan("made_up", 1, identity="new", foundation="base", guard_check=check, why="code")

    store.start("made_up", 1)
    with pytest.raises(ValueError, match="run 1: cannot be planned again, since it is running"):
        replan()
    store.trained("made_up", 1, trained_hash="h", train_s=1.0)
    replan()
    run = store.run("made_up", 1)
    assert (run.state, run.identity, run.trained_hash) == (RunState.PLANNED, "new", None)
    assert store.events("made_up", run=1)[-1].what == "planned again"


def test_limits_and_the_number_of_blocks_may_change_between_launches(store: Store) -> None:
    longer = spec(blocks=5).model_copy(update={"limits": Limits(timeout_s=7), "title": "longer"})
    store.begin(longer, version="0.2.0")
    assert store.spec("made_up") == longer


def test_the_latest_exploration_is_the_one_in_which_something_happened_last(tmp_path: Path) -> None:
    store = new_store(tmp_path, "made_up", "other")
    assert store.latest() == "other"
    plan(store, proposals(1))
    assert store.latest() == store.resolve(None) == "made_up"
    assert store.resolve("other") == "other"
    with Store.open(Workspace(tmp_path / "empty")) as empty:
        assert empty.latest() is None
        with pytest.raises(QueryError, match="none has begun; start one with `setpoint launch`"):
            empty.resolve(None)


def test_an_exploration_says_how_far_it_is(tmp_path: Path) -> None:
    info = explored(tmp_path).explorations()[0]
    assert (info.name, info.n_runs, info.n_done, info.n_failed, info.blocks_closed) == ("made_up", 8, 7, 1, 1)


def test_a_block_closes_once_and_only_when_its_runs_have_ended(store: Store) -> None:
    runs = plan(store, proposals(1))
    assert store.blocks("made_up")[0].state is BlockState.PLANNED
    store.open_block("made_up", 1)
    store.open_block("made_up", 1)
    with pytest.raises(ValueError, match=r"block 1: runs \[1, 2, 3, 4\] have not ended"):
        store.close_block("made_up", 1)
    carry_out(store, runs, rng=Random(1))
    store.close_block("made_up", 1)
    assert store.blocks("made_up")[0].state is BlockState.CLOSED
    with pytest.raises(ValueError, match="must be open to be closed, but it is closed"):
        store.close_block("made_up", 1)
    with pytest.raises(ValueError, match="block 1 is closed"):
        plan(store, proposals(2))
    with pytest.raises(ValueError, match="a closed block stays so"):
        store.open_block("made_up", 1)


def test_a_data_set_whose_hash_changes_is_refused(store: Store) -> None:
    assert store.plan_dataset("data", name="other").name == "quickstart #42"
    store.ready_dataset("data", observations_hash="o" * 64, seal_hash="s" * 64)
    with pytest.raises(DataError, match=r"quickstart #42 .* but has xxxxxxxxxxxx; its files were changed"):
        store.ready_dataset("data", observations_hash="x" * 64, seal_hash="s" * 64)
    record = store.dataset("data")
    assert record is not None
    assert record.observations_hash == "o" * 64
    assert store.dataset("nope") is None


def test_a_foundation_is_judged_only_after_its_fit_is_stored(store: Store) -> None:
    report = FoundationReport("a.pt", True, {"r2": 0.7, "bad": float("nan")}, "R2 0.7")
    assert (
        store.plan_foundation("poor", dataset=DATA, settings={"stop": 0.7}).state is FoundationState.PLANNED
    )
    for too_early in (
        lambda: store.foundation_truth_opened("poor"),
        lambda: store.judged_foundation("poor", report),
    ):
        with pytest.raises(ValueError, match="foundation poor: must be fitted for this, but it is planned"):
            too_early()
    store.fitted_foundation("poor", fitted_hash="f", fit_s=1.0)
    store.foundation_truth_opened("poor")
    store.judged_foundation("poor", report)
    ready = store.foundation("poor")
    assert ready is not None
    assert (ready.state, ready.chosen, ready.chosen_by_truth) == (FoundationState.READY, "a.pt", True)
    assert ready.metrics == {"r2": 0.7, "bad": None}
    assert ready.settings == {"stop": 0.7}


@pytest.mark.parametrize("state", FoundationState)
def test_a_foundation_in_any_state_may_be_fitted_anew(store: Store, state: FoundationState) -> None:
    store.plan_foundation("poor", dataset=DATA, settings={})
    if state is FoundationState.FAILED:
        store.failed_foundation("poor", reason="timeout")
    if state in (FoundationState.FITTED, FoundationState.READY):
        store.fitted_foundation("poor", fitted_hash="f", fit_s=1.0)
    if state is FoundationState.READY:
        store.judged_foundation("poor", FoundationReport("a.pt", True, {"r2": 0.7}, "R2 0.7"))
    before = store.foundation("poor")
    assert before is not None
    assert before.state is state
    assert (before.failure == "timeout") == (state is FoundationState.FAILED)
    again = store.plan_foundation("poor", dataset=DATA, settings={})
    assert again.state is FoundationState.PLANNED
    assert {again.failure, again.fitted_hash, again.chosen, again.metrics, again.ended_at} == {None}
    with pytest.raises(QueryError, match="'nope' must be the key of a foundation"):
        store.failed_foundation("nope", reason="")


def test_nothing_rests_on_a_data_set_that_is_not_ready(store: Store) -> None:
    store.plan_dataset("later", name="later")
    with pytest.raises(QueryError, match="hash of a data set that is ready, but got 'later'"):
        store.plan_foundation("on_it", dataset="later", settings={})
    with pytest.raises(QueryError, match="hash of a data set that is ready, but got 'later'"):
        store.plan(
            "made_up",
            block=1,
            batch=1,
            proposals=proposals(1),
            dataset="later",
            foundation="base",
            guard_check=1,
        )
    assert store.foundation("on_it") is None


def test_every_run_points_to_the_guard_check_that_admitted_its_code(store: Store) -> None:
    check = store.record_guard_check(
        code_hash="d" * 64, verdict="clean", files=3, findings=[{"line": 3, "why": "ü"}]
    )
    store.plan(
        "made_up",
        block=1,
        batch=1,
        proposals=proposals(1),
        dataset=DATA,
        foundation="base",
        guard_check=check,
    )
    used = store.guard_checks("made_up")
    assert [(c.id, c.files, c.findings) for c in used] == [(check, 3, [{"line": 3, "why": "ü"}])]
    assert len(store.guard_checks()) == 2
    assert store.guard_verdict("made_up", 1).startswith(f"clean (check {check} of ")
    store.plan(
        "made_up",
        block=1,
        batch=1,
        proposals=proposals(1),
        dataset=DATA,
        foundation="base",
        guard_check=None,
    )
    assert store.guard_verdict("made_up", 5).startswith("unverified")


def test_runs_are_read_in_two_queries_however_many_there_are(store: Store) -> None:
    many = [(Proposal(slot=0, spec=slot(4), role=Role.EXPLORE), "i")] * 200
    runs = plan(store, many)
    rng = Random(1)
    for run in runs[:20]:
        store.start("made_up", run.number)
        store.trained("made_up", run.number, trained_hash="h", train_s=1.0)
        store.finish("made_up", run.number, results(slot(4), rng=rng))
    asked: list[str] = []
    event.listen(
        store._database._engine, "before_cursor_execute", lambda _c, _u, sql, *_rest: asked.append(sql)
    )
    read: list[Run] = store.runs("made_up")
    assert len(read) == 200
    assert len([sql for sql in asked if sql.startswith("SELECT")]) == 2
