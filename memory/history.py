"""Past runs, read back from the store as planners, findings and people see them."""

from sqlalchemy import ColumnElement, select

from blocks.run import Run
from memory.database import Database
from memory.records import RunKey
from memory.rows import first_done, metrics_of, row_of, run_of
from memory.schema import GuardCheckRow, RunRow


class History:
    """The part of the store that reads runs."""

    _database: Database

    def runs(self, exploration: str, *, block: int | None = None, batch: int | None = None) -> list[Run]:
        """Runs in the order of their numbers, in two queries however many there are."""
        wanted: list[ColumnElement[bool]] = [RunRow.exploration == exploration]
        if block is not None:
            wanted.append(RunRow.block == block)
        if batch is not None:
            wanted.append(RunRow.batch == batch)
        with self._database.reading() as session:
            rows = session.scalars(select(RunRow).where(*wanted).order_by(RunRow.number)).all()
            metrics = metrics_of(session, rows, where=wanted)
            return [run_of(row, metrics.get(row.id, ())) for row in rows]

    def run(self, exploration: str, number: int) -> Run:
        """One run.

        Raises:
            QueryError: There is none of that number.
        """
        with self._database.reading() as session:
            row = row_of(session, exploration, number)
            return run_of(row, metrics_of(session, [row]).get(row.id, ()))

    def find_done(self, identity: str) -> Run | None:
        """The first run of that identity that is done, in whatever exploration."""
        with self._database.reading() as session:
            row = first_done(session, identity)
            return None if row is None else run_of(row, metrics_of(session, [row]).get(row.id, ()))

    def origin(self, exploration: str, number: int) -> RunKey:
        """Where a run's artifacts lie: at the run that it reused, or at itself."""
        with self._database.reading() as session:
            row = row_of(session, exploration, number)
            if row.reused_from is not None:
                row = session.get_one(RunRow, row.reused_from)
            return RunKey(row.exploration, row.number)

    def guard_verdict(self, exploration: str, number: int) -> str:
        """What the guard said of the code that a run was trained with, in one line."""
        with self._database.reading() as session:
            row = row_of(session, exploration, number)
            check = None if row.guard_check is None else session.get(GuardCheckRow, row.guard_check)
            if check is None:
                return "unverified: no check of its training code is stored"
            return (
                f"{check.verdict} (check {check.id} of {check.at:%Y-%m-%d %H:%M} UTC: {check.files} files, "
                f"code {check.code_hash[:12]})"
            )
