"""Fresh networks, budgets and blind explorations, as a user meets them."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Setpoint, one_line

pytestmark = pytest.mark.slow  # every test starts the command as a user does

Toy = Callable[..., str]

SMALL = {
    "space": "{time_step: {kind: per_slot, values: [4, 16, 32]}, x: {kind: linear, low: 0.0, high: 1.0}}",
    "baseline": "{x: 0.3}",
    "sweep": "{}",
    "block": "{batches: 1, slots: 3}",
    "strategies": "{baseline: [plain]}",
}
"""Blocks of three runs; block 2 confirms under fresh seeds, block 3 on a fresh network as well."""

DECIDED = (
    "run",
    "block",
    "slot",
    "network",
    "role",
    "parent",
    "change",
    "reason",
    "x",
    "closeness",
    "dataset",
)


def runs_of(setpoint: Setpoint, *where: str) -> list[dict[str, Any]]:
    result = setpoint("runs", "--format", "json", "--sort", "run", *where)
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_what_looks_best_is_confirmed_on_a_fresh_network_and_a_budget_only_cuts(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = toy(**SMALL)
    whole = setpoint("launch", path, "--blocks", "3", "--workspace", "whole")
    assert whole.returncode == 0, whole.stderr
    assert "network 1: toy foundation" in whole.stderr
    uncut = runs_of(setpoint, "--workspace", "whole")
    assert {run["network"] for run in uncut} == {0, 1}
    assert len({run["dataset"] for run in uncut}) == 2
    memory = (tmp_path / "whole" / "memory.md").read_text()
    assert "- Best confirmed: run " in memory
    assert "data toy #1, #2" in memory

    first = setpoint("launch", path, "--blocks", "3", "--max-runs", "4")
    assert first.returncode == 0, first.stderr
    assert "ended by budget --max-runs 4; what is planned waits" in first.stdout
    assert "ended by its budget (--max-runs 4); the next launch goes on from here" in first.stderr
    states = [run["state"] for run in runs_of(setpoint)]
    assert states == ["done"] * 4 + ["planned"] * 2
    workspace = tmp_path / "setpoint-workspace"
    cut = (workspace / "memory.md").read_text()
    assert "Regenerated before the end of block 2 (6 runs," in cut
    assert "- Ended by its budget (--max-runs 4); the next launch goes on with the open plan." in cut
    plan = cut.split("## Plan for block 2")[1].split("## Notes")[0]
    assert plan.count("\n| ") == 2 + 2
    assert "Ended by its budget" not in (workspace / "snapshots" / "toy" / "block-001.md").read_text()
    again = setpoint("launch", path, "--blocks", "3", "--max-hours", "1e-9")
    assert "ended by budget --max-hours 1e-09; what is planned waits" in again.stdout
    assert [run["state"] for run in runs_of(setpoint)] == states

    assert setpoint("launch", path, "--blocks", "3").returncode == 0
    assert [[run[name] for name in DECIDED] for run in runs_of(setpoint)] == [
        [run[name] for name in DECIDED] for run in uncut
    ]
    assert (workspace / "memory.md").read_text() == memory
    shown = setpoint("show", str(next(run["run"] for run in uncut if run["network"])))
    assert "does it hold on fresh network 1?" in shown.stdout
    assert "(fresh network 1)" in shown.stdout


def test_a_blind_exploration_shows_no_truth_before_it_is_closed(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = toy(data="{seed: 1, unlucky: true}", **SMALL)
    assert setpoint("launch", path, "--blind", "--blocks", "2").returncode == 0
    workspace = tmp_path / "setpoint-workspace"
    outputs = [found for found in workspace.rglob("*") if found.is_file() and "sealed" not in found.parts]
    assert workspace / "setpoint.db" in outputs
    assert [found for found in outputs if b"true_closeness" in found.read_bytes()] == []
    with closing(sqlite3.connect(workspace / "setpoint.db")) as connection:
        assert connection.execute("SELECT DISTINCT name FROM metrics").fetchall() == [("closeness",)]
    said = "blind: what needs labels is sealed until `setpoint close`"
    assert said in (workspace / "memory.md").read_text()
    assert (workspace / "pictures" / "toy" / "000001" / "answer.png").read_text() == "0.3 of unknown"
    before = runs_of(setpoint)
    assert not any(name.startswith("true") for run in before for name in run)
    assert "true" not in setpoint("show", "1").stdout
    assert "no column 'true_closeness'" in one_line(setpoint("runs", "--where", "true_closeness > 0"))
    assert setpoint("report").returncode == 0
    page = (workspace / "report.html").read_text()
    assert "true_closeness" not in page
    assert "What blind choice cost" not in page

    closed = setpoint("close", "toy")
    assert closed.returncode == 0, closed.stderr
    assert "the sealed metrics of 6 runs are open" in closed.stdout
    assert "the pictures of 6 runs are drawn anew, with the truth" in closed.stdout
    assert re.fullmatch(
        r"0\.3 of 0\.\d+", (workspace / "pictures" / "toy" / "000001" / "answer.png").read_text()
    )
    assert "drawn anew" not in setpoint("close", "toy").stdout
    memory = (workspace / "memory.md").read_text()
    assert "## What blind choice cost\n- Chosen blind: run " in memory
    assert re.search(
        r"\n- closeness and true_closeness order \d configurations with rank correlation ", memory
    )
    assert setpoint("report").returncode == 0
    page = (workspace / "report.html").read_text()
    assert re.search(r'<h2>What blind choice cost</h2>\s*<p>Chosen blind: run <a href="#run-', page)
    assert '<button type="button">answer</button>' in page
    after = runs_of(setpoint)
    assert all(run["true_closeness"] is not None for run in after)
    assert [{name: run[name] for name in before[0]} for run in after] == before
    in_sight = setpoint("launch", path, "--no-blind", "--blocks", "3")
    assert in_sight.returncode == 0, in_sight.stderr
    # A network that cannot be made costs its runs only.
    assert "network 1 cannot be prepared: the network diverged; use another seed" in in_sight.stderr
    assert [run["network"] for run in runs_of(setpoint)] == [0] * 8
    assert all(run["true_closeness"] is not None for run in runs_of(setpoint))
    assert "chosen blind until it was closed" in (workspace / "memory.md").read_text()
