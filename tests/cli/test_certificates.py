"""Certificates through a launch: made once, looked up afterwards, and nothing is trained without."""

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SETPOINT, Setpoint, environment, one_line

pytestmark = pytest.mark.slow  # every test starts the command as a user does

Toy = Callable[..., str]

SHORT = {"block": "{batches: 1, slots: 4}", "sweep": "{}"}


def asked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    database = folder / "setpoint-workspace" / "setpoint.db"
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        return list(connection.execute(sql))
    finally:
        connection.close()


def audits(folder: Path) -> list[str]:
    found = asked(folder, "SELECT detail FROM events WHERE what = 'audit planned' ORDER BY id")
    return [detail for (detail,) in found]


def test_a_launch_certifies_once_and_every_run_points_to_it(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    assert setpoint("launch", toy(**SHORT)).returncode == 0
    assert audits(tmp_path) == ["fancy, plain"]
    assert asked(tmp_path, "SELECT DISTINCT strategy, outcome FROM certificates ORDER BY strategy") == [
        ("fancy", "certified"),
        ("plain", "certified"),
    ]
    memory = (tmp_path / "setpoint-workspace" / "memory.md").read_text()
    assert "guard: 4 of 4 certified" in memory
    shown = setpoint("show", "1").stdout
    ((key,),) = asked(tmp_path, "SELECT id FROM certificates WHERE strategy = 'plain'")
    assert f"c{key} plain" in shown
    assert f"certificates c{key}" in memory
    before = asked(tmp_path, "SELECT max(id) FROM certificates")
    order = [what for (what,) in asked(tmp_path, "SELECT what FROM events ORDER BY id")]
    assert order.index("audit planned") < order.index("certificate") < order.index("planned")
    assert setpoint("launch", "toy.yaml", "--blocks", "2").returncode == 0
    assert audits(tmp_path) == ["fancy, plain"]
    assert asked(tmp_path, "SELECT max(id) FROM certificates") == before
    # An edited strategy is another version; the other one keeps its certificate.
    assert setpoint("launch", "toy.yaml", "--blocks", "3", TOY_FANCY="2").returncode == 0
    assert audits(tmp_path) == ["fancy, plain", "fancy"]
    certified = asked(tmp_path, "SELECT count(*) FROM runs_wide WHERE certified = 1")
    # A run without any strategy rests on nothing.
    assert certified == asked(tmp_path, "SELECT count(*) FROM runs WHERE strategies != ''")


def test_a_strategy_that_interferes_stops_the_launch_before_anything_is_trained(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    path = toy(strategies="{baseline: [plain], open: [leaky]}")
    result = setpoint("launch", path)
    assert result.returncode == 1
    said = "strategies: leaky must train alike whatever the ground truth is, but 'x' differs at step 2"
    assert said in one_line(result)
    assert asked(tmp_path, "SELECT count(*) FROM runs") == [(0,)]
    # It is not forgotten, and no verdict of yesterday is taken for today's.
    assert setpoint("launch", path).returncode == 1
    assert [detail.split(", ")[0] for detail in audits(tmp_path)] == ["leaky", "leaky"]


def test_runs_of_a_strategy_that_cannot_be_audited_are_no_evidence(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    result = setpoint("launch", toy(strategies="{baseline: [broken], open: []}"))
    assert result.returncode == 0, result.stderr
    assert "a spring broke" in result.stderr
    memory = (tmp_path / "setpoint-workspace" / "memory.md").read_text()
    assert "guard: 0 of 8 certified" in memory
    assert "No run has finished with two or more replicates yet" in memory
    assert "unverified" in setpoint("show", "1").stdout
    runs = json.loads(setpoint("runs", "--format", "json").stdout)
    assert [run["state"] for run in runs] == ["done"] * 8


def test_an_audit_that_was_killed_is_done_again(setpoint: Setpoint, toy: Toy, tmp_path: Path) -> None:
    path = toy(**SHORT)
    launch = subprocess.Popen(
        [SETPOINT, "launch", path], cwd=tmp_path, env=environment(TOY_TRACE_S="60"), stderr=subprocess.DEVNULL
    )
    scratch, end = tmp_path / "setpoint-workspace" / "audit", time.monotonic() + 60
    while not list(scratch.glob("*/runs/audit/*/log.txt")):
        assert time.monotonic() < end, "no audit began"
        time.sleep(0.05)
    launch.send_signal(signal.SIGKILL)
    launch.wait()
    assert asked(tmp_path, "SELECT count(*) FROM certificates") == [(0,)]
    assert setpoint("launch", path).returncode == 0
    assert audits(tmp_path) == ["fancy, plain"] * 2
    assert asked(tmp_path, "SELECT count(*) FROM certificates") == [(2,)]
    assert not scratch.exists()


def test_the_catalog_passes_its_own_audit(setpoint: Setpoint) -> None:
    result = setpoint("guard", "audit", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    outcomes = {one["strategy"]: one["outcome"] for one in report["certificates"]}
    assert len(outcomes) >= 17
    assert set(outcomes.values()) == {"certified"}
    assert all(one["steps"] >= 12 for one in report["certificates"])
    assert not any(one["predicts"] for one in report["proxies"] if one["kind"] == "incidental")


def test_a_strategy_of_ones_own_is_audited_on_a_cut_of_the_data(setpoint: Setpoint, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from sim.strategies.base import Strategy\n\n\nclass Own(Strategy):\n    name = 'own'\n"
        "    summary = 'halves the gradient of one layer'\n    reference = 'none'\n\n"
        "    def gradients(self, node):\n        node.parameters['hidden'].grad.mul_(0.5)\n"
    )
    result = setpoint("guard", "audit", "quickstart", "--strategy", "own.py:Own")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["strategy", "version", "verdict", "first", "difference", "steps", "seconds"]
    assert lines[1].split()[0::2][:2] == ["own", "certified"]
    assert lines[2].startswith("1 of 1 certified: trained on quickstart #42")
    assert "None predicts the labels." in result.stdout
