"""Runs in the store: planned, started, trained, ended.

A state only moves forward, each move is one short transaction with its event, and a run that has
ended stays as it is. A missing metric is stored as NULL, never as a number.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from blocks.run import Failure, Metrics, Run, RunState
from blocks.slot import Proposal
from blocks.stopping import Course
from memory.certificates import NONE, certified_by
from memory.database import Database
from memory.prepared import Cursor
from memory.recording import append_runs, ground_of, move, require_open, standing, store_metrics
from memory.retractions import inherit
from memory.rows import finite_ones, planned_row, planned_run, require_dataset
from memory.wide import VALUE, Name, add_names, summarise

NO_FURTHER: Mapping[int, tuple[str, str]] = {}


class RunTable:
    """The part of the store that writes runs."""

    _database: Database
    _known_names: set[Name]
    _known_outcomes: dict[int, str | None]

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
        certificates: Mapping[str, int] = NONE,
        further: Mapping[int, tuple[str, str]] = NO_FURTHER,
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
            certificates: Id of the certificate of each strategy that has one, whatever its outcome. A run
                is certified where all of its strategies are.
            further: Data set and foundation of fresh networks, by number; where a proposal names one.

        Raises:
            ValueError: The block is closed.
            QueryError: There is no such data set.
        """
        standing_on = {0: (dataset, foundation), **further}
        ordered = dict.fromkeys((VALUE, name) for proposal, _ in proposals for name in proposal.spec.values)
        with self._database.recording() as cursor:
            needed = list(dict.fromkeys(standing_on[proposal.network][0] for proposal, _ in proposals))
            ground = ground_of(cursor, exploration, block, dataset=needed[0] if needed else "")
            for other in needed[ground.has_dataset :]:
                require_dataset(cursor, other)
            require_open(cursor, exploration, block, ground.block)
            first = ground.first
            slots = [proposal.spec for proposal, _ in proposals]
            rested = certified_by(cursor, slots, certificates, known=self._known_outcomes)
            planned = [
                planned_run(
                    proposal,
                    number=number,
                    block=block,
                    batch=batch,
                    identity=identity,
                    dataset=standing_on[proposal.network][0],
                    certified=rested[number - first].certified,
                )
                for number, (proposal, identity) in enumerate(proposals, first)
            ]
            now = self._database.clock()
            append_runs(
                cursor,
                [
                    planned_row(
                        exploration,
                        run,
                        foundation=standing_on[run.proposal.network][1],
                        guard_check=guard_check,
                        certificates=rests.ids,
                        at=now,
                    )
                    for run, rests in zip(planned, rested, strict=True)
                ],
            )
            if ground.has_void:
                inherit(cursor, exploration, first=first)
            for run in planned:
                self._note(cursor, exploration, run.number, "planned", run.proposal.role.value)
            if not ordered.keys() <= self._known_names:
                add_names(cursor, ordered)
        self._known_names |= ordered.keys()
        return planned

    def start(self, exploration: str, number: int) -> None:
        """A worker begins to train the run."""
        with self._database.recording() as cursor:
            now = self._database.clock()
            move(cursor, exploration, number, RunState.RUNNING, started_at=now)
            attempts = standing(cursor, exploration, number).attempts
            self._note(cursor, exploration, number, "started", f"attempt {attempts}")

    def trained(
        self,
        exploration: str,
        number: int,
        *,
        trained_hash: str,
        train_s: float,
        opens_truth: bool = False,
        course: Course | None = None,
    ) -> None:
        """The parameters are on disk; from here on, and not before, the truth may be opened.

        Args:
            exploration: Name of the exploration.
            number: Number of the run.
            trained_hash: Hash of the parameters.
            train_s: Wall-clock time of training, s.
            opens_truth: Whether the truth is opened next, as `truth_opened` says later. Both events are then
                stored together, in their order: an evaluator that starts when this has returned finds the
                hash stored, be there a kill -9 or not.
            course: How far the training went, where that is known.
        """
        with self._database.recording() as cursor:
            now = self._database.clock()
            move(
                cursor,
                exploration,
                number,
                RunState.TRAINED,
                trained_hash=trained_hash,
                train_s=train_s,
                trained_at=now,
                **_columns_of(course),
            )
            self._note(cursor, exploration, number, "trained", trained_hash)
            if opens_truth:
                self._note(cursor, exploration, number, "truth opened", trained_hash)

    def stop(
        self,
        exploration: str,
        number: int,
        *,
        trained_hash: str,
        train_s: float,
        course: Course,
        why: str,
    ) -> None:
        """Ends a run whose training was stopped early, by the rule of its slot; it is not evaluated.

        What half a training is worth is no result of its slot, and would be taken for one; so the truth is
        never opened for it. Its parameters stay on disk, and its learning curve is what is known of it.

        Args:
            exploration: Name of the exploration.
            number: Number of the run.
            trained_hash: Hash of the parameters.
            train_s: Wall-clock time of training, s.
            course: How far the training went.
            why: In a line.
        """
        with self._database.recording() as cursor:
            now = self._database.clock()
            move(
                cursor,
                exploration,
                number,
                RunState.STOPPED,
                trained_hash=trained_hash,
                train_s=train_s,
                trained_at=now,
                ended_at=now,
                stopped=why,
                **_columns_of(course),
            )
            self._note(cursor, exploration, number, "stopped", why)

    def truth_opened(self, exploration: str, number: int) -> None:
        """Records that an evaluator is about to open the truth for this run.

        Raises:
            ValueError: The hash of its trained parameters is not stored yet.
        """
        with self._database.recording() as cursor:
            row = standing(cursor, exploration, number)
            if row.state is not RunState.TRAINED or row.trained_hash is None:
                raise ValueError(
                    f"{exploration}, run {number}: truth may be opened once it is trained, "
                    f"but it is {row.state}"
                )
            self._note(cursor, exploration, number, "truth opened", row.trained_hash)

    def finish(self, exploration: str, number: int, metrics: Sequence[Metrics]) -> None:
        """Stores the metrics of a trained run, one mapping per replicate. NaN and infinity become NULL.

        Raises:
            ValueError: The run is not in state trained, or has another number of replicates.
        """
        cleaned = [finite_ones(row) for row in metrics]
        summary = summarise(cleaned)
        with self._database.recording() as cursor:
            now = self._database.clock()
            move(cursor, exploration, number, RunState.DONE, summary=summary, ended_at=now)
            row = standing(cursor, exploration, number)
            if len(cleaned) != row.n_replicates:
                raise ValueError(
                    f"{exploration}, run {number}: must get metrics for each of its {row.n_replicates} "
                    f"replicates, but got {len(cleaned)}"
                )
            names = store_metrics(cursor, row.id, cleaned, known=self._known_names)
            self._note(cursor, exploration, number, "done")
        self._known_names |= names

    def fail(self, exploration: str, number: int, failure: Failure, *, train_s: float | None) -> None:
        """Ends a run badly; it stays in the store, since the planner learns from it."""
        took = {} if train_s is None else {"train_s": train_s}
        with self._database.recording() as cursor:
            move(
                cursor,
                exploration,
                number,
                RunState.FAILED,
                failure_kind=failure.kind,
                failure_reason=failure.reason,
                ended_at=self._database.clock(),
                **took,
            )
            self._note(cursor, exploration, number, "failed", f"{failure.kind.value}: {failure.reason}")

    def _note(self, cursor: Cursor, exploration: str, number: int, what: str, detail: str = "") -> None:
        self._database.note(cursor, what, exploration=exploration, run=number, detail=detail)


def _columns_of(course: Course | None) -> dict[str, Any]:
    """How far a training went, as columns of its row."""
    if course is None:
        return {}
    curve = None if course.curve is None else course.curve.model_dump(mode="json")
    return {"trained_steps": course.steps, "planned_steps": course.planned, "curve": curve}
