"""A launch, from start to end, through every way in which runs and launches die."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SETPOINT, Completed, Setpoint, environment, run, write_toy

pytestmark = pytest.mark.slow  # every test starts the command as a user does

Toy = Callable[..., str]

MODES = (
    "{time_step: {kind: per_slot, values: [4, 16, 32, 64]}, x: {kind: linear, low: 0.0, high: 1.0}, "
    "mode: {kind: categorical, choices: [good, crash, hang, memory, diverge, leak]}}"
)
"""A space in which a slot may choose how its training ends."""


def runs_of(setpoint: Setpoint) -> list[dict[str, Any]]:
    result = setpoint("runs", "--format", "json", "--sort", "run")
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_a_launch_plans_trains_stores_and_remembers(
    launched_toy: Completed, setpoint: Setpoint, tmp_path: Path
) -> None:
    assert launched_toy.returncode == 0, launched_toy.stderr
    workspace = tmp_path / "setpoint-workspace"
    assert str(Path("setpoint-workspace") / "memory.md") in launched_toy.stdout
    runs = runs_of(setpoint)
    assert [run["state"] for run in runs] == ["done"] * 8
    assert [run["time_step"] for run in runs] == [4, 16, 32, 64] * 2
    assert [run["x"] for run in runs] == [0.5] * 4 + [0.1, 0.3, 0.6, 0.9]
    assert all(run["n_replicates"] == 3 for run in runs)
    memory = (workspace / "memory.md").read_text()
    assert memory.startswith("# Working memory: toy\n")
    assert "## Plan for block 2" in memory
    assert (workspace / "snapshots" / "toy" / "block-001.md").read_text() == memory


def test_a_run_that_dies_costs_itself_only_and_says_why(setpoint: Setpoint, toy: Toy) -> None:
    path = toy(
        space=MODES,
        sweep="{mode: [crash, memory, diverge, leak], x: [0.1, 0.3, 0.6, 0.9]}",
        block="{batches: 3, slots: 4}",
    )
    result = setpoint("launch", path)
    assert result.returncode == 0, result.stderr
    runs = runs_of(setpoint)
    assert [run["state"] for run in runs] == ["done"] * 4 + ["failed"] * 4 + ["done"] * 4
    kinds = [run["failure"] for run in runs[4:8]]
    assert kinds == ["crashed", "out of memory", "diverged", "label leak"]
    reasons = [run["failure_reason"] for run in runs[4:8]]
    assert "SIGSEGV" in reasons[0]
    assert reasons[2] == "loss is not finite at step 3 of 20"
    assert "toy_science.py" in reasons[3]
    assert all(run["closeness"] is None for run in runs[4:8])
    assert "tried to read the answer key" in result.stderr


def test_a_run_that_hangs_is_killed_at_its_limit(setpoint: Setpoint, toy: Toy) -> None:
    path = toy(
        space=MODES,
        sweep="{mode: [hang, good, good, good]}",
        baseline="{x: 0.5, mode: diverge}",
        limits="{timeout_s: 3, memory_gib: 2}",
    )
    assert setpoint("launch", path).returncode == 0
    hung = runs_of(setpoint)[4]
    assert hung["state"] == "failed"
    assert (hung["failure"], hung["failure_reason"]) == ("timeout", "took longer than its limit of 3 s")


def test_a_launch_whose_runs_all_fail_says_so(setpoint: Setpoint, toy: Toy) -> None:
    path = toy(baseline="{x: 0.5, y: 0.5, mode: diverge}", block="{batches: 1, slots: 4}")
    result = setpoint("launch", path)
    assert result.returncode == 1
    assert "all 4 runs failed" in result.stderr


def start(path: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [SETPOINT, "launch", path],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], bool], *, timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def states(workspace: Path) -> list[str]:
    """States in the order of runs, read without Setpoint."""
    database = workspace / "setpoint.db"
    if not database.exists():
        return []
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        return [state for (state,) in connection.execute("SELECT state FROM runs ORDER BY number")]
    except sqlite3.OperationalError:
        return []  # not made yet
    finally:
        connection.close()


DECIDED = ("run", "block", "batch", "slot", "x", "mode", "role", "parent", "closeness", "state")
SLOWER = {"baseline": "{x: 0.5, y: 0.5, mode: good, step_s: 0.015}", "blocks": "2"}


def outcome(setpoint: Setpoint) -> list[tuple[Any, ...]]:
    """What a finished exploration came to, whatever happened on the way."""
    return [tuple(run[name] for name in DECIDED) for run in runs_of(setpoint)]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """What the slower toy comes to when nothing happens on the way."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert run("launch", write_toy(folder, **SLOWER), cwd=folder).returncode == 0
    return outcome(partial(run, cwd=folder))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_launch_goes_on_where_it_was(
    how: signal.Signals, uninterrupted: list[Any], setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = toy(**SLOWER)
    workspace = tmp_path / "setpoint-workspace"
    process = start(path, tmp_path)
    wait_for(lambda: states(workspace).count("done") >= 5)
    before = {number: state for number, state in enumerate(states(workspace), 1) if state == "done"}
    if how in (signal.SIGINT, signal.SIGHUP):
        os.killpg(process.pid, how)  # as a terminal does: everybody hears it
    else:
        os.kill(process.pid, how)
    _, said = process.communicate(timeout=60)
    if how != signal.SIGKILL:
        assert "Traceback" not in said
        assert process.returncode == 130
        assert "planned runs are done and kept; `setpoint launch toy.yaml` goes on from there" in said
    result = setpoint("launch", path)
    assert result.returncode == 0, result.stderr
    runs = runs_of(setpoint)
    assert [run["state"] for run in runs] == ["done"] * 16
    connection = sqlite3.connect(workspace / "setpoint.db")
    started = dict(connection.execute("SELECT run, count(*) FROM events WHERE what = 'started' GROUP BY run"))
    connection.close()
    assert all(started[number] == 1 for number in before), "a finished run was run again"
    # The same exploration without interruption, in another workspace, is the same run for run.
    assert outcome(setpoint) == uninterrupted


def killed_when(condition: Callable[[list[str]], bool], path: str, folder: Path) -> None:
    """Starts a launch and kills it when the states of its runs are as wished."""
    process = start(path, folder)
    wait_for(lambda: condition(states(folder / "setpoint-workspace")))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def test_what_was_planned_under_other_code_is_run_under_its_new_identity(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = toy(baseline="{x: 0.5, y: 0.5, mode: good, step_s: 0.05}")
    killed_when(lambda found: found.count("done") >= 2, path, tmp_path)
    rows = json.loads(setpoint("runs", "--format", "json").stdout)
    kept = [row["run"] for row in rows if row["state"] == "done"]
    unfinished = [row["run"] for row in rows if row["state"] != "done"]
    assert kept
    assert unfinished
    result = setpoint("launch", path, TOY_VERSION="toy 2")
    assert result.returncode == 0, result.stderr
    assert "the training code or what it stands on has changed" in result.stderr
    connection = sqlite3.connect(tmp_path / "setpoint-workspace" / "setpoint.db")
    foundations = dict(connection.execute("SELECT number, foundation FROM runs"))
    connection.close()
    old = {foundations[number] for number in kept}
    new = {foundations[number] for number in unfinished}
    assert not old & new


@pytest.mark.usefixtures("launched_toy")
def test_a_trained_run_whose_files_were_lost_or_changed_is_trained_again(
    setpoint: Setpoint, tmp_path: Path
) -> None:
    before = outcome(setpoint)
    workspace = tmp_path / "setpoint-workspace"
    # As a launch leaves them that is killed before their evaluation.
    connection = sqlite3.connect(workspace / "setpoint.db")
    connection.execute(
        "UPDATE runs SET state = 'trained', summary = NULL, ended_at = NULL WHERE number IN (6, 7, 8)"
    )
    connection.execute("DELETE FROM metrics WHERE run IN (SELECT id FROM runs WHERE number IN (6, 7, 8))")
    connection.execute("UPDATE blocks SET state = 'running', closed_at = NULL")
    connection.commit()
    connection.close()
    (workspace / "runs" / "toy" / "000007" / "trained.json").write_text("[1, 1, 1]")
    shutil.rmtree(workspace / "runs" / "toy" / "000008")
    result = setpoint("launch", "toy.yaml")
    assert result.returncode == 0, result.stderr
    assert "run 6 is planned again" not in result.stderr
    for number in (7, 8):
        assert f"run {number} is planned again: its trained parameters were lost or changed" in result.stderr
    assert outcome(setpoint) == before


def test_an_exhausted_space_closes_its_block_with_what_there_was(setpoint: Setpoint, toy: Toy) -> None:
    path = toy(
        space="{time_step: {kind: per_slot, values: [4, 16, 32, 64]}, "
        "mode: {kind: categorical, choices: [good, diverge]}}",
        baseline="{mode: good, x: 0.5}",
        sweep="{}",
        strategies="{baseline: [plain]}",
        blocks="4",
    )
    result = setpoint("launch", path)
    assert result.returncode == 0, result.stderr
    assert "found nothing new" in result.stderr
    again = setpoint("launch", path)
    assert again.returncode == 0
    assert "nothing left to do" in again.stdout


def test_what_to_type_next_names_the_workspace_and_the_blocks(setpoint: Setpoint, toy: Toy) -> None:
    result = setpoint("launch", toy(), "--workspace", "my results")
    assert "setpoint memory --workspace 'my results'" in result.stdout
    assert "setpoint launch toy.yaml --blocks 2 --workspace 'my results'" in result.stdout


def test_a_killed_launch_leaves_no_orphan(toy: Toy, tmp_path: Path) -> None:
    path = toy(baseline="{x: 0.5, y: 0.5, mode: good, step_s: 5.0}")
    process = start(path, tmp_path)
    wait_for(lambda: "running" in states(tmp_path / "setpoint-workspace"))
    family = descendants(process.pid)
    assert family
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    wait_for(lambda: not any(alive(pid) for pid in family), timeout_s=10)
    told = run("status", cwd=tmp_path).stdout
    assert " interrupted, " in told
    assert "under way" not in told
    assert "go on        setpoint launch toy" in told


def descendants(pid: int) -> list[int]:
    """Every process below this one, by asking the kernel."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *descendants(int(child))]
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.usefixtures("launched_toy")
def test_a_second_launch_on_a_finished_exploration_does_nothing_and_says_so(setpoint: Setpoint) -> None:
    before = outcome(setpoint)
    again = setpoint("launch", "toy")  # by the name that `setpoint explorations` lists
    assert again.returncode == 0
    assert "nothing left to do in toy: its only block is done" in again.stdout
    assert outcome(setpoint) == before


@pytest.mark.usefixtures("launched_toy")
def test_blocks_can_be_added_and_the_plan_that_was_shown_is_what_is_run(
    setpoint: Setpoint, tmp_path: Path
) -> None:
    plan = (tmp_path / "setpoint-workspace" / "memory.md").read_text().split("## Plan for block 2")[1]
    assert setpoint("launch", "toy.yaml", "--blocks", "2").returncode == 0
    changes = [run["change"] for run in runs_of(setpoint)[8:12]]
    assert len(changes) == 4
    assert all(change in plan for change in changes)


@pytest.mark.usefixtures("launched_toy")
def test_an_equal_run_of_another_exploration_is_not_paid_for_again(setpoint: Setpoint, toy: Toy) -> None:
    result = setpoint("launch", toy("copy.yaml", name="copy"))
    assert result.returncode == 0
    copied = runs_of(setpoint)
    assert {run["exploration"] for run in copied} == {"copy"}
    assert all(run["state"] == "done" and run["train_s"] is None for run in copied)


@pytest.mark.usefixtures("launched_toy")
def test_notes_of_a_human_survive(setpoint: Setpoint, tmp_path: Path) -> None:
    memory = tmp_path / "setpoint-workspace" / "memory.md"
    memory.write_text(memory.read_text() + "I doubt time_step 64.\n")
    setpoint("launch", "toy.yaml", "--blocks", "2")
    assert memory.read_text().endswith("I doubt time_step 64.\n")
    assert "after block 2" in memory.read_text()


@pytest.mark.usefixtures("launched_toy")
def test_the_truth_is_opened_only_after_the_hash_of_the_parameters_is_stored(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "setpoint-workspace" / "setpoint.db")
    order: dict[int, list[str]] = {}
    for number, what in connection.execute("SELECT run, what FROM events WHERE run IS NOT NULL ORDER BY id"):
        order.setdefault(number, []).append(what)
    connection.close()
    assert len(order) == 8
    for events in order.values():
        assert events == ["planned", "started", "trained", "truth opened", "done"]


def test_without_a_terminal_progress_is_plain_lines_on_stderr_and_stdout_stays_clean(
    launched_toy: Completed,
) -> None:
    assert "\x1b" not in launched_toy.stderr + launched_toy.stdout
    assert "run 1 done close" in launched_toy.stderr
    assert "run 1 done" not in launched_toy.stdout


def test_a_divergence_over_frames_is_replayed_and_a_label_behind_it_named(
    setpoint: Setpoint, toy: Toy
) -> None:
    path = toy(
        space=MODES.replace("leak]", "leak, diverge over a label, diverge over frames]"),
        sweep="{mode: [diverge over a label, diverge over frames, diverge, good]}",
    )
    result = setpoint("launch", path)
    assert result.returncode == 0, result.stderr
    runs = runs_of(setpoint)[4:]
    assert [run["failure"] for run in runs] == ["label leak", "diverged", "diverged", None]
    assert runs[0]["failure_reason"] == "watched for 3 steps: a label was used"
    assert runs[1]["failure_reason"] == "loss is not finite at step 3 of 20"
    assert "run 5 tried to read the answer key" in result.stderr
