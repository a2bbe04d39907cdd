"""Runs that are planned again, and runs whose result is there already."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from blocks.run import Run, RunState
from blocks.slot import SlotSpec
from memory.certificates import NONE, certified_by
from memory.database import Database
from memory.prepared import cursor_of
from memory.recording import store_metrics
from memory.rows import first_done, metrics_of, row_of
from memory.schema import RunRow
from memory.sealing import split
from memory.wide import Name, summarise


class Replanning:
    """The part of the store that plans runs again, or ends them without training."""

    _database: Database
    _known_names: set[Name]
    _known_outcomes: dict[int, str | None]

    def reuse(
        self, exploration: str, number: int, *, source: Run, only: Collection[str] | None = None
    ) -> bool:
        """Ends a planned run with the metrics of an equal one that is done, so that it is not paid twice.

        Its time of training stays NULL: nothing was trained.

        Args:
            exploration: Name of the exploration.
            number: Number of the run.
            source: The equal one.
            only: Metrics that may be taken over; default: all.

        Returns:
            False where nothing was done, since the source has become void meanwhile.

        Raises:
            ValueError: The source is not done, or is not equal to the run.
        """
        with self._database.writing() as session:
            row = row_of(session, exploration, number)
            if row.state is not RunState.PLANNED or row.identity != source.identity:
                raise ValueError(
                    f"{exploration}, run {number}: only a planned run of the same identity can reuse run "
                    f"{source.number}, but it is {row.state} with identity {row.identity[:12]}, "
                    f"not {source.identity[:12]}"
                )
            origin = first_done(session, source.identity)
            if origin is None and source.state is RunState.DONE:
                return False
            if origin is None:
                raise ValueError(f"run {source.number}: must be done to be reused, but is {source.state}")
            row.state = RunState.DONE
            row.reused_from, row.trained_hash, row.curve = origin.id, origin.trained_hash, origin.curve
            metrics = metrics_of(session, [origin])[origin.id]
            if only is not None:
                metrics, _ = split(metrics, only)
            row.ended_at = self._database.clock()
            row.summary = summarise(metrics)
            session.flush()
            names = store_metrics(cursor_of(session), row.id, metrics, known=self._known_names)
            self._noted(session, row, "reused", f"{origin.exploration} run {origin.number}")
        self._known_names |= names
        return True

    def requeue_interrupted(self, exploration: str) -> list[int]:
        """Plans runs again that were running when a launch was interrupted; trained ones stay trained.

        Returns:
            Their numbers.
        """
        with self._database.writing() as session:
            rows = session.scalars(
                select(RunRow)
                .where(RunRow.exploration == exploration, RunRow.state == RunState.RUNNING)
                .order_by(RunRow.number)
            ).all()
            for row in rows:
                row.state = RunState.PLANNED
                self._noted(session, row, "planned again", f"interrupted in attempt {row.attempts}")
            return [row.number for row in rows]

    def replan(
        self,
        exploration: str,
        number: int,
        *,
        identity: str,
        foundation: str,
        guard_check: int,
        certificates: Mapping[str, int] = NONE,
        why: str,
    ) -> None:
        """Plans a run again that has no result yet: its code changed, or what it trained was lost.

        Args:
            exploration: Name of the exploration.
            number: Number of the run, in state planned or trained.
            identity: What it will be trained as.
            foundation: Key of the foundation that it will stand on.
            guard_check: Id of the check that admitted the code.
            certificates: As for `plan`.
            why: For the journal.

        Raises:
            ValueError: The run is under way, or has ended.
        """
        with self._database.writing() as session:
            row = row_of(session, exploration, number)
            if row.state not in (RunState.PLANNED, RunState.TRAINED):
                raise ValueError(
                    f"{exploration}, run {number}: cannot be planned again, since it is {row.state}"
                )
            row.state, row.trained_hash, row.trained_at = RunState.PLANNED, None, None
            row.trained_steps, row.planned_steps, row.curve = None, None, None
            row.identity, row.foundation, row.guard_check = identity, foundation, guard_check
            slot = SlotSpec.model_validate(row.spec)
            known = self._known_outcomes
            (rests,) = certified_by(cursor_of(session), [slot], certificates, known=known)
            row.certificates, row.certified = list(rests.ids), rests.certified
            self._noted(session, row, "planned again", why)

    def _noted(self, session: Session, row: RunRow, what: str, detail: str = "") -> None:
        self._database.note(
            cursor_of(session), what, exploration=row.exploration, run=row.number, detail=detail
        )
