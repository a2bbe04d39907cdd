"""Metrics under seal: what a blind exploration may not see before it is closed.

They lie in files beside the sealed labels, a file per run, where no training process can reach and no
query, table or document looks. Whoever evaluates writes them; `setpoint close` opens all of them at once.
"""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from blocks.errors import DataError
from blocks.run import Metrics
from memory.workspace import Workspace
from memory.writing import write_atomically


def split(
    metrics: Sequence[Metrics], label_free: Collection[str]
) -> tuple[tuple[Metrics, ...], tuple[Metrics, ...]]:
    """Metrics per replicate apart: those that are known to need no labels, and all others."""
    told = tuple({name: value for name, value in row.items() if name in label_free} for row in metrics)
    kept = tuple({name: value for name, value in row.items() if name not in label_free} for row in metrics)
    return told, kept


def write_sealed(path: Path, metrics: Sequence[Metrics]) -> None:
    """Puts metrics under seal, one mapping per replicate; what was there is replaced."""
    write_atomically(path, json.dumps(list(metrics), allow_nan=True) + "\n")
    path.chmod(0o600)


def read_sealed(workspace: Workspace, exploration: str) -> dict[int, tuple[Metrics, ...]]:
    """All sealed metrics of an exploration, by run number.

    Raises:
        DataError: A file is damaged.
    """
    folder = workspace.sealed_metrics(exploration, 1).parent
    found = {}
    for path in sorted(folder.glob("[0-9]*.json")):
        try:
            found[int(path.stem)] = tuple(dict(row) for row in json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}: must be sealed metrics, but is damaged; bring back a copy") from error
    return found
