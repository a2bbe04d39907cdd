"""The workspace folder: made, locked, written to, and refused with one clear line."""

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.errors import WorkspaceError
from memory.workspace import Workspace
from memory.writing import translate_os_errors, write_atomically


def test_a_prepared_workspace_has_its_folders_and_a_sealed_one_for_the_owner_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "deep" / "here")
    workspace.prepare()
    workspace.prepare()
    assert stat.S_IMODE(workspace.seal("k").parent.stat().st_mode) == 0o700
    assert workspace.run("quick", 7) == workspace.root / "runs" / "quick" / "000007"
    assert workspace.snapshot("quick", 2) == workspace.snapshots("quick") / "block-002.md"
    assert workspace.dataset("k").parent.is_dir()
    assert workspace.foundation("k").parent.is_dir()
    assert workspace.progress("quick", 7).parent.is_dir()


def test_a_root_that_is_a_file_is_refused_with_its_name_and_a_remedy(tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("mine")
    for root in (file, file / "below"):
        with pytest.raises(WorkspaceError, match=re.escape(str(file)) + r".*--workspace"):
            Workspace(root).prepare()
    assert file.read_text() == "mine"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"disk is full; free some space"):  # noqa: SIM117
        with translate_os_errors(tmp_path), open("/dev/full", "w") as stream:  # noqa: PTH123
            stream.write("x")


def test_other_os_errors_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), translate_os_errors(tmp_path):
        (tmp_path / "missing").read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(WorkspaceError, match="permission is denied"):
            Workspace(tmp_path).prepare()
    finally:
        tmp_path.chmod(0o700)


def test_an_atomic_write_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "memory.md"
    write_atomically(path, "a long first text\n")
    write_atomically(path, "ü\n")
    assert path.read_bytes() == "ü\n".encode()
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "ü\n"
    assert [file.name for file in path.parent.iterdir()] == ["memory.md"]


def test_a_second_launch_is_refused_at_once_and_names_the_first(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with workspace.lock():
        with pytest.raises(WorkspaceError, match=rf"another launch \(pid {os.getpid()}\)"), workspace.lock():
            pass
        # The refused one must not have taken the holder's name away.
        with pytest.raises(WorkspaceError, match=rf"pid {os.getpid()}"), Workspace(tmp_path).lock():
            pass
    with workspace.lock():
        pass


def test_the_lock_of_a_killed_launch_is_free(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from memory.workspace import Workspace\n"
        "with Workspace(Path(sys.argv[1])).lock():\n print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(WorkspaceError, match=rf"pid {process.pid}"), Workspace(tmp_path).lock():
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    with Workspace(tmp_path).lock():
        pass
