"""The speed table: contenders take turns, the baseline is no straw man, every section measures something."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.machine import this_machine
from benchmarks.speed.bench import setting
from benchmarks.speed.obvious import EdgeReaction
from benchmarks.speed.results import Figure, Report, Timing
from benchmarks.speed.table import duration, page
from benchmarks.speed.timing import growth_exponent, side_by_side
from benchmarks.targets import Target

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "benchmarks.speed")


def test_contenders_take_turns_and_what_comes_before_does_not_count():
    order: list[str] = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    timings = side_by_side(calls, repeats=2, per={"b": 4}, warm_up=1)
    assert order == ["a", "b"] * 6  # at least five rounds, and one before them
    assert timings["a"].repeats == timings["b"].repeats == 5
    assert timings["a"].low <= timings["a"].seconds <= timings["a"].high


def test_growth_is_the_power_of_the_size():
    assert growth_exponent({size: 0.3 * size**1.5 for size in (10.0, 20.0, 80.0)}) == pytest.approx(1.5)


def test_the_obvious_reaction_gives_the_rates_of_the_table():
    here = setting(preset="quickstart")
    obvious = EdgeReaction(here.model, here.observations.stoichiometry, width=64)
    concentration = here.data.concentration[::50]
    expected = here.reaction.rate(concentration)
    found = torch.stack([obvious(one.float()) for one in concentration]).double()
    assert (found - expected).norm() < 0.1 * expected.norm()


def figure(value: float | None) -> Figure:
    return Figure(
        section="Here",
        what="one thing",
        value=value,
        unit="times faster",
        target=Target(metric="faster", label="faster", low=12),
        timings={"slow": Timing(seconds=0.5, low=0.4, high=0.6, repeats=5, threads=1)},
    )


@pytest.mark.parametrize(("value", "verdict"), [(12.0, "met"), (11.9, "missed"), (None, "missed")])
def test_the_page_has_command_machine_contenders_and_verdict(value: float | None, verdict: str):
    report = Report(
        command="python -m benchmarks.speed",
        made_at="2026-01-02 03:04 UTC",
        quick=False,
        machine=this_machine(),
        code_version="0123456789abcdef",
        figures=(figure(value),),
    )
    text = page(report)
    assert "    python -m benchmarks.speed\n" in text
    assert f"| {verdict} | slow 500 ms (400 ms .. 600 ms, 1 thr.) |" in text
    assert report.all_met is (verdict == "met")


def test_durations_are_short():
    assert [duration(s) for s in (75.0, 1.234, 0.0123, 45e-6)] == ["75 s", "1.23 s", "12.3 ms", "45 us"]


@pytest.mark.slow
def test_a_quick_run_measures_steps_and_slots(tmp_path: Path):
    json_file = tmp_path / "speed.json"
    ended = subprocess.run(
        [*COMMAND, "--quick", "--json", str(json_file), "--only", "steps", "slots"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    figures = {one["what"]: one for one in json.loads(json_file.read_text())["figures"]}
    assert len(figures) == 7
    assert all(one["target"] is None for one in figures.values())
    values = {what: one["value"] for what, one in figures.items()}
    assert values["1 replicate, against the obvious loop"] > 2
    assert next(value for what, value in values.items() if "peak memory" in what) < 1
