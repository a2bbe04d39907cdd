"""The data set of a network: made once, kept by its hash, and refused where it is another one by now.

That it will be made is stored before it is made, and its hashes once it is there; so a launch that is killed
in between makes it again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agent.disk import remove
from agent.guard import seal_permissions
from agent.session import Session
from agent.steps import Steps
from agent.worker import provide_data
from blocks.errors import DataError
from blocks.identity import content_hash, file_hash, folder_hash, short_hash
from memory.records import DatasetRecord

DATA_LIMIT = 600.0  # s


class DataSet(NamedTuple):
    """A data set on disk, as it was recorded."""

    observations: Path
    observations_hash: str
    seal: Path | None
    """None for data without labels."""


class DataSets:
    """Makes data sets in the workspace, or finds them made."""

    def __init__(self, session: Session, steps: Steps) -> None:
        self._problem = session.problem
        self._workspace = session.workspace
        self._store = session.store
        self._listener = session.listener
        self._steps = steps

    def of(self, section: Mapping[str, Any]) -> DataSet:
        """The data set of a `data:` section; made where it is not there yet.

        Raises:
            DataError: It is not the one that was recorded.
            SetpointError: It cannot be made.
        """
        data = dict(section)
        name = self._problem.describe_data(data)
        key = content_hash([self._problem.name, data])[:16]
        observations, seal = self._workspace.dataset(key), self._workspace.seal(key)
        known = self._store.dataset(key)
        if known is not None and known.observations_hash is None:
            known = None  # planned, and never finished
        without_labels = known is not None and known.seal_hash is None
        if not observations.exists() or not (seal.exists() or without_labels):
            found = self._make(key, name, data, known)
        else:
            found = self._recorded(key, name, known)
        return DataSet(observations, found, seal if seal.exists() else None)

    def _make(self, key: str, name: str, data: Mapping[str, Any], known: DatasetRecord | None) -> str:
        """Makes it, and gives the hash of its observations; what was there of it is removed."""
        observations, seal = self._workspace.dataset(key), self._workspace.seal(key)
        self._listener.stage(f"making the data set {name}")
        self._store.plan_dataset(key, name=name)
        for left_over in (observations, seal):
            remove(left_over)
        self._steps.run(provide_data, self._problem.name, data, observations, seal, timeout_s=DATA_LIMIT)
        if seal.exists():
            seal_permissions(seal)
        found = _hashes(observations, seal)
        if known is not None and known.observations_hash != found[0]:
            raise DataError(
                f"data set {name}: must be the one that was recorded "
                f"({short_hash(known.observations_hash)}), but making it again gave {short_hash(found[0])}; "
                "what makes it has changed: use a new --workspace"
            )
        self._store.ready_dataset(key, observations_hash=found[0], seal_hash=found[1])
        return found[0]

    def _recorded(self, key: str, name: str, known: DatasetRecord | None) -> str:
        """Compares what lies there with the record, and gives the hash of its observations."""
        observations, seal = self._workspace.dataset(key), self._workspace.seal(key)
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
                f"{short_hash(recorded)}, but have {short_hash(now)}; restore the files, or delete "
                f"datasets/{key} and sealed/{key}.seal to make them again"
            )
        return found[0]


def _hashes(observations: Path, seal: Path) -> tuple[str, str | None]:
    return folder_hash(observations), file_hash(seal) if seal.exists() else None
