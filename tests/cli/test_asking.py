"""Reading and asking: memory, runs, show, explorations, guard check, help."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Completed, one_line, run, write_toy

pytestmark = pytest.mark.slow  # every test starts the command as a user does


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace in which one block of the toy is done."""
    folder = tmp_path_factory.mktemp("launched")
    result = run("launch", write_toy(folder), cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def ask(launched: Path) -> Callable[..., Completed]:
    """The command in that folder; it must succeed."""

    def call(*arguments: str, **extra: str) -> Completed:
        result = run(*arguments, cwd=launched, **extra)
        assert result.returncode == 0, result.stderr
        assert not result.stderr
        return result

    return call


Ask = Callable[..., Completed]


def test_memory_raw_is_the_file(ask: Ask, launched: Path) -> None:
    file = launched / "setpoint-workspace" / "memory.md"
    assert ask("memory", "--raw").stdout == file.read_text()
    assert ask("memory", "--raw", "--block", "1").stdout == file.read_text()


def test_memory_is_rendered_without_its_markup(ask: Ask) -> None:
    shown = ask("memory").stdout
    assert "Working memory: toy" in shown
    assert "**" not in shown
    assert "\x1b" not in shown


def test_runs_is_a_table_with_what_matters_first(ask: Ask) -> None:
    lines = ask("runs").stdout.splitlines()
    assert lines[0].split()[:5] == ["run", "block", "time_step", "role", "strategies"]
    assert len(lines) == 1 + 8 + 1
    assert lines[-1] == "8 of 8 runs of toy"
    assert "±" in lines[1]


def test_runs_can_be_filtered_sorted_and_cut(ask: Ask) -> None:
    text = ask(
        "runs", "--where", "time_step >= 32 and closeness > 0.5", "--sort", "-closeness", "--limit", "2",
        "--format", "json",
    ).stdout  # fmt: skip
    rows = json.loads(text)
    assert len(rows) == 2
    assert all(row["time_step"] >= 32 and row["closeness"] > 0.5 for row in rows)
    assert rows[0]["closeness"] >= rows[1]["closeness"]


def test_runs_as_csv_and_json_agree(ask: Ask) -> None:
    columns = ("--columns", "run,x,closeness,state")
    rows = list(csv.DictReader(io.StringIO(ask("runs", *columns, "--format", "csv").stdout)))
    same = json.loads(ask("runs", *columns, "--format", "json").stdout)
    assert [{key: str(value) for key, value in row.items()} for row in same] == rows


def test_a_missing_metric_is_null_and_not_a_number(ask: Ask) -> None:
    rows = json.loads(ask("runs", "--format", "json", "--columns", "run,parent").stdout)
    assert [row["parent"] for row in rows] == [None] * 4 + [1, 2, 3, 4]


def test_show_says_what_why_and_how_well(ask: Ask) -> None:
    text = ask("show", "5").stdout
    for said in ("run 1: x 0.5 -> 0.1", "sweep of x over its range", "clean", "closeness", "done", "seeds"):
        assert said in text
    assert "stored before the truth was opened" in text


def test_explorations_lists_the_catalog_and_what_is_here(ask: Ask) -> None:
    text = ask("explorations").stdout
    for name in ("quickstart", "phase2_homeostasis", "phase2_seed_regime", "toy"):
        assert name in text
    assert "8 runs done, 0 failed, 1 of 1 blocks" in text


def test_a_workspace_may_be_named_by_the_environment(ask: Ask, launched: Path) -> None:
    (launched / "elsewhere").mkdir(exist_ok=True)
    result = run("runs", cwd=launched / "elsewhere", SETPOINT_WORKSPACE=str(launched / "setpoint-workspace"))
    assert result.returncode == 0
    assert ask("runs").stdout == result.stdout


@pytest.mark.parametrize("command", ["launch", "memory", "runs", "show", "explorations", "retract"])
def test_every_command_explains_itself(command: str, ask: Ask) -> None:
    text = ask(command, "--help").stdout
    assert "--workspace" in text


def test_help_and_questions_do_not_load_the_tensor_library(launched: Path) -> None:
    for arguments in (("--help",), ("runs",), ("memory",), ("show", "1"), ("explorations",)):
        result = run(*arguments, cwd=launched, PYTHONPROFILEIMPORTTIME="1")
        assert result.returncode == 0
        assert "import time:" in result.stderr
        assert " torch\n" not in result.stderr


LEAK = """
def loss(batch):
    frames = batch.frames
    types = frames[:, :, 6]
    return (types * batch.weights).mean()
"""

CLEAN = """
def loss(batch):
    concentration = batch.concentration
    return (concentration[:, 6] - batch.weights).square().mean()
"""


def test_guard_check_passes_what_does_not_read_the_label(ask: Ask, launched: Path) -> None:
    (launched / "clean.py").write_text(CLEAN)
    assert "0 leaks, 0 undecidable in 1 file" in ask("guard", "check", "clean.py").stdout


def test_guard_check_names_the_line_that_reads_the_label(launched: Path) -> None:
    (launched / "leaky.py").write_text(LEAK)
    result = run("guard", "check", "leaky.py", cwd=launched)
    assert result.returncode == 1
    assert "leaky.py:4:" in result.stdout
    assert "frames[:, :, 6]" in result.stdout
    as_json = run("guard", "check", "leaky.py", "--json", cwd=launched)
    assert as_json.returncode == 1
    json.loads(as_json.stdout)


def test_guard_check_of_broken_code_is_one_clear_line(launched: Path) -> None:
    (launched / "broken.py").write_text("def loss(:\n")
    result = run("guard", "check", "broken.py", cwd=launched)
    assert result.returncode == 2
    assert "broken.py" in one_line(result)


def test_a_reader_of_a_pipe_may_leave(launched: Path) -> None:
    import subprocess

    from tests.cli.conftest import SETPOINT, environment

    done = subprocess.run(
        f"{SETPOINT} runs --columns all --format csv | head -n 1",
        shell=True, cwd=launched, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("exploration,run")
    assert "Traceback" not in done.stderr


def test_status_says_how_far_it_is_and_how_to_go_on(ask: Ask) -> None:
    lines = ask("status").stdout.splitlines()
    assert lines[0] == "toy · not running · block 1 of 1, closed"
    said = {line.split("  ")[0]: line for line in lines[1:]}
    assert "8 of 8 ended: 8 done, 0 failed" in said["runs"]
    assert "run " in said["best so far"]
    assert said["failures"].endswith("none")
    assert json.loads(ask("status", "--json").stdout)["running"] is False


def test_runs_by_group_hold_every_run_once(ask: Ask) -> None:
    rows = json.loads(ask("runs", "--group-by", "time_step", "--format", "json").stdout)
    assert [(row["time_step"], row["runs"]) for row in rows] == [(4, 2), (16, 2), (32, 2), (64, 2)]
    table = ask("runs", "--group-by", "role,time_step", "--sort", "-closeness").stdout
    assert table.splitlines()[0].split()[:4] == ["role", "time_step", "runs", "failed"]
    assert "median ±sd over the runs of a group" in table


def test_compare_shows_what_differs_and_judges_it(ask: Ask) -> None:
    text = ask("compare", "1", "5").stdout
    assert "What differs" in text
    assert "Run 5 " in text.splitlines()[-1]
    made = json.loads(ask("compare", "1", "5", "--json").stdout)
    assert set(made["differs"]) == {"x"}
    assert made["runs"] == [1, 5]


def test_the_tree_hangs_each_run_below_the_one_that_it_mutates(ask: Ask, launched: Path) -> None:
    lines = ask("tree").stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if "run 1 " in line)
    assert "run 5 " in lines[at + 1]
    assert "best so far" in "\n".join(lines)
    assert len(ask("tree", "--run", "5").stdout.splitlines()) == 4
    ask("tree", "--svg", "tree.svg")
    drawn = (launched / "tree.svg").read_bytes()
    assert b"toy: the search tree" in drawn
    ask("tree", "--svg", "again.svg")
    assert (launched / "again.svg").read_bytes() == drawn


def test_sql_answers_and_cannot_write(ask: Ask, launched: Path) -> None:
    answer = run("sql", "SELECT count(*) AS n FROM runs_wide", "--format", "json", cwd=launched)
    assert json.loads(answer.stdout) == [{"n": 8}]
    refused = run("sql", "DELETE FROM runs", cwd=launched)
    assert refused.returncode == 2
    assert "one statement that only reads" in one_line(refused)
    assert ask("runs").stdout.splitlines()[-1] == "8 of 8 runs of toy"
