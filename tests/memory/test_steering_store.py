"""Steering in the store: numbered, taken up by a batch, lifted, and known as of any batch."""

from pathlib import Path

import pytest
from made_up_history import explored, new_store, plan, proposals, spec

from blocks.errors import QueryError, SpecError
from blocks.slot import SlotSpec
from memory.steering_lines import Place
from memory.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return explored(tmp_path)  # block 1 is over


def at(store: Store, block: int, batch: int) -> list[str]:
    """Constraints as of a batch."""
    return [str(one) for one in store.steering_as_of("made_up", Place(block, batch), spec())[0]]


def test_steering_holds_from_the_next_batch_and_not_before(store: Store) -> None:
    store.steer("made_up", ["fix time_step=32", "Monday was warm"], spec())
    assert at(store, 1, 2) == []
    assert at(store, 2, 1) == ["#1 fix time_step=32"]
    store.take_up_steering("made_up", Place(2, 1))
    store.steer("made_up", ["avoid amplification"], spec())
    store.open_block("made_up", 2)
    plan(store, proposals(1, block=2), block=2, batch=1)
    assert at(store, 2, 1) == ["#1 fix time_step=32"]  # planned again, it is the same
    assert at(store, 2, 2) == ["#1 fix time_step=32", "#3 avoid amplification"]
    _, lines = store.steering_as_of("made_up", Place(2, 1), spec())
    assert [(line.number, line.text, line.since) for line in lines] == [
        (1, "fix time_step=32", Place(2, 1)),
        (2, "Monday was warm", Place(2, 1)),
    ]


def test_a_batch_that_was_taken_up_and_never_planned_plans_the_same_again(store: Store) -> None:
    store.steer("made_up", ["fix time_step=32"], spec())
    before = at(store, 2, 1)
    store.take_up_steering("made_up", Place(2, 1))  # and here the launch was killed
    with Store.open(store.workspace) as again:
        assert at(again, 2, 1) == before
        again.take_up_steering("made_up", Place(2, 1))
        assert at(again, 2, 1) == before


@pytest.mark.parametrize("how", ["unsteer", "release name", "release number"])
def test_what_is_lifted_held_until_the_batch_that_took_that_up(store: Store, how: str) -> None:
    store.steer("made_up", ["fix time_step=32", "use residual"], spec())
    store.take_up_steering("made_up", Place(2, 1))
    if how == "unsteer":
        store.unsteer("made_up", [1])
    else:
        store.steer("made_up", ["release #1" if how == "release number" else "release time step"], spec())
    store.take_up_steering("made_up", Place(2, 2))
    assert at(store, 2, 1) == ["#1 fix time_step=32", "#2 use residual"]
    assert at(store, 2, 2) == ["#2 use residual"]
    store.steer("made_up", ["fix time_step=16"], spec())
    assert at(store, 3, 1) == ["#2 use residual", "#3 fix time_step=16"]


def test_what_contradicts_is_refused_and_nothing_of_it_is_stored(store: Store) -> None:
    store.steer("made_up", ["fix time_step=32"], spec())
    events = len(store.events())
    for texts, error in [
        (["use residual", "fix time_step=16"], r"`#1 fix time_step=32` and `#3 fix time_step=16` contradict"),
        (["use residual", "avoid residul"], "did you mean residual"),
        (["release residual"], "nothing in force is about it; in force: #1 fix time_step=32"),
        ([" "], "must say something"),
    ]:
        with pytest.raises((SpecError, QueryError), match=error):
            store.steer("made_up", texts, spec())
    with pytest.raises(QueryError, match="but got 7; in force: #1 fix time_step=32"):
        store.unsteer("made_up", [1, 7])
    assert at(store, 2, 1) == ["#1 fix time_step=32"]
    assert len(store.events()) == events


def test_what_leaves_no_slot_that_can_be_trained_is_refused(store: Store) -> None:
    def trains(slot: SlotSpec) -> bool:
        return "rollout" in slot.strategies or "residual" in slot.strategies

    store.steer("made_up", ["avoid rollout"], spec(), trains=trains)  # residual may still be turned on
    with pytest.raises(SpecError, match=r"`#1 avoid rollout; #2 avoid residual` does not"):
        store.steer("made_up", ["avoid residual"], spec(), trains=trains)


NOTES = """Look at run 3.
- keep lr_node_homeo < 0.05
- avoid residul
use residual
"""


def test_lines_of_the_notes_are_obeyed_as_long_as_they_stand_there(store: Store) -> None:
    remarks = store.follow_notes("made_up", NOTES, spec())
    assert remarks == ["avoid residul: residul is no strategy of made_up; did you mean residual?"]
    wanted = ["#1 keep lr_node_homeo < 0.05", "#2 use residual"]
    assert at(store, 2, 1) == wanted
    events = len(store.events())
    assert store.follow_notes("made_up", NOTES, spec()) == remarks
    assert len(store.events()) == events
    store.follow_notes("made_up", NOTES.replace("use residual\n", ""), spec())
    assert at(store, 2, 1) == wanted[:1]


def test_a_note_that_contradicts_what_is_in_force_is_shown_and_not_obeyed(store: Store) -> None:
    store.steer("made_up", ["fix time_step=32"], spec())
    (remark,) = store.follow_notes("made_up", "fix time_step=16", spec())
    assert "`#1 fix time_step=32`" in remark
    assert "contradict each other" in remark
    (remark,) = store.follow_notes("made_up", "release time_step", spec())
    assert "`setpoint launch --unsteer N`" in remark
    assert at(store, 2, 1) == ["#1 fix time_step=32"]


def test_explorations_are_steered_apart(tmp_path: Path) -> None:
    with new_store(tmp_path, "made_up", "other") as store:
        store.steer("other", ["fix time_step=32"], spec("other"))
        store.steer("made_up", ["fix time_step=16"], spec())
        assert at(store, 1, 1) == ["#1 fix time_step=16"]
