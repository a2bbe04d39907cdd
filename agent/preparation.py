"""What must stand before a slot can be trained: an admitted code base, a data set, a foundation.

Each is made once and kept by its hash. The order is always: store what will be done, do it, store
what came of it; so a launch killed anywhere in between does that step again and nothing else.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agent.guard import Fence, FileId, check_paths, landlock, seal_permissions, to_text
from agent.pool import Outcome, Pool
from agent.progress import read_progress
from agent.session import Session
from agent.tasks import EvaluationTask, Span, TrainingTask
from agent.worker import evaluate_foundation, inspect_data, provide_data, train, trained_hash
from blocks.errors import DataError, GuardRefusalError, SetpointError
from blocks.identity import content_hash, file_hash, folder_hash
from memory import Workspace
from memory.certificates import NONE

DATA_LIMIT = 600.0  # s
EVALUATION_LIMIT = 300.0  # s


class Ground(NamedTuple):
    """What all runs of an exploration on one network stand on."""

    observations: Path
    observations_hash: str
    seal: Path | None
    """None for data without labels."""

    seals_elsewhere: tuple[Path, ...]
    """The user's own seals, outside of the workspace: closed to training like those within."""

    foundation: Path
    foundation_key: str
    summary: str
    cached: bool
    guard_check: int
    guard_files: int
    certificates: Mapping[str, int] = NONE
    """Id of each strategy's certificate, once there are certificates."""


class Preparation:
    """Makes the ground of an exploration, or finds it made; that of a fresh network when it is needed."""

    def __init__(self, session: Session) -> None:
        self._spec = session.spec
        self._problem = session.problem
        self._workspace = session.workspace
        self._store = session.store
        self._listener = session.listener
        self._pool: Pool[str] = Pool(1, preload=session.problem.preload())

    def run(self) -> Ground:
        """Everything in order.

        Raises:
            GuardRefusalError: Training code reads the answer key, or may do so.
            DataError: A data set is not the one that was recorded.
            SetpointError: A step failed.
        """
        check, n_files = self.admit_code()
        return self._ground(self._spec.data, check, n_files, NONE)

    def fresh(self, network: int, home: Ground) -> Ground:
        """The ground of a fresh network, under the code that was admitted.

        Args:
            network: Its number, from 1.
            home: The exploration's own ground.

        Raises:
            DataError: There is no such network, or it cannot be made.
            SetpointError: Another step failed.
        """
        data = self._problem.fresh_data(self._spec.data, network)
        if data is None:
            raise DataError(f"network {network}: must be drawn anew, but these data were measured")
        return self._ground(data, home.guard_check, home.guard_files, home.certificates)

    def _ground(
        self, data: Mapping[str, Any], check: int, n_files: int, certificates: Mapping[str, int]
    ) -> Ground:
        spec = self._spec.model_copy(update={"data": dict(data)})
        try:
            observations, observations_hash, seal = self.data_set(data)
            for note in self._call(inspect_data, spec, observations, timeout_s=DATA_LIMIT):
                self._listener.note(note)
            foundation, key, summary, cached = self.foundation(observations, observations_hash, seal)
        finally:
            self._pool.stop()
        return Ground(
            observations=observations,
            observations_hash=observations_hash,
            seal=seal,
            seals_elsewhere=self._problem.seals(self._spec.data),
            foundation=foundation,
            foundation_key=key,
            summary=summary,
            cached=cached,
            guard_check=check,
            guard_files=n_files,
            certificates=certificates,
        )

    def admit_code(self) -> tuple[int, int]:
        """The static guard over all training code; its verdict is stored, and every run points to it."""
        self._listener.stage(f"guard: checking the training code; the fence is {landlock.status()}")
        report = check_paths(self._problem.training_sources())
        findings = [*report.leaks, *report.undecidable]
        check = self._store.record_guard_check(
            code_hash=self._problem.code_version(),
            verdict=report.verdict.value,
            files=report.n_files,
            findings=[f"{f.path}:{f.line}: {f.what}" for f in findings],
        )
        if findings:
            raise GuardRefusalError(f"the guard refuses the training code:\n{to_text(report)}")
        return check, report.n_files

    def data_set(self, section: Mapping[str, Any]) -> tuple[Path, str, Path | None]:
        """Observations, their hash, and the seal where there is one; made where they are not there yet."""
        data = dict(section)
        name = self._problem.describe_data(data)
        key = content_hash([self._problem.name, data])[:16]
        observations, seal = self._workspace.dataset(key), self._workspace.seal(key)
        known = self._store.dataset(key)
        if known is not None and known.observations_hash is None:
            known = None  # planned, and never finished
        without_labels = known is not None and known.seal_hash is None
        if not observations.exists() or not (seal.exists() or without_labels):
            self._listener.stage(f"making the data set {name}")
            self._store.plan_dataset(key, name=name)
            for left_over in (observations, seal):
                _remove(left_over)
            self._call(provide_data, self._problem.name, data, observations, seal, timeout_s=DATA_LIMIT)
            if seal.exists():
                seal_permissions(seal)
            found = _hashes(observations, seal)
            if known is not None and known.observations_hash != found[0]:
                raise DataError(
                    f"data set {name}: must be the one that was recorded "
                    f"({_short(known.observations_hash)}), but making it again gave {_short(found[0])}; "
                    "what makes it has changed: use a new --workspace"
                )
            self._store.ready_dataset(key, observations_hash=found[0], seal_hash=found[1])
        else:
            found = _hashes(observations, seal)
            if known is None:
                self._store.plan_dataset(key, name=name)
                self._store.ready_dataset(key, observations_hash=found[0], seal_hash=found[1])
            elif (known.observations_hash, known.seal_hash) != found:
                part = "observations" if known.observations_hash != found[0] else "sealed labels"
                recorded = known.observations_hash if known.observations_hash != found[0] else known.seal_hash
                now = found[0] if known.observations_hash != found[0] else found[1]
                raise DataError(
                    f"data set {name} ({observations}): the {part} must have the recorded hash "
                    f"{_short(recorded)}, but have {_short(now)}; restore the files, or delete "
                    f"datasets/{key} and sealed/{key}.seal to make them again"
                )
        return observations, found[0], seal if seal.exists() else None

    def foundation(
        self, observations: Path, observations_hash: str, seal: Path | None
    ) -> tuple[Path, str, str, bool]:
        """The candidate that slots are to use, its key, one line about it, and whether it was there.

        A blind exploration has foundations of its own, which no truth has judged.
        """
        settings = dict(self._spec.foundation)
        parts: list[object] = [observations_hash, settings, self._problem.code_version()]
        if self._spec.blind:
            seal = None
            parts.append("blind")
        key = content_hash(parts)[:16]
        folder = self._workspace.foundation(key)
        known = self._store.foundation(key)
        if known is not None and known.state == "ready" and known.chosen and folder.exists():
            self._check_fitted(folder, known.fitted_hash)
            return folder / known.chosen, key, known.summary or "", True
        self._store.plan_foundation(key, dataset=observations_hash, settings=settings)
        try:
            span = self._fit(observations, settings, folder)
        except SetpointError as error:
            self._store.failed_foundation(key, reason=str(error))
            raise
        fitted_hash = trained_hash(folder)
        self._store.fitted_foundation(key, fitted_hash=fitted_hash, fit_s=span.end - span.begin)
        if seal is not None:
            self._store.foundation_truth_opened(key)
        report = self._call(
            evaluate_foundation,
            EvaluationTask(
                problem=self._problem.name,
                observations=observations,
                fitted=folder,
                fitted_hash=fitted_hash,
                seal=seal,
                settings=settings,
            ),
            timeout_s=EVALUATION_LIMIT,
        )
        self._store.judged_foundation(key, report)
        return folder / report.chosen, key, report.summary, False

    def _fit(self, observations: Path, settings: Mapping[str, Any], folder: Path) -> Span:
        attempt = folder.with_name(f"{folder.name}.attempt")
        _remove(attempt)
        _remove(folder)
        attempt.mkdir(parents=True)
        progress = attempt / "progress.jsonl"
        task = TrainingTask(
            problem=self._problem.name,
            observations=observations,
            out=attempt,
            progress=progress,
            fence=fence(
                self._workspace,
                readable=(observations,),
                out=attempt,
                progress=progress,
                seals_elsewhere=self._problem.seals(self._spec.data),
            ),
            memory_gib=self._spec.limits.memory_gib,
            settings=settings,
        )
        span: Span = self._call(
            train,
            task,
            timeout_s=self._spec.limits.timeout_s,
            progress=progress,
            text=f"fitting the {self._problem.foundation_name}",
        )
        progress.unlink(missing_ok=True)
        (attempt / "log.txt").unlink(missing_ok=True)
        attempt.replace(folder)
        return span

    def _check_fitted(self, folder: Path, fitted_hash: str | None) -> None:
        found = trained_hash(folder)
        if found != fitted_hash:
            raise DataError(
                f"{folder}: must have the recorded hash {_short(fitted_hash)}, but has {_short(found)}; "
                "delete the folder to fit it again"
            )

    def _call(
        self,
        function: Any,
        *args: Any,
        timeout_s: float,
        progress: Path | None = None,
        text: str = "",
    ) -> Any:
        leak_report = args[0].fence.report if isinstance(args[0], TrainingTask) else None
        if progress is not None:
            self._listener.stage(text)  # it may be over before it says how far it is
        self._pool.start("preparation", function, *args, timeout_s=timeout_s, leak_report=leak_report)
        while True:
            for _, outcome in self._pool.finished(wait_s=0.1):
                return _value(outcome, text or function.__name__.replace("_", " "))
            if progress is not None and (steps := read_progress(progress)):
                self._listener.stage(text, steps[-1])
            else:
                self._listener.tick()


def fence(
    workspace: Workspace,
    *,
    readable: tuple[Path, ...],
    out: Path,
    progress: Path,
    seals_elsewhere: tuple[Path, ...] = (),
) -> Fence:
    """What one training may touch: its observations and foundation to read, its own folder to write."""
    seals = [workspace.sealed, *workspace.sealed.iterdir(), *seals_elsewhere]
    return Fence(
        workspace=FileId.of(workspace.root),
        sealed=frozenset(FileId.of(path) for path in seals),
        readable=readable,
        writable=(out, progress),
        report=out / "leak.json",
    )


def _value(outcome: Outcome, step: str) -> Any:
    if outcome.failure is None:
        return outcome.value
    if isinstance(outcome.error, SetpointError):
        raise outcome.error
    raise SetpointError(f"{step}: {outcome.failure.kind.value}: {outcome.failure.reason}")


def _hashes(observations: Path, seal: Path) -> tuple[str, str | None]:
    return folder_hash(observations), file_hash(seal) if seal.exists() else None


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:12]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
