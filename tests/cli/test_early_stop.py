"""Early stop as a user meets it: runs end early, are told of with their reason, and are no failures."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Setpoint

PLANNER = "{name: random, early_stop: true}"


def test_runs_that_are_lost_end_early_and_say_why(
    setpoint: Setpoint, toy: Callable[..., str], tmp_path: Path
) -> None:
    launched = setpoint("launch", toy(planner=PLANNER, blocks="2"))
    assert launched.returncode == 0, launched.stderr
    assert re.search(r"run \d+ stopped at step \d+ of 20 ", launched.stderr)
    query = "SELECT number, state, stopped, trained_steps, curve, summary FROM runs ORDER BY number"
    rows = json.loads(setpoint("sql", query, "--format", "json").stdout)
    stopped = [row for row in rows if row["state"] == "stopped"]
    assert stopped
    assert {row["number"] for row in rows if row["state"] == "failed"} == set()
    assert all(row["trained_steps"] < 20 and row["summary"] is None for row in stopped)
    number = stopped[0]["number"]
    said = setpoint("show", str(number)).stdout
    assert re.search(
        rf"run +{number} · block 2.* · stopped early at step \d+ of 20: closeness 0\.\d+ < 0\.\d+", said
    )
    assert re.search(r"early stop +below 0\.\d+ at 15%, .*best of \d+ runs as long had reached there", said)
    assert "not evaluated, as its training was cut short" in said
    truth = "SELECT count(*) AS n FROM events WHERE what = 'truth opened' AND run = "
    assert json.loads(setpoint("sql", f"{truth}{number}", "--format", "json").stdout) == [{"n": 0}]
    memory = next(tmp_path.rglob("memory.md")).read_text()
    assert re.search(
        r"Of \d+ runs that could end early \d+ were, by closeness, after \d+% of the steps", memory
    )
    assert "No run failed." in memory
