"""The search tree as it is drawn."""

from hypothesis import given
from hypothesis import strategies as st
from made_up_history import run, slot

from blocks.run import Run
from memory.lineage import Lineage


def _run(number: int, parent: int | None) -> Run:
    made = run(number, slot(4))
    return made.model_copy(update={"proposal": made.proposal.model_copy(update={"parent": parent})})


@st.composite
def forests(draw: st.DrawFn) -> list[Run]:
    n = draw(st.integers(1, 40))
    return [
        _run(number, draw(st.one_of(st.none(), st.integers(1, number - 1))) if number > 1 else None)
        for number in range(1, n + 1)
    ]


@given(forests())
def test_no_two_runs_are_drawn_over_each_other_and_children_stand_right_of_their_parents(
    runs: list[Run],
) -> None:
    lineage = Lineage(runs)
    places = lineage.places()
    assert set(places) == set(lineage.runs)
    assert len(set(places.values())) == len(runs)
    for one in runs:
        parent = one.proposal.parent
        assert places[one.number].generation == (0 if parent is None else places[parent].generation + 1)


@given(forests())
def test_descendants_are_those_whose_path_leads_through_a_run(runs: list[Run]) -> None:
    lineage = Lineage(runs)
    for number in lineage.runs:
        through = {other for other in lineage.runs if number in lineage.path(other)[:-1]}
        assert set(lineage.descendants(number)) == through


def test_a_chain_of_ten_thousand_runs_is_laid_out() -> None:
    lineage = Lineage(_run(number, number - 1 or None) for number in range(1, 10_001))
    assert lineage.places()[10_000].generation == 9_999


def test_runs_whose_parent_is_not_shown_stand_at_the_top() -> None:
    assert list(Lineage([_run(3, 1), _run(4, 3)]).roots) == [3]
