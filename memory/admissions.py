"""What the store knows of code that was let in: the guard's last word on it, and versions of strategies.

A verdict is found by the hash of what it is about, so that the same code is not asked about twice.
"""

from pathlib import Path

from sqlalchemy import select

from memory.database import Database
from memory.prepared import cursor_of
from memory.schema import EventRow, GuardCheckRow

ADMITTED = "strategy admitted"
"""The event of a user's strategy, in a version that the exploration had not had before."""


class Admissions:
    """The part of the store that holds what was let in."""

    _database: Database

    def verdict_on(self, code_hash: str) -> str | None:
        """What the guard last said of the code with that hash; None where it was not asked."""
        query = (
            select(GuardCheckRow.verdict)
            .where(GuardCheckRow.code_hash == code_hash)
            .order_by(GuardCheckRow.id.desc())
        )
        with self._database.reading() as session:
            return session.scalar(query.limit(1))

    def admit_strategy(self, exploration: str, reference: str, *, version: str) -> str | None:
        """Records which version of a user's strategy an exploration goes on with.

        Args:
            exploration: Its name.
            reference: File and class of the strategy, without its folder.
            version: Hash of its code.

        Returns:
            The version that it had before; None where it had none.
        """
        known = (
            select(EventRow.detail)
            .where(EventRow.exploration == exploration, EventRow.what == ADMITTED)
            .order_by(EventRow.id.desc())
        )
        with self._database.writing() as session:
            pairs = (detail.partition(" ") for detail in session.scalars(known))
            before = next((one for one, _, name in pairs if Path(name).name == reference), None)
            if before != version:
                detail = f"{version} {reference}"
                self._database.note(cursor_of(session), ADMITTED, exploration=exploration, detail=detail)
            return before

    def admitted_strategies(self, exploration: str) -> dict[str, str]:
        """Versions of the user's strategies that an exploration goes on with, by file and class."""
        admitted = select(EventRow.detail).where(
            EventRow.exploration == exploration, EventRow.what == ADMITTED
        )
        with self._database.reading() as session:
            pairs = [detail.partition(" ") for detail in session.scalars(admitted.order_by(EventRow.id))]
            return {Path(name).name: one for one, _, name in pairs}
