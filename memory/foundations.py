"""Foundations in the store: planned, fitted, judged; and which one a launch or a run stands on.

The truth about a foundation may be opened only when the hash of its fit is stored, as with runs. One that
failed, or whose files are gone, is planned again.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from blocks.problem import FoundationReport
from memory.database import Database
from memory.prepared import cursor_of
from memory.records import FoundationRecord
from memory.rows import finite, known_row, require_dataset, row_of
from memory.schema import ExplorationRow, FoundationRow, FoundationState, RunRow

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


class Foundations:
    """The part of the store that holds foundations."""

    _database: Database

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
            row = known_row(session.get(ExplorationRow, exploration), "exploration", exploration)
            row.foundation = foundation
            cursor = cursor_of(session)
            self._database.note(cursor, "stands on", exploration=exploration, detail=foundation)

    def stood_on(self, exploration: str) -> FoundationRecord | None:
        """The foundation that the last launch stood on; of an older store, that of its last run."""
        with self._database.reading() as session:
            key = known_row(session.get(ExplorationRow, exploration), "exploration", exploration).foundation
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


def _in_state(session: Session, key: str, *allowed: FoundationState) -> FoundationRow:
    row = known_row(session.get(FoundationRow, key), "foundation", key)
    if row.state not in allowed:
        raise ValueError(
            f"foundation {key[:12]}: must be {' or '.join(allowed)} for this, but it is {row.state}"
        )
    return row


def _foundation(row: FoundationRow) -> FoundationRecord:
    return FoundationRecord(**{name: getattr(row, name) for name in FoundationRecord.model_fields})
