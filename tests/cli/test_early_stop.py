"""Early stop as a user meets it: runs end early, are told of with their reason, and are no failures."""

import json
import re
from functools import partial
from pathlib import Path

import pytest

from tests.cli.conftest import ask_here, run, write_toy


def test_runs_that_are_lost_end_early_and_say_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_toy(tmp_path, planner="{name: random, early_stop: true}", blocks="2")
    launched = run("launch", file, cwd=tmp_path)
    assert launched.returncode == 0, launched.stderr
    assert re.search(r"run \d+ stopped at step \d+ of 20 ", launched.stderr)
    ask = partial(ask_here, cwd=tmp_path, capsys=capsys)
    rows = json.loads(
        ask("runs", "--format", "json", "--columns", "run,state,trained_steps,true_closeness").stdout
    )
    stopped = [row for row in rows if row["state"] == "stopped"]
    assert stopped
    assert {row["state"] for row in rows} == {"done", "stopped"}
    assert all(row["trained_steps"] < 20 and row["true_closeness"] is None for row in stopped)
    number = stopped[0]["run"]
    said = ask("show", str(number)).stdout
    assert re.search(
        rf"run +{number} · block 2.* · stopped early at step \d+ of 20: closeness 0\.\d+ < 0\.\d+", said
    )
    assert re.search(r"early stop +below 0\.\d+ at 15%, .*best of \d+ runs as long had reached there", said)
    assert "not evaluated, as its training was cut short" in said
    opened = f"SELECT count(*) AS n FROM events WHERE what = 'truth opened' AND run = {number}"
    assert json.loads(ask("sql", opened, "--format", "json").stdout) == [{"n": 0}]
    memory = next(tmp_path.rglob("memory.md")).read_text()
    assert re.search(
        r"Of \d+ runs that could end early \d+ w\w+, by closeness, after \d+% of the steps", memory
    )
    assert "No run failed." in memory
