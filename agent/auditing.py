"""The audit: short trainings of each strategy under one truth, the same once more, and another truth.

Every training has a fresh process and a copy of the data of its own, on which all truth lies open; the real
workspace is behind the fence. Only hashes of parameters leave the processes. What an audit needs on disk lies
in a scratch folder that the next audit clears, so that one that was killed is simply done again.
"""

import shutil
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from agent.disk import disk_errors_refused, refuse_disk_errors
from agent.guard import Fence, FileId
from agent.guard.traces import Trace, judge, read_trace, without_places
from agent.pool import Outcome, Pool
from agent.tasks import TraceTask
from agent.worker import trace, write_audit_data
from blocks.certificate import Certificate, CertificateOutcome
from blocks.errors import SetpointError
from blocks.identity import content_hash, folder_hash
from blocks.problem import Problem
from blocks.slot import SlotSpec

TRACE_LIMIT: Final = 120.0  # s
DATA_LIMIT: Final = 120.0  # s
MEMORY: Final = 4.0  # GiB


class Truth(StrEnum):
    """Under which truth a training is done."""

    FIRST = "first"
    AGAIN = "again"
    OTHER = "other"


@dataclass(frozen=True)
class Enclosure:
    """What is real, and closed to an audit's trainings; nothing where there is no workspace."""

    workspace: FileId | None = None
    sealed: frozenset[FileId] = frozenset()


@dataclass
class _Case:
    """A strategy under audit."""

    strategy: str
    version: str
    slot: SlotSpec
    traces: dict[Truth, Trace] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class _Training:
    """One of the trainings of a case; the key of its task."""

    case: int
    truth: Truth
    root: Path
    started: float


class Auditor:
    """Audits strategies of a problem.

    Args:
        problem: The science.
        scratch: A folder for the audit alone; whatever is in it is removed.
        workers: Trainings at a time.
        enclosure: What to close to the trainings.
        observations: A data set whose observations are to be trained on; default: those of a small network.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        scratch: Path,
        workers: int,
        enclosure: Enclosure = Enclosure(),
        observations: Path | None = None,
    ) -> None:
        self._problem = problem
        self._strategies = tuple(problem.user_strategies().values())
        self._scratch = scratch
        self._enclosure = enclosure
        self._observations = observations
        self._pool: Pool[_Training | Truth] = Pool(workers, preload=problem.preload())

    def audit(
        self, strategies: Sequence[str], tick: Callable[[], None] = lambda: None
    ) -> Generator[Certificate]:
        """Certificates as they come, in the order of the strategies' last trainings.

        Args:
            strategies: Names.
            tick: Is called while it waits.

        Raises:
            SetpointError: The data cannot be written, or a strategy is not known.
        """
        cases = [
            _Case(name, self._problem.strategy_version(name), self._problem.audit_slot(name))
            for name in strategies
        ]
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        try:
            data_hash = self._write_data(tick)
            yield from self._train(cases, data_hash, tick)
        finally:
            self._pool.stop()
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _write_data(self, tick: Callable[[], None]) -> str:
        """Both data sets, which all trainings get copies of; returns the hash of both."""
        for truth in (Truth.FIRST, Truth.OTHER):
            self._wait_for_room(tick)
            self._pool.start(
                truth,
                write_audit_data,
                self._problem.name,
                self._scratch / truth,
                truth is Truth.OTHER,
                self._observations,
                timeout_s=DATA_LIMIT,
            )
        while self._pool.running:
            self._wait_for_room(tick, free=self._pool.workers)
        return content_hash([folder_hash(self._scratch / truth) for truth in (Truth.FIRST, Truth.OTHER)])

    def _wait_for_room(self, tick: Callable[[], None], *, free: int = 1) -> None:
        while self._pool.free < free:
            for _, outcome in self._pool.finished(wait_s=0.1):
                refuse_disk_errors(outcome.error)
                if outcome.failure is not None:
                    raise SetpointError(f"the audit's data could not be made: {outcome.failure.reason}")
            tick()

    def _train(self, cases: list[_Case], data_hash: str, tick: Callable[[], None]) -> Generator[Certificate]:
        waiting = deque((number, truth) for number in range(len(cases)) for truth in Truth)
        while waiting or self._pool.running:
            while waiting and self._pool.free:
                number, truth = waiting.popleft()
                self._start(number, cases[number].slot, truth)
            for key, outcome in self._pool.finished(wait_s=0.1):
                assert isinstance(key, _Training)
                refuse_disk_errors(outcome.error)
                case = cases[key.case]
                case.traces[key.truth] = _trace_of(key.root, outcome)
                case.seconds += time.monotonic() - key.started
                shutil.rmtree(key.root, ignore_errors=True)
                if len(case.traces) == len(Truth):
                    yield _certificate(case, data_hash)
            tick()

    def _start(self, number: int, slot: SlotSpec, truth: Truth) -> None:
        # No name in the path says which training this is, and the names are of one length.
        root = self._scratch / uuid.uuid4().hex
        out = root / "runs" / "audit" / "000001"
        with disk_errors_refused():
            shutil.copytree(self._scratch / (Truth.OTHER if truth is Truth.OTHER else Truth.FIRST), root)
            out.mkdir(parents=True)
        fence = Fence(
            workspace=self._enclosure.workspace,
            sealed=self._enclosure.sealed,
            readable=(root, *(one.folder for one in self._strategies)),
            writable=(out, root),
            report=out / "leak.json",
        )
        task = TraceTask(self._problem.name, slot, root, fence, MEMORY, self._strategies)
        key = _Training(number, truth, root, time.monotonic())
        self._pool.start(key, trace, task, timeout_s=TRACE_LIMIT, leak_report=fence.report)


def _trace_of(root: Path, outcome: Outcome) -> Trace:
    path = root / "trace.jsonl"
    if outcome.failure is None:
        return read_trace(path, error=None)
    error = type(outcome.error).__name__ if isinstance(outcome.error, Exception) else ""
    kind = outcome.failure.kind.value
    said = f"{kind} ({error})" if error and kind == "error" else kind
    return read_trace(path, error=said, hidden=without_places(outcome.failure.reason, root))


def _certificate(case: _Case, data_hash: str) -> Certificate:
    verdict = judge(*(case.traces[truth] for truth in Truth))
    return Certificate(
        strategy=case.strategy,
        version=case.version,
        data_hash=data_hash,
        outcome=verdict.outcome,
        difference=verdict.difference,
        composition=case.slot.strategies,
        steps=case.traces[Truth.FIRST].last,
        reason=verdict.reason,
        seconds=round(case.seconds, 3),
    )


def refusal(certificate: Certificate) -> str | None:
    """Why a strategy must not be trained, in one line; None where nothing speaks against it."""
    difference, must = certificate.difference, f"strategies: {certificate.strategy} must train alike"
    if difference is None:
        return None
    what = f"{difference.parameter!r} differs{difference.where}"
    if difference.detail:
        what += f" ({difference.detail})"
    if certificate.outcome is CertificateOutcome.INTERFERES:
        return (
            f"{must} whatever the ground truth is, but {what} once labels and true parameters of the data "
            "set are changed; train on what is observed (batch.data.concentration), or take it out of the "
            "exploration"
        )
    return (
        f"{must} twice with the same seeds and data, but {what}; draw random numbers from the replicates' "
        "generators (batch.generators), and use neither time nor the system's randomness"
    )
