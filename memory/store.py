"""The store of a workspace: what was tried, on what, and what came of it.

One class over fourteen parts: explorations, the journal, runs as they are written, runs that are planned
again, runs as they are read, retractions, what runs rest on, foundations, what was let in, the certificates
of strategies, what was held after each block, steering, prior knowledge, and the numbers of principles. Every
write is one short transaction with its event, so a kill -9 loses nothing that a call has returned from.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from memory.admissions import Admissions
from memory.beliefs import Beliefs
from memory.certificates import Certificates
from memory.database import Database, open_database
from memory.explorations import Explorations
from memory.foundations import Foundations
from memory.history import Heard, History
from memory.journal import Journal
from memory.ledger import Ledger
from memory.principles import Principles
from memory.prior_store import Priors
from memory.replanning import Replanning
from memory.retractions import Retractions
from memory.runs import RunTable
from memory.steering import Steering
from memory.wide import NAMES, STORED, Name, is_current, refresh
from memory.workspace import Workspace


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class Store(
    Explorations,
    Journal,
    RunTable,
    Replanning,
    History,
    Retractions,
    Ledger,
    Foundations,
    Admissions,
    Certificates,
    Beliefs,
    Steering,
    Priors,
    Principles,
):
    """An open store. Processes each open their own; any number may write at once."""

    def __init__(self, workspace: Workspace, database: Database) -> None:
        self.workspace = workspace
        self._database = database
        self._known_names: set[Name] = set()
        self._known_outcomes: dict[int, str | None] = {}
        self._pasts: dict[tuple[str, str], Heard] = {}

    @classmethod
    def open(
        cls, workspace: Workspace, *, create: bool = True, clock: Callable[[], datetime] = utc_now
    ) -> "Store":
        """Opens the store of a workspace, and brings an older one to this version.

        Args:
            workspace: The folder.
            create: Whether to make folder and store where there are none.
            clock: Gives the present moment, with its time zone.

        Raises:
            WorkspaceError: There is no store and `create` is off; or the store is of a newer version (and
                left untouched), read-only, full, malformed, or not a store.
        """
        store = cls(workspace, open_database(workspace, create=create, clock=clock))
        try:
            store._show_names()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Gives the connections back; the store cannot be used afterwards."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _show_names(self) -> None:
        """Makes the view `runs_wide` what this version wants it to be."""
        with self._database.reading() as session:
            connection = session.connection()
            names = [(kind, name) for kind, name in connection.exec_driver_sql(NAMES)]
            current = is_current(names, connection.exec_driver_sql(STORED).scalar())
        if not current:
            with self._database.recording() as cursor:
                refresh(cursor)
