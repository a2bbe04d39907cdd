"""Runs in the store: planned, started, trained, ended.

A state only moves forward, each move is one short transaction with its event, and a run that has
ended stays as it is. A missing metric is stored as NULL, never as a number.
"""

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from blocks.run import Failure, Metrics, Run, RunState
from blocks.slot import Proposal
from memory.database import Database
from memory.rows import finite, first_done, metrics_of, require_dataset, row_of, run_of
from memory.schema import BlockRow, BlockState, MetricRow, RunRow
from memory.wide import METRIC, VALUE, Name, add_names, summarise

_MOVES = {
    RunState.PLANNED: (RunState.RUNNING, RunState.FAILED),
    RunState.RUNNING: (RunState.TRAINED, RunState.FAILED),
    RunState.TRAINED: (RunState.DONE, RunState.FAILED),
    RunState.DONE: (),
    RunState.FAILED: (),
}


class RunTable:
    """The part of the store that writes runs."""

    _database: Database
    _known_names: set[Name]

    def plan(
        self,
        exploration: str,
        *,
        block: int,
        batch: int,
        proposals: Sequence[tuple[Proposal, str]],
        dataset: str,
        foundation: str,
        guard_check: int | None,
    ) -> list[Run]:
        """Stores proposals as planned runs, all or none; numbers go on from the last one.

        Args:
            exploration: Name of an exploration that has begun.
            block: Number of the block, from 1; it must not be closed.
            batch: Number of the batch within the block.
            proposals: Each with the identity of the run that it would be.
            dataset: Hash of the data set's observations; it must be ready.
            foundation: Key of the foundation.
            guard_check: Id of the check that admitted the training code.

        Raises:
            ValueError: The block is closed.
            QueryError: There is no such data set.
        """
        ordered = [(VALUE, name) for proposal, _ in proposals for name in proposal.spec.values]
        names = set(ordered)
        database = self._database
        with database.writing() as session:
            require_dataset(session, dataset)
            where = session.get(BlockRow, (exploration, block))
            if where is None:
                session.add(BlockRow(exploration=exploration, number=block, state=BlockState.PLANNED))
                session.flush()
            elif where.state is BlockState.CLOSED:
                raise ValueError(
                    f"{exploration}: a run must be planned in an open block, but block {block} is closed"
                )
            last = (
                session.scalar(select(func.max(RunRow.number)).where(RunRow.exploration == exploration)) or 0
            )
            now = database.clock()
            rows = [
                RunRow(
                    exploration=exploration,
                    number=number,
                    block=block,
                    batch=batch,
                    slot=proposal.slot,
                    role=proposal.role,
                    parent=proposal.parent,
                    change=proposal.change,
                    reason=proposal.reason,
                    strategies=",".join(proposal.spec.strategies),
                    spec=proposal.spec.model_dump(mode="json"),
                    identity=identity,
                    dataset=dataset,
                    foundation=foundation,
                    guard_check=guard_check,
                    state=RunState.PLANNED,
                    attempts=0,
                    planned_at=now,
                )
                for number, (proposal, identity) in enumerate(proposals, last + 1)
            ]
            session.add_all(rows)
            for row in rows:
                self._note(session, row, "planned", row.role.value)
            if not names <= self._known_names:
                add_names(session, ordered)
            session.flush()
            planned = [run_of(row, ()) for row in rows]
        self._known_names |= names
        return planned

    def start(self, exploration: str, number: int) -> None:
        """A worker begins to train the run."""
        with self._database.writing() as session:
            row = self._move(session, exploration, number, RunState.RUNNING)
            row.started_at = self._database.clock()
            row.attempts += 1
            self._note(session, row, "started", f"attempt {row.attempts}")

    def trained(self, exploration: str, number: int, *, trained_hash: str, train_s: float) -> None:
        """The parameters are on disk; from here on, and not before, the truth may be opened.

        Args:
            exploration: Name of the exploration.
            number: Number of the run.
            trained_hash: Hash of the parameters.
            train_s: Wall-clock time of training, s.
        """
        with self._database.writing() as session:
            row = self._move(session, exploration, number, RunState.TRAINED)
            row.trained_hash, row.train_s = trained_hash, train_s
            row.trained_at = self._database.clock()
            self._note(session, row, "trained", trained_hash)

    def truth_opened(self, exploration: str, number: int) -> None:
        """Records that an evaluator is about to open the truth for this run.

        Raises:
            ValueError: The hash of its trained parameters is not stored yet.
        """
        with self._database.writing() as session:
            row = row_of(session, exploration, number)
            if row.state is not RunState.TRAINED or row.trained_hash is None:
                raise ValueError(
                    f"{exploration}, run {number}: truth may be opened once it is trained, "
                    f"but it is {row.state}"
                )
            self._note(session, row, "truth opened", row.trained_hash)

    def finish(self, exploration: str, number: int, metrics: Sequence[Metrics]) -> None:
        """Stores the metrics of a trained run, one mapping per replicate. NaN and infinity become NULL.

        Raises:
            ValueError: The run is not in state trained, or has another number of replicates.
        """
        cleaned = [{name: finite(value) for name, value in row.items()} for row in metrics]
        with self._database.writing() as session:
            row = self._move(session, exploration, number, RunState.DONE)
            if len(cleaned) != len(row.spec["seeds"]):
                raise ValueError(
                    f"{exploration}, run {number}: must get metrics for each of its {len(row.spec['seeds'])} "
                    f"replicates, but got {len(cleaned)}"
                )
            names = self._store_metrics(session, row, cleaned)
            self._note(session, row, "done")
        self._known_names |= names

    def fail(self, exploration: str, number: int, failure: Failure, *, train_s: float | None) -> None:
        """Ends a run badly; it stays in the store, since the planner learns from it."""
        with self._database.writing() as session:
            row = self._move(session, exploration, number, RunState.FAILED)
            row.failure_kind, row.failure_reason = failure.kind, failure.reason
            row.train_s = row.train_s if train_s is None else train_s
            row.ended_at = self._database.clock()
            self._note(session, row, "failed", f"{failure.kind.value}: {failure.reason}")

    def reuse(self, exploration: str, number: int, *, source: Run) -> None:
        """Ends a planned run with the metrics of an equal one that is done, so that it is not paid twice.

        Its time of training stays NULL: nothing was trained.

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
            if origin is None:
                raise ValueError(f"run {source.number}: must be done to be reused, but is {source.state}")
            row.state = RunState.DONE
            row.reused_from, row.trained_hash = origin.id, origin.trained_hash
            names = self._store_metrics(session, row, metrics_of(session, [origin])[origin.id])
            self._note(session, row, "reused", f"{origin.exploration} run {origin.number}")
        self._known_names |= names

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
                self._note(session, row, "planned again", f"interrupted in attempt {row.attempts}")
            return [row.number for row in rows]

    def replan(
        self, exploration: str, number: int, *, identity: str, foundation: str, guard_check: int, why: str
    ) -> None:
        """Plans a run again that has no result yet: its code changed, or what it trained was lost.

        Args:
            exploration: Name of the exploration.
            number: Number of the run, in state planned or trained.
            identity: What it will be trained as.
            foundation: Key of the foundation that it will stand on.
            guard_check: Id of the check that admitted the code.
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
            row.identity, row.foundation, row.guard_check = identity, foundation, guard_check
            self._note(session, row, "planned again", why)

    def _store_metrics(self, session: Session, row: RunRow, metrics: Sequence[Metrics]) -> set[Name]:
        names = {(METRIC, name) for replicate in metrics for name in replicate}
        values = [
            {"run": row.id, "replicate": index, "name": name, "value": value}
            for index, replicate in enumerate(metrics)
            for name, value in replicate.items()
        ]
        if values:
            session.execute(insert(MetricRow), values)
        row.summary = summarise(metrics)
        row.ended_at = self._database.clock()
        if not names <= self._known_names:
            # In the problem's order, those that matter first: tables show them so.
            add_names(session, [(METRIC, name) for replicate in metrics for name in replicate])
        return names

    def _move(self, session: Session, exploration: str, number: int, to: RunState) -> RunRow:
        row = row_of(session, exploration, number)
        if to not in _MOVES[row.state]:
            raise ValueError(
                f"{exploration}, run {number}: a state may only move forward, "
                f"but {row.state} -> {to} was asked for"
            )
        row.state = to
        return row

    def _note(self, session: Session, row: RunRow, what: str, detail: str = "") -> None:
        self._database.note(session, what, exploration=row.exploration, run=row.number, detail=detail)
