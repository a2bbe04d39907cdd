"""`setpoint identify`: what cannot be determined is named with its cause, in every form of a data set."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sim.formulas import formula
from sim.identified import identify_data
from sim.networks.settings import DataSettings
from sim.seal import load_seal
from sim.simulate import simulate_dataset
from tests.cli.conftest import one_line, run
from tests.sim.awkward import EMPTY, STILL, awkward
from tests.sim.test_identifiability import BOTH, structure


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("data") / "mine"
    data = DataSettings(preset="quickstart")
    simulate_dataset(data, observations=place / "observations", seal=place / "truth.seal")
    return place


def test_a_data_set_is_told_what_it_cannot_determine_and_why(folder: Path) -> None:
    result = run("identify", str(folder), cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "28 of 30 are determined, 2 are not" in result.stdout
    assert "same substrates (2)" in result.stdout
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert "┌  8  m5 + m18 -> 2 m18" in lines
    assert "└ 29  m5 + m18 -> 2 m5" in lines
    assert any(line.startswith("0.967  to be expected") for line in lines)
    assert any(line.startswith("median") for line in lines)


def test_json_holds_everything_and_the_observations_alone_decide_it(folder: Path, tmp_path: Path) -> None:
    found = json.loads(run("identify", str(folder), "--json", cwd=folder).stdout)
    constants, regulation = found["rate_constants"], found["regulation"]
    assert [entry["reaction"] for entry in constants["undetermined"]] == [8, 29]
    assert {entry["cause"] for entry in constants["undetermined"]} == {"same substrates"}
    assert constants["undetermined"][0]["group"] == [8, 29]
    assert constants["r2_ceiling"] == pytest.approx(29 / 30)
    assert len(regulation) == 20
    assert all(entry["slope_se"] > 0 and entry["inflation"] >= 1 for entry in regulation)
    shutil.copytree(folder / "observations", tmp_path / "workspace" / "datasets" / "a1")
    blind = json.loads(run("identify", "workspace/datasets/a1", "--json", cwd=tmp_path).stdout)
    assert blind["rate_constants"] == constants
    assert blind["regulation"] == regulation


def test_a_seal_is_not_opened(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "truth.seal").write_bytes(b"not a seal")
    assert run("identify", "copy", cwd=tmp_path).returncode == 0


def test_empty_reactions_and_still_metabolites_are_named_not_refused(tmp_path: Path) -> None:
    awkward(tmp_path / "real")
    result = run("identify", "real", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "empty (1): no entry in S" in result.stdout
    assert f"not determinable, never moves: m{STILL}" in result.stdout
    found = identify_data(tmp_path / "real")
    assert found.undetermined()["empty"] == [(EMPTY,)]
    assert STILL not in found.worst_first()


def test_a_large_standard_error_is_what_makes_a_slope_hard_to_recover(folder: Path) -> None:
    """The promise held to fits: noise on dc/dt, all unknowns solved for, and the scatter compared."""
    from sim.dataset import load_observations
    from tests.sim.test_conditioning import full_design

    observations, truth = load_observations(folder / "observations"), load_seal(folder / "truth.seal")
    c, stoichiometry = observations.concentration, observations.stoichiometry
    design, sigma = full_design(stoichiometry, c), 1e-3
    exact = (np.diff(c, axis=0) / observations.dt).T.ravel()
    noise = sigma * np.random.default_rng(0).standard_normal((len(exact), 60))
    fits = np.linalg.lstsq(design, exact[:, None] + noise, rcond=1e-12)[0]
    slopes = fits[stoichiometry.n_reactions : stoichiometry.n_reactions + 20]
    promised = sigma * identify_data(folder / "observations").regulation.slope
    error = slopes + truth.decay[truth.types][:, None]
    np.testing.assert_allclose(np.sqrt(np.square(error).mean(axis=1)), promised, rtol=0.35)


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere", "it does not exist"), (".", "it is no data set"), ("a.txt", "it is a file")],
)
def test_what_is_no_data_set_is_one_clear_line(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    result = run("identify", name, cwd=tmp_path)
    assert result.returncode == 2
    assert said in one_line(result)


def test_formulas_read_as_a_chemist_writes_them() -> None:
    reactions = structure(
        ({0: -1, 1: 1}, BOTH),
        ({0: -2, 2: 1}, {0: 2.0}),
        ({3: -1}, {3: 1.0}),
        ({2: 1}, {0: 1.0}),
        ({1: -0.5, 2: 1.5}, {1: 0.5}),
    )
    assert [formula(reactions, j) for j in range(5)] == [
        "m0 + m1 -> 2 m1",
        "2 m0 -> m2",
        "m3 -> nothing",
        "m0 -> m0 + m2",
        "0.5 m1 -> 1.5 m2",
    ]
