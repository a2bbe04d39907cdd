"""Statements that are compiled once and then given to the driver as they are.

Names and types are those of the tables in memory.schema. What is left out is SQLAlchemy's machinery around
each execution, which takes several times as long as a short statement itself.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Protocol, cast

from pydantic_core import from_json, to_json
from sqlalchemy import JSON, Dialect, Enum, Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.types import TypeEngine

from memory.schema import UtcDateTime

AT_ONCE = 128
"""Rows of one statement: a run's metrics make one or two, which the driver keeps compiled."""


class Cursor(Protocol):
    """A driver's cursor, within a transaction that somebody else begins and ends."""

    @property
    def rowcount(self) -> int: ...

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Any: ...

    def executemany(self, sql: str, values: Iterable[Sequence[Any]], /) -> Any: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


def cursor_of(session: Session) -> Cursor:
    """A cursor within a session's transaction, which sees what the session has flushed."""
    return cast(Cursor, session.connection().connection.cursor())


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def plain_json(value: Any) -> str:
    """JSON in the order that it was given: the order of a spec's keys is the order of its tables.

    Raises:
        ValueError: A float is NaN or infinite.
    """
    try:
        found = to_json(value).decode()
    except ValueError:  # half a character, say, which JSON has an escape for
        return _ENCODER.encode(value)
    # Pydantic's encoder takes a tenth of the time, and would let those pass; seldom they are but words.
    return _ENCODER.encode(value) if "NaN" in found or "Infinity" in found else found


def _json(value: Any) -> str | None:
    return None if value is None else plain_json(value)


_DIALECT: Dialect = sqlite.dialect(paramstyle="qmark", json_serializer=plain_json)


_MOMENT = len("2026-11-23 09:14:02.123456")


def _moment(value: datetime | None) -> str | None:
    """A moment as SQLAlchemy writes it, in a tenth of the time."""
    if value is None:
        return None
    if value.tzinfo is UTC:
        return value.isoformat(" ", "microseconds")[:_MOMENT]
    if value.tzinfo is None:
        raise ValueError(f"a moment must carry its time zone, but got {value!r}")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _writing(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What turns a value of a column into what the driver takes."""
    if isinstance(kind, UtcDateTime):
        return _moment
    if isinstance(kind, JSON) and kind.none_as_null:
        return _json
    if isinstance(kind, Enum) and kind.enum_class is not None:
        known: dict[Any, Any] = {member: member.value for member in kind.enum_class}
        return {None: None, **known}.__getitem__
    return kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _heard_moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def _heard_json(value: str | None) -> Any:
    """In a third of the time that the standard library takes; it also reads halves of characters."""
    if value is None:
        return None
    try:
        return from_json(value)
    except ValueError:
        return json.loads(value)


def _reading(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What turns a value that the driver gives into one of the column; what SQLAlchemy would give."""
    if isinstance(kind, UtcDateTime):
        return _heard_moment
    if isinstance(kind, JSON):
        return _heard_json
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return {None: None, **{member.value: member for member in kind.enum_class}}.__getitem__
    return kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None)


class Prepared:
    """A statement of SQLAlchemy's, ready for a cursor.

    Args:
        statement: With a parameter for every value.
        columns: What an INSERT or UPDATE writes; each execution gives a value for all of them.
    """

    def __init__(self, statement: ClauseElement, columns: Iterable[str] = ()) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=_DIALECT, column_keys=list(columns) or None))
        self._sql = str(compiled)
        self._binds = [(name, _writing(compiled.binds[name].type)) for name in compiled.positiontup or ()]

        self._further = f", ({', '.join('?' * len(self._binds))})"

        # What the statement brings itself, such as the path into a JSON column.
        self._constants = {
            name: bind.value
            for name, bind in compiled.binds.items()
            if not bind.required and bind.value is not None
        }
        kinds = [one.type for one in statement.selected_columns] if isinstance(statement, Select) else []
        self._results = [
            (place, process) for place, kind in enumerate(kinds) if (process := _reading(kind)) is not None
        ]

    def rows(self, cursor: Cursor, **values: Any) -> Iterator[list[Any]]:
        """Executes a SELECT, and gives its rows as the tables' types have them."""
        for row in self.run(cursor, **values).fetchall():
            found = list(row)
            for place, process in self._results:
                found[place] = process(found[place])
            yield found

    def run(self, cursor: Cursor, **values: Any) -> Cursor:
        """Executes it.

        Returns:
            The cursor, with rows as the driver gives them.
        """
        cursor.execute(self._sql, self._row(values))
        return cursor

    def run_many(self, cursor: Cursor, rows: Iterable[dict[str, Any]]) -> None:
        """Executes it for each row."""
        cursor.executemany(self._sql, map(self._row, rows))

    def run_as_given(self, cursor: Cursor, rows: Iterable[tuple[str | float | None, ...]]) -> None:
        """Executes it for each row of plain text and numbers, in the order of the columns."""
        cursor.executemany(self._sql, rows)

    def run_together(self, cursor: Cursor, rows: Sequence[tuple[str | float | None, ...]]) -> None:
        """As `run_as_given` of an INSERT, many rows to a statement, in two thirds of the time."""
        for begin in range(0, len(rows), AT_ONCE):
            these = rows[begin : begin + AT_ONCE]
            cursor.execute(self._sql + self._further * (len(these) - 1), list(chain.from_iterable(these)))

    def _row(self, values: dict[str, Any]) -> list[Any]:
        if self._constants:
            values = {**self._constants, **values}
        return [values[name] if process is None else process(values[name]) for name, process in self._binds]
