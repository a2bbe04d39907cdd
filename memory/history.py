"""Past runs, read back from the store as planners, findings and people see them."""

from collections import Counter
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select

from blocks.run import Run, RunState
from memory.database import Database
from memory.past import Past
from memory.reading import changed_runs, last_event
from memory.records import RunKey
from memory.rows import first_done, metrics_of, row_of, run_of
from memory.schema import GuardCheckRow, RunRow


class Heard(NamedTuple):
    """A past, and the event up to which it was told."""

    past: Past
    event: int


class History:
    """The part of the store that reads runs."""

    _database: Database
    _pasts: dict[tuple[str, str], Heard]

    def past(self, exploration: str, metric: str) -> Past:
        """All runs with one of their metrics, as planners and findings need them.

        Kept from one call to the next: only the runs are read that the journal says have changed since,
        whichever process changed them. The next call updates the past that this one gave.

        Args:
            exploration: Name of the exploration.
            metric: The metric that the runs hold; they hold no other.
        """
        known = self._pasts.pop((exploration, metric), None)
        past, heard = Heard(Past(), 0) if known is None else known
        with self._database.looking() as cursor:
            now = last_event(cursor, exploration)
            if now > heard:
                past.update(changed_runs(cursor, exploration, metric, since=heard))
        self._pasts[exploration, metric] = Heard(past, now)
        return past

    def count_runs(self, exploration: str) -> Counter[RunState]:
        """How many runs are in each state."""
        count = select(RunRow.state, func.count()).where(RunRow.exploration == exploration)
        with self._database.reading() as session:
            return Counter({row[0]: row[1] for row in session.execute(count.group_by(RunRow.state))})

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

    def paid_for(self, identity: str) -> RunKey | None:
        """The first run of that identity that is done, and where it belongs."""
        with self._database.reading() as session:
            row = first_done(session, identity)
            return None if row is None else RunKey(row.exploration, row.number)

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
