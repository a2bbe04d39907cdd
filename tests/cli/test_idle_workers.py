"""A run that is alone takes all workers: in parts, and to the same end as on one worker."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Setpoint, run, write_toy
from tests.cli.test_launch import alive, descendants, runs_of, start, states, wait_for

pytestmark = pytest.mark.slow  # every test starts the command as a user does

Toy = Callable[..., str]

SLOW_S = 0.1
"""Seconds for each of 20 steps: time enough to be interrupted in."""

ONE_SLOT = {
    "space": "{time_step: {kind: per_slot, values: [4]}, x: {kind: linear, low: 0.0, high: 1.0}}",
    "block": "{batches: 1, slots: 1}",
    "sweep": "{}",
}


def one_slot(toy: Toy, *, mode: str = "good", step_s: float = 0.0, workers: int = 2, **lines: str) -> str:
    return toy(
        baseline=f"{{x: 0.5, mode: {mode}, step_s: {step_s}}}",
        limits=lines.pop("limits", f"{{timeout_s: 60, memory_gib: 2, workers: {workers}}}"),
        **{**ONE_SLOT, **lines},
    )


def attempt(folder: Path) -> Path:
    return folder / "setpoint-workspace" / "runs" / "toy" / "000001.attempt"


def trained_hash(workspace: Path) -> str:
    connection = sqlite3.connect(workspace / "setpoint.db")
    ((found,),) = connection.execute("SELECT trained_hash FROM runs")
    connection.close()
    return str(found)


def test_one_slot_on_two_workers_trains_side_by_side_and_ends_as_on_one(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = one_slot(toy, step_s=0.05)
    process = start(path, tmp_path)
    wait_for(lambda: len(list(attempt(tmp_path).glob("part-*/progress.jsonl"))) == 1)
    wait_for(lambda: (tmp_path / "setpoint-workspace" / "progress" / "toy-1.jsonl").exists())
    assert {path.name for path in attempt(tmp_path).iterdir()} == {"part-1", "part-2"}
    process.communicate(timeout=60)
    assert process.returncode == 0
    (run,) = runs_of(setpoint)
    assert run["state"] == "done"
    assert run["n_replicates"] == 3
    assert run["train_s"] == pytest.approx(20 * 0.05, abs=0.6)
    workspace = tmp_path / "setpoint-workspace"
    folder = workspace / "runs" / "toy" / "000001"
    assert {path.name for path in folder.iterdir()} == {"trained.json", "log.txt"}
    assert (folder / "log.txt").read_text() == "trained 1 replicates\ntrained 2 replicates\n"
    assert not attempt(tmp_path).exists()
    assert setpoint("launch", path, "--workers", "1", "--workspace", "alone").returncode == 0
    alone = tmp_path / "alone"
    assert (alone / "runs/toy/000001/log.txt").read_text() == "trained 3 replicates\n"
    assert trained_hash(alone) == trained_hash(workspace)


def test_with_as_many_runs_as_workers_none_is_divided(setpoint: Setpoint, toy: Toy, tmp_path: Path) -> None:
    path = toy(limits="{timeout_s: 60, memory_gib: 2, workers: 4}", block="{batches: 1, slots: 4}")
    assert setpoint("launch", path).returncode == 0
    logs = list((tmp_path / "setpoint-workspace" / "runs" / "toy").glob("*/log.txt"))
    assert [log.read_text() for log in logs] == ["trained 3 replicates\n"] * 4


def test_a_part_that_crashes_fails_the_run_once_and_takes_the_others_along(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    # The other part would go on for an hour.
    path = one_slot(toy, mode="crash in part 2", limits="{timeout_s: 600, memory_gib: 2, workers: 3}")
    process = start(path, tmp_path)
    began = time.monotonic()
    wait_for(lambda: "running" in states(tmp_path / "setpoint-workspace"))
    family: set[int] = set()
    while process.poll() is None:
        assert time.monotonic() < began + 60
        try:
            family |= set(descendants(process.pid))
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.02)
    process.communicate(timeout=60)
    assert process.returncode == 1
    (run,) = runs_of(setpoint)
    assert (run["state"], run["failure"]) == ("failed", "crashed")
    assert "SIGSEGV" in run["failure_reason"]
    connection = sqlite3.connect(tmp_path / "setpoint-workspace" / "setpoint.db")
    events = [what for (what,) in connection.execute("SELECT what FROM events WHERE run IS NOT NULL")]
    connection.close()
    assert events == ["planned", "started", "failed"]
    wait_for(lambda: not any(alive(pid) for pid in family), timeout_s=10)


@pytest.mark.parametrize(
    ("mode", "kind", "said"),
    [
        ("diverge", "diverged", "loss is not finite at step 3 of 20"),
        ("memory", "out of memory", "ran out of its memory limit"),
        ("leak", "label leak", "toy_science.py"),
        ("hang", "timeout", "took longer than its limit of 3 s"),
    ],
)
def test_a_divided_run_fails_as_an_undivided_one(
    mode: str, kind: str, said: str, setpoint: Setpoint, toy: Toy
) -> None:
    path = one_slot(toy, mode=mode, limits="{timeout_s: 3, memory_gib: 2, workers: 3}")
    found: list[dict[str, Any]] = []
    for workers in ("3", "1"):
        result = setpoint("launch", path, "--workers", workers, "--workspace", workers)
        assert result.returncode == 1
        found += json.loads(setpoint("runs", "-w", workers, "--format", "json").stdout)
    assert [run["failure"] for run in found] == [kind, kind]
    assert said in found[0]["failure_reason"]
    assert found[0]["failure_reason"] == found[1]["failure_reason"]


def test_a_part_that_diverged_leaves_the_run_to_the_living(setpoint: Setpoint, toy: Toy) -> None:
    assert setpoint("launch", one_slot(toy, mode="diverge in part 2", workers=3)).returncode == 0
    (run,) = runs_of(setpoint)
    assert run["state"] == "done"
    assert run["n_replicates"] == 3


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Hash of what the slow slot is trained to when nothing happens on the way."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    path = one_slot(partial(write_toy, folder), step_s=SLOW_S)
    assert run("launch", path, cwd=folder).returncode == 0
    return trained_hash(folder / "setpoint-workspace")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_launch_that_is_interrupted_among_parts_does_the_run_again(
    how: signal.Signals, uninterrupted: str, setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = one_slot(toy, step_s=SLOW_S)
    process = start(path, tmp_path)
    wait_for(lambda: (attempt(tmp_path) / "part-2" / "progress.jsonl").exists())
    family = descendants(process.pid)
    (os.killpg if how is signal.SIGINT else os.kill)(process.pid, how)
    _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    wait_for(lambda: not any(alive(pid) for pid in family), timeout_s=10)
    # What is left over belongs to two parts; the next launch has one worker.
    assert setpoint("launch", path, "--workers", "1").returncode == 0
    workspace = tmp_path / "setpoint-workspace"
    assert states(workspace) == ["done"]
    assert not attempt(tmp_path).exists()
    folder = workspace / "runs" / "toy" / "000001"
    assert {path.name for path in folder.iterdir()} == {"trained.json", "log.txt"}
    assert trained_hash(workspace) == uninterrupted
