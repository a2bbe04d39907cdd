"""Pictures of a launch's runs: there when it ends, never in a run's way, and drawn again when missing."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Setpoint
from tests.cli.test_launch import runs_of, start, wait_for

pytestmark = pytest.mark.slow  # every test starts the command as a user does

Toy = Callable[..., str]

ONE = "{batches: 1, slots: 4}"


def baseline(**values: object) -> str:
    pairs = {"x": 0.5, "y": 0.5, "mode": "good", "step_s": 0.0, **values}
    return "{" + ", ".join(f"{name}: {value}" for name, value in pairs.items()) + "}"


def drawn(workspace: Path) -> list[str]:
    """Pictures by run and name."""
    folder = workspace / "pictures" / "toy"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.usefixtures("launched_toy")
def test_every_run_of_a_launch_has_its_pictures_and_show_lists_them(
    setpoint: Setpoint, tmp_path: Path
) -> None:
    workspace = tmp_path / "setpoint-workspace"
    assert drawn(workspace) == [f"{number:06d}/answer.png" for number in range(1, 9)]
    assert (workspace / "pictures/toy/000005/answer.png").read_text() == "0.1 of 0.25"
    assert not list((workspace / "pictures" / "toy").glob("*.draft"))
    lines = setpoint("show", "5").stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("pictures")]
    assert line.split()[1] == str(Path("setpoint-workspace/pictures/toy/000005/answer.png"))


@pytest.mark.parametrize(("drawing", "kept"), [("clumsy", ["first.png"]), ("refused", [])])
def test_a_failure_to_draw_is_a_note_and_the_run_stays_done(
    drawing: str, kept: list[str], setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = toy(baseline=baseline(drawing=drawing), block=ONE)
    result = setpoint("launch", path)
    assert result.returncode == 0, result.stderr
    runs = runs_of(setpoint)
    assert [run["state"] for run in runs] == ["done"] * 4
    assert all(run["closeness"] is not None for run in runs)
    for number in range(1, 5):
        assert f"run {number} is done, but its pictures are not: ValueError: a pencil broke" in result.stderr
    assert drawn(tmp_path / "setpoint-workspace") == [
        f"{number:06d}/{name}" for number in range(1, 5) for name in kept
    ]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_launch_stopped_while_it_draws_leaves_no_half_picture_and_the_next_one_draws_it(
    how: signal.Signals, setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = toy(baseline=baseline(drawing="slow"), block=ONE)
    workspace = tmp_path / "setpoint-workspace"
    process = start(path, tmp_path)
    half = workspace / "pictures" / "toy" / "000001.draft" / "half.png"
    wait_for(lambda: half.exists() or any((workspace / "pictures" / "toy").glob("*.draft/half.png")))
    wait_for(lambda: all(run["state"] == "done" for run in runs_of(setpoint)))
    os.kill(process.pid, how)
    process.communicate(timeout=60)
    finished = [name for name in drawn(workspace) if ".draft" not in name]
    assert finished == []
    # The pencil is faster from now on: pictures are asked for again, and nothing else is done again.
    connection = sqlite3.connect(workspace / "setpoint.db")
    before = connection.execute("SELECT count(*) FROM events WHERE what = 'started'").fetchone()
    result = setpoint("launch", path, TOY_PENCIL="fast")
    after = connection.execute("SELECT count(*) FROM events WHERE what = 'started'").fetchone()
    connection.close()
    assert result.returncode == 0, result.stderr
    assert before == after
    assert drawn(workspace) == [f"{number:06d}/answer.png" for number in range(1, 5)]


@pytest.mark.usefixtures("launched_toy")
def test_pictures_that_were_lost_are_drawn_by_the_next_launch(setpoint: Setpoint, tmp_path: Path) -> None:
    workspace = tmp_path / "setpoint-workspace"
    before = drawn(workspace)
    shutil.rmtree(workspace / "pictures" / "toy" / "000002")
    assert "pictures" not in setpoint("show", "2").stdout
    assert setpoint("launch", "toy.yaml").returncode == 0
    assert drawn(workspace) == before


@pytest.mark.usefixtures("launched_toy")
def test_runs_of_other_code_are_not_drawn_on_new_ground(setpoint: Setpoint, tmp_path: Path) -> None:
    workspace = tmp_path / "setpoint-workspace"
    shutil.rmtree(workspace / "pictures" / "toy" / "000002")
    assert setpoint("launch", "toy.yaml", TOY_VERSION="toy 2").returncode == 0
    assert not (workspace / "pictures" / "toy" / "000002").exists()


@pytest.mark.usefixtures("launched_toy")
def test_pictures_of_a_run_that_was_trained_anew_are_drawn_anew(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    workspace = tmp_path / "setpoint-workspace"
    picture = workspace / "pictures" / "toy" / "000001" / "answer.png"
    assert picture.read_text() == "0.5 of 0.25"
    for path in workspace.glob("setpoint.db*"):
        path.unlink()  # the store is lost, the folders are not: numbers begin at 1 again
    assert setpoint("launch", toy(block=ONE, baseline=baseline(x=0.75))).returncode == 0
    assert picture.read_text() == "0.75 of 0.25"


@pytest.mark.usefixtures("launched_toy")
def test_a_run_that_reused_another_one_shows_the_pictures_of_that(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    copy = toy("copy.yaml", name="copy", block=ONE)
    assert setpoint("launch", copy).returncode == 0
    rows = json.loads(setpoint("runs", "--exploration", "copy", "--format", "json").stdout)
    assert [(row["state"], row["train_s"]) for row in rows] == [("done", None)] * 4, "nothing was reused"
    said = setpoint("show", "2", "--exploration", "copy").stdout
    assert str(Path("setpoint-workspace/pictures/toy/000002/answer.png")) in said
    assert str(Path("setpoint-workspace/runs/toy/000002")) in said
    assert not (tmp_path / "setpoint-workspace" / "pictures" / "copy").exists()
