"""Data of one's own: explored without labels like any other; a seal is out of reach wherever it lies."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blocks.loading import catalog
from tests.cli.conftest import Setpoint, one_line, run
from tests.sim.awkward import awkward

pytestmark = pytest.mark.slow  # every test starts the command as a user does

Toy = Callable[..., str]


def write_exploration(folder: Path, name: str, data: str, **changes: str) -> str:
    """The quickstart, made tiny, on a folder of data."""
    text = catalog()["quickstart"].read_text(encoding="utf-8")
    head, rest = text.split("data:\n")
    rest = rest[rest.index("objective:") :]
    for old, new in {
        "batches: 2": "batches: 1",
        "replicates: 3": "replicates: 2",
        "data_augmentation_loop: 120": "data_augmentation_loop: 40",
        "values: [4, 16, 32, 64]": "values: [4, 8, 16, 32]",
        "  lr_node_homeo: [1e-3, 3e-3, 3e-2, 1e-1]\n": "",
        "sweep:": "sweep: {}",
        **changes,
    }.items():
        assert old in rest, old
        rest = rest.replace(old, new)
    head = head.replace("name: quickstart", f"name: {name}")
    (folder / f"{name}.yaml").write_text(f"{head}data: {{folder: {data}}}\n{rest}")
    return f"{name}.yaml"


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which measured data, as awkward as real ones, were explored for a block."""
    folder = tmp_path_factory.mktemp("own")
    awkward(folder / "real")
    write_exploration(folder, "real", "real")
    result = run("launch", "real.yaml", cwd=folder)
    (folder / "stderr").write_text(result.stderr)
    assert result.returncode == 0, result.stderr
    return folder


def test_data_without_labels_are_explored_to_the_end(explored: Path) -> None:
    rows = json.loads(run("runs", "--format", "json", "--sort", "run", cwd=explored).stdout)
    assert [row["state"] for row in rows] == ["done"] * 4
    assert all(np.isfinite(row["heldout_gain"]) for row in rows)
    assert max(row["heldout_gain"] for row in rows) > 0.5
    memory = (explored / "setpoint-workspace" / "memory.md").read_text()
    assert "data real" in memory
    assert "objective heldout_gain (label-free)" in memory
    assert "## Plan for block 2" in memory


def test_metrics_that_need_the_truth_are_null_and_no_truth_is_said_to_have_been_opened(
    explored: Path,
) -> None:
    connection = sqlite3.connect(explored / "setpoint-workspace" / "setpoint.db")
    truth = ("slope_recovery", "type_ari", "rate_constants_R2", "n_outliers", "avg_slope_ratio")
    rows = connection.execute(f"SELECT {', '.join(truth)} FROM runs_wide").fetchall()
    assert rows == [(None,) * len(truth)] * 4
    assert connection.execute("SELECT seal_hash FROM datasets").fetchall() == [(None,)]
    opened = "SELECT count(*) FROM events WHERE what LIKE '%truth opened%'"
    assert connection.execute(opened).fetchone() == (0,)
    connection.close()
    assert list((explored / "setpoint-workspace" / "sealed").iterdir()) == []
    shown = run("show", "1", cwd=explored)
    assert shown.returncode == 0
    assert "these data have no truth" in shown.stdout
    assert "slope_recovery" not in shown.stdout


def test_oddities_of_the_data_are_said_before_the_fit(explored: Path) -> None:
    said = (explored / "stderr").read_text()
    still, fit = said.index("metabolite 5 (1 of 20): never moves"), said.index("fitting the reaction model")
    assert still < fit
    assert "reaction 7 (1 of " in said


def test_a_second_launch_goes_on_and_finds_the_copy_in_order(explored: Path) -> None:
    result = run("launch", "real.yaml", cwd=explored)
    assert result.returncode == 0, result.stderr
    assert "nothing left to do" in result.stdout
    assert "making the data set" not in result.stderr


def test_data_that_changed_are_not_mistaken_for_the_old(explored: Path) -> None:
    kept = explored / "kept"
    shutil.move(explored / "real", kept)
    try:
        awkward(explored / "real", n_frames=210)
        result = run("launch", "real.yaml", "--blocks", "2", cwd=explored)
        assert result.returncode == 2
        assert "must keep its settings, but data.sha256 differs" in one_line(result)
    finally:
        shutil.rmtree(explored / "real")
        shutil.move(kept, explored / "real")


def test_a_folder_with_a_seal_is_judged_by_it(setpoint: Setpoint, tmp_path: Path) -> None:
    assert setpoint("simulate", "quickstart", "--frames", "200", "--out", "mine").returncode == 0
    result = setpoint("launch", write_exploration(tmp_path, "mine", "mine"))
    assert result.returncode == 0, result.stderr
    rows = json.loads(setpoint("runs", "--format", "json").stdout)
    assert all(row["slope_recovery"] is not None for row in rows)
    assert all(row["rate_constants_R2_identifiable"] > 0.999 for row in rows)
    (sealed,) = (tmp_path / "setpoint-workspace" / "sealed").iterdir()
    assert sealed.read_bytes() == (tmp_path / "mine" / "truth.seal").read_bytes()
    assert sealed.stat().st_mode & 0o777 == 0o400
    # The user's own folder is left as it was.
    assert (tmp_path / "mine" / "truth.seal").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective: heldout_gain": "objective: slope_recovery"}, "use heldout_gain"),
        (
            {"objective:": "foundation: {target_r2: 0.7}\nobjective:"},
            "foundation.target_r2: must be left out",
        ),
        ({"values: [4, 8, 16, 32]": "values: [4, 8, 16, 400]"}, "(180 of 200), but goes up to 400"),
    ],
)
def test_what_such_data_cannot_serve_is_one_clear_line_and_nothing_is_trained(
    changes: dict[str, str], said: str, setpoint: Setpoint, tmp_path: Path
) -> None:
    awkward(tmp_path / "real")
    result = setpoint("launch", write_exploration(tmp_path, "asked", "real", **changes))
    assert result.returncode == 2
    assert said in one_line(result)
    assert "fitting" not in result.stderr


def test_a_folder_that_is_no_data_set_is_one_clear_line(setpoint: Setpoint, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, said in (("nowhere", "does not exist"), ("empty", "is no data set")):
        result = setpoint("launch", write_exploration(tmp_path, "asked", name))
        assert result.returncode == 2
        assert said in one_line(result)
    assert not (tmp_path / "setpoint-workspace").exists()


def test_a_seal_outside_of_the_workspace_is_out_of_reach_of_training(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    seal, other = tmp_path / "mine" / "truth.seal", tmp_path / "mine" / "other.txt"
    seal.parent.mkdir()
    seal.write_text("the answer")
    other.write_text("anything else")

    def launch(name: str, peek: Path) -> dict[str, str | None]:
        path = toy(
            f"{name}.yaml",
            name=name,
            data=f'{{seed: 1, own_seals: ["{seal}"]}}',
            baseline=f'{{x: 0.5, y: 0.5, mode: good, step_s: 0.0, peek: "{peek}"}}',
            block="{batches: 1, slots: 4}",
            sweep="{}",
        )
        setpoint("launch", path)
        rows = json.loads(setpoint("runs", "--exploration", name, "--format", "json").stdout)
        found: dict[str, str | None] = rows[0]
        return found

    assert launch("fair", other)["state"] == "done"
    caught = launch("unfair", seal)
    assert (caught["state"], caught["failure"]) == ("failed", "label leak")
