"""Explorations launched for their wall-clock: in a process of their own, as a user launches them."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy import create_engine, text

from blocks.errors import DataError
from blocks.exploration import ExplorationSpec
from blocks.loading import load_exploration
from blocks.run import Run
from memory import Store, Workspace


@dataclass(frozen=True)
class Launched:
    """An exploration that came to its end."""

    workspace: Workspace
    spec: ExplorationSpec
    seconds: float
    """From the command to its end, s."""

    @property
    def runs(self) -> list[Run]:
        with Store.open(self.workspace, create=False) as store:
            return store.runs(self.spec.name)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the database says; `:name` in the query is the exploration."""
        engine = create_engine(f"sqlite:///file:{self.workspace.database}?mode=ro&uri=true")
        with engine.connect() as connection:
            found = connection.execute(text(query), {"name": self.spec.name}).mappings()
            return [dict(row) for row in found]


def launch(exploration: str, root: Path, overrides: Mapping[str, Any], *, workers: int = 2) -> Launched:
    """Launches a catalog exploration with some of its settings changed.

    Args:
        exploration: Name in the catalog.
        root: The workspace's folder.
        overrides: Merged into the exploration, section by section.
        workers: Worker processes.

    Raises:
        DataError: The launch failed.
    """
    base = load_exploration(exploration).model_dump(mode="json")
    content = {
        key: {**value, **overrides[key]}
        if isinstance(value, dict) and key in overrides
        else overrides.get(key, value)
        for key, value in base.items()
    }
    root.mkdir(parents=True, exist_ok=True)
    file = root / f"{content['name']}.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(content, stream)
    command = [str(Path(sys.executable).with_name("setpoint")), "launch", str(file)]
    began = perf_counter()
    ended = subprocess.run(
        [*command, "--workspace", str(root), "--workers", str(workers)],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = perf_counter() - began
    if ended.returncode != 0:
        raise DataError(f"setpoint launch {exploration}: must end well, but: {ended.stderr.strip()[-300:]}")
    return Launched(Workspace(root), load_exploration(str(file)), seconds)


def moment(value: str | datetime) -> datetime:
    """A time as the database holds it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
