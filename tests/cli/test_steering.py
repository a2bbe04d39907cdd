"""What people bring in, on the command line: steering, notes, prior knowledge, and what came of it."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.cli.conftest import Completed, ask_here, run, write_toy

pytestmark = pytest.mark.slow  # the first of them starts two launches as a user does

SEED = """# An earlier study

## What was learned
- x above 0.8 fails
- fancy helps
- The weather was fine.

## Void baselines
- Runs 1 to 9: they read the answer.
"""


@pytest.fixture(scope="module")
def steered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prior knowledge before the first launch, one block without steering, one with."""
    folder = tmp_path_factory.mktemp("steered")
    (folder / "seed.md").write_text(SEED)
    toy = write_toy(folder)
    for arguments in (
        ("memory", "--import", "seed.md"),
        ("launch", toy),
        ("launch", toy, "--blocks", "2", "--steer", "fix time_step=16", "--steer", "Monday was warm"),
    ):
        result = run(*arguments, cwd=folder)
        assert result.returncode == 0, result.stderr
    return folder


Ask = Callable[..., Completed]


@pytest.fixture
def ask(steered: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """A command in that folder, in this process: none of them trains."""
    return partial(ask_here, cwd=steered, capsys=capsys)


def test_steering_is_obeyed_from_the_next_batch_shown_and_given_as_the_reason(ask: Ask) -> None:
    rows = json.loads(ask("runs", "--format", "json", "--columns", "run,block,time_step").stdout)
    assert {row["time_step"] for row in rows if row["block"] == 1} == {4, 16, 32, 64}
    assert {row["time_step"] for row in rows if row["block"] == 2} == {16}
    assert "steered: #1 fix time_step=16" in ask("show", "9").stdout
    text = ask("memory", "--raw").stdout
    section = text.split("## Steering in force\n")[1].split("\n\n")[0]
    assert section.splitlines() == [
        "- #1 fix time_step=16  [since block 2, batch 1]",
        "- #2 Monday was warm  [a note, not a constraint; since block 2, batch 1]",
    ]
    assert "steered: #1 fix time_step=16" in text.split("## Plan for block 3")[1]


def test_prior_knowledge_is_shown_as_such_and_void_baselines_apart(ask: Ask) -> None:
    text = ask("memory", "--raw", "--block", "1").stdout
    priors = text.split("## Prior knowledge, not yet tested here\n")[1].split("\n\n")[0]
    assert "- fancy helps  [seed.md:5; not yet tested]" in priors
    assert "- The weather was fine.  [seed.md:6; text only]" in priors
    assert "- Runs 1 to 9: they read the answer.  [imported, seed.md:9]" in text.split("## Void baselines")[1]


def test_the_difference_between_blocks_reads_without_a_terminal(ask: Ask) -> None:
    text = ask("memory", "--diff", "1", "2").stdout
    assert text.startswith("toy: block 1 -> block 2\n  - runs: 8 runs")
    assert "\n  - best: run " in text
    assert "\nSteering\n  - new: #1 fix time_step=16" in text
    assert "\nPlan for block 3\n  - slot 0: " in text
    assert "\x1b" not in text
    assert not {"---", "+++", "@@"} & set(text.split())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("memory", "--diff", "1", "7"), "got 7; kept blocks: 1, 2; the nearest is 2"),
        (("memory", "--diff", "1", "2", "--raw"), "--diff and --raw answer different questions"),
        (
            ("memory", "--block", "1", "--import", "seed.md"),
            "--block and --import answer different questions",
        ),
        (("memory", "--import", "none.md"), "none.md: cannot be read (No such file or directory)"),
        (("memory", "--forget", "none.md"), "got 'none.md'; known: seed.md ("),
        (("launch", "toy.yaml", "--steer", "fix tim_step=4"), "did you mean time_step?"),
        (
            ("launch", "toy.yaml", "--steer", "fix time_step=4"),
            "`#1 fix time_step=16` and `#3 fix time_step=4`",
        ),
        (
            ("launch", "toy.yaml", "--unsteer", "9"),
            "got 9; in force: #1 fix time_step=16; #2 Monday was warm",
        ),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(ask: Ask, arguments: tuple[str, ...], error: str) -> None:
    said = ask(*arguments)
    assert said.returncode == 2
    assert error in said.stderr
    assert said.stderr.startswith("setpoint: ")
    assert said.stderr.count("\n") == 1


def test_notes_steer_lines_that_are_not_understood_are_shown_and_importing_again_changes_nothing(
    steered: Path, ask: Ask
) -> None:
    assert "seed.md was imported before; nothing changed" in ask("memory", "--import", "seed.md").stdout
    memory = steered / "setpoint-workspace" / "memory.md"
    memory.write_text(memory.read_text() + "- avoid fancy\n- use fancyy\nLook at x.\n")
    result = run("launch", "toy.yaml", "--blocks", "2", "--unsteer", "1", cwd=steered)
    assert "steering #1 is lifted from the next batch on" in result.stderr
    text = memory.read_text()
    assert "- #3 avoid fancy  [from the next batch]" in text
    assert "- Not obeyed: use fancyy: fancyy is no strategy of toy; did you mean fancy?" in text
    assert "#1 fix" not in text
    assert text.endswith("- avoid fancy\n- use fancyy\nLook at x.\n")
    plan = text.split("## Plan for block 3")[1]
    assert "with fancy" not in plan
    assert ask("memory", "--forget", "seed.md").stdout == "seed.md is forgotten from the next batch on\n"
