"""Any question in SQL, asked of the database as it is, and answered by reading alone.

That nothing is written is the database's own doing: the file is opened read-only, writing is switched off for
the connection, and an authorizer lets through nothing but reads. A question that takes too long is ended.
"""

import difflib
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final, NamedTuple

from blocks.errors import QueryError
from memory.file import connect_to_read, translate_sqlite_errors
from memory.workspace import Workspace

Cell = str | int | float | bytes | None

LIMIT_S: Final = 60.0
"""A question may take so long."""

READING: Final = frozenset(
    (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
)
"""What an authorizer of ours lets through."""

HARMLESS: Final = frozenset(("table_info", "table_xinfo", "index_list", "index_info"))
"""Pragmas that say how the store is laid out."""

EXAMPLE: Final = "SELECT run, state FROM runs_wide WHERE time_step >= 32"

INSTRUCTIONS: Final = 20_000
"""Of SQLite's machine, between two looks at the clock."""


class Answer(NamedTuple):
    """Rows of cells in the order of `columns`."""

    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


def ask_sql(workspace: Workspace, question: str, *, limit_s: float = LIMIT_S) -> Answer:
    """Answers one SELECT over the store's tables and views.

    Args:
        workspace: With a store of this version.
        question: One statement of SQL that reads.
        limit_s: After so long it is ended, s.

    Raises:
        QueryError: It is no SQL, names what there is not, would write, or takes too long.
        WorkspaceError: The file cannot be read.
    """
    with (
        translate_sqlite_errors(workspace.database),
        closing(connect_to_read(workspace.database)) as connection,
    ):
        names = tables(connection)
        for pragma in HARMLESS:  # SQLite writes down their columns once, which the authorizer would refuse
            connection.execute(f"SELECT 1 FROM pragma_{pragma}('')").fetchall()
        connection.set_authorizer(_only_reads)
        with limited(connection, limit_s, where="sql"):
            try:
                cursor = connection.execute(question)
                if cursor.description is None:
                    raise QueryError(f"sql: must be a question with an answer, for example {EXAMPLE}")
                return Answer(tuple(column for column, *_ in cursor.description), cursor.fetchall())
            except (sqlite3.Error, sqlite3.Warning) as error:
                raise _refusal(error, names) from error


def tables(connection: sqlite3.Connection) -> list[str]:
    """Tables and views that can be asked, the view for people first."""
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        " ORDER BY name <> 'runs_wide', name"
    )
    return [name for (name,) in found]


@contextmanager
def limited(connection: sqlite3.Connection, limit_s: float, *, where: str) -> Iterator[None]:
    """Ends a question that takes too long.

    Args:
        connection: That it is asked through.
        limit_s: How long it may take, s.
        where: What the question came from, for the message.

    Raises:
        QueryError: It took longer.
        KeyboardInterrupt: It was ended by Ctrl-C.
    """
    end = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: time.monotonic() > end, INSTRUCTIONS)
    try:
        yield
    except (sqlite3.OperationalError, QueryError) as error:
        cause = error if isinstance(error, sqlite3.OperationalError) else error.__cause__
        if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            if time.monotonic() <= end:  # the driver drops a Ctrl-C that comes while it looks at the clock
                raise KeyboardInterrupt from error
            raise QueryError(
                f"{where}: must be answered within {limit_s:g} s, but takes longer; "
                "join fewer rows, or ask about one exploration"
            ) from error
        raise
    finally:
        connection.set_progress_handler(None, 0)


def _only_reads(
    action: int, first: str | None, _second: str | None, _database: str | None, _by: str | None
) -> int:
    harmless = action == sqlite3.SQLITE_PRAGMA and first in HARMLESS
    return sqlite3.SQLITE_OK if action in READING or harmless else sqlite3.SQLITE_DENY


def _refusal(error: Exception, names: Sequence[str]) -> Exception:
    """What to say of an error of the question's; of one of the file's, the error itself."""
    said = " ".join(str(error).split())
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT:
        return QueryError("sql: was ended")  # `limited` says why
    if code in (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY) or "one statement" in said:
        return QueryError(
            f"sql: must be one statement that only reads, but SQLite says: {said}; for example {EXAMPLE}"
        )
    if code not in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG):
        return error
    if missing := re.fullmatch(r"no such table: (?:main\.)?(.*)", said):
        near = difflib.get_close_matches(missing[1], names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
        return QueryError(f"sql: must ask tables of the store, but there is no {missing[1]!r}; {hint}")
    if missing := re.fullmatch(r"no such column: (.*)", said):
        return QueryError(
            f"sql: must use columns that there are, but there is no {missing[1]!r}; "
            "`SELECT name FROM pragma_table_info('runs_wide')` lists those of the view"
        )
    return QueryError(f"sql: must be SQL that reads, but SQLite says: {said}; for example {EXAMPLE}")
