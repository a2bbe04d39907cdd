"""The foundation that all slots share: fitted once behind the fence, then judged, and kept by its hash.

That it will be fitted is stored before it is fitted, and the hash of the fit before the truth is opened to
judge it; so a launch that is killed anywhere in between fits it again.
"""

from pathlib import Path
from typing import NamedTuple

from agent.datasets import DataSet
from agent.disk import remove
from agent.fencing import fence
from agent.session import Session
from agent.steps import Steps
from agent.tasks import EvaluationTask, Span, TrainingTask
from agent.worker import evaluate_foundation, train, trained_hash
from blocks.errors import DataError, SetpointError
from blocks.identity import content_hash, short_hash

EVALUATION_LIMIT = 300.0  # s


class Foundation(NamedTuple):
    """A foundation on disk."""

    path: Path
    """The candidate that slots are to use."""

    key: str
    summary: str
    """One line for people."""

    cached: bool
    """Whether it was there."""


class Foundations:
    """Fits foundations in the workspace, or finds them fitted."""

    def __init__(self, session: Session, steps: Steps) -> None:
        self._spec = session.spec
        self._problem = session.problem
        self._workspace = session.workspace
        self._store = session.store
        self._steps = steps

    def of(self, data: DataSet) -> Foundation:
        """The foundation on a data set; fitted where it is not yet.

        A blind exploration has foundations of its own, which no truth has judged.

        Raises:
            DataError: Its files are not those that were recorded.
            SetpointError: It cannot be fitted or judged.
        """
        settings = dict(self._spec.foundation)
        seal = data.seal
        parts: list[object] = [data.observations_hash, settings, self._problem.code_version()]
        if self._spec.blind:
            seal = None
            parts.append("blind")
        key = content_hash(parts)[:16]
        folder = self._workspace.foundation(key)
        known = self._store.foundation(key)
        if known is not None and known.state == "ready" and known.chosen and folder.exists():
            _check_fitted(folder, known.fitted_hash)
            return Foundation(folder / known.chosen, key, known.summary or "", cached=True)
        self._store.plan_foundation(key, dataset=data.observations_hash, settings=settings)
        try:
            span = self._fit(data.observations, folder)
        except SetpointError as error:
            self._store.failed_foundation(key, reason=str(error))
            raise
        fitted_hash = trained_hash(folder)
        self._store.fitted_foundation(key, fitted_hash=fitted_hash, fit_s=span.end - span.begin)
        if seal is not None:
            self._store.foundation_truth_opened(key)
        report = self._steps.run(
            evaluate_foundation,
            EvaluationTask(
                problem=self._problem.name,
                observations=data.observations,
                fitted=folder,
                fitted_hash=fitted_hash,
                seal=seal,
                settings=settings,
            ),
            timeout_s=EVALUATION_LIMIT,
        )
        self._store.judged_foundation(key, report)
        return Foundation(folder / report.chosen, key, report.summary, cached=False)

    def _fit(self, observations: Path, folder: Path) -> Span:
        """Fits beside the folder, which is there only when the fit is whole."""
        attempt = folder.with_name(f"{folder.name}.attempt")
        remove(attempt)
        remove(folder)
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
            settings=dict(self._spec.foundation),
        )
        span: Span = self._steps.run(
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


def _check_fitted(folder: Path, fitted_hash: str | None) -> None:
    found = trained_hash(folder)
    if found != fitted_hash:
        raise DataError(
            f"{folder}: must have the recorded hash {short_hash(fitted_hash)}, but has {short_hash(found)}; "
            "delete the folder to fit it again"
        )
