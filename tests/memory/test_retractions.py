"""Retractions: who falls with whom, what forgets them, and what taking them back brings back."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_history import (
    DATA,
    METRICS,
    carry_out,
    explored,
    new_store,
    plan,
    proposals,
    run,
    slot,
    spec,
)

from blocks.errors import QueryError
from blocks.identity import content_hash
from blocks.run import Run, best_run
from blocks.slot import Proposal, Role
from memory.findings import findings
from memory.past import Past
from memory.queries import query_runs
from memory.records import RunKey
from memory.retractions import _Line, descent
from memory.store import Store
from memory.void import Voided, void_baselines, voided_of
from memory.workspace import Workspace

PLACE = {"dataset": DATA, "foundation": "base", "guard_check": 1}


def child(of: int, rate: float) -> tuple[Proposal, str]:
    """A proposal that mutates a run."""
    chosen = slot(4, lr_node_homeo=rate)
    return Proposal(slot=0, spec=chosen, role=Role.EXPLOIT, parent=of), content_hash(chosen)


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Store]:
    """Runs 1-4; 5 is a child of 1, 6 of 2, 7 of 5; `copy` reused run 5 and went on from it."""
    with new_store(tmp_path, "made_up", "copy") as store:
        rng = Random(1)
        carry_out(store, plan(store, proposals(1)), rng=rng)
        carry_out(store, plan(store, [child(1, 2e-2), child(2, 3e-3)], batch=2), rng=rng)
        carry_out(store, plan(store, [child(5, 4e-2)], block=2), rng=rng)
        store.plan("copy", block=1, batch=1, proposals=[child(0, 2e-2)], **PLACE)
        store.reuse("copy", 1, source=store.run("made_up", 5))
        store.plan("copy", block=1, batch=2, proposals=[child(1, 5e-2), child(0, 6e-2)], **PLACE)
        yield store


def void_in(store: Store, exploration: str = "made_up") -> list[int]:
    """Numbers of void runs, as the queries of people see them."""
    table = query_runs(store, exploration=exploration, where="void", columns=("run",))
    numbers = [int(str(number)) for (number,) in table.rows]
    assert numbers == [one.number for one in store.runs(exploration) if one.void]
    assert numbers == [one.number for one in store.past(exploration, "gain").void]
    kept = query_runs(store, exploration=exploration, where="not void").matched
    assert kept == len(store.runs(exploration)) - len(numbers)
    return numbers


def test_children_grandchildren_and_reused_copies_fall_with_their_parent(family: Store) -> None:
    retraction = family.retract("made_up", where="run = 1", reason="its loss read the type")
    assert void_in(family) == [1, 5, 7]
    assert void_in(family, "copy") == [1, 2]  # 2 was planned, and goes on from the copy
    one, *others = retraction.runs[2:]
    assert (one.run, one.ancestor) == (RunKey("made_up", 1), None)
    assert {other.ancestor for other in others} == {RunKey("made_up", 1)}
    assert family.retractions() == [retraction]
    journal = [(event.run, event.detail) for event in family.events("made_up") if event.what == "void"]
    assert (7, "retraction 1: descends from made_up run 1") in journal


def test_what_is_derived_forgets_void_runs_and_remembers_them_again(family: Store) -> None:
    past = family.past("made_up", "gain")
    before, best = findings(spec(), past, metrics=METRICS), best_run(past, "gain", METRICS["gain"])
    assert best is not None
    family.retract("made_up", where=f"run = {best.number}", reason="leak")
    past = family.past("made_up", "gain")
    kept = [one for one in family.runs("made_up") if not one.void]
    assert [one.number for one in past] == [one.number for one in kept]
    assert findings(spec(), past, metrics=METRICS) == findings(spec(), kept, metrics=METRICS) != before
    among = [best_run(runs, "gain", METRICS["gain"]) for runs in (past, kept, family.runs("made_up"))]
    (found,) = {None if one is None else one.number for one in among}
    assert found not in (None, best.number)
    family.undo_retraction(1)
    assert findings(spec(), family.past("made_up", "gain"), metrics=METRICS) == before


def test_another_process_hears_of_a_retraction(family: Store) -> None:
    assert len(family.past("made_up", "gain")) == 7
    with Store.open(Workspace(family.workspace.root)) as other:
        other.retract("made_up", where="run = 2", reason="leak")
    assert [one.number for one in family.past("made_up", "gain").void] == [2, 6]
    assert family.past("made_up", "gain").next_number == 8


def test_the_result_of_a_void_run_is_not_served_again(family: Store) -> None:
    first = family.run("made_up", 5)
    family.retract("made_up", where="run = 5", reason="leak")
    assert family.find_done(first.identity) is None
    family.plan("copy", block=1, batch=3, proposals=[child(0, 2e-2)], **PLACE)
    assert not family.reuse("copy", 4, source=first), "it became void after it was found"
    assert family.run("copy", 4).state == "planned"
    family.undo_retraction(1)
    assert family.reuse("copy", 4, source=first)


def test_of_two_overlapping_retractions_one_may_be_undone_alone(family: Store) -> None:
    family.retract("made_up", where="run = 1", reason="leak")
    family.retract("made_up", where="run = 5", reason="its data were shuffled")
    assert void_in(family) == [1, 5, 7]
    family.undo_retraction(1)
    assert void_in(family) == [5, 7]
    family.undo_retraction(2)
    assert void_in(family) == []
    assert [one.undone_at is None for one in family.retractions()] == [False, False]
    assert [len(one.runs) for one in family.retractions()] == [5, 4], "what was void stays on record"


def test_a_child_planned_while_its_parent_was_retracted_is_void_as_well(family: Store) -> None:
    family.retract("made_up", where="run = 2", reason="leak")
    (late,) = plan(family, [child(2, 7e-2)], block=2, batch=2)
    assert void_in(family) == [2, 6, late.number]
    (told,) = [one for one in family.retractions()[0].runs if one.run.number == late.number]
    assert told.ancestor == RunKey("made_up", 2)
    family.undo_retraction(1)
    assert void_in(family) == []


def test_foretelling_changes_nothing(family: Store) -> None:
    events = len(family.events())
    foretold = family.foretell("made_up", where="run = 1")
    assert void_in(family) == []
    assert len(family.events()) == events
    assert family.retract("made_up", where="run = 1", reason="leak").runs == foretold


def test_what_cannot_be_retracted_is_said_with_a_remedy(family: Store) -> None:
    with pytest.raises(
        QueryError, match=r"where: must match a run of made_up, but 'run > 99' matches none of 7"
    ):
        family.retract("made_up", where="run > 99", reason="leak")
    with pytest.raises(QueryError, match="there is no column 'rum'; did you mean run"):
        family.retract("made_up", where="rum = 1", reason="leak")
    with pytest.raises(QueryError, match=r"but got 3; there are none: see `setpoint retract --list`"):
        family.undo_retraction(3)
    family.retract("made_up", where="run = 1", reason="leak")
    family.undo_retraction(1)
    with pytest.raises(QueryError, match="must be a retraction that is in force, but 1 was undone at"):
        family.undo_retraction(1)
    assert void_in(family) == []


def test_memories_are_due_until_one_that_knows_of_it_was_written(family: Store) -> None:
    family.retract("made_up", where="run = 5", reason="leak")
    first = family.due_memory("made_up")
    assert first is not None
    assert family.due_memory("copy") is not None
    family.retract("made_up", where="run = 2", reason="leak")
    family.memory_rendered("made_up", first)  # rendered before the second one
    second = family.due_memory("made_up")
    assert second is not None
    assert second > first
    family.memory_rendered("made_up", second)
    assert family.due_memory("made_up") is None


def test_queries_of_truth_are_counted_from_what_the_store_holds(tmp_path: Path) -> None:
    with explored(tmp_path) as store:
        ways = ("the objective reads labels",)
        use = store.truth_use("made_up", objective="slope_recovery", needs_labels=True, ways=ways)
        assert (use.replicates, use.foundations) == (21, 0)  # one of eight runs failed
        assert str(use) == "truth-guided: the objective reads labels (21 queries of truth: 21 replicates)"
        store.retract("made_up", where="run = 1", reason="leak")
        again = store.truth_use("made_up", objective="slope_recovery", needs_labels=True, ways=ways)
        assert again == use, "what the planner was given cannot be taken back"
        blind = store.truth_use("made_up", objective="gain", needs_labels=False, ways=())
        assert (blind.replicates, blind.foundations) == (0, 0)


def test_void_baselines_name_range_count_reason_and_figures(family: Store) -> None:
    family.retract("made_up", where="run = 1", reason="its loss read the type.")
    family.retract("made_up", where="run = 2", reason="a <!-- b")
    voided = voided_of("made_up", family.retractions(), family.past("made_up", "gain").void)
    first, second = void_baselines(voided, objective="gain", label="gain")
    assert first.startswith(
        "Runs 1, 5, 7 (retraction 1: 3 runs, 2 of them by descent): its loss read the type. "
    )
    assert first.endswith(" gain are not valid.")
    assert "<!--" not in second
    many = [Voided(retraction=n, reason="r", runs=(run(n, slot(4)),), by_descent=()) for n in range(1, 40)]
    lines = void_baselines(many, objective="gain", label="gain")
    assert lines[0] == "Run 1 (retraction 1: 1 run): r."
    assert lines[-1] == "And 25 more retractions."
    assert len(lines) == 15


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=30), st.data())
def test_descent_is_the_transitive_closure(edges: list[tuple[int, int]], data: st.DataObject) -> None:
    lines = [
        _Line(i, "e", i, parent if 0 < parent < i else None, reused if 0 < reused < i else None)
        for i, (parent, reused) in enumerate(edges, 1)
    ]
    matched = data.draw(st.sets(st.integers(1, len(lines)), min_size=1))
    expected = set(matched)
    for line in lines:  # parents and sources come before what rests on them
        if line.parent in expected or line.reused_from in expected:
            expected.add(line.id)
    found = descent(lines, matched)
    assert found.keys() == expected
    assert all((ancestor is None) == (one in matched) for one, ancestor in found.items())
    assert {ancestor for ancestor in found.values() if ancestor is not None} <= matched


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.permutations(range(12)), st.booleans())
def test_a_past_in_which_runs_became_void_is_the_past_without_them(
    void: Sequence[bool], order: list[int], back: bool
) -> None:
    runs = [run(i, slot([4, 16, 32][i % 3]), gains=[i / 10, i / 9]) for i in range(1, len(void) + 1)]
    marked = [one.model_copy(update={"void": gone}) for one, gone in zip(runs, void, strict=True)]
    grown = Past(runs)
    findings(spec(), grown, metrics=METRICS)
    grown.update([marked[i] for i in order if i < len(marked)])
    kept = [one for one in marked if not one.void]
    _same(grown, kept)
    assert list(grown.whole) == marked
    assert grown.next_number == len(runs) + 1
    if back:
        grown.update(runs)
        _same(grown, runs)


def _same(past: Past, kept: Sequence[Run]) -> None:
    assert list(past) == list(past.ended) == list(kept)
    assert findings(spec(), past, metrics=METRICS) == findings(spec(), kept, metrics=METRICS)
    assert past.with_strategy("rollout") == len(kept)
