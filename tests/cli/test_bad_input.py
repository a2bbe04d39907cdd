"""Bad input: one clear line on stderr, exit code 2, and nothing is lost."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Completed, Setpoint, ask_here, one_line
from tests.cli.test_launch import outcome, start, states, wait_for

pytestmark = pytest.mark.slow  # every test starts the command as a user does

Toy = Callable[..., str]


def test_an_unknown_exploration_is_answered_with_the_known_ones(setpoint: Setpoint, tmp_path: Path) -> None:
    result = setpoint("launch", "quikstart")
    assert result.returncode == 2
    assert "Did you mean quickstart?" in one_line(result)
    assert not (tmp_path / "setpoint-workspace").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: a\n  data: [\n", "my.yaml: line 2, column 7: is not valid YAML"),
        ("", "my.yaml: must be a mapping of keys to values, but holds nothing"),
        ("- a\n", "my.yaml: must be a mapping of keys to values, but holds a list"),
    ],
)
def test_an_unreadable_file_names_the_place(
    content: str, said: str, setpoint: Setpoint, tmp_path: Path
) -> None:
    (tmp_path / "my.yaml").write_text(content)
    result = setpoint("launch", "my.yaml")
    assert result.returncode == 2
    assert said in one_line(result)


@pytest.mark.parametrize("part", ["observations", "seal"])
@pytest.mark.usefixtures("launched_toy")
def test_a_data_set_whose_hash_does_not_match_is_refused(
    part: str, setpoint: Setpoint, tmp_path: Path
) -> None:
    before = outcome(setpoint)
    workspace = tmp_path / "setpoint-workspace"
    pattern = "datasets/*/hint.json" if part == "observations" else "sealed/*.seal"
    (file,) = workspace.glob(pattern)
    kept = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(kept + b" ")
    result = setpoint("launch", "toy.yaml", "--blocks", "2")
    assert result.returncode == 2
    assert "must have the recorded hash" in one_line(result)
    assert outcome(setpoint) == before
    file.write_bytes(kept)
    assert setpoint("launch", "toy.yaml", "--blocks", "2", "--max-runs", "1").returncode == 0


@pytest.mark.usefixtures("launched_toy")
def test_a_data_set_that_was_deleted_is_simulated_again_and_is_the_same(
    setpoint: Setpoint, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "setpoint-workspace" / "datasets")
    assert setpoint("launch", "toy.yaml", "--blocks", "2", "--max-runs", "1").returncode == 0


@pytest.mark.usefixtures("launched_toy")
def test_a_workspace_of_a_newer_version_is_left_untouched(setpoint: Setpoint, tmp_path: Path) -> None:
    database = tmp_path / "setpoint-workspace" / "setpoint.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    connection.close()
    before = database.read_bytes()
    for arguments in (("launch", "toy.yaml", "--blocks", "2"), ("runs",), ("show", "1")):
        result = setpoint(*arguments)
        assert result.returncode == 2
        assert "newer" in one_line(result)
    assert database.read_bytes() == before


@pytest.mark.usefixtures("launched_toy")
def test_another_spec_under_the_same_name_is_refused_and_names_what_differs(
    setpoint: Setpoint, toy: Toy
) -> None:
    before = outcome(setpoint)
    result = setpoint("launch", toy(seed="7", replicates="2"))
    assert result.returncode == 2
    said = one_line(result)
    assert "seed" in said
    assert "replicates" in said
    assert outcome(setpoint) == before


def test_two_launches_at_once_on_one_workspace(setpoint: Setpoint, toy: Toy, tmp_path: Path) -> None:
    path = toy(
        baseline="{x: 0.5, y: 0.5, mode: good, step_s: 0.2}", block="{batches: 1, slots: 4}", sweep="{}"
    )
    first = start(path, tmp_path)
    wait_for(lambda: "running" in states(tmp_path / "setpoint-workspace"))
    second = setpoint("launch", path)
    assert second.returncode == 2
    assert f"another launch (pid {first.pid}) is using it" in one_line(second)
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert [row[-1] for row in outcome(setpoint)] == ["done"] * 4


def test_a_workspace_that_cannot_be_made_is_one_clear_line(
    setpoint: Setpoint, toy: Toy, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    for workspace in ("file", "file/below"):
        result = setpoint("launch", toy(), "--workspace", workspace)
        assert result.returncode == 2
        assert "file" in one_line(result)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_name_that_the_disk_refuses_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = ask_here("runs", "--workspace", "x" * 300, cwd=tmp_path, capsys=capsys)
    assert (result.returncode, "File name too long" in one_line(result)) == (2, True)


@pytest.mark.parametrize("command", [("runs",), ("memory",), ("show", "1")])
def test_asking_an_empty_folder_says_what_to_do(command: tuple[str, ...], setpoint: Setpoint) -> None:
    result = setpoint(*command)
    assert result.returncode == 2
    assert "setpoint launch" in one_line(result)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("runs", "--where", "tim_step > 3"), "did you mean time_step"),
        (("runs", "--where", "time_step >"), "where:"),
        (("runs", "--where", "1) ; DROP TABLE runs; --"), "where:"),
        (("runs", "--sort", "-closenes"), "did you mean closeness"),
        (("runs", "--columns", "run,lr"), "lr"),
        (("runs", "--where", "zeroblob(2000000000) IS NULL"), "where: must be"),
        (("show", "99"), "99"),
        (("show", "9" * 30), "must be a run's number"),
        (("tree", "--svg", "."), "a folder is in its place"),
        (("runs", "--exploration", "nope"), "nope"),
        (("memory", "--block", "7"), "7"),
        (("launch", "--blocks", "0"), "--blocks"),
        (("guard", "check", "nowhere.py"), "nowhere.py"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_wrong(
    arguments: tuple[str, ...],
    said: str,
    one_launch: tuple[Path, Completed],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, _ = one_launch
    database = folder / "setpoint-workspace" / "setpoint.db"
    before = database.read_bytes()
    result = ask_here(*arguments, cwd=folder, capsys=capsys)
    assert result.returncode == 2
    assert said in one_line(result)
    assert database.read_bytes() == before


def test_infinite_values_and_limits_beyond_all_runs_are_no_fault(
    one_launch: tuple[Path, Completed], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = one_launch
    assert "-inf" in ask_here("sql", "SELECT -1e400", cwd=folder, capsys=capsys).stdout
    assert ask_here("runs", "--limit", "9" * 30, cwd=folder, capsys=capsys).returncode == 0


def _can_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None and _mounted()


def _mounted() -> bool:
    probe = Path("/tmp") / f"setpoint-mount-probe-{os.getpid()}"
    probe.mkdir()
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", probe], capture_output=True, check=False)
        if done.returncode == 0:
            subprocess.run(["umount", probe], check=True)
        return done.returncode == 0
    finally:
        probe.rmdir()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A file system of our own, to be filled up or made read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = False

    def mount(options: str) -> Path:
        nonlocal mounted
        options = f"remount,{options}" if mounted else options
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        mounted = True
        return folder

    yield mount
    if mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.skipif(not _can_mount(), reason="this machine lets us mount no file system")
@pytest.mark.parametrize("size_kib", [8, 140, 390, 450])
def test_a_full_disk_stops_the_launch_and_loses_nothing(
    size_kib: int, setpoint: Setpoint, toy: Toy, disk: Callable[[str], Path]
) -> None:
    workspace = str(disk(f"size={size_kib}k") / "workspace")
    result = setpoint("launch", toy(), "--workspace", workspace)
    assert result.returncode == 2
    assert "free some space" in one_line(result)
    assert "Traceback" not in result.stderr
    disk("size=100m")
    again = setpoint("launch", toy(), "--workspace", workspace)
    assert again.returncode == 0, again.stderr
    counted = setpoint("runs", "--workspace", workspace, "--where", "state = 'done'")
    assert "8 of 8 runs" in counted.stdout


@pytest.mark.skipif(not _can_mount(), reason="this machine lets us mount no file system")
def test_a_read_only_disk_is_one_clear_line(
    setpoint: Setpoint, toy: Toy, disk: Callable[[str], Path]
) -> None:
    workspace = str(disk("size=100m") / "workspace")
    setpoint("launch", toy(), "--workspace", workspace)
    disk("ro")
    result = setpoint("launch", toy(), "--workspace", workspace, "--blocks", "2")
    assert result.returncode == 2
    assert "read-only" in one_line(result)
