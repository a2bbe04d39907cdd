"""Commands that other packages add: there when they load, one clear line when they do not."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PLUGINS, Completed, environment, one_line, run

ADDED = """
[setpoint.commands]
greet = added:greet
many = added:many
launch = added:greet
sunk = nowhere:command
crashing = crashing_at_import:command
shapeless = added:WORDS
unreadable = added:unreadable
"""

MODULE = """
import typer

WORDS = "no command"
many = typer.Typer()


def greet(name: str, twice: bool = False) -> None:
    "Greet somebody."
    typer.echo(f"hello {name}" * (2 if twice else 1))


def unreadable(value: "nonsense") -> None:
    "No option can hold this."


@many.command()
def one() -> None:
    typer.echo("one")


@many.command()
def two() -> None:
    typer.echo("two")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with an installed package that adds commands, good and bad."""
    folder = tmp_path / "site"
    (folder / "added-1.0.dist-info").mkdir(parents=True)
    (folder / "added-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: added\nVersion: 1.0\n"
    )
    (folder / "added-1.0.dist-info" / "entry_points.txt").write_text(ADDED)
    (folder / "added.py").write_text(MODULE)
    (folder / "crashing_at_import.py").write_text("raise SystemExit('no licence')\n")
    return folder


def call(package: Path, *arguments: str) -> Completed:
    return run(*arguments, cwd=package.parent, PYTHONPATH=f"{package}:{PLUGINS}")


def test_a_package_adds_a_command_and_a_group_of_commands(package: Path) -> None:
    assert call(package, "greet", "you", "--twice").stdout == "hello youhello you\n"
    assert call(package, "many", "two").stdout == "two\n"
    shown = call(package, "--help").stdout
    assert "Greet somebody." in shown
    assert "many" in shown


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sunk", "ModuleNotFoundError: No module named 'nowhere'"),
        ("crashing", "SystemExit: no licence"),
        ("shapeless", "added:WORDS must be a function or a typer.Typer, but is str"),
        ("unreadable", "NameError"),
    ],
)
def test_a_command_that_cannot_be_loaded_says_so_when_it_is_used(name: str, said: str, package: Path) -> None:
    result = call(package, name, "x", "--whatever")
    assert result.returncode == 2
    assert said in one_line(result)
    assert "install added again, or remove it" in one_line(result)
    assert "Traceback" not in result.stderr


def test_commands_that_cannot_be_loaded_disturb_no_other(package: Path) -> None:
    result = call(package, "explorations")
    assert result.returncode == 0
    assert result.stderr == ""
    assert "quickstart" in result.stdout


def test_no_package_takes_the_place_of_a_command_of_setpoint(package: Path) -> None:
    result = call(package, "launch", "nothing-of-that-name")
    assert "there is no exploration" in one_line(result)


def test_the_science_adds_its_commands_and_help_loads_nothing_heavy(tmp_path: Path) -> None:
    shown = run("--help", cwd=tmp_path).stdout
    assert "simulate" in shown
    assert "identify" in shown
    code = (
        "import sys; from agent.cli import run; run(['--help']); run(['simulate', '--help']); "
        "heavy = {'torch', 'numba', 'scipy', 'sklearn', 'matplotlib', 'pandas'}; "
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"
