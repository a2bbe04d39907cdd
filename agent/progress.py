"""The progress of a training in a file, which the launch, and anybody else, may follow."""

import json
import time
from pathlib import Path

from blocks.problem import Progress

REPORT_EVERY = 0.2  # s between two lines of progress


class ProgressFile:
    """Appends progress to a file, which holds no lock that a killed worker could take along."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a", encoding="utf-8", buffering=1)
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= REPORT_EVERY or progress.step >= progress.total:
            self._last = now
            self._stream.write(json.dumps([progress.step, progress.total, progress.loss]) + "\n")


def read_progress(path: Path) -> list[Progress]:
    """Progress written so far; what is no line of progress is left out."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    found = []
    for line in text.splitlines(keepends=True):
        try:
            step, total, loss = json.loads(line)
            found.append(Progress(int(step), int(total), float(loss)))
        except (ValueError, TypeError):
            continue  # half written, or not by us: a training may write into this file
    return found
