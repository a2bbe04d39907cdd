"""The journal of the store: every change with its event, in the order in which things happened.

What changes a row leaves its event in the same transaction; what happens to a launch, and to no row, is
noted here.
"""

from sqlalchemy import select

from memory.database import Database
from memory.records import Event
from memory.schema import EventRow


class Journal:
    """The part of the store that tells what happened."""

    _database: Database

    def note_cut(self, exploration: str, why: str) -> None:
        """Records that a launch was ended by its budget."""
        with self._database.recording() as cursor:
            self._database.note(cursor, "ended by its budget", exploration=exploration, detail=why)

    def note_rerun(self, exploration: str, run: int, outcome: str) -> None:
        """Records that a run was trained again, and what a comparison with its parameters showed."""
        with self._database.recording() as cursor:
            self._database.note(cursor, "rerun", exploration=exploration, run=run, detail=outcome)

    def events(
        self, exploration: str | None = None, *, run: int | None = None, last: int | None = None
    ) -> list[Event]:
        """The journal in the order in which things happened; of one exploration, one run, or all.

        Args:
            exploration: Of this one only.
            run: Of this run only.
            last: No more than so many, those that happened last.
        """
        query = select(EventRow)
        query = (
            query.order_by(EventRow.id) if last is None else query.order_by(EventRow.id.desc()).limit(last)
        )
        if exploration is not None:
            query = query.where(EventRow.exploration == exploration)
        if run is not None:
            query = query.where(EventRow.run == run)
        with self._database.reading() as session:
            found = [
                Event(**{name: getattr(row, name) for name in Event.model_fields})
                for row in session.scalars(query)
            ]
        return found if last is None else found[::-1]
