"""The loop: plan a batch, train it, evaluate it, remember; block after block.

Whatever the launch is killed at, the store says what was planned and how far it came. A new launch
asks the store, not its memory: finished runs are kept, interrupted ones are done again, and the
planner, being pure, proposes what it would have proposed.
"""

from collections import deque
from pathlib import Path
from typing import NamedTuple

from agent.budget import Budget
from agent.disk import refuse_disk_errors
from agent.evaluating import Evaluations
from agent.grounds import Grounds
from agent.guiding import plan_batch
from agent.illustrating import Illustrating
from agent.pool import Outcome
from agent.remembering import Remembering
from agent.resuming import Resuming
from agent.session import Session
from agent.training import TrainedRun, Trainings
from agent.worker import trained_hash
from blocks.errors import SpecError
from blocks.run import Failure, FailureKind, Run, RunState
from blocks.stopping import why_stopped
from memory.past import Past


class Explored(NamedTuple):
    """What a launch came to."""

    memory: Path
    runs: int
    ended: int
    failed: int
    cut_by: str | None = None
    """The budget that ended it, where one did."""


class Explorer:
    """Drives one exploration; every decision is the planner's, every fact is the store's."""

    def __init__(self, session: Session, grounds: Grounds, *, workers: int, budget: Budget) -> None:
        self._session = session
        self._spec = session.spec
        self._workspace = session.workspace
        self._store = session.store
        self._listener = session.listener
        self._grounds = grounds
        self._budget = budget
        self._cut_by: str | None = None
        self._remembering = Remembering(session)
        self._illustrating = Illustrating(session, grounds)
        self._resuming = Resuming(session, grounds)
        self._training = Trainings(session, grounds, workers=workers)
        self._evaluating = Evaluations(session, grounds)
        self._ended = 0

    def explore(self) -> Explored:
        """Runs every block of the spec that is not closed yet.

        Raises:
            WorkspaceError: The disk is full or read-only; nothing stored so far is lost.
            KeyboardInterrupt: The user stopped it; a new launch goes on.
        """
        name = self._spec.name
        closed = max(self._session.closed_blocks(), default=0)
        if closed and not self._workspace.snapshot(name, closed).exists():
            self._remembering.write()  # the last launch was killed before it could
        self._illustrating.ask(self._undrawn())
        try:
            for block in range(1, self._spec.blocks + 1):
                if block in self._session.closed_blocks():
                    continue
                if self._is_cut_before(block, 1):
                    break
                self._store.open_block(name, block)
                for batch in range(1, self._spec.block.batches + 1):
                    if not self._is_cut_before(block, batch):
                        self._run_batch(block, batch)
                if self._cut_by is not None:
                    break  # the block stays open, and the next launch goes on with its plan
                self._store.close_block(name, block)
                self._listener.remembered(block, self._remembering.write())
            self._illustrating.finish()
        finally:
            self._illustrating.stop()
            self._training.stop()
            self._evaluating.stop()
        if self._cut_by is not None:
            self._store.note_cut(name, self._cut_by)
            self._listener.note(f"ended by its budget ({self._cut_by}); the next launch goes on from here")
        memory, runs = self._remembering.write(cut_by=self._cut_by), self._past().whole
        failed = sum(run.state is RunState.FAILED for run in runs)
        return Explored(memory=memory, runs=len(runs), ended=self._ended, failed=failed, cut_by=self._cut_by)

    def _is_cut_before(self, block: int, batch: int) -> bool:
        """Whether the budget leaves nothing for a batch that is not begun."""
        begun = any((run.block, run.batch) == (block, batch) for run in self._past().whole)
        if self._cut_by is None and not begun:
            self._cut_by = self._budget.refuses(self._ended_runs(), running=0)
        return self._cut_by is not None

    def _ended_runs(self) -> list[Run]:
        """Runs that were paid for, be they void by now."""
        return [run for run in self._past().whole if run.state.is_final]

    def _run_batch(self, block: int, batch: int) -> None:
        # Void runs as well: a batch is planned once, and a retraction may be undone.
        runs = [run for run in self._past().whole if (run.block, run.batch) == (block, batch)]
        if not runs:
            runs = self._plan(block, batch)
        lost = [run for run in runs if not run.state.is_final and not self._resuming.can_be_had(run.proposal)]
        runs = [run if run in lost else self._resuming.current(run) for run in runs]
        self._listener.batch(block, batch, runs, self._ended_runs())
        waiting: deque[Run] = deque()
        for run in runs:
            if run in lost:
                reason = f"network {run.proposal.network}, on which it was planned, can no longer be prepared"
                self._fail(run, Failure(kind=FailureKind.ERROR, reason=reason))
            elif run.state is RunState.TRAINED:
                self._evaluating.ask(run)
            elif not run.state.is_final:
                if self._resuming.take_over(run):
                    self._report(run)
                else:
                    waiting.append(run)
        while waiting or self._training.running or self._evaluating.under_way:
            while waiting and self._training.free:
                self._cut_by = self._budget.refuses(self._ended_runs(), running=self._under_way)
                if self._cut_by is not None:
                    waiting.clear()  # they stay planned
                    break
                self._training.start(waiting.popleft(), waiting=len(waiting) + 1)
            self._evaluating.step()
            for run, outcome in self._training.finished(wait_s=0.1 if self._training.running else 0):
                self._after_training(run, outcome)
            for run, outcome in self._evaluating.finished(wait_s=0 if self._training.running else 0.1):
                self._after_evaluation(run, outcome)
            for run in self._training.running:
                self._listener.progress(run.number, self._training.progress(run))
            self._illustrating.step()
            self._listener.tick()

    def _plan(self, block: int, batch: int) -> list[Run]:
        try:
            proposals = plan_batch(self._session, self._past(), block=block, batch=batch, take_up=True)
        except SpecError as error:
            # An exhausted space is an end, not a fault: the block closes with what it has.
            self._listener.note(str(error))
            return []
        proposals = [proposal for proposal in proposals if self._resuming.can_be_had(proposal)]
        made = {proposal.network: self._grounds.of(proposal.network) for proposal in proposals}
        home = self._grounds.home
        return self._store.plan(
            self._spec.name,
            block=block,
            batch=batch,
            proposals=[(proposal, self._resuming.identity(proposal)) for proposal in proposals],
            dataset=home.observations_hash,
            foundation=home.foundation_key,
            guard_check=home.guard_check,
            certificates=home.certificates,
            further={
                network: (ground.observations_hash, ground.foundation_key) for network, ground in made.items()
            },
        )

    def _past(self) -> Past:
        """All runs so far, each with the objective."""
        return self._store.past(self._spec.name, self._spec.objective)

    @property
    def _under_way(self) -> int:
        """Runs that are being trained or evaluated."""
        return len(self._training.running) + self._evaluating.under_way

    def _undrawn(self) -> list[Run]:
        """Runs of earlier launches without pictures; those of other code or data stand on other ground."""
        return [run for run in self._past() if self._illustrating.lacks(run) and self._resuming.stands(run)]

    def _after_training(self, run: Run, outcome: Outcome) -> None:
        name = self._spec.name
        if outcome.failure is not None:
            refuse_disk_errors(outcome.error)
            self._fail(run, outcome.failure)
            return
        folder = self._workspace.run(name, run.number)
        self._illustrating.forget(run)
        ground = self._grounds.of(run.proposal.network)
        trained: TrainedRun = outcome.value
        written, course = trained_hash(folder), trained.course
        if course is not None and course.stopped:
            why = why_stopped(run.proposal.spec.stop, course)
            self._store.stop(
                name, run.number, trained_hash=written, train_s=trained.train_s, course=course, why=why
            )
            self._report(run)
            return
        # Where nothing is waited for, one transaction says that the hash is stored and that the truth is
        # opened next; the evaluator starts after it.
        at_once = ground.seal is not None and self._evaluating.idle
        self._store.trained(
            name,
            run.number,
            trained_hash=written,
            train_s=trained.train_s,
            opens_truth=at_once,
            course=course,
        )
        stored = self._store.run(name, run.number)
        if at_once:
            self._evaluating.start(stored, opened=True)
        else:
            self._evaluating.ask(stored)

    def _after_evaluation(self, run: Run, outcome: Outcome) -> None:
        if outcome.failure is not None:
            refuse_disk_errors(outcome.error)
            reason = f"evaluation: {outcome.failure.reason}"
            self._fail(run, Failure(kind=outcome.failure.kind, reason=reason))
            return
        try:
            self._store.finish(self._spec.name, run.number, outcome.value)
        except ValueError as error:
            self._fail(run, Failure(kind=FailureKind.ERROR, reason=f"evaluation: {error}"))
            return
        self._report(run)
        self._illustrating.ask([self._store.run(self._spec.name, run.number)])

    def _fail(self, run: Run, failure: Failure) -> None:
        self._store.fail(self._spec.name, run.number, failure, train_s=None)
        self._report(run)
        if failure.kind is FailureKind.LEAK:
            self._listener.note(
                f"run {run.number} tried to read the answer key and was stopped: {failure.reason}"
            )

    def _report(self, run: Run) -> None:
        self._ended += 1
        self._listener.ended(self._store.run(self._spec.name, run.number))


def interrupted_line(*, done: int, planned: int, command: str) -> str:
    """What is kept, and how to go on."""
    return f"interrupted: {done} of {planned} planned runs are done and kept; `{command}` goes on from there"
