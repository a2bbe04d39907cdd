"""The database file: its revision, a connection that only reads, and what the disk may refuse.

Nothing here needs more than the driver, so that a command that only asks starts at once. What the disk or
the file refuses becomes one clear WorkspaceError.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from blocks.errors import WorkspaceError
from memory.workspace import Workspace

REVISION = "0008"
"""Newest migration that this version knows; `memory/migrations/versions` holds a file for each."""

MIGRATIONS = Path(__file__).parent / "migrations"

BUSY_S = 30.0
"""How long a write waits for another process's write, s."""

MAPPED = 1 << 30
"""Bytes of a file that are read where they lie."""

_REFUSALS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space and try again; what was stored is kept"),
    sqlite3.SQLITE_READONLY: ("it is read-only", "choose a folder that can be written with --workspace"),
    sqlite3.SQLITE_PERM: ("permission is denied", "choose a folder that can be written with --workspace"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "check that the folder can be read and written"),
    sqlite3.SQLITE_IOERR: ("the disk fails to read or write", "check the disk and its free space"),
    sqlite3.SQLITE_CORRUPT: ("it is malformed", "move it away, or bring back a copy"),
    sqlite3.SQLITE_NOTADB: ("it is not a database", "move it away, or give another folder with --workspace"),
    sqlite3.SQLITE_BUSY: (f"another process has kept it busy for {BUSY_S:g} s", "stop that process"),
}


@contextmanager
def translate_sqlite_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite cannot do with its file into a WorkspaceError; other errors pass as they are.

    Args:
        path: The database file, for the message.

    Raises:
        WorkspaceError: The file is full, read-only, malformed, busy, or not a database.
    """
    try:
        yield
    except Exception as error:
        refused = refusal_of(error, path)
        if refused is None:
            raise
        raise refused from error


def refusal_of(error: BaseException, path: Path) -> WorkspaceError | None:
    """What SQLite cannot do with its file, as one clear line; None where the error is of another kind."""
    # SQLAlchemy wraps what the driver raised; it is not imported here, where some only ask.
    origin = getattr(error, "orig", None) or error
    code = getattr(origin, "sqlite_errorcode", None)
    # The low byte is the error's family; the rest only says which of its causes.
    if not isinstance(origin, sqlite3.Error) or code is None or code & 0xFF not in _REFUSALS:
        return None
    refusal, remedy = _REFUSALS[code & 0xFF]
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN and _on_read_only_disk(path):
        refusal, remedy = (
            "the file system is read-only",
            "choose a folder that can be written with --workspace",
        )
    return WorkspaceError(f"{path} must be a usable database, but {refusal}; {remedy}")


def _on_read_only_disk(path: Path) -> bool:
    """A database that must be written beside is not opened there, and SQLite does not say why."""
    try:
        return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def require_store(workspace: Workspace) -> None:
    """Raises WorkspaceError where a folder holds no store."""
    root, path = workspace.root, workspace.database
    if root.is_file():
        raise WorkspaceError(f"{root} must be a folder, but is a file; name another with --workspace")
    if not path.is_file():
        raise WorkspaceError(
            f"{root} must hold a store, but there is no {path.name} in it; "
            "start with `setpoint launch quickstart`, or name another folder with --workspace"
        )


def stored_revision(path: Path) -> str | None:
    """The revision of a database file, read without writing; None where it holds nothing yet.

    Raises:
        WorkspaceError: It was written by a newer version, or by something else.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    with closing(
        sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    ) as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if not tables:
            return None
        found = None
        if "alembic_version" in tables:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if found is None and tables != {"alembic_version"}:
        raise WorkspaceError(
            f"{path} must be a store of Setpoint, but it is another program's database; "
            "give another folder with --workspace"
        )
    known = {file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")}
    if found is not None and found[0] not in known:
        raise WorkspaceError(
            f"{path} must be of revision {REVISION} or older, but it is of revision {found[0]}, written by a "
            "newer version of Setpoint, and was left as it is; update Setpoint, or give another --workspace"
        )
    return None if found is None else str(found[0])


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection through which nothing can be written."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    connection.execute("PRAGMA query_only = ON")
    # A query over all runs reads every page once: mapped, none of them is copied first.
    connection.execute(f"PRAGMA mmap_size = {MAPPED}")
    return connection
