"""Data sets on disk: whole or not there, with the truth elsewhere, and refused when something was changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from blocks.errors import DataError
from sim.dataset import CONCENTRATION, LABEL, load_observations, write_dataset, write_observations
from sim.networks.generate import generate_network
from sim.networks.settings import DataSettings
from sim.seal import load_seal, load_sealed_settings, seal_hash
from sim.simulate import simulate, simulate_dataset

DATA = DataSettings(preset="quickstart", seed=987654321, n_frames=30)


@pytest.fixture
def dataset(tmp_path: Path) -> tuple[Path, Path]:
    observations, seal = tmp_path / "observations", tmp_path / "sealed" / "truth.npz"
    simulate_dataset(DATA, observations=observations, seal=seal)
    return observations, seal


def rewrite(folder: Path, concentration: np.ndarray | None = None, **structure: np.ndarray) -> Path:
    """A data set with other content and right hashes, so that content checks are what refuses it."""
    network = generate_network(DATA)
    stoichiometry = network.stoichiometry
    for name, values in structure.items():
        object.__setattr__(stoichiometry, name, values)
    target = folder / "rewritten"
    write_dataset(
        target,
        folder / "rewritten.npz",
        concentration=simulate(generate_network(DATA), DATA) if concentration is None else concentration,
        stoichiometry=stoichiometry,
        truth=network.truth,
        settings=DATA,
    )
    return target


def test_a_data_set_comes_back_as_it_was_simulated(dataset):
    observations, truth = load_observations(dataset[0]), load_seal(dataset[1])
    network = generate_network(DATA)
    np.testing.assert_array_equal(observations.concentration, simulate(network, DATA))
    np.testing.assert_array_equal(observations.stoichiometry.net, network.stoichiometry.net)
    np.testing.assert_array_equal(observations.stoichiometry.exponents, network.stoichiometry.exponents)
    assert (observations.dt, observations.stoichiometry.rate_law) == (0.1, network.stoichiometry.rate_law)
    np.testing.assert_array_equal(truth.types, network.truth.types)
    np.testing.assert_array_equal(truth.rate_constants, network.truth.rate_constants)
    assert (truth.decay.tolist(), truth.baseline.tolist()) == ([0.001, 0.002], [4.0, 6.0])
    assert load_sealed_settings(dataset[1]) == DATA


def test_the_label_column_is_nan_and_frames_cannot_be_written(dataset):
    frames = load_observations(dataset[0]).frames
    assert frames.shape == (30, 20, 8)
    assert np.isnan(frames[:, :, LABEL]).all()
    assert not frames[:, :, [4, 5, 7]].any()
    assert isinstance(frames, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        frames[0, 0, CONCENTRATION] = 1.0


def test_the_observations_hold_no_truth_and_no_way_to_make_it_again(dataset):
    folder, truth = dataset[0], load_seal(dataset[1])
    assert sorted(path.name for path in folder.iterdir()) == ["frames.npy", "manifest.json", "structure.npz"]
    manifest = (folder / "manifest.json").read_text()
    assert "quickstart" not in manifest
    assert str(DATA.seed) not in manifest
    assert sorted(json.loads(manifest)) == ["dt", "files", "format", "rate_law", "sha256"]
    with np.load(folder / "structure.npz") as structure:
        assert sorted(structure) == ["exponents", "net"]
    frames = np.load(folder / "frames.npy")
    columns = [frames[0, :, column] for column in (0, 1, 2)]
    for column in columns:
        split = column[truth.types == 0], column[truth.types == 1]
        assert split[0].max() > split[1].min()
        assert split[1].max() > split[0].min()
    rates = truth.rate_constants
    assert not any(np.isclose(frames, rate, rtol=1e-9).any() for rate in rates[:5])


def test_a_data_set_does_not_depend_on_where_or_when_it_is_written(tmp_path):
    first, second = (
        simulate_dataset(DATA, observations=tmp_path / name, seal=tmp_path / f"{name}.npz") for name in "ab"
    )
    assert first == second == load_observations(tmp_path / "a").sha256
    assert seal_hash(tmp_path / "a.npz") == seal_hash(tmp_path / "b.npz")
    third = simulate_dataset(
        DATA.model_copy(update={"seed": 2}), observations=tmp_path / "c", seal=tmp_path / "c.npz"
    )
    assert third != first


@pytest.mark.parametrize("name", ["frames.npy", "structure.npz"])
def test_a_file_that_was_changed_is_refused(dataset, name):
    path = dataset[0] / name
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=rf"{name}: its hash must be .* the file was changed"):
        load_observations(dataset[0])


@pytest.mark.parametrize(("key", "value"), [("dt", 0.2), ("rate_law", "additive")])
def test_a_manifest_that_was_changed_is_refused(dataset, key, value):
    path = dataset[0] / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(DataError, match="the manifest was changed"):
        load_observations(dataset[0])


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda folder: shutil.rmtree(folder), "manifest.json: cannot be read"),
        (lambda folder: (folder / "frames.npy").unlink(), "frames.npy: cannot be read"),
        (lambda folder: (folder / "structure.npz").unlink(), "structure.npz: cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "not valid JSON"),
        (
            lambda folder: (folder / "manifest.json").write_text('{"format": 9}'),
            "format must be 1, but got 9",
        ),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(dataset, damage, complaint):
    damage(dataset[0])
    with pytest.raises(DataError, match=complaint):
        load_observations(dataset[0])


@pytest.mark.parametrize("value", [-0.5, np.nan, np.inf])
def test_an_impossible_concentration_is_refused_with_metabolite_and_frame(tmp_path, value):
    concentration = np.ones((10, 20))
    concentration[7, 3] = value
    folder = rewrite(tmp_path, concentration)
    with pytest.raises(DataError, match=r"metabolite 3 has .* at frame 7"):
        load_observations(folder)


def test_a_single_frame_is_refused(tmp_path):
    with pytest.raises(DataError, match="at least 2 frames, but holds 1"):
        load_observations(rewrite(tmp_path, np.ones((1, 20))))


def test_a_reaction_without_a_substrate_is_refused(tmp_path):
    matrix = generate_network(DATA).stoichiometry.exponents.copy()
    matrix[:, 4] = 0
    with pytest.raises(DataError, match="a substrate in E, but column 4 is empty"):
        load_observations(rewrite(tmp_path, exponents=matrix))


def test_a_reaction_that_changes_nothing_is_kept_unless_there_is_no_other(tmp_path):
    matrix = generate_network(DATA).stoichiometry.net.copy()
    matrix[:, 4] = 0
    assert load_observations(rewrite(tmp_path / "one", net=matrix)).stoichiometry.n_reactions == 30
    with pytest.raises(DataError, match="some reaction must have an entry in S"):
        load_observations(rewrite(tmp_path / "all", net=np.zeros_like(matrix)))


def test_observations_without_truth_are_written_alike(dataset, tmp_path):
    labelled = load_observations(dataset[0])
    sha256 = write_observations(
        tmp_path / "measured",
        concentration=labelled.concentration,
        stoichiometry=labelled.stoichiometry,
        dt=labelled.dt,
    )
    assert sha256 == labelled.sha256 == load_observations(tmp_path / "measured").sha256


def test_what_is_masked_was_not_measured_and_other_shapes_are_refused(dataset, tmp_path):
    given = load_observations(dataset[0])
    network = {"stoichiometry": given.stoichiometry, "dt": given.dt}
    masked = np.ma.masked_array(given.concentration, mask=np.zeros(given.concentration.shape, dtype=bool))
    masked[:, 3] = np.ma.masked
    write_observations(tmp_path / "masked", concentration=masked, **network)
    assert load_observations(tmp_path / "masked").unobserved.nonzero()[0].tolist() == [3]
    with pytest.raises(DataError, match=r"must be real numbers of shape \(frames, 20\), but are float64 of"):
        write_observations(tmp_path / "wrong", concentration=given.concentration[:, :5], **network)


def test_the_seal_of_another_data_set_is_refused(dataset, tmp_path):
    sha256 = load_observations(dataset[0]).sha256
    assert load_seal(dataset[1], observations_sha256=sha256).types.size == 20
    with pytest.raises(DataError, match=r"must be the seal of observations 000000000000"):
        load_seal(dataset[1], observations_sha256="0" * 64)
    with pytest.raises(DataError, match="cannot be read"):
        load_seal(tmp_path / "nowhere.npz")
    with pytest.raises(DataError, match="is not a seal"):
        load_seal(dataset[0] / "structure.npz")
    with pytest.raises(DataError, match="cannot be read"):
        seal_hash(tmp_path / "nowhere.npz")


def test_a_data_set_is_not_written_over_another_nor_its_seal_into_it(dataset, tmp_path):
    before = load_observations(dataset[0]).sha256
    with pytest.raises(DataError, match="must not exist yet"):
        simulate_dataset(DATA.model_copy(update={"seed": 3}), observations=dataset[0], seal=dataset[1])
    assert load_observations(dataset[0]).sha256 == before
    with pytest.raises(DataError, match="must lie outside"):
        simulate_dataset(DATA, observations=tmp_path / "new", seal=tmp_path / "new" / "truth.npz")


def test_a_write_that_fails_half_way_leaves_nothing_behind(tmp_path):
    network = generate_network(DATA)
    broken = DATA.model_copy(update={"dt": float("nan")})
    with pytest.raises(ValueError, match="Out of range float"):
        write_dataset(
            tmp_path / "observations",
            tmp_path / "truth.npz",
            concentration=np.ones((5, 20)),
            stoichiometry=network.stoichiometry,
            truth=network.truth,
            settings=broken,
        )
    assert list(tmp_path.iterdir()) == []
