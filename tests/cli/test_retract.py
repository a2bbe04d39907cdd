"""`setpoint retract`: memory, tables and plans forget what is void, and take it back exactly."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import SETPOINT, Setpoint, environment, one_line, run, write_toy
from tests.cli.test_launch import states, wait_for

pytestmark = pytest.mark.slow  # every test starts the command as a user does

KILLED = """
import os, signal, sys
from memory import open_store
with open_store("setpoint-workspace") as store:
    store.retract("toy", where="run = 6", reason="its loss read the answer")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two blocks of the toy, and an exploration that reused the runs of the first one."""
    folder = tmp_path_factory.mktemp("retracted")
    assert run("launch", write_toy(folder, "copy.yaml", name="copy"), cwd=folder).returncode == 0
    assert run("launch", write_toy(folder), "--blocks", "2", cwd=folder).returncode == 0
    return folder


def memory_of(folder: Path) -> str:
    return (folder / "setpoint-workspace" / "memory.md").read_text()


def snapshot_of(folder: Path, name: str, block: int) -> str:
    return (folder / "setpoint-workspace" / "snapshots" / name / f"block-{block:03d}.md").read_text()


def test_a_retraction_is_told_rendered_and_taken_back_to_the_byte(launched: Path) -> None:
    def ask(*arguments: str) -> str:
        result = run(*arguments, cwd=launched)
        assert result.returncode == 0, result.stderr
        return result.stdout

    before, other = memory_of(launched), snapshot_of(launched, "copy", 1)
    retract = ("retract", "-e", "copy", "--where", "run = 6", "--reason", "its loss read the answer")
    foretold = ask(*retract, "--dry-run")
    assert "copy: would become void: 1 run directly (6)" in foretold
    assert memory_of(launched) == before
    said = ask(*retract)
    assert "retraction 1: its loss read the answer" in said
    assert "copy: void: 1 run directly (6)" in said
    assert "toy: void: " in said
    assert "by descent (6" in said
    assert "copy: best run 6  close 0.96" in said
    assert "(not yet confirmed) -> run " in said
    assert "as before" not in said
    assert "setpoint retract --undo 1" in said

    after = memory_of(launched)
    assert "## Void baselines\n- Runs 6" in after
    assert "all of them by descent): its loss read the answer. 0." in after
    assert "Best so far: run 6," not in after
    assert "| run 6, " not in after
    assert after == snapshot_of(launched, "toy", 2)
    assert "- Run 6 (retraction 1: 1 run): its loss read the answer." in snapshot_of(launched, "copy", 1)

    rows = json.loads(ask("runs", "-e", "toy", "--format", "json"))
    void = {row["run"] for row in rows if row["void"]}
    assert 6 in void
    assert all(row["void"] for row in rows if row["parent"] in void)
    table = ask("runs", "-e", "toy", "--where", "run = 6 or run = 1").splitlines()
    assert [line.endswith("done, void") for line in table[1:3]] == [False, True]
    shown = ask("show", "6", "-e", "toy")
    assert "by retraction 1 (descends from copy run 6): its loss read the answer" in shown
    assert "1 of 1 blocks, 1 void" in ask("explorations")
    assert "in force: its loss read the answer\n  copy: where run = 6\n" in ask("retract", "--list")

    assert "retraction 1 is undone" in ask("retract", "--undo", "1")
    assert memory_of(launched) == before
    assert snapshot_of(launched, "copy", 1) == other
    assert "undone 20" in ask("retract", "--list")


def test_what_cannot_be_retracted_is_one_clear_line(launched: Path) -> None:
    for arguments, said in (
        (
            ("-e", "copy", "--where", "run = 99", "--reason", "x"),
            "where: must match a run of copy, but 'run = 99' matches none of 8",
        ),
        (("--where", "run = 1"), "reason: must say why the runs are no evidence"),
        (("--undo", "77"), "undo: must be the number of a retraction, but got 77"),
        ((), "one of --where, --undo and --list, but got none of them"),
    ):
        result = run("retract", *arguments, cwd=launched)
        assert result.returncode == 2
        assert said in one_line(result)


def test_a_retraction_that_was_killed_is_finished_by_the_next_command(launched: Path) -> None:
    before = memory_of(launched)
    child = subprocess.run([sys.executable, "-c", KILLED], cwd=launched, env=environment(), check=False)
    assert child.returncode == -signal.SIGKILL
    assert memory_of(launched) == before
    assert run("runs", "--limit", "1", cwd=launched).returncode == 0
    after = memory_of(launched)
    found = re.search(r"\(retraction (\d+): ", after)
    assert found is not None
    assert "Best so far: run 6," not in after
    assert run("retract", "--undo", found[1], cwd=launched).returncode == 0
    assert memory_of(launched) == before


def test_a_running_launch_hears_of_a_retraction_before_its_next_batch(
    setpoint: Setpoint, toy: Callable[..., str], tmp_path: Path
) -> None:
    path = toy(baseline="{x: 0.5, y: 0.5, mode: good, step_s: 0.03}", blocks="20")
    workspace = tmp_path / "setpoint-workspace"
    process = subprocess.Popen(
        [SETPOINT, "launch", path], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: states(workspace).count("done") >= 8)
        result = setpoint("retract", "--where", "run = 6", "--reason", "it is the best, and it leaked")
        assert result.returncode == 0, result.stderr
        memory = memory_of(tmp_path)
        known = len(states(workspace))
        wait_for(lambda: len(states(workspace)) >= known + 4)
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    connection = sqlite3.connect(workspace / "setpoint.db")
    ((retracted,),) = connection.execute("SELECT id FROM events WHERE what = 'retracted'").fetchall()
    planned = connection.execute("SELECT run FROM events WHERE what = 'planned' AND id > ?", (retracted,))
    later = {number for (number,) in planned}
    connection.close()
    rows = {row["run"]: row for row in json.loads(setpoint("runs", "--format", "json").stdout)}
    assert len(later) >= 4
    void = {number for number, row in rows.items() if row["void"]}
    assert not {rows[number]["parent"] for number in later} & void
    assert not later & void
    assert "it is the best, and it leaked" in memory


def test_an_exploration_guided_by_truth_is_told_everywhere_and_its_queries_are_counted(
    setpoint: Setpoint, toy: Callable[..., str], tmp_path: Path
) -> None:
    result = setpoint("launch", toy(objective="true_closeness"))
    assert result.returncode == 0, result.stderr
    guided = "truth-guided: the objective reads labels"
    assert f"toy · block 1 of 1 · toy #1 · {guided} · " in result.stderr
    counted = f"{guided} (24 queries of truth: 24 replicates)"
    assert f"objective true_closeness (reads labels) · {counted} ·" in memory_of(tmp_path)
    assert setpoint("runs").stdout.splitlines()[-1] == counted
    assert counted in setpoint("show", "1").stdout
    assert counted in setpoint("status").stdout
