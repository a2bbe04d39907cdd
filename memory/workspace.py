"""The folder that holds everything of a user's explorations, and who may write into it when.

Paths are given, never guessed: every room asks the workspace where a thing lies. One launch at a
time may use a workspace.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blocks.errors import WorkspaceError
from memory.writing import translate_os_errors, write_atomically

_FOLDERS = ("datasets", "foundations", "strategies", "runs", "pictures", "snapshots", "progress", "sealed")

MEMORY_S = 60.0
"""How long a working memory waits for another process that renders one, s."""


class Workspace:
    """Where things lie. `root` need not exist before `prepare`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def database(self) -> Path:
        """The run store."""
        return self.root / "setpoint.db"

    @property
    def memory_file(self) -> Path:
        """The working memory of the exploration that was active last."""
        return self.root / "memory.md"

    @property
    def report(self) -> Path:
        """The report that was written last."""
        return self.root / "report.html"

    @property
    def sealed(self) -> Path:
        """Folder of ground truth; only generator and evaluator processes are given paths in it."""
        return self.root / "sealed"

    def snapshots(self, exploration: str) -> Path:
        """Folder of the working memory after each block."""
        return self.root / "snapshots" / exploration

    def snapshot(self, exploration: str, block: int) -> Path:
        """The working memory as it was after a block."""
        return self.snapshots(exploration) / f"block-{block:03d}.md"

    def digest(self, exploration: str, block: int) -> Path:
        """What the working memory said after a block, for comparing it with another one."""
        return self.snapshots(exploration) / f"block-{block:03d}.json"

    def dataset(self, key: str) -> Path:
        """Folder of a data set's observations."""
        return self.root / "datasets" / key

    def seal(self, key: str) -> Path:
        """File of a data set's labels and true parameters."""
        return self.sealed / f"{key}.seal"

    def foundation(self, key: str) -> Path:
        """Folder of what all slots share."""
        return self.root / "foundations" / key

    @property
    def strategies(self) -> Path:
        """Folder of the users' own strategies, a folder per version."""
        return self.root / "strategies"

    @property
    def audit(self) -> Path:
        """Scratch folder of an audit; what is in it is worth nothing."""
        return self.root / "audit"

    @property
    def rehearsal(self) -> Path:
        """Folder of a rehearsal's log; one is rehearsed at a time, before the runs."""
        return self.root / "runs" / ".rehearsal"

    def run(self, exploration: str, number: int) -> Path:
        """Folder of a run's trained parameters and artifacts."""
        return self.root / "runs" / exploration / f"{number:06d}"

    def pictures(self, exploration: str, number: int) -> Path:
        """Folder of a run's pictures; they may show the truth, so they lie apart from what it trained."""
        return self.root / "pictures" / exploration / f"{number:06d}"

    def sealed_metrics(self, exploration: str, number: int) -> Path:
        """File of the metrics of a run that stay sealed until its blind exploration is closed."""
        return self.sealed / "metrics" / exploration / f"{number:06d}.json"

    def progress(self, exploration: str, number: int) -> Path:
        """File to which a running training reports."""
        return self.root / "progress" / f"{exploration}-{number}.jsonl"

    def prepare(self) -> None:
        """Creates the folder and those in it; only the owner may enter `sealed`.

        Raises:
            WorkspaceError: `root` is a file, or cannot be written.
        """
        with translate_os_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            for name in _FOLDERS:
                (self.root / name).mkdir(exist_ok=True)
            self.sealed.chmod(0o700)
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise WorkspaceError(
                f"{self.root} must be writable, but permission is denied; "
                "choose a folder that can be written with --workspace"
            )

    @contextmanager
    def memory_lock(self) -> Iterator[None]:
        """Held while a working memory is rendered and written: what is written last knows most.

        Raises:
            WorkspaceError: Another process has held it for a minute.
        """
        from filelock import FileLock, Timeout

        try:
            with translate_os_errors(self.root), FileLock(self.root / "memory.lock", timeout=MEMORY_S):
                yield
        except Timeout as error:
            raise WorkspaceError(
                f"{self.memory_file} must be free to be written, but another process has been writing it for "
                f"{MEMORY_S:g} s; stop that process"
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the workspace for one launch.

        The operating system releases the lock when the process ends, however it ends. Workers are
        to be started by exec (spawn, forkserver): a plain fork would inherit the lock and outlive us.

        Raises:
            WorkspaceError: At once, where another launch holds it.
        """
        # Imported here: most commands only read, and never lock.
        from filelock import FileLock, Timeout

        holder = self.root / "launch.pid"
        with translate_os_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / "launch.lock", timeout=0)
            try:
                lock.acquire()
            except Timeout as error:
                raise WorkspaceError(
                    f"{self.root} may serve one launch at a time, but another launch (pid {_pid_in(holder)}) "
                    "is using it; wait for it, stop it, or give another folder with --workspace"
                ) from error
        try:
            write_atomically(holder, f"{os.getpid()}\n")
            yield
        finally:
            with suppress(OSError):
                holder.unlink(missing_ok=True)
            lock.release()

    def launch_pid(self) -> int | None:
        """The process that holds the workspace for a launch; None where none does."""
        pid = _pid_in(self.root / "launch.pid")
        if not pid.isdigit() or not _is_alive(int(pid)):
            return None
        # A launch that was killed left its number behind, which another process may have by now.
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.root / "launch.lock", timeout=0):
                return None
        except Timeout:
            return int(pid)
        except OSError:  # a workspace that may only be read
            return int(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _pid_in(holder: Path) -> str:
    """The holder's pid. The other launch may be just about to write it, or to end."""
    try:
        return holder.read_text(encoding="utf-8").strip() or "unknown"
    except FileNotFoundError:
        return "unknown"
