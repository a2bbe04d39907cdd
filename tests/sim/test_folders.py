"""Folders of data: found in each of their forms, identified by content, copied with what belongs to them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from blocks.errors import DataError
from blocks.identity import content_hash, file_hash
from sim.dataset import LABEL, load_observations
from sim.folders import FolderSettings, copy_data, find_data, with_hashes
from sim.networks.settings import DataSettings
from sim.seal import load_seal
from sim.simulate import simulate_dataset

DATA = DataSettings(preset="quickstart", n_frames=40)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return make(tmp_path / "mine")


def make(folder: Path, seed: int = 42) -> Path:
    data = DATA.model_copy(update={"seed": seed})
    simulate_dataset(data, observations=folder / "observations", seal=folder / "truth.seal")
    return folder


def test_a_folder_is_found_in_each_of_its_forms(mine, tmp_path):
    assert find_data(mine) == (mine / "observations", mine / "truth.seal", "mine")
    assert find_data(mine / "observations") == (mine / "observations", mine / "truth.seal", "mine")
    kept = tmp_path / "workspace" / "datasets" / "a1"
    shutil.copytree(mine / "observations", kept)
    assert find_data(kept) == (kept, None, "a1")
    seal = tmp_path / "workspace" / "sealed" / "a1.seal"
    seal.parent.mkdir()
    shutil.copy(mine / "truth.seal", seal)
    assert find_data(kept) == (kept, seal, "a1")


@pytest.mark.parametrize(("name", "said"), [("nowhere", "it does not exist"), (".", "it is no data set")])
def test_what_is_no_data_set_is_refused_with_what_would_be_one(tmp_path, name, said):
    with pytest.raises(DataError, match=rf"must be a data set folder .* {said}; make one with"):
        find_data(tmp_path / name)


def test_a_relative_path_starts_where_the_file_is_and_content_becomes_part_of_the_settings(mine, tmp_path):
    settings = with_hashes(FolderSettings(folder="mine"), base=tmp_path)
    assert settings.folder == str(mine)
    assert settings.sha256 == load_observations(mine / "observations").sha256
    assert settings.has_labels
    assert with_hashes(settings, base=Path("/elsewhere")) == settings
    (mine / "truth.seal").unlink()
    assert not with_hashes(FolderSettings(folder="mine"), base=tmp_path).has_labels


def test_data_that_changed_are_another_data_set_and_a_named_hash_refuses_them(mine, tmp_path):
    before = with_hashes(FolderSettings(folder="mine"), base=tmp_path)
    shutil.rmtree(mine)
    make(mine, seed=7)
    assert with_hashes(FolderSettings(folder="mine"), base=tmp_path).sha256 != before.sha256
    with pytest.raises(DataError, match=r"data\.sha256: must be that of .*another one than before"):
        with_hashes(before, base=tmp_path)


def test_frames_that_were_edited_in_place_are_refused(mine, tmp_path):
    frames = mine / "observations" / "frames.npy"
    content = bytearray(frames.read_bytes())
    content[-200] ^= 1
    frames.write_bytes(bytes(content))
    with pytest.raises(DataError, match="the file was changed"):
        with_hashes(FolderSettings(folder="mine"), base=tmp_path)


def test_a_copy_holds_the_observations_and_the_seal_apart_and_nothing_else(mine, tmp_path):
    (mine / "observations" / "notes.txt").write_text("m5 is of type 1")
    settings = with_hashes(FolderSettings(folder="mine"), base=tmp_path)
    copy_data(settings, tmp_path / "copy", tmp_path / "sealed" / "copy.seal")
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == [
        "frames.npy",
        "manifest.json",
        "structure.npz",
    ]
    copied = load_observations(tmp_path / "copy")
    truth = load_seal(tmp_path / "sealed" / "copy.seal", observations_sha256=copied.sha256)
    assert truth.n_types == 2


def test_without_a_seal_nothing_is_written_in_its_place(mine, tmp_path):
    (mine / "truth.seal").unlink()
    copy_data(with_hashes(FolderSettings(folder="mine"), base=tmp_path), tmp_path / "copy", tmp_path / "seal")
    assert load_observations(tmp_path / "copy").frames.shape == (40, 20, 8)
    assert not (tmp_path / "seal").exists()


def test_the_seal_of_another_data_set_is_refused(mine, tmp_path):
    make(tmp_path / "other", seed=7)
    shutil.copy(tmp_path / "other" / "truth.seal", mine / "truth.seal")
    with pytest.raises(DataError, match="must be the seal of observations"):
        copy_data(
            with_hashes(FolderSettings(folder="mine"), base=tmp_path), tmp_path / "copy", tmp_path / "seal"
        )
    assert not (tmp_path / "copy").exists()


def test_labels_within_the_observations_do_not_get_into_a_workspace(mine, tmp_path):
    # Written by somebody else's tool: right hashes, and the types where the public study had them.
    folder = mine / "observations"
    frames, manifest = np.load(folder / "frames.npy"), json.loads((folder / "manifest.json").read_text())
    frames[:, :, LABEL] = load_seal(mine / "truth.seal").types
    np.save(folder / "frames.npy", frames)
    content = {name: value for name, value in manifest.items() if name != "sha256"}
    content["files"]["frames.npy"] = file_hash(folder / "frames.npy")
    (folder / "manifest.json").write_text(json.dumps({**content, "sha256": content_hash(content)}))
    settings = with_hashes(FolderSettings(folder="mine"), base=tmp_path)
    with pytest.raises(DataError, match="the label, must be NaN throughout, but holds values"):
        copy_data(settings, tmp_path / "copy", tmp_path / "seal")
    assert not (tmp_path / "copy").exists()
