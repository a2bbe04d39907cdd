"""What must stand before a slot can be trained: an admitted code base, a data set, a foundation.

Each is made once and kept by its hash. The order is always: store what will be done, do it, store
what came of it; so a launch killed anywhere in between does that step again and nothing else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agent.datasets import DATA_LIMIT, DataSets
from agent.foundations import Foundations
from agent.guard import check_paths, landlock, to_text
from agent.session import Session
from agent.steps import Steps
from agent.worker import inspect_data
from blocks.errors import DataError, GuardRefusalError
from memory.certificates import NONE


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
        self._store = session.store
        self._listener = session.listener
        self._steps = Steps(session)
        self._data_sets = DataSets(session, self._steps)
        self._foundations = Foundations(session, self._steps)

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
        self, section: Mapping[str, Any], check: int, n_files: int, certificates: Mapping[str, int]
    ) -> Ground:
        spec = self._spec.model_copy(update={"data": dict(section)})
        try:
            data = self._data_sets.of(section)
            for note in self._steps.run(inspect_data, spec, data.observations, timeout_s=DATA_LIMIT):
                self._listener.note(note)
            foundation = self._foundations.of(data)
        finally:
            self._steps.stop()
        return Ground(
            observations=data.observations,
            observations_hash=data.observations_hash,
            seal=data.seal,
            seals_elsewhere=self._problem.seals(self._spec.data),
            foundation=foundation.path,
            foundation_key=foundation.key,
            summary=foundation.summary,
            cached=foundation.cached,
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
