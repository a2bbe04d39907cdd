"""Trainings of runs: where they write, how a run is divided among idle workers, when it is whole.

A run's replicates do not depend on each other. Where workers would stand idle, a run is trained in parts,
each with a share of the seeds, in a process and behind a fence of its own; the problem then puts together
what they wrote, byte for byte that of an undivided training. A part that fails fails its run. A run that
may end early, for what all of its replicates have reached, is never divided.

A run that diverges after a strategy asked for whole frames, where labels are NaN, is replayed and watched.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agent.fencing import fence
from agent.grounds import Grounds
from agent.pool import Outcome, Pool, failure_of
from agent.preparation import Ground
from agent.progress import read_progress
from agent.rehearsing import rehearsal_task
from agent.session import Session
from agent.tasks import LOG, Span, TrainingTask
from agent.worker import rehearse, train
from blocks.errors import DivergenceError
from blocks.problem import Progress
from blocks.run import FailureKind, Run
from blocks.slot import SlotSpec
from blocks.stopping import Course


class TrainedRun(NamedTuple):
    """What a training that succeeded came to, besides its folder."""

    train_s: float
    """Wall-clock time, s."""

    course: Course | None
    """How far it went, where the problem says so."""


class _Part(NamedTuple):
    """What one process trains."""

    number: int  # of the run
    out: Path
    progress: Path


@dataclass
class _Attempt:
    """A run under way."""

    run: Run
    parts: list[_Part]
    spans: list[Span] = field(default_factory=list)
    """When the parts that are over were trained."""

    divergence: Outcome | None = None
    """How it ended, while it is found out whether a label was why."""


class Trainings:
    """Trains runs, as many at a time as there are workers; a run may take several of them."""

    def __init__(self, session: Session, grounds: Grounds, *, workers: int) -> None:
        self._session = session
        self._grounds = grounds
        self._pool: Pool[_Part] = Pool(workers, preload=session.problem.preload())
        self._attempts: dict[int, _Attempt] = {}

    @property
    def free(self) -> int:
        """Workers that have nothing to do."""
        return self._pool.free

    @property
    def running(self) -> list[Run]:
        """Runs under way."""
        return [attempt.run for attempt in self._attempts.values()]

    def start(self, run: Run, *, waiting: int) -> None:
        """Starts a run on its share of the free workers.

        Args:
            run: One that is planned.
            waiting: Runs that wait for a worker, this one included.
        """
        spec = run.proposal.spec
        slots = spec.parts(1 if spec.stop is not None else max(1, self.free // waiting))
        folder = self._folder(run)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        progress = self._session.workspace.progress(self._session.name, run.number)
        progress.unlink(missing_ok=True)
        progress.parent.mkdir(parents=True, exist_ok=True)
        parts = [_Part(run.number, folder, progress)]
        if len(slots) > 1:
            folders = [folder / f"part-{number}" for number in range(1, len(slots) + 1)]
            parts = [_Part(run.number, one, one / "progress.jsonl") for one in folders]
            parts[0] = parts[0]._replace(progress=progress)
        self._session.store.start(self._session.name, run.number)
        self._attempts[run.number] = _Attempt(run, parts)
        for part, slot in zip(parts, slots, strict=True):
            self._start(part, slot, self._grounds.of(run.proposal.network), divided=len(slots) > 1)

    def finished(self, *, wait_s: float) -> Iterator[tuple[Run, Outcome]]:
        """Runs that are over, after waiting for the first task for at most `wait_s`.

        Of a run that succeeded the value is a `TrainedRun`, and its folder is in place.
        """
        for part, outcome in self._pool.finished(wait_s=wait_s):
            attempt = self._attempts.get(part.number)
            if attempt is None:
                continue  # another part of it has failed in the meantime
            if attempt.divergence is not None:
                outcome = _witnessed(attempt.divergence, outcome)
            elif outcome.failure is not None:
                self._pool.stop(partial(_belongs_to, part.number))
            else:
                attempt.spans.append(outcome.value)
                if len(attempt.spans) < len(attempt.parts):
                    continue
                outcome = self._whole(attempt)
            if attempt.divergence is None and self._replay(attempt, outcome):
                continue
            del self._attempts[part.number]
            yield attempt.run, outcome

    def progress(self, run: Run) -> list[Progress]:
        """How far a run is, by its first part."""
        return read_progress(self._session.workspace.progress(self._session.name, run.number))

    def stop(self) -> None:
        """Kills what is running, and comes back when it is gone."""
        self._pool.stop()
        self._attempts.clear()

    def _start(self, part: _Part, slot: SlotSpec, ground: Ground, *, divided: bool) -> None:
        limits = self._session.spec.limits
        part.out.mkdir(exist_ok=True)
        strategies = self._session.user_strategies
        task = TrainingTask(
            problem=self._session.problem.name,
            strategies=strategies,
            observations=ground.observations,
            out=part.out,
            progress=part.progress,
            fence=fence(
                self._session.workspace,
                readable=(ground.observations, ground.foundation, *(one.folder for one in strategies)),
                out=part.out,
                progress=part.progress,
                seals_elsewhere=ground.seals_elsewhere,
            ),
            memory_gib=limits.memory_gib,
            slot=slot,
            foundation=ground.foundation,
            part=divided,
        )
        self._pool.start(part, train, task, timeout_s=limits.timeout_s, leak_report=task.fence.report)

    def _replay(self, attempt: _Attempt, outcome: Outcome) -> bool:
        """Starts the same steps once more, watched, where NaN may have come from a label, and says so.

        Labels are NaN in what a training is given: whoever uses one leaves the finite numbers.
        """
        error = outcome.error
        if not (isinstance(error, DivergenceError) and error.frames_read):
            return False
        attempt.divergence = outcome
        run, folder = attempt.run, self._folder(attempt.run)
        task = rehearsal_task(
            self._session, self._grounds.of(run.proposal.network), run.proposal.spec, folder
        )
        part = _Part(run.number, folder, task.progress)
        timeout_s = self._session.spec.limits.timeout_s
        report = task.fence.report
        self._pool.start(part, rehearse, task, error.step, timeout_s=timeout_s, leak_report=report)
        return True

    def _whole(self, attempt: _Attempt) -> Outcome:
        """Puts the attempt into the place of the run's folder."""
        run = attempt.run
        if len(attempt.parts) > 1:
            try:
                self._merge(attempt)
            except Exception as error:  # parts may hold anything: that costs the run, and not the launch
                timeout_s = self._session.spec.limits.timeout_s
                return Outcome(None, failure_of(error, timeout_s=timeout_s, leak_report=None), error)
        folder = self._session.workspace.run(self._session.name, run.number)
        if folder.exists():
            shutil.rmtree(folder)
        self._folder(run).replace(folder)
        begin, end = min(span.begin for span in attempt.spans), max(span.end for span in attempt.spans)
        return Outcome(TrainedRun(end - begin, attempt.spans[0].course), None)

    def _merge(self, attempt: _Attempt) -> None:
        folders, out = [part.out for part in attempt.parts], self._folder(attempt.run)
        self._session.problem.merge(attempt.run.proposal.spec, folders, out)
        logs = [log.read_bytes() for folder in folders if (log := folder / LOG).is_file()]
        (out / LOG).write_bytes(b"".join(logs))
        for folder in folders:
            shutil.rmtree(folder)

    def _folder(self, run: Run) -> Path:
        """Where a training writes; it becomes the run's folder only when it is whole."""
        folder = self._session.workspace.run(self._session.name, run.number)
        return folder.with_name(f"{folder.name}.attempt")


def _witnessed(divergence: Outcome, replay: Outcome) -> Outcome:
    """The leak that the replay found, or else the divergence as it was."""
    found = replay.failure
    return replay if found is not None and found.kind is FailureKind.LEAK else divergence


def _belongs_to(number: int, part: _Part) -> bool:
    return part.number == number
