"""What runs rest on, in the store: data sets and the guard's checks.

A data set whose hash changes is refused. Foundations are in `memory.foundations`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from blocks.errors import DataError
from memory.database import Database
from memory.prepared import cursor_of
from memory.records import DatasetRecord, GuardCheckRecord
from memory.rows import known_row, row_of
from memory.schema import DatasetRow, DatasetState, GuardCheckRow, RunRow


class Ledger:
    """The part of the store that holds data sets and guard checks."""

    _database: Database

    def plan_dataset(self, key: str, *, name: str) -> DatasetRecord:
        """Announces a data set before it is written; one that is known is given back as it is."""
        with self._database.writing() as session:
            row = session.get(DatasetRow, key)
            if row is None:
                row = DatasetRow(
                    key=key, name=name, state=DatasetState.PLANNED, created_at=self._database.clock()
                )
                session.add(row)
                self._database.note(cursor_of(session), "data set planned", detail=key)
            return _dataset(row)

    def ready_dataset(self, key: str, *, observations_hash: str, seal_hash: str | None) -> None:
        """Records the hashes of a data set that has been written.

        Raises:
            DataError: Other hashes are recorded already.
        """
        with self._database.writing() as session:
            row = known_row(session.get(DatasetRow, key), "data set", key)
            hashes = (observations_hash, seal_hash)
            if row.state is DatasetState.READY:
                if (row.observations_hash, row.seal_hash) != hashes:
                    raise DataError(
                        f"data set {row.name} ({key[:12]}) must have the hash that was recorded "
                        f"({(row.observations_hash or '')[:12]}), but has {observations_hash[:12]}; its "
                        "files were changed: bring them back, or use another --workspace"
                    )
                return
            row.observations_hash, row.seal_hash = hashes
            row.state = DatasetState.READY
            self._database.note(cursor_of(session), "data set ready", detail=key)

    def dataset(self, key: str) -> DatasetRecord | None:
        """A data set, or None where the store knows none of that key."""
        with self._database.reading() as session:
            row = session.get(DatasetRow, key)
            return None if row is None else _dataset(row)

    def code_of(self, exploration: str, number: int) -> str | None:
        """Hash of the training code that a run was admitted with; None where no check of it is stored."""
        with self._database.reading() as session:
            check = row_of(session, exploration, number).guard_check
            row = None if check is None else session.get(GuardCheckRow, check)
            return None if row is None else row.code_hash

    def record_guard_check(
        self, *, code_hash: str, verdict: str, files: int, findings: Sequence[Any] = ()
    ) -> int:
        """Stores what the guard said of the training code before a launch.

        Args:
            code_hash: Hash of the files that were parsed.
            verdict: `clean`, `leak` or `undecidable`.
            files: How many were parsed.
            findings: What was found, as JSON can hold it.

        Returns:
            The id of the check, for `plan`.
        """
        with self._database.writing() as session:
            row = GuardCheckRow(
                code_hash=code_hash,
                verdict=verdict,
                files=files,
                findings=list(findings),
                at=self._database.clock(),
            )
            session.add(row)
            self._database.note(cursor_of(session), "guard check", detail=f"{verdict} {code_hash}")
            session.flush()
            return row.id

    def runs_by_guard_check(self, exploration: str) -> dict[int, int]:
        """How many runs of an exploration rest on each check of the training code."""
        count = select(RunRow.guard_check, func.count()).where(
            RunRow.exploration == exploration, RunRow.guard_check.is_not(None)
        )
        with self._database.reading() as session:
            found = session.execute(count.group_by(RunRow.guard_check))
            return {check: runs for check, runs in found if check is not None}

    def guard_checks(self, exploration: str | None = None) -> list[GuardCheckRecord]:
        """The guard's checks, oldest first; those that runs of one exploration rest on, or all."""
        query = select(GuardCheckRow).order_by(GuardCheckRow.id)
        if exploration is not None:
            used = select(RunRow.guard_check).where(RunRow.exploration == exploration).distinct()
            query = query.where(GuardCheckRow.id.in_(used))
        with self._database.reading() as session:
            return [_guard_check(row) for row in session.scalars(query)]


def _dataset(row: DatasetRow) -> DatasetRecord:
    return DatasetRecord(**{name: getattr(row, name) for name in DatasetRecord.model_fields})


def _guard_check(row: GuardCheckRow) -> GuardCheckRecord:
    return GuardCheckRecord(**{name: getattr(row, name) for name in GuardCheckRecord.model_fields})
