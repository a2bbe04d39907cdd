"""What blind choice cost is said when the truth is open; until then the truth lies under seal."""

import json
from pathlib import Path
from random import Random

import pytest
from made_up_history import METRICS, carry_out, explored, new_store, plan, proposals, run, slot, spec

from blocks.blindness import check_blind, sealed_metrics
from blocks.errors import DataError, SpecError, WorkspaceError
from blocks.exploration import ExplorationSpec
from blocks.run import Run
from memory.blindness import blind_cost
from memory.queries import query_runs
from memory.sealing import read_sealed, split, write_sealed


def blind(objective: str = "gain") -> ExplorationSpec:
    return spec(objective=objective).model_copy(update={"blind": True})


def judged(number: int, time_step: int, gain: float, truth: float | None) -> Run:
    made = run(number, slot(time_step), gains=[gain] * 3)
    metrics = tuple({**row, "slope_recovery": truth} for row in made.metrics)
    return made.model_copy(update={"metrics": metrics})


def test_only_what_needs_no_labels_is_told() -> None:
    assert sealed_metrics(blind(), METRICS) == {"slope_recovery"}
    assert sealed_metrics(spec(), METRICS) == frozenset()
    told, kept = split(({"gain": 0.5, "slope_recovery": 0.9, "unheard_of": 1.0},), {"gain", "misfit"})
    assert told == ({"gain": 0.5},)
    # What the problem does not declare may give labels away.
    assert kept == ({"slope_recovery": 0.9, "unheard_of": 1.0},)


def test_an_objective_that_needs_labels_is_refused_in_blind_mode() -> None:
    with pytest.raises(
        SpecError, match="objective: must need no labels in blind mode, but got 'slope_recovery'; use gain"
    ):
        check_blind(blind("slope_recovery"), METRICS)
    check_blind(blind(), METRICS)
    check_blind(spec(objective="slope_recovery"), METRICS)


def test_the_blind_choice_is_held_against_the_choice_by_truth() -> None:
    runs = [judged(1, 4, 0.9, 0.5), judged(2, 16, 0.8, 0.75), judged(3, 32, 0.1, 0.1)]
    assert blind_cost(blind(), runs, METRICS) == [
        "Chosen blind: run 1, slope_recovery 0.500 ±0 (3 replicates, unconfirmed).  [slope_recovery]",
        "Chosen by truth: run 2, slope_recovery 0.750 ±0: blind choice cost 0.250, or less, since the best "
        "of 3 by truth overstates itself.",
        "gain and slope_recovery order 3 configurations with rank correlation 0.50 (Spearman).",
    ]


def test_where_the_truth_would_have_chosen_the_same_it_cost_nothing() -> None:
    runs = [judged(1, 4, 0.9, 0.8), judged(2, 16, 0.8, 0.7), judged(3, 32, 0.1, 0.1)]
    said = blind_cost(blind(), runs, METRICS)
    assert "The truth would have chosen the same: blind choice cost nothing." in said
    assert said[-1].endswith("rank correlation 1.00 (Spearman).")


@pytest.mark.parametrize("truth", [None, 0.3])
def test_what_cannot_be_said_is_not_said_as_a_number(truth: float | None) -> None:
    assert "cannot be said" in blind_cost(blind(), [judged(1, 4, 0.9, truth)], METRICS)[-1]
    assert "Nothing was chosen" in blind_cost(blind(), [], METRICS)[0]


def test_closing_makes_what_was_sealed_a_part_of_every_run_and_only_once(tmp_path: Path) -> None:
    with explored(tmp_path) as store:
        done = [one for one in store.runs("made_up") if one.metrics]
        for one in done:
            write_sealed(
                store.workspace.sealed_metrics("made_up", one.number),
                [{"truth": number / 10, "gain": 99.0} for number in range(3)],
            )
        assert store.closed_at("made_up") is None
        sealed = read_sealed(store.workspace, "made_up")
        assert store.close_exploration("made_up", sealed) == len(done) == len(sealed)
        assert store.closed_at("made_up") is not None
        for before, after in zip(done, [store.run("made_up", one.number) for one in done], strict=True):
            assert after.values_of("truth") == [0.0, 0.1, 0.2]
            assert after.values_of("gain") == before.values_of("gain")  # what was told is not told otherwise
        assert query_runs(store, where="truth = 0.1").matched == len(done)
        assert query_runs(store, where="truth_sd > 0.09").matched == len(done)


def test_a_damaged_seal_is_named(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        path = store.workspace.sealed_metrics("made_up", 3)
        write_sealed(path, [{"true": 0.5}])
        assert path.stat().st_mode & 0o077 == 0
        assert json.loads(path.read_text()) == [{"true": 0.5}]
        path.write_text("[{")
        with pytest.raises(DataError, match=r"000003\.json: must be sealed metrics, but is damaged"):
            read_sealed(store.workspace, "made_up")


def test_a_blind_exploration_stays_blind_until_it_is_closed_and_never_is_again(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.begin(blind(), version="0.1.0")
        carry_out(store, plan(store, proposals(1)), rng=Random(1))
        with pytest.raises(WorkspaceError, match="is blind until it is closed, but was launched in sight"):
            store.begin(spec(), version="0.1.0")
        store.begin(blind(), version="0.1.0")
        store.close_exploration("made_up", {})
        with pytest.raises(WorkspaceError, match=r"is closed and its truth is open, .* --no-blind"):
            store.begin(blind(), version="0.1.0")
        with pytest.raises(WorkspaceError, match="must keep its settings, but objective, blind differ"):
            store.begin(spec(objective="misfit"), version="0.1.0")
        store.begin(spec(), version="0.1.0")
        store.begin(spec(), version="0.1.0")
        assert [event.what for event in store.events("made_up")].count("blind lifted") == 1
        with pytest.raises(WorkspaceError, match="cannot go on blind"):
            store.begin(blind(), version="0.1.0")
