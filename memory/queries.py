"""Questions about past runs, asked in SQL by plain names.

The expression reaches the database as it was written. That it can only read is the database's own doing:
the connection is read-only, and an authorizer refuses everything but reading.
"""

import difflib
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import NamedTuple, Protocol

from blocks.errors import QueryError
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo
from memory.file import connect_to_read, translate_sqlite_errors
from memory.short_names import NO_NAMES, in_full, short_names
from memory.sql import LIMIT_S, READING, Cell, limited
from memory.workspace import Workspace

EXAMPLE = "time_step >= 32 and state = 'done'"

# Text, names and comments of SQL, so that a double quote inside text is not taken for a name.
_TOKEN = re.compile(r"""'(?:[^']|'')*' | "((?:[^"]|"")*)" | --[^\n]* | /\*.*?\*/""", re.VERBOSE | re.DOTALL)

# What stands behind a condition when it is tried.
_OURS = re.compile(r" ?\)? ?(?:THEN 1 END FROM runs_wide LIMIT 0|ORDER BY \"?exploration.*)")


class Asked(Protocol):
    """What is asked: a store, or a reader of one."""

    workspace: Workspace

    def spec(self, name: str) -> ExplorationSpec: ...


class Table(NamedTuple):
    """An answer: rows of cells in the order of `columns`."""

    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    total: int  # runs that were asked about: all of the exploration, or of the workspace
    matched: int  # runs for which the condition holds, also those that the limit cut off


def query_runs(
    store: Asked,
    *,
    exploration: str | None = None,
    where: str | None = None,
    sort: str | None = None,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
    metrics: Mapping[str, MetricInfo] | None = None,
) -> Table:
    """Runs for which an SQL expression holds.

    Args:
        store: An open store, for writing or for asking.
        exploration: Runs of this one only.
        where: An SQL expression over the columns of `runs_wide`: hyperparameters, metrics (median over
            replicates; `<metric>_sd` beside it) and states by their plain names.
        sort: Columns to sort by, separated by commas, `-` in front for falling order; missing values
            come last.
        columns: Columns of the answer; all where it is None.
        limit: Rows at most.
        metrics: What the problem says of its metrics; then their short names, where they are unmistakable,
            stand for columns as well.

    Raises:
        QueryError: A column is not known, the expression is no SQL, or it would do more than read.
    """
    if exploration is not None:
        store.spec(exploration)
    if limit is not None and limit < 0:
        raise QueryError(f"limit: must be 0 or more, but got {limit}")
    with (
        translate_sqlite_errors(store.workspace.database),
        closing(connect_to_read(store.workspace.database)) as connection,
    ):
        known = tuple(
            name for (name,) in connection.execute("SELECT name FROM pragma_table_info('runs_wide')")
        )
        connection.set_authorizer(_only_reads)
        short = short_names(metrics, known) if metrics else NO_NAMES
        wanted = (
            known
            if columns is None
            else tuple(_column(name, known, where="columns", short=short) for name in columns)
        )
        order = [_order(part, known, short) for part in sort.split(",")] if sort else []
        order += ["exploration", "run"]
        # Numbered parameters cannot clash: a condition with parameters of its own is refused below.
        scope = "1" if exploration is None else "exploration = ?1"
        values = () if exploration is None else (exploration,)
        total = connection.execute(f"SELECT count(*) FROM runs_wide WHERE {scope}", values).fetchone()[0]
        condition = "1" if where is None else _condition(connection, in_full(where, short), known, short)
        selected = ", ".join(f'"{name}"' for name in wanted)
        matching = f"FROM runs_wide WHERE {scope} AND (\n{condition}\n)"
        cut = "" if limit is None else f" LIMIT {min(limit, 2**63 - 1):d}"  # SQLite's largest
        rows = _ask(
            connection, f"SELECT {selected} {matching} ORDER BY {', '.join(order)}{cut}", values, known, short
        )
        if limit is None or len(rows) < limit:
            matched = len(rows)
        else:
            matched = int(str(_ask(connection, f"SELECT count(*) {matching}", values, known, short)[0][0]))
    return Table(columns=wanted, rows=rows, total=total, matched=matched)


def wide_columns(store: Asked) -> tuple[str, ...]:
    """Columns of `runs_wide`, as they are now."""
    with (
        translate_sqlite_errors(store.workspace.database),
        closing(connect_to_read(store.workspace.database)) as connection,
    ):
        return tuple(
            name for (name,) in connection.execute("SELECT name FROM pragma_table_info('runs_wide')")
        )


def column_of(name: str, known: Sequence[str], *, where: str, metrics: Mapping[str, MetricInfo]) -> str:
    """The column that a name, or a short name, means.

    Args:
        name: As it was written.
        known: As `wide_columns` gives them.
        where: What the name came from, for the message.
        metrics: What the problem says of its metrics.

    Raises:
        QueryError: There is none of that name.
    """
    return _column(name, known, where=where, short=short_names(metrics, known))


def _only_reads(
    action: int, _first: str | None, _second: str | None, _db: str | None, _by: str | None
) -> int:
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def _condition(
    connection: sqlite3.Connection, where: str, known: Sequence[str], short: Mapping[str, str]
) -> str:
    """The expression, if it is one: it must also stand inside CASE WHEN.

    What closes our parenthesis to go on with SQL of its own cannot fit both places.
    """
    for token in _TOKEN.finditer(where):
        # SQLite takes a quoted name that it does not know for text, and compares with that.
        if token[1] is not None:
            _column(token[1].replace('""', '"'), known, where="where", short=short, quoted=True)
    if not where.strip():
        raise QueryError(f"where: must be an SQL expression, but is empty; for example {EXAMPLE}")
    _ask(connection, f"SELECT CASE WHEN (\n{where}\n) THEN 1 END FROM runs_wide LIMIT 0", (), known, short)
    return where


def _ask(
    connection: sqlite3.Connection,
    sql: str,
    values: Sequence[Cell],
    known: Sequence[str],
    short: Mapping[str, str],
) -> list[tuple[Cell, ...]]:
    try:
        with limited(connection, LIMIT_S, where="where"):
            return connection.execute(sql, values).fetchall()
    except (sqlite3.Error, sqlite3.Warning) as error:
        missing = re.fullmatch(r"no such column: (.*)", str(error))
        if missing is not None:
            raise _unknown(missing[1], known, short, where="where") from error
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or code & 0xFF in (
            sqlite3.SQLITE_ERROR,
            sqlite3.SQLITE_AUTH,
            sqlite3.SQLITE_MISMATCH,
            sqlite3.SQLITE_TOOBIG,
        ):
            raise QueryError(
                f"where: must be an SQL expression that only reads, but SQLite says: "
                f"{_OURS.sub('', ' '.join(str(error).split()))}; "
                f"for example {EXAMPLE}"
            ) from error
        raise


def _column(
    name: str, known: Sequence[str], *, where: str, short: Mapping[str, str], quoted: bool = False
) -> str:
    """The column that a name means."""
    asked = name.strip().casefold()
    found = {column.casefold(): column for column in known}.get(asked) or short.get(asked)
    if found is None:
        raise _unknown(name.strip(), known, short, where=where, quoted=quoted)
    return found


def _order(part: str, known: Sequence[str], short: Mapping[str, str]) -> str:
    name = part.strip()
    column = _column(name.removeprefix("-"), known, where="sort", short=short)
    return f'"{column}" IS NULL, "{column}"' + (" DESC" if name.startswith("-") else "")


def _unknown(
    name: str, known: Sequence[str], short: Mapping[str, str], *, where: str, quoted: bool = False
) -> QueryError:
    near = difflib.get_close_matches(name, (*known, *short), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    text = f" (text is written in single quotes: '{name}')" if quoted else ""
    return QueryError(f"{where}: must use columns of runs, but there is no column {name!r}; {hint}{text}")
