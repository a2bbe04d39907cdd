"""A store that is only asked, by the database's driver alone: what a command needs to answer at once.

The questions that stores and readers have in common are functions over `ask`, so that both give one answer.
"""

import difflib
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from blocks.errors import QueryError, WorkspaceError
from blocks.exploration import ExplorationSpec
from memory.file import REVISION, connect_to_read, require_store, stored_revision, translate_sqlite_errors
from memory.wide import NAMES, STORED, is_current
from memory.workspace import Workspace

if TYPE_CHECKING:
    from memory.truth import TruthUse

Ask = Callable[..., Sequence[Sequence[Any]]]
"""Rows of a question in SQL; values for its `?` follow it."""


class Reader:
    """A store opened to be asked about its explorations, and with `query_runs` about its runs."""

    def __init__(self, workspace: Workspace, connection: sqlite3.Connection) -> None:
        self.workspace = workspace
        self._connection = connection

    @classmethod
    def open(cls, workspace: Workspace) -> "Reader":
        """Opens the store of a workspace to ask only; an older one is brought to this version first.

        Raises:
            WorkspaceError: As `Store.open`.
        """
        path = workspace.database
        require_store(workspace)
        with translate_sqlite_errors(path):
            if not _is_of_this_version(path):
                from memory.store import Store  # seldom, and slow to import

                Store.open(workspace, create=False).close()
            return cls(workspace, connect_to_read(path))

    def resolve(self, name: str | None) -> str:
        """As `Store.resolve`."""
        with translate_sqlite_errors(self.workspace.database):
            return resolve(self._ask, name, path=self.workspace.database)

    def spec(self, name: str) -> ExplorationSpec:
        """As `Store.spec`."""
        with translate_sqlite_errors(self.workspace.database):
            return spec_of(self._ask, name, path=self.workspace.database)

    def truth_use(
        self, name: str, *, objective: str, needs_labels: bool, ways: tuple[str, ...]
    ) -> "TruthUse":
        """As `memory.truth.truth_use`."""
        from memory.truth import truth_use

        with translate_sqlite_errors(self.workspace.database):
            return truth_use(self._ask, name, objective=objective, needs_labels=needs_labels, ways=ways)

    def has_fresh_networks(self, name: str) -> bool:
        """Whether a run of an exploration was on another network than its own."""
        with translate_sqlite_errors(self.workspace.database):
            return bool(self._ask("SELECT 1 FROM runs WHERE exploration = ? AND network > 0 LIMIT 1", name))

    def due_memories(self) -> list[str]:
        """Explorations whose working memory is to be rendered anew, since runs became void."""
        with translate_sqlite_errors(self.workspace.database):
            return [row[0] for row in self._ask("SELECT exploration FROM due_memories ORDER BY exploration")]

    def close(self) -> None:
        """Gives the connection back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        return self._connection.execute(sql, values).fetchall()


def latest(ask: Ask) -> str | None:
    """The exploration in which something happened last; None in an empty store."""
    found = ask("SELECT exploration FROM events WHERE exploration IS NOT NULL ORDER BY id DESC LIMIT 1")
    return str(found[0][0]) if found else None


def resolve(ask: Ask, name: str | None, *, path: Path) -> str:
    """The exploration of that name; without one, that in which something happened last.

    Raises:
        QueryError: There is none of that name, or none at all.
    """
    found = latest(ask) if name is None else name
    if found is None:
        raise QueryError(
            f"{path.parent} must hold an exploration, but none has begun; start one with `setpoint launch`"
        )
    if not ask("SELECT 1 FROM explorations WHERE name = ?", found):
        raise no_such_exploration(ask, found)
    return found


def spec_of(ask: Ask, name: str, *, path: Path) -> ExplorationSpec:
    """Settings of an exploration.

    Raises:
        QueryError: There is none of that name.
    """
    found = ask("SELECT spec, setpoint_version FROM explorations WHERE name = ?", name)
    if not found:
        raise no_such_exploration(ask, name)
    return parse_spec(json.loads(found[0][0]), name=name, version=found[0][1], path=path)


def parse_spec(stored: Any, *, name: str, version: str, path: Path) -> ExplorationSpec:
    """Stored settings, as this version reads them.

    Raises:
        WorkspaceError: It cannot: another version wrote them.
    """
    try:
        return ExplorationSpec.model_validate(stored)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise WorkspaceError(
            f"{path}: exploration {name!r} holds {key}, which this version of Setpoint cannot read "
            f"({first['msg']}); use version {version}, or another --workspace"
        ) from error


def no_such_exploration(ask: Ask, name: str) -> QueryError:
    """What to say where the store holds no exploration of that name."""
    known = [row[0] for row in ask("SELECT name FROM explorations ORDER BY name")]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return QueryError(
        f"there is no exploration {name!r} in this workspace.{hint} Known: {', '.join(known) or 'none yet'}"
    )


def _is_of_this_version(path: Path) -> bool:
    """Whether nothing has to be written before the store can be asked."""
    if stored_revision(path) != REVISION:
        return False
    connection = connect_to_read(path)
    try:
        stored = connection.execute(STORED).fetchone()
        return is_current(connection.execute(NAMES).fetchall(), stored and stored[0])
    finally:
        connection.close()
