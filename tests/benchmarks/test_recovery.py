"""The recovery benchmark: its bound is a bound, its judgements are strict, and its cells are launches."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.machine import this_machine
from benchmarks.page import command_of
from benchmarks.recovery.cells import Cell, cells_of, spec_of
from benchmarks.recovery.conditions import BY_NAME, CONDITIONS, Condition, Variant
from benchmarks.recovery.docs import page
from benchmarks.recovery.lanes import run_lane
from benchmarks.recovery.measure import failed_row
from benchmarks.recovery.networks import networks_of
from benchmarks.recovery.oracle import OracleFit, oracle_fit, oracle_metrics, slowing
from benchmarks.recovery.results import Figure, Report, Row, figures_of, judge
from benchmarks.recovery.table import tallies, verdict_of
from benchmarks.targets import Target
from blocks.errors import SpecError
from blocks.run import Metrics
from sim.identifiability import identifiability
from sim.networks.generate import generate_network
from sim.networks.settings import DataSettings
from sim.simulate import simulate

ROOT = Path(__file__).parents[2]


def bound(*, window: int = 1, told: bool = True, **data: object) -> tuple[OracleFit, Metrics]:
    """What the oracle makes of a small network."""
    settings = DataSettings.model_validate({"preset": "quickstart", "seed": 3, **data})
    network = generate_network(settings)
    concentration = simulate(network, settings)
    fit = oracle_fit(
        concentration,
        network.stoichiometry,
        network.truth,
        dt=settings.dt,
        window=window,
        flux_limit=settings.flux_limit and told,
    )
    seen = identifiability(network.stoichiometry, concentration).determined
    return fit, oracle_metrics(fit, concentration, network.truth, seen)


def assert_exact(metrics: Metrics, n_types: int = 2) -> None:
    assert metrics["rate_constants_R2_identifiable"] == pytest.approx(1, abs=1e-9)
    for kind in range(n_types):
        for name in ("slope_ratio", "offset_ratio"):
            for suffix in ("", "_median", "_pooled"):
                assert metrics[f"{name}_{kind}{suffix}"] == pytest.approx(1, abs=1e-5)
        assert metrics[f"slope_ratio_{kind}_iqr"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("window", [1, 32])
def test_the_oracle_recovers_a_noise_free_network_exactly_in_every_window(window: int) -> None:
    _, metrics = bound(window=window)
    assert_exact(metrics)


def test_the_oracle_knows_that_substrates_saturate() -> None:
    _, metrics = bound(substrate="saturating")
    assert_exact(metrics)


def test_the_oracle_is_exact_under_a_flux_limit_only_where_it_is_told_of_it() -> None:
    data = {"topology": "random", "exponents": [1, 2], "max_substrates": 4, "flux_limit": True}
    data |= {"log10_k": [-1, 0], "n_metabolites": 30, "n_reactions": 40, "initial": [4, 9]}
    settings = DataSettings.model_validate({"preset": "quickstart", "seed": 3, **data})
    network = generate_network(settings)
    here = simulate(network, settings)[:-1]
    assert (slowing(here, network.stoichiometry, network.truth, dt=settings.dt) < 1).any()
    told, ignored = bound(**data)[1], bound(told=False, **data)[1]
    assert told["slope_ratio_0"] == pytest.approx(1, abs=1e-4)
    assert told["slope_ratio_1"] == pytest.approx(1, abs=1e-4)
    assert max(abs((ignored[f"slope_ratio_{kind}"] or 0) - 1) for kind in (0, 1)) > 0.05


def test_a_longer_window_takes_the_bias_of_derivative_noise_out_of_the_slopes() -> None:
    def missed(window: int) -> float:
        metrics = bound(window=window, noise=0.01, n_frames=1200)[1]
        return max(abs((metrics[f"slope_ratio_{kind}_median"] or 0) - 1) for kind in (0, 1))

    assert missed(64) < 0.5 * missed(1)


def test_knowing_the_types_tightens_the_bound_under_noise() -> None:
    metrics = bound(window=64, noise=0.01, n_frames=1200)[1]

    def missed(suffix: str) -> float:
        return max(abs((metrics[f"slope_ratio_{kind}{suffix}"] or 0) - 1) for kind in (0, 1))

    assert missed("_pooled") < missed("")


def row(**changes: object) -> Row:
    """A finished row of a network whose two types have the slopes 0.99 and 1.01."""
    slopes = {f"slope_ratio_{kind}": value for kind, value in enumerate((0.99, 1.01))}
    content = {
        "condition": "noise_free",
        "seed": 1,
        "exploration": "noise_free-seed1",
        "workspace": "noise_free",
        "state": "done",
        "n_types": 2,
        "metrics": {name: Figure(median=value, worst=value, n=3) for name, value in slopes.items()},
        "phase1_s": 5.0,
        "phase2_s": 60.0,
    }
    return Row.model_validate(content | changes)


SLOPE = Target(metric="slope_ratio_<type>", label="slope", low=0.98, high=1.02)


def test_every_type_must_be_within_its_range_and_a_mean_that_is_does_not_help() -> None:
    (good,) = judge(row(), (SLOPE,))
    assert good.met
    apart = {f"slope_ratio_{k}": Figure(median=v, worst=v, n=3) for k, v in enumerate((0.9, 1.1))}
    (bad,) = judge(row(metrics=apart), (SLOPE,))
    assert not bad.met
    assert bad.values == {"slope_ratio_0": 0.9, "slope_ratio_1": 1.1}


def test_what_is_missing_or_failed_meets_no_target() -> None:
    for poor in (row(metrics={}), row(state="failed"), row(n_types=0)):
        (judgement,) = judge(poor, (SLOPE,))
        assert not judgement.met
        assert judgement.worst is None


def test_under_a_limit_excludes_the_limit_itself() -> None:
    phase_2 = Target(metric="phase2_s", label="Phase 2", high=60, below=True)
    assert not judge(row(), (phase_2,))[0].met
    assert judge(row(phase2_s=59.9), (phase_2,))[0].met
    assert phase_2.wanted == "< 60 s"


def test_a_row_without_targets_is_reported_and_never_judged() -> None:
    assert row().met is None
    assert verdict_of(row()) == "report"


def test_the_median_over_replicates_is_judged_and_the_worst_one_is_shown() -> None:
    figures = figures_of(({"gain": 0.9}, {"gain": 0.5}, {"gain": 0.8}, {"gain": None}), {"gain": 1.0})
    assert figures["gain"] == Figure(median=0.8, worst=0.5, n=3)


def report(*rows: Row) -> Report:
    return Report(
        command="python -m benchmarks.recovery",
        made_at="2026-01-01 00:00 UTC",
        quick=False,
        machine=this_machine(),
        code_version="0123456789abcdef",
        rows=rows,
    )


def judged(seed: int, slope: float) -> Row:
    one = row(seed=seed, metrics={f"slope_ratio_{k}": Figure(median=slope, worst=slope, n=3) for k in (0, 1)})
    return one.model_copy(update={"judgements": judge(one, (SLOPE,))})


def test_one_network_that_misses_makes_the_condition_miss_though_the_mean_is_fine() -> None:
    made = report(judged(1, 1.0), judged(2, 1.03), judged(3, 0.99))
    (tally,) = tallies(made)
    assert (tally.met, tally.networks, tally.worst) == (2, 3, 1.03)
    assert tally.verdict == "MISSED in 1 (network 2)"
    assert verdict_of(made.rows[1]) == "MISSED: slope 1.030 / 1.030 (0.98 .. 1.02)"
    assert not made.all_met
    assert report(judged(1, 1.0)).all_met


def test_a_report_comes_back_from_its_json_as_it_was_and_its_page_names_command_machine_and_figures() -> None:
    made = report(judged(1, 1.0), judged(2, 1.03))
    assert Report.model_validate_json(made.model_dump_json()) == made
    text = page(made)
    for part in (made.command, made.machine.cpu, "MISSED in 1 (network 2)", "1.030 / 1.030"):
        assert part in text


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_every_condition_is_an_exploration_that_can_be_launched_or_says_what_it_lacks(
    condition: Condition, tmp_path: Path
) -> None:
    for cell in cells_of([condition.name], [7], quick=False, root=tmp_path):
        if cell.missing:
            skipped = failed_row(cell, cell.missing, skipped=True)
            assert (skipped.state, skipped.note, skipped.met) == ("skipped", cell.missing, None)
            assert not report(skipped).all_met
            continue
        spec = spec_of(cell)
        assert spec.data["seed"] == 7
        assert dict(condition.data).items() <= spec.data.items()
        assert dict(condition.foundation).items() <= spec.foundation.items()
        assert spec.name.startswith(f"{condition.name}-")
        assert "seed7" in spec.name


def test_a_cell_whose_settings_change_is_another_exploration(tmp_path: Path) -> None:
    (cell,) = cells_of(["noise_free"], [1], quick=False, root=tmp_path)
    (other,) = cells_of(["noise_free"], [2], quick=False, root=tmp_path)
    changed = type(cell)(
        cell.condition, Variant(values={"lr_emb_homeo": 3e-2}), cell.seed, quick=False, workspace=tmp_path
    )
    assert len({spec_of(one).name for one in (cell, other, changed)}) == 3
    assert spec_of(cell) == spec_of(cell)


def test_strategies_that_this_version_lacks_are_named(tmp_path: Path) -> None:
    (cell,) = cells_of(["noise_free"], [1], quick=False, root=tmp_path)
    lacking = type(cell)(
        cell.condition, Variant(more_strategies=("soothsaying",)), 1, quick=False, workspace=tmp_path
    )
    assert lacking.missing == "there is no strategy soothsaying in this version"
    assert not cell.missing


def test_small_networks_are_not_judged_and_say_nothing_about_size(tmp_path: Path) -> None:
    (cell,) = cells_of(["noise_free"], [1], quick=True, root=tmp_path)
    assert cell.targets == ()
    assert BY_NAME["noise_free"].targets
    with pytest.raises(SpecError, match="leaves out large"):
        cells_of(["large"], [1], quick=True, root=tmp_path)


def test_for_a_network_that_cannot_be_simulated_the_next_seed_stands_in():
    wild = Condition("wild", "wild", {"log10_k": [-1.0, -0.5]})
    kept = networks_of(wild, [1, 2, 3], quick=True)
    assert len(kept) == 3
    assert 1 not in kept
    assert networks_of(wild, kept, quick=True) == kept


def benchmark(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.recovery", "--workspace", str(folder / "work"), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_a_quick_run_measures_one_condition_end_to_end_and_never_trains_it_twice(tmp_path: Path) -> None:
    json_file, docs_file = tmp_path / "report.json", tmp_path / "recovery.md"
    arguments = ("--quick", "--conditions", "noise_free", "--json", str(json_file))
    first = benchmark(tmp_path, *arguments, "--write-docs", str(docs_file))
    assert first.returncode == 0, first.stderr
    (one,) = json.loads(json_file.read_text())["rows"]
    assert one["state"] == "done"
    assert one["guard"]["verdict"] == "clean"
    assert one["metrics"]["rate_constants_R2_identifiable"]["median"] > 0.999
    for kind in (0, 1):
        assert one["metrics"][f"slope_ratio_{kind}"]["median"] == pytest.approx(1, abs=0.1)
        assert one["nuisance"][f"slope_ratio_{kind}"] == pytest.approx(1, abs=0.02)
        assert one["oracle"]["metrics"][f"slope_ratio_{kind}"] == pytest.approx(1, abs=1e-4)
    assert one["phase1_s"] > 0
    assert one["phase2_s"] > 0
    assert np.isclose(float(one["nuisance"]["type_ari"]), 1)
    page = docs_file.read_text()
    assert "python -m benchmarks.recovery --quick --conditions noise_free\n" in page
    assert str(tmp_path) not in page
    assert "noise-free, 2 types" in first.stdout

    again = benchmark(tmp_path, *arguments)
    assert again.returncode == 0, again.stderr
    assert "fitting" not in again.stderr
    assert json.loads(json_file.read_text())["rows"] == [one]

    shown = benchmark(tmp_path, "--from-json", str(json_file))
    assert shown.stdout == again.stdout


@pytest.mark.slow
def test_a_cell_that_cannot_be_launched_is_a_failed_row_and_costs_no_other(tmp_path: Path) -> None:
    target = Target(metric="type_ari", label="type ARI", low=1.0)
    explosive = Condition("noise_free", "explosive", {"log10_k": [2, 3]}, targets=(target,))
    cells = [
        Cell(condition, Variant(), 1, quick=quick, workspace=tmp_path)
        for condition, quick in ((explosive, False), (BY_NAME["noise_free"], True))
    ]
    failed, fine = run_lane(cells)
    assert failed.state == "failed"
    assert "must stay finite" in failed.note
    assert failed.met is False
    assert fine.state == "done"


def test_the_command_on_record_names_no_place_of_the_caller():
    given = ["--seeds", "1", "2", "--workspace", "somewhere/else", "--json=out.json", "--quick"]
    assert command_of("benchmarks.recovery", given) == "python -m benchmarks.recovery --seeds 1 2 --quick"


LANE = """
import time

if __name__ == "__main__":
    from benchmarks.recovery.lanes import processes

    with processes(1) as pool:
        pool.submit(print, "under way", flush=True).result()
        pool.submit(time.sleep, 60).result()
"""


def test_lanes_end_with_the_benchmark_when_it_is_asked_to_end(tmp_path: Path) -> None:
    script = tmp_path / "lane.py"
    script.write_text(LANE, encoding="utf-8")
    command, environment = [sys.executable, str(script)], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as benchmark:
        assert benchmark.stdout is not None
        assert benchmark.stdout.readline() == "under way\n"
        benchmark.terminate()
        # A process that lived on would hold its end of the pipe, so that this would wait for it.
        assert benchmark.communicate(timeout=20)[0] == ""
