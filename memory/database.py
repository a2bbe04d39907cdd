"""The database behind the store: opened, brought to this version, and used in short transactions.

SQLite in WAL mode. A write begins IMMEDIATE, so that writers queue up at its start and none meets a
lock half-way. What the disk or the file refuses becomes one clear WorkspaceError.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from blocks.errors import WorkspaceError
from memory.schema import REVISION, EventRow
from memory.workspace import Workspace

_APPEND = insert(cast(Table, EventRow.__table__))

MIGRATIONS = Path(__file__).parent / "migrations"

BUSY_S = 30.0
"""How long a write waits for another process's write, s."""

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
    except (sqlite3.Error, DBAPIError) as error:
        origin = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(origin, "sqlite_errorcode", None)
        # The low byte is the error's family; the rest only says which of its causes.
        if code is None or code & 0xFF not in _REFUSALS:
            raise
        refusal, remedy = _REFUSALS[code & 0xFF]
        raise WorkspaceError(f"{path} must be a usable database, but {refusal}; {remedy}") from error


class Database:
    """Transactions on one database file, and the journal of events that goes with every write."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime]) -> None:
        self.path = path
        self.clock = clock
        self._engine = _engine(path)
        self._writer = self._engine.execution_options(setpoint_begin="BEGIN IMMEDIATE")

    def close(self) -> None:
        """Gives the connections back."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one state of the database, whatever others write meanwhile."""
        with translate_sqlite_errors(self.path), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is stored as a whole, or not at all."""
        with translate_sqlite_errors(self.path), Session(self._writer) as session, session.begin():
            yield session

    @contextmanager
    def recording(self) -> Iterator[Connection]:
        """Like `writing`, without a session: for what is written many times for every run."""
        with translate_sqlite_errors(self.path), self._writer.begin() as connection:
            yield connection

    def note(
        self,
        transaction: Session | Connection,
        what: str,
        *,
        exploration: str | None = None,
        run: int | None = None,
        detail: str = "",
    ) -> None:
        """Appends an event to the transaction's journal."""
        connection = transaction.connection() if isinstance(transaction, Session) else transaction
        event = {"at": self.clock(), "exploration": exploration, "run": run, "what": what, "detail": detail}
        connection.execute(_APPEND, event)


def open_database(workspace: Workspace, *, create: bool, clock: Callable[[], datetime]) -> Database:
    """Opens a workspace's database, and brings an older one to this version.

    Raises:
        WorkspaceError: There is none and `create` is off, it is of a newer version (and left untouched),
            or the file cannot be used.
    """
    path = workspace.database
    if create:
        workspace.prepare()
    elif not path.is_file():
        raise WorkspaceError(
            f"{workspace.root} must hold a store, but there is no {path.name} in it; "
            f"start with `setpoint launch --workspace {workspace.root}`, or name another folder"
        )
    with translate_sqlite_errors(path):
        if stored_revision(path) != REVISION:
            _upgrade(workspace)
    return Database(path, clock=clock)


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


def _upgrade(workspace: Workspace) -> None:
    """Runs the migrations that are missing. Two processes may come here at once: one of them waits."""
    # Imported here: a store of this version is opened without them, which halves the time of most commands.
    from alembic import command
    from alembic.config import Config
    from filelock import FileLock

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with FileLock(workspace.root / "upgrade.lock", timeout=2 * BUSY_S):
        if stored_revision(workspace.database) == REVISION:
            return
        with closing(sqlite3.connect(workspace.database, timeout=BUSY_S)) as plain:
            # It lasts in the file; WAL lets queries read while a run is being recorded.
            plain.execute("PRAGMA journal_mode = WAL")
        engine = _engine(workspace.database)
        try:
            with engine.connect() as connection:
                # A view is in the way of a table that is rebuilt; the store makes it anew when it opens.
                connection.exec_driver_sql("DROP VIEW IF EXISTS runs_wide")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
        finally:
            engine.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_S},
        json_serializer=_plain_json,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        # The driver begins transactions late and by guess; `_begin` does it, at once and in the right mode.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # In WAL mode NORMAL keeps every commit through a kill -9 of any process. A power cut may take the
        # last commits, never the file: their runs are then trained again.
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("setpoint_begin", "BEGIN"))

    return engine


def _plain_json(value: Any) -> str:
    """JSON in the order that it was given: the order of a spec's keys is the order of its tables."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
