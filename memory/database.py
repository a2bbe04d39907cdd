"""The database behind the store: opened, brought to this version, and used in short transactions.

SQLite in WAL mode. A write begins IMMEDIATE, so that writers queue up at its start and none meets a
lock half-way.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import cast

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, insert
from sqlalchemy.orm import Session

from memory.file import (
    BUSY_S,
    MIGRATIONS,
    REVISION,
    refusal_of,
    require_store,
    stored_revision,
    translate_sqlite_errors,
)
from memory.prepared import Cursor, Prepared, plain_json
from memory.schema import EventRow
from memory.workspace import Workspace

_APPEND = Prepared(insert(cast(Table, EventRow.__table__)), ("at", "exploration", "run", "what", "detail"))


BEGIN_WRITING = "BEGIN IMMEDIATE"

WAL_PAGES = 4_000
"""Pages of the write-ahead log, 16 MB, after which a commit copies them into the file (SQLite: 1,000).

The copy costs as much as some hundred commits.
"""


class Database:
    """Transactions on one database file, and the journal of events that goes with every write."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime]) -> None:
        self.path = path
        self.clock = clock
        self._engine = _engine(path)
        self._writer = self._engine.execution_options(setpoint_begin=BEGIN_WRITING)
        self._idle: list[sqlite3.Connection] = []

    def close(self) -> None:
        """Gives the connections back."""
        self._engine.dispose()
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one state of the database, whatever others write meanwhile."""
        with translate_sqlite_errors(self.path), Session(self._engine) as session:
            yield session

    def looking(self) -> "Transaction":
        """Like `reading`, with nothing but a cursor."""
        return Transaction(self.path, self._idle, "BEGIN")

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is stored as a whole, or not at all."""
        with translate_sqlite_errors(self.path), Session(self._writer) as session, session.begin():
            yield session

    def recording(self) -> "Transaction":
        """Like `writing`, with nothing but a cursor: for what is written many times for every run."""
        return Transaction(self.path, self._idle, BEGIN_WRITING)

    def note(
        self,
        cursor: Cursor,
        what: str,
        *,
        exploration: str | None = None,
        run: int | None = None,
        detail: str = "",
    ) -> None:
        """Appends an event to the transaction's journal."""
        _APPEND.run(cursor, at=self.clock(), exploration=exploration, run=run, what=what, detail=detail)


class Transaction:
    """A transaction of the driver's own: stored as a whole where its block ends well, else not at all.

    Its connection is kept for the next one: to borrow one from SQLAlchemy takes as long as a short statement.

    Args:
        path: The database file.
        idle: Connections that nobody uses now; what takes one has it for itself, and one that met an error
            is closed.
        begin: The statement that it begins with.
    """

    __slots__ = ("_begin", "_connection", "_idle", "_path")

    def __init__(self, path: Path, idle: list[sqlite3.Connection], begin: str) -> None:
        self._path, self._idle, self._begin = path, idle, begin

    def __enter__(self) -> Cursor:
        try:
            self._connection = self._idle.pop() if self._idle else _plain_connection(self._path)
            cursor = self._connection.cursor()
            cursor.execute(self._begin)
        except sqlite3.Error as error:
            if (refusal := refusal_of(error, self._path)) is None:
                raise
            raise refusal from error
        return cast(Cursor, cursor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            try:
                self._connection.commit()
            except sqlite3.Error as refused:
                self._connection.close()
                if (refusal := refusal_of(refused, self._path)) is None:
                    raise
                raise refusal from refused
            self._idle.append(self._connection)
            return
        self._connection.close()  # which takes back what was written
        if (refusal := refusal_of(error, self._path)) is not None:
            raise refusal from error


def open_database(workspace: Workspace, *, create: bool, clock: Callable[[], datetime]) -> Database:
    """Opens a workspace's database, and brings an older one to this version.

    Raises:
        WorkspaceError: There is none and `create` is off, it is of a newer version (and left untouched),
            or the file cannot be used.
    """
    path = workspace.database
    if create:
        workspace.prepare()
    else:
        require_store(workspace)
    with translate_sqlite_errors(path):
        if stored_revision(path) != REVISION:
            _upgrade(workspace)
    return Database(path, clock=clock)


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
        json_serializer=plain_json,
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        _configure(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("setpoint_begin", "BEGIN"))

    return engine


def _plain_connection(path: Path) -> sqlite3.Connection:
    # Threads take turns with it, and none shares it with another.
    connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    _configure(connection)
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    """What every connection has in common."""
    # The driver begins transactions late and by guess; ours begin at once and in the right mode.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode NORMAL keeps every commit through a kill -9 of any process. A power cut may take the
    # last commits, never the file: their runs are then trained again.
    connection.execute("PRAGMA synchronous = NORMAL")
    # A run's life writes some pages again and again: of many such pages few are left to be copied.
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
