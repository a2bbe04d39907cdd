"""The speed sections about commands, store and Optuna: they measure what they say, on realistic stores."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.speed import commands, store
from benchmarks.speed.filling import carry_out, fill, new_store
from benchmarks.speed.launched import Launched, planner_of
from benchmarks.speed.made_up import MadeUp
from benchmarks.speed.results import Figure
from benchmarks.speed.writers import WRITERS
from memory import Store, Workspace
from memory.findings import findings
from memory.past import configuration

ROOT = Path(__file__).parents[2]
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything that a database holds, by table, and the view."""
    connection = sqlite3.connect(folder / "setpoint.db")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
    found["view"] = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'view'").fetchall()
    connection.close()
    return found


def test_a_store_filled_in_bulk_holds_the_rows_that_the_stores_own_calls_write(tmp_path: Path) -> None:
    def clock() -> datetime:
        return MOMENT

    in_bulk, by_calls = MadeUp(), MadeUp()
    with new_store(tmp_path / "bulk", in_bulk, clock=clock) as bulk:
        fill(bulk, in_bulk, 5)
    with new_store(tmp_path / "calls", by_calls, clock=clock) as calls:
        for _ in range(5):
            carry_out(calls, by_calls.spec.name, by_calls.block())
    bulk_rows, call_rows = rows(tmp_path / "bulk"), rows(tmp_path / "calls")
    assert len(call_rows["runs"]) == 40
    assert {row[2] for row in call_rows["blocks"]} == {"closed"}
    assert bulk_rows == call_rows


def test_a_made_up_exploration_is_like_one_that_was_searched(tmp_path: Path) -> None:
    made_up = MadeUp()
    with new_store(tmp_path, made_up) as full:
        fill(full, made_up, 25)
        runs = full.runs(made_up.spec.name)
    home = [run for run in runs if not run.proposal.network]
    assert len({configuration(run.proposal.spec) for run in home}) == len(home)
    assert any(run.failure for run in runs)
    for run in home:
        if run.proposal.parent is not None:
            parent = runs[run.proposal.parent - 1]
            assert len(run.proposal.spec.differs_from(parent.proposal.spec)) == 1
    for run in runs:
        assert run.failure or [set(replicate) for replicate in run.metrics] == [set(made_up.metrics)] * 3


def test_a_made_up_exploration_repeats_pairs_on_fresh_networks_so_that_statements_are_established(
    tmp_path: Path,
) -> None:
    made_up = MadeUp()
    with new_store(tmp_path, made_up) as full:
        fill(full, made_up, 25)
        past = full.past(made_up.spec.name, made_up.spec.objective)
    fresh = [run for run in past if run.proposal.network]
    for before, after in zip(fresh[::2], fresh[1::2], strict=True):
        assert before.dataset == after.dataset != past[0].dataset
        assert len(after.proposal.spec.differs_from(before.proposal.spec)) == 1
        for side in (before, after):
            source = past.by_number(side.proposal.parent)
            assert source is not None
            assert source.proposal.spec.differs_from(side.proposal.spec) == []
    told = findings(made_up.spec, past, metrics=made_up.metrics)
    assert {run.proposal.network for run in fresh} == {1, 2}
    assert any(one.status == "established" for one in told)


def by_name(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.what.split(",")[0]: figure for figure in figures}


@pytest.mark.slow
def test_the_section_store_plans_records_asks_and_remembers() -> None:
    found = by_name(list(store.measure(quick=True)))
    assert found["propose a batch"].details["slots"] == 4
    assert found["runs --where"].details["rows"] > 0
    assert found["regenerate memory.md"].details["lines"] > 50
    at_once = found["8 processes recording at once: errors"]
    assert at_once.value == 0, at_once.note
    assert at_once.details["runs that ended"] == WRITERS * 2 * MadeUp().slots_of_a_block
    for what in ("propose a batch", "record a run"):
        growth = found[f"{what}: growth with the runs in the store"]
        assert set(growth.timings) == {f"{size} runs" for size in store.QUICK_SIZES}
    assert all(figure.value is not None for figure in found.values())


def test_planning_in_a_going_launch_reads_what_was_recorded_since(tmp_path: Path) -> None:
    made_up = MadeUp()
    with new_store(tmp_path, made_up) as full:
        fill(full, made_up, 2)
        here = Launched(made_up, full, planner_of(made_up))
        before = here.propose()
        carry_out(full, here.name, made_up.block())
        after = here.propose()
        assert [p.spec for p in after] != [p.spec for p in before]
        with here.anew() as first:
            assert first.propose() == after


@pytest.mark.slow
def test_the_section_commands_starts_the_command_that_is_installed() -> None:
    found = list(commands.measure(quick=True))
    assert [figure.target is not None for figure in found] == [True, True, True, False, True, True]
    for figure in found[:4]:
        assert figure.value is not None
        assert figure.value > figure.timings["python"].seconds
    size = found[-1].value
    assert size is not None
    assert 0.5 < size < 5  # MB; the charts' library is in it


@pytest.mark.slow
def test_the_section_optuna_runs_both_contenders() -> None:
    pytest.importorskip("optuna", reason="an extra: pip install -e '.[bench]'")
    from benchmarks.speed import optuna

    ours = ("setpoint", "setpoint, ucb")
    for figure, name in zip(optuna.measure(quick=True), ours, strict=True):
        assert set(figure.timings) == {name, "optuna"}
        assert figure.value == pytest.approx(figure.timings["optuna"].seconds / figure.timings[name].seconds)


def test_our_contender_writes_whole_lives_with_three_replicates(tmp_path: Path) -> None:
    from benchmarks.speed.optuna import Setpoint

    contender = Setpoint(tmp_path)
    for _ in range(24):
        contender.trial()
    contender.close()
    with Store.open(Workspace(tmp_path), create=False) as kept:
        (info,) = kept.explorations()
        assert (info.n_done, info.blocks_closed) == (24, 3)
        assert len({configuration(run.proposal.spec) for run in kept.runs(info.name)}) == 24
        for run in kept.runs(info.name):
            assert [event.what for event in kept.events(info.name, run=run.number)] == [
                "planned", "started", "trained", "truth opened", "done"
            ]  # fmt: skip
            assert len(run.metrics) == 3


def test_without_optuna_the_section_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "from benchmarks.speed.__main__ import main\n"
        "sys.exit(main(['--quick', '--only', 'optuna']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "pip install -e '.[bench]'" in result.stderr
    assert "Traceback" not in result.stderr
