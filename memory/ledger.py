"""What runs rest on, in the store: data sets, foundations and the guard's checks.

A data set whose hash changes is refused. The truth about a foundation may be opened only when the
hash of its fit is stored, as with runs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from blocks.errors import DataError, QueryError
from blocks.problem import FoundationReport
from memory.database import Database
from memory.prepared import cursor_of
from memory.records import DatasetRecord, FoundationRecord, GuardCheckRecord
from memory.rows import finite, require_dataset, row_of
from memory.schema import (
    DatasetRow,
    DatasetState,
    ExplorationRow,
    FoundationRow,
    FoundationState,
    GuardCheckRow,
    RunRow,
)

Row = TypeVar("Row")

_RESULTS = (
    "fitted_hash",
    "fit_s",
    "fitted_at",
    "chosen",
    "chosen_by_truth",
    "metrics",
    "summary",
    "failure",
    "ended_at",
)


class Ledger:
    """The part of the store that holds data sets, foundations and guard checks."""

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
            row = _known(session.get(DatasetRow, key), "data set", key)
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

    def plan_foundation(self, key: str, *, dataset: str, settings: Mapping[str, Any]) -> FoundationRecord:
        """Announces a foundation before it is fitted; one that is known is to be fitted anew.

        Args:
            key: Identity of the foundation.
            dataset: Hash of the observations that it is fitted to.
            settings: What the problem was asked to fit.

        Raises:
            QueryError: No data set of that hash is ready.
        """
        with self._database.writing() as session:
            require_dataset(cursor_of(session), dataset)
            row = session.get(FoundationRow, key)
            what = "foundation planned" if row is None else "foundation planned again"
            if row is None:
                row = FoundationRow(
                    key=key, dataset=dataset, settings=dict(settings), created_at=self._database.clock()
                )
                session.add(row)
            row.state = FoundationState.PLANNED
            for name in _RESULTS:
                setattr(row, name, None)
            self._database.note(cursor_of(session), what, detail=key)
            session.flush()
            return _foundation(row)

    def fitted_foundation(self, key: str, *, fitted_hash: str, fit_s: float) -> None:
        """The candidates are on disk; from here on, and not before, the truth may be opened."""
        with self._database.writing() as session:
            row = _in_state(session, key, FoundationState.PLANNED)
            row.state, row.fitted_hash, row.fit_s = FoundationState.FITTED, fitted_hash, fit_s
            row.fitted_at = self._database.clock()
            self._database.note(cursor_of(session), "foundation fitted", detail=f"{key} {fitted_hash}")

    def foundation_truth_opened(self, key: str) -> None:
        """Records that an evaluator is about to open the truth for this foundation.

        Raises:
            ValueError: The hash of its fit is not stored yet.
        """
        with self._database.writing() as session:
            row = _in_state(session, key, FoundationState.FITTED)
            self._database.note(
                cursor_of(session), "foundation truth opened", detail=f"{key} {row.fitted_hash}"
            )

    def judged_foundation(self, key: str, report: FoundationReport) -> None:
        """Stores what the evaluator says; slots may use the foundation from here on."""
        with self._database.writing() as session:
            row = _in_state(session, key, FoundationState.FITTED)
            row.state = FoundationState.READY
            row.chosen, row.chosen_by_truth = report.chosen, report.chosen_by_truth
            row.metrics = {name: finite(value) for name, value in report.metrics.items()}
            row.summary = report.summary
            row.ended_at = self._database.clock()
            self._database.note(cursor_of(session), "foundation ready", detail=f"{key} {report.chosen}")

    def failed_foundation(self, key: str, *, reason: str) -> None:
        """Ends a fit, or its judgement, badly. It may be planned again."""
        with self._database.writing() as session:
            row = _in_state(session, key, FoundationState.PLANNED, FoundationState.FITTED)
            row.state, row.failure, row.ended_at = FoundationState.FAILED, reason, self._database.clock()
            self._database.note(cursor_of(session), "foundation failed", detail=f"{key}: {reason}")

    def foundation(self, key: str) -> FoundationRecord | None:
        """A foundation, or None where the store knows none of that key."""
        with self._database.reading() as session:
            row = session.get(FoundationRow, key)
            return None if row is None else _foundation(row)

    def stand_on(self, exploration: str, *, foundation: str) -> None:
        """Records what a launch stands on: so the working memory can be rendered from the store alone."""
        with self._database.writing() as session:
            row = _known(session.get(ExplorationRow, exploration), "exploration", exploration)
            row.foundation = foundation
            cursor = cursor_of(session)
            self._database.note(cursor, "stands on", exploration=exploration, detail=foundation)

    def stood_on(self, exploration: str) -> FoundationRecord | None:
        """The foundation that the last launch stood on; of an older store, that of its last run."""
        with self._database.reading() as session:
            key = _known(session.get(ExplorationRow, exploration), "exploration", exploration).foundation
            if key is None:
                runs = select(RunRow.foundation).where(RunRow.exploration == exploration)
                key = session.scalar(runs.order_by(RunRow.number.desc()).limit(1))
            row = None if key is None else session.get(FoundationRow, key)
            return None if row is None else _foundation(row)

    def foundation_of(self, exploration: str, number: int) -> FoundationRecord | None:
        """The foundation that a run was planned on, as it is now.

        Raises:
            QueryError: There is no such run.
        """
        with self._database.reading() as session:
            row = session.get(FoundationRow, row_of(session, exploration, number).foundation)
            return None if row is None else _foundation(row)

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


def _in_state(session: Session, key: str, *allowed: FoundationState) -> FoundationRow:
    row = _known(session.get(FoundationRow, key), "foundation", key)
    if row.state not in allowed:
        raise ValueError(
            f"foundation {key[:12]}: must be {' or '.join(allowed)} for this, but it is {row.state}"
        )
    return row


def _known(row: Row | None, kind: str, key: str) -> Row:
    if row is None:
        raise QueryError(
            f"{key!r} must be the key of a {kind} in the store, but there is none; plan it first"
        )
    return row


def _dataset(row: DatasetRow) -> DatasetRecord:
    return DatasetRecord(**{name: getattr(row, name) for name in DatasetRecord.model_fields})


def _foundation(row: FoundationRow) -> FoundationRecord:
    return FoundationRecord(**{name: getattr(row, name) for name in FoundationRecord.model_fields})


def _guard_check(row: GuardCheckRow) -> GuardCheckRecord:
    return GuardCheckRecord(**{name: getattr(row, name) for name in GuardCheckRecord.model_fields})
