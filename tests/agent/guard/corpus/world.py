"""The disk that snippets of the file family expect: a workspace as a launch leaves it."""

import json
import os
import pickle
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from sim.networks.settings import DataSettings

VARIABLE = "SETPOINT_WORKSPACE"
KEY = "0123456789abcdef"
"""Of the data set."""


def workspace_with(root: Path, labels: Sequence[float]) -> Path:
    """Makes a workspace whose ground truth follows `labels`, open to all.

    Args:
        root: Folder to make it in.
        labels: Type of each metabolite.
    """
    types = np.array(labels, dtype=np.int64)
    decay, baseline = 0.001 + 0.001 * types, 4.0 + 2.0 * types
    run, sibling = root / "runs" / "homeostasis" / "000002", root / "runs" / "homeostasis" / "000001"
    observations, pictures = root / "datasets" / KEY, root / "pictures"
    for folder in (root / "sealed", observations, run, sibling, pictures / "homeostasis"):
        folder.mkdir(parents=True)
    per_type = (0.001, 0.002 + 0.0001 * float(types @ np.arange(len(types))))
    settings = DataSettings(preset="oscillatory_rank_50", decay=per_type, baseline=(4.0, 6.0 + per_type[1]))
    made_by = settings.model_dump(mode="json")
    with (root / "sealed" / f"{KEY}.seal").open("wb") as stream:
        np.savez(
            stream,
            format=np.array(1),
            observations_sha256=np.array("0" * 64),
            settings=np.array(settings.model_dump_json()),
            rate_constants=0.01 + 0.05 * types,
            types=types,
            decay=decay,
            baseline=baseline,
        )
    np.save(observations / "frames.npy", np.ones((3, len(types), 8)))
    (observations / "manifest.json").write_text(json.dumps({"dt": 0.1}))
    # What a careless program would leave behind: specs, caches and pictures that hold the truth.
    padding = "." * int(types @ (2 ** np.arange(len(types))))
    (root / "spec.json").write_text(json.dumps({"data": made_by, "note": padding}))
    (pictures / "homeostasis" / "embedding.svg").write_text(" ".join(map(str, labels)))
    (pictures / "answers.py").write_text(f"TYPES = {types.tolist()}\n")
    (sibling / "truth.pkl").write_bytes(pickle.dumps(types.tolist()))
    torch.save(torch.from_numpy(types), sibling / "types.pt")
    np.savetxt(sibling / "types.txt", types)
    with sqlite3.connect(root / "setpoint.db") as database:
        database.execute("CREATE TABLE truth (value REAL)")
        database.executemany("INSERT INTO truth VALUES (?)", [(float(one),) for one in labels])
    database.close()
    return run


@contextmanager
def environment(workspace: Path) -> Iterator[None]:
    """Names the workspace as a launch does."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(workspace)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
