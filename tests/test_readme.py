"""The README's first command runs the main job; what it says of commands and results is so."""

import json
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import ROOT, environment, run

pytestmark = pytest.mark.slow  # every test starts the command as a user does

README = (ROOT / "README.md").read_text()


def commands() -> list[str]:
    """Indented lines of the README that start with a command, without what is said beside them."""
    lines = re.findall(r"^    (\S.*)$", README, flags=re.MULTILINE)
    return [re.split(r"\s{2,}", line)[0] for line in lines]


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the launch of the README's first command has run."""
    (install,) = [line for line in commands() if "launch quickstart" in line and "venv" in line]
    launch = shlex.split(install.split("&&")[-1])
    assert launch[0] == ".venv/bin/setpoint"
    folder = tmp_path_factory.mktemp("quickstart")
    result = run(*launch[1:], cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "setpoint-workspace/memory.md" in result.stdout
    return folder


def test_both_commands_install_what_they_need_and_ci_runs_the_second(tmp_path: Path) -> None:
    installing = [line for line in commands() if line.startswith("python3 -m venv")]
    assert len(installing) == 2
    assert all("pip install -e '.[dev]'" in line for line in installing)
    assert installing[1].endswith(".venv/bin/python -m pytest")
    # CI finds the very line: run its script with a shell that only says what it would do.
    script = (ROOT / ".ci" / "run").read_text()
    checkout = tmp_path / "checkout"
    (checkout / ".ci").mkdir(parents=True)
    (checkout / "README.md").write_text(README)
    (checkout / ".ci" / "run").write_text(script.replace('eval "$command"', "true"))
    said = subprocess.run(
        ["bash", checkout / ".ci" / "run"], capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == f"+ {installing[1]}"


def test_the_quickstart_trains_two_batches_of_four_slots_with_three_replicates(quickstart: Path) -> None:
    rows = json.loads(run("runs", "--format", "json", "--sort", "run", cwd=quickstart).stdout)
    assert [row["time_step"] for row in rows] == [4, 16, 32, 64] * 2
    assert [row["batch"] for row in rows] == [1] * 4 + [2] * 4
    assert all(row["state"] == "done" and row["n_replicates"] == 3 for row in rows)


def test_show_lists_the_pictures_of_a_run(quickstart: Path) -> None:
    said = run("show", "5", cwd=quickstart).stdout
    named = [part for part in said.split() if part.endswith(".png")]
    assert [Path(name).stem for name in named] == ["embedding", "loss", "rate_constants", "responses"]
    assert all((quickstart / name).read_bytes().startswith(b"\x89PNG") for name in named)


def test_the_quickstart_recovers_the_homeostatic_term_without_a_label(quickstart: Path) -> None:
    rows = json.loads(run("runs", "--format", "json", cwd=quickstart).stdout)
    assert max(row["slope_recovery"] for row in rows) > 0.7
    assert max(row["heldout_gain"] for row in rows) > 0.95
    assert all(row["rate_constants_R2_identifiable"] > 0.999 for row in rows)


def test_no_observation_of_the_quickstart_holds_a_label(quickstart: Path) -> None:
    workspace = quickstart / "setpoint-workspace"
    (folder,) = (workspace / "datasets").iterdir()
    frames = np.load(folder / "frames.npy")
    assert np.isnan(frames[:, :, 6]).all()
    assert not np.isnan(frames[:, :, :6]).any()
    assert (workspace / "sealed").stat().st_mode & 0o077 == 0


def test_the_working_memory_has_the_form_of_the_seed(quickstart: Path) -> None:
    text = (quickstart / "setpoint-workspace" / "memory.md").read_text()
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert headings == [
        "Where we stand",
        "Context",
        "What was learned",
        "Established principles",
        "Weakened and refuted",
        "Void baselines",
        "Key open problem",
        "Open questions",
        "Plan for block 2",
        "Notes",
    ]
    assert len(text.splitlines()) <= 300


def test_the_readme_shows_a_memory_that_the_quickstart_made(quickstart: Path) -> None:
    excerpt = README.split("```markdown\n")[1].split("```")[0].splitlines()
    made = (quickstart / "setpoint-workspace" / "memory.md").read_text().splitlines()
    # Figures differ in their last digits from machine to machine; headings and kinds of lines do not.
    headings = [line for line in excerpt if line.startswith(("#", "**"))]
    assert headings
    assert all(heading in made for heading in headings)


def test_every_command_of_the_readme_does_what_it_says(quickstart: Path) -> None:
    (quickstart / "my_strategy.py").write_text("def loss(batch):\n    return batch.concentration.mean()\n")
    asked = [line for line in commands() if line.startswith("setpoint ") and "my.yaml" not in line]
    assert len(asked) >= 16
    for line in asked:
        result = run(*shlex.split(line)[1:], cwd=quickstart)
        assert result.returncode == 0, f"{line}: {result.stderr}"
        assert result.stdout.strip()


def test_the_second_block_is_planned_by_the_search_and_learns_from_the_first(quickstart: Path) -> None:
    line = "setpoint launch quickstart --blocks 2"
    assert line in commands()
    result = run(*shlex.split(line)[1:], cwd=quickstart)
    assert result.returncode == 0, result.stderr
    rows = json.loads(
        run("runs", "--format", "json", "--sort", "run", "--where", "block = 2", cwd=quickstart).stdout
    )
    assert [row["time_step"] for row in rows if row["batch"] == 1] == [4, 16, 32, 64]
    assert {row["role"] for row in rows} <= {"exploit", "explore", "principle-test", "confirm"}
    assert [row["n_replicates"] for row in rows if row["role"] == "confirm"] == [5]
    # The baseline is good: what the opening did not sweep is screened around it, all at once.
    screened = [row for row in rows if row["batch"] == 1]
    assert all(row["batch_size"] != 8 and row["data_augmentation_loop"] != 120 for row in screened)
    assert all(row["parent"] is not None for row in rows)


def test_every_command_of_the_documentation_runs(quickstart: Path) -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    import make

    pages = make.pages()
    assert {"tutorial", "launch", "read", "ask", "strategy", "data"} <= {page.stem for page in pages}
    # One after the other in one folder, so that the quickstart is launched once for all of them.
    for page in sorted(pages, key=lambda page: page.stem != "tutorial"):
        text = page.read_text()
        make.write_files(text, quickstart)
        for step in make.steps(text):
            result = make.perform(step.command, quickstart)
            assert result.returncode == 0, f"{page.name}: {step.command}: {result.stdout}"


def test_the_store_is_plain_sqlite(quickstart: Path) -> None:
    connection = sqlite3.connect(quickstart / "setpoint-workspace" / "setpoint.db")
    question = (
        "SELECT run, time_step, heldout_gain FROM runs_wide WHERE exploration = 'quickstart' ORDER BY run"
    )
    rows = connection.execute(question).fetchall()
    connection.close()
    assert [run for run, _, _ in rows] == list(range(1, 17))
    assert all(gain is not None for _, _, gain in rows)


def test_the_environment_of_these_tests_is_that_of_a_user() -> None:
    assert not any(name.startswith("SETPOINT_") for name in environment())
