"""Reading and asking: memory, runs, show, explorations, guard check, help."""

import csv
import fcntl
import io
import json
import os
import pty
import shutil
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from blocks.loading import parse_exploration
from memory.sql import ask_sql
from memory.workspace import Workspace
from tests.cli.conftest import SETPOINT, TOY, Completed, ask_here, environment, one_line, run

pytestmark = pytest.mark.slow  # every test starts the command as a user does


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory, one_launch: tuple[Path, Completed]) -> Path:
    """A folder with a workspace in which one block of the toy is done."""
    folder, result = one_launch
    assert result.returncode == 0, result.stderr
    return Path(shutil.copytree(folder, tmp_path_factory.mktemp("asked") / "toy"))


@pytest.fixture
def ask(launched: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Completed]:
    """The command in that folder; it must succeed."""

    def call(*arguments: str) -> Completed:
        result = ask_here(*arguments, cwd=launched, capsys=capsys)
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


def test_best_says_how_it_is_known_and_gives_its_configuration(ask: Ask) -> None:
    said = json.loads(ask("best", "--json").stdout)
    assert (said["confirmed"], said["networks"], said["seeds"]) == (False, 1, 3)
    assert f"/toy/{said['run']:06d}" in said["parameters"][str(said["run"])]
    facts, _, fragment = ask("best").stdout.partition("\n\n")
    assert facts.startswith(f"toy · best: run {said['run']} · not yet confirmed")
    assert "overstate" in facts
    assert "to confirm   fresh seeds: 5 of them" in facts
    made = YAML(typ="safe", pure=True).load(fragment)
    per_slot = {"time_step": said["values"]["time_step"]}
    assert made["baseline"] | per_slot == said["values"]
    assert made["strategies"] == {"baseline": ["plain"], "open": ["fancy"]}
    kept = TOY.replace("{x: 0.5, y: 0.5, mode: good, step_s: 0.0}", "null").replace("baseline: null\n", "")
    again = kept.replace("strategies: {baseline: [plain], open: [fancy]}\n", fragment)
    assert parse_exploration(again, source="again", check=False).baseline == made["baseline"]


def test_a_rerun_is_bit_identical_and_changes_nothing_but_the_journal(ask: Ask, launched: Path) -> None:
    before = ask("runs", "--columns", "all", "--format", "csv").stdout
    result = run("rerun", "5", cwd=launched)
    assert result.returncode == 0
    assert result.stdout.startswith("run 5 of toy: bit-identical, ")
    assert ask("runs", "--columns", "all", "--format", "csv").stdout == before
    assert not list((launched / "setpoint-workspace").glob("rerun-*"))
    events = ask_sql(
        Workspace(launched / "setpoint-workspace"), "SELECT run, detail FROM events WHERE what = 'rerun'"
    )
    assert events.rows == [(5, "bit-identical")]


def test_a_rerun_with_other_code_or_data_is_refused_or_says_what_differs_first(launched: Path) -> None:
    other_code = run("rerun", "5", cwd=launched, TOY_VERSION="toy 2")
    assert other_code.returncode == 2
    assert "the training code is another one" in one_line(other_code)
    assert "--anyway" in one_line(other_code)
    (foundation,) = (launched / "setpoint-workspace" / "foundations").glob("*/candidate.json")
    kept = foundation.read_text()
    try:
        foundation.write_text("0.5")
        assert "the toy foundation is another one" in one_line(run("rerun", "5", cwd=launched))
        anyway = run("rerun", "5", "--anyway", cwd=launched)
    finally:
        foundation.write_text(kept)
    assert anyway.returncode == 1
    assert "not as it was: the toy foundation is another one" in anyway.stderr
    assert "not identical" in anyway.stdout
    assert "trained.json: [0] was 0." in anyway.stdout
    assert "a difference of 0.24" in anyway.stdout
    assert (launched / anyway.stdout.split(" is kept in ")[1].strip() / "trained.json").is_file()


def _completed(line: str, launched: Path) -> list[str]:
    words = line.split(" ")
    result = run(
        cwd=launched,
        _SETPOINT_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
        PYTHONPROFILEIMPORTTIME="1",
    )
    loaded = {name.rpartition("|")[2].strip() for name in result.stderr.splitlines()}
    assert not loaded & {"sqlalchemy", "numpy", "torch", "pandas", "scipy"}
    return result.stdout.split()


def test_the_shell_completes_commands_options_explorations_columns_and_runs(launched: Path) -> None:
    assert _completed("setpoint reru", launched) == ["rerun"]
    assert _completed("setpoint runs --gr", launched) == ["--group-by"]
    assert _completed("setpoint launch qu", launched) == ["quickstart"]
    assert _completed("setpoint launch to", launched) == ["toy"]
    assert _completed("setpoint runs --sort run,clos", launched) == ["run,closeness", "run,closeness_sd"]
    assert _completed("setpoint runs --where answ", launched) == ["answer", "answer_sd"]
    assert _completed("setpoint show ", launched) == [str(number) for number in range(8, 0, -1)]


def test_pictures_are_drawn_in_a_terminal_that_can_and_named_everywhere_else(
    ask: Ask, launched: Path
) -> None:
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("textual_image", reason="an extra: pip install -e '.[pictures]'")
    folder = launched / "setpoint-workspace" / "pictures" / "toy" / "000003"
    image.new("RGB", (60, 40), "red").save(folder / "square.png")
    assert "pictures/toy/000003/square.png" in ask("show", "3").stdout
    refused = run("show", "3", "--pictures", cwd=launched)
    assert refused.returncode == 2
    assert "must have a terminal" in one_line(refused)
    sixel = "\x1bP"
    assert sixel in _on_a_sixel_terminal(launched, "show", "3")
    assert sixel not in _on_a_sixel_terminal(launched, "show", "3", "--no-pictures")


def _on_a_sixel_terminal(folder: Path, *arguments: str) -> str:
    """What a command prints on a terminal that says, when it is asked, that it draws sixels."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 1200, 800))
    with subprocess.Popen(
        [SETPOINT, *arguments], cwd=folder, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        printed, answered = b"", False
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            printed += part
            if not answered and b"\x1b[c" in printed:
                os.write(ours, b"\x1b[?62;4c")
                answered = True
        os.close(ours)
        assert process.wait(30) == 0, printed
    return printed.decode(errors="replace")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "abc"), "but got 'abc'"),
        (("runs", "--limit", "0"), "but got '0'"),
        (("-w", "x", "runs"), "options stand behind the command"),
        (("tree", "--svg"), "requires an argument. See: setpoint tree --help"),
        (("report", "--out", "."), "a folder is in its place"),
    ],
)
def test_a_mistake_is_answered_with_the_value_and_a_remedy(
    arguments: tuple[str, ...], said: str, launched: Path
) -> None:
    result = run("--verbose", *arguments, cwd=launched)
    assert result.returncode == 2
    assert said in one_line(result)
    assert "Traceback" in result.stderr


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


def in_a_shell(line: str, *, cwd: Path, **extra: str) -> Completed:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=cwd, env=environment(**extra), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_reader_of_a_pipe_may_leave(launched: Path) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 30000"
    done = in_a_shell(f"{SETPOINT} sql '{many}' | head -n 1", cwd=launched)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "i", "")


@pytest.mark.parametrize(
    ("stdout", "code", "said"),
    [(">&-", 0, ""), (">/dev/full", 2, "setpoint: stdout must take what is said, but cannot")],
)
def test_a_stdout_that_is_closed_or_full_is_no_traceback(
    stdout: str, code: int, said: str, launched: Path
) -> None:
    done = in_a_shell(f"{SETPOINT} runs {stdout}", cwd=launched, PYTHONIOENCODING="ascii")
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == bool(said)


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
