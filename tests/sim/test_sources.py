"""What is asked of data without labels, and what a data set is said to have before it is opened."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from blocks.errors import DataError, SpecError
from blocks.exploration import ExplorationSpec
from blocks.loading import catalog, load_exploration, parse_exploration
from sim.dataset import load_observations
from sim.inspection import check_length, inspect_data, notes_on
from sim.networks.settings import DataSettings
from sim.problem import MetabolicProblem
from sim.simulate import simulate_dataset
from sim.sources import metrics_of, provide_data, resolve_data, seals_of
from tests.blocks.test_loading import quickstart_with
from tests.sim.awkward import awkward

LONG = {"kind": "per_slot", "values": [4, 16, 32, 500]}


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    folder = tmp_path / "labelled"
    data = DataSettings(preset="quickstart", n_frames=40)
    simulate_dataset(data, observations=folder / "observations", seal=folder / "truth.seal")
    return folder


def quickstart(**changes: Any) -> ExplorationSpec:
    """The quickstart with top-level keys changed; mappings are merged, and None leaves a key out."""
    document = YAML(typ="safe", pure=True).load(catalog()["quickstart"].read_text(encoding="utf-8"))
    for key, value in changes.items():
        merged = key in ("space", "baseline")
        document[key] = {**document[key], **value} if merged else value
    given = {key: value for key, value in document.items() if value is not None}
    return parse_exploration(json.dumps(given), source="my.yaml")


def on(folder: Path, **changes: Any) -> ExplorationSpec:
    return quickstart(data={"folder": str(folder)}, **changes)


def test_an_exploration_file_names_a_folder_beside_it(tmp_path, labelled, monkeypatch):
    (tmp_path / "my.yaml").write_text(quickstart_with("data", {"folder": "labelled"}))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    spec = load_exploration("../my.yaml")
    assert Path(spec.data["folder"]) == labelled
    assert MetabolicProblem().describe_data(spec.data) == "labelled"


def test_a_label_free_objective_is_free_on_a_folder_without_labels(tmp_path):
    spec = on(awkward(tmp_path / "real"))
    assert spec.objective == "heldout_gain"
    assert not any(info.needs_labels for info in MetabolicProblem().metrics(spec.data).values())


def test_an_objective_that_needs_labels_is_refused_without_them_and_taken_with_them(tmp_path, labelled):
    with pytest.raises(SpecError, match=r"objective: must need no labels, since real has none.*heldout_gain"):
        on(awkward(tmp_path / "real"), objective="slope_recovery")
    spec = on(labelled, objective="slope_recovery", truth_guided=True)
    assert MetabolicProblem().truth_guided_by(spec) == ("the objective reads labels",)


def test_a_regime_chosen_by_truth_is_refused_without_labels(tmp_path, labelled):
    with pytest.raises(SpecError, match=r"foundation\.target_r2: must be left out, since real has no labels"):
        on(awkward(tmp_path / "real"), foundation={"target_r2": 0.7})
    spec = on(labelled, foundation={"target_r2": 0.7}, truth_guided=True)
    assert MetabolicProblem().truth_guided_by(spec) == ("foundation.target_r2 reads the true rate constants",)


@pytest.mark.parametrize("changes", [{"objective": "type_ari"}, {"foundation": {"target_r2": 0.7}}])
def test_labels_of_imported_data_choose_nothing_unless_the_exploration_says_so(labelled, changes):
    with pytest.raises(SpecError, match=r"truth_guided: must be true .*\(labelled\).*`truth_guided: true`"):
        on(labelled, **changes)
    assert on(labelled, **changes, truth_guided=True).truth_guided


def test_an_objective_that_is_not_said_is_label_free_on_imported_data(labelled):
    assert quickstart(data={"folder": str(labelled)}, objective=None).objective == "heldout_gain"
    assert quickstart(objective=None).objective == "slope_recovery"


def test_the_regime_of_the_seed_is_guided_by_truth_and_says_so():
    spec = load_exploration("phase2_seed_regime")
    assert spec.truth_guided
    assert len(MetabolicProblem().truth_guided_by(spec)) == 2
    assert "truth-guided" in spec.title
    assert not MetabolicProblem().truth_guided_by(load_exploration("phase2_homeostasis"))


def test_metrics_of_a_folder_are_known_when_the_folder_is_gone(labelled, tmp_path):
    data = resolve_data({"folder": "labelled"}, base=tmp_path)
    assert seals_of(data) == (labelled / "truth.seal",)
    before = metrics_of(data)
    shutil.rmtree(labelled)
    assert metrics_of(data) == before
    assert "slope_ratio_1" in before
    assert seals_of(data) == ()


def test_a_preset_stays_as_it_is_and_has_no_seal_elsewhere(tmp_path):
    data = {"preset": "quickstart", "seed": 3}
    assert resolve_data(data, base=tmp_path) == data
    assert seals_of(data) == ()


def test_a_wrong_data_section_is_one_clear_line(tmp_path):
    with pytest.raises(SpecError, match=r"data\.sead: is not a known key; did you mean seed"):
        resolve_data({"preset": "quickstart", "sead": 1}, base=tmp_path)
    with pytest.raises(SpecError, match=r"data\.preset: is not a known key; known here: folder"):
        resolve_data({"folder": "x", "preset": "quickstart"}, base=tmp_path)


def test_a_preset_is_simulated_and_a_folder_is_copied(labelled, tmp_path):
    provide_data({"preset": "quickstart", "n_frames": 40}, tmp_path / "a", tmp_path / "s" / "a.seal")
    provide_data(resolve_data({"folder": str(labelled)}, base=tmp_path), tmp_path / "b", tmp_path / "b.seal")
    assert (tmp_path / "a" / "frames.npy").read_bytes() == (tmp_path / "b" / "frames.npy").read_bytes()
    assert (tmp_path / "s" / "a.seal").exists()
    assert (tmp_path / "b.seal").exists()


def test_oddities_of_a_data_set_are_said_and_nothing_is_refused(tmp_path):
    notes = inspect_data(on(awkward(tmp_path / "real")), tmp_path / "real")
    assert len(notes) == 2
    assert notes[0].startswith("metabolite 5 (1 of 20): never moves")
    assert notes[1].startswith("reaction 7 (1 of ")
    assert "has no entry in S" in notes[1]


def test_an_ordinary_data_set_needs_no_note(labelled):
    assert notes_on(load_observations(labelled / "observations")) == ()


@pytest.mark.parametrize(
    ("parameter", "longest"),
    [
        (LONG, 500),
        ({"kind": "int", "low": 4, "high": 300}, 300),
        ({"kind": "categorical", "choices": [4, 400]}, 400),
    ],
)
def test_a_rollout_longer_than_the_training_frames_is_refused_before_anything_is_trained(parameter, longest):
    spec = quickstart(
        space={"time_step": parameter},
        baseline={} if parameter["kind"] == "per_slot" else {"time_step": 4},
    )
    check_length(spec, 2000)
    with pytest.raises(DataError, match=rf"training frames \(180 of 200\), but goes up to {longest}; lower"):
        check_length(spec, 200)


def test_a_data_set_of_three_frames_is_refused():
    spec = quickstart()
    with pytest.raises(DataError, match="at least 2 frames each, but 3 frames"):
        check_length(spec, 3)
