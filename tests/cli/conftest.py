"""The command as a user runs it: another process, its own folder, nothing patched."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import run as run_here

ROOT = Path(__file__).parents[2]
SETPOINT = Path(sys.executable).with_name("setpoint")
PLUGINS = ROOT / "tests" / "plugins"

TOY = """
name: toy
problem: toy
data: {seed: 1}
objective: closeness
space:
  time_step: {kind: per_slot, values: [4, 16, 32, 64], topic: Time step}
  x: {kind: linear, low: 0.0, high: 1.0}
  y: {kind: linear, low: 0.0, high: 1.0}
baseline: {x: 0.5, y: 0.5, mode: good, step_s: 0.0}
sweep: {x: [0.1, 0.3, 0.6, 0.9]}
strategies: {baseline: [plain], open: [fancy]}
planner: {name: ucb}
limits: {timeout_s: 60, memory_gib: 2}
"""

Completed = subprocess.CompletedProcess[str]
Setpoint = Callable[..., Completed]


def environment(**extra: str) -> dict[str, str]:
    """A user's environment: no terminal, our plugins installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SETPOINT_")}
    return {**kept, "PYTHONPATH": str(PLUGINS), "COLUMNS": "160", **extra}


def run(*arguments: str, cwd: Path, timeout: float = 300, **extra: str) -> Completed:
    """Runs the command to its end."""
    return subprocess.run(
        [SETPOINT, *arguments],
        cwd=cwd,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def ask_here(*arguments: str, cwd: Path, capsys: pytest.CaptureFixture[str]) -> Completed:
    """Runs a command that only asks, in this process: the same code without the second that a start takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        patch.syspath_prepend(str(PLUGINS))
        patch.setenv("COLUMNS", "160")
        for name in [name for name in os.environ if name.startswith("SETPOINT_")]:
            patch.delenv(name)
        capsys.readouterr()
        code = run_here(list(arguments))
    return Completed(["setpoint", *arguments], code, *capsys.readouterr())


@pytest.fixture
def setpoint(tmp_path: Path) -> Setpoint:
    """The command, in an empty folder."""

    def call(*arguments: str, timeout: float = 300, **extra: str) -> Completed:
        return run(*arguments, cwd=tmp_path, timeout=timeout, **extra)

    return call


def write_toy(folder: Path, file: str = "toy.yaml", **lines: str) -> str:
    """Writes a toy exploration, some top-level keys replaced, and gives its file's name."""
    kept, inside = [], ""
    for line in TOY.strip().splitlines():
        inside = inside if line.startswith(" ") else line.split(":")[0]
        if inside not in lines:
            kept.append(line)
    kept += [f"{key}: {value}" for key, value in lines.items()]
    (folder / file).write_text("\n".join(kept) + "\n")
    return file


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., str]:
    """Writes a toy exploration into the folder that the command runs in."""

    def write(file: str = "toy.yaml", **lines: str) -> str:
        return write_toy(tmp_path, file, **lines)

    return write


@pytest.fixture(scope="session")
def one_launch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Completed]:
    """The toy, launched once for all tests of this process, and what was said; to be read and copied."""
    folder = tmp_path_factory.mktemp("one-launch")
    return folder, run("launch", write_toy(folder), cwd=folder)


@pytest.fixture
def launched_toy(one_launch: tuple[Path, Completed], tmp_path: Path) -> Completed:
    """A copy of the toy's folder after its launch, for the command to go on in, and what was said there."""
    folder, said = one_launch
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return said


def one_line(result: Completed) -> str:
    """The only line on stderr that is no progress."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("setpoint:")]
    assert len(lines) == 1, result.stderr
    return lines[0]
