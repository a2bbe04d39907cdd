"""The file of a landscape: slots that were trained once, with every replicate and its learning curve.

Lines of JSON, compressed when the recording is done: a header that says what was recorded and by which
command, then a line per slot. While it is recorded, lines are appended to `FILE.part`; of a line that was
cut off by a kill nothing is used.
"""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from blocks.base import Frozen, Value
from blocks.errors import DataError

FRACTIONS: Final = 8
"""Points of a learning curve, evenly over the optimiser steps; the last one is the end."""


class Header(Frozen):
    """What a landscape was recorded of."""

    landscape: str
    command: str
    objective: str
    foundation: Annotated[str, Field(description="The reaction model, in a line.")]
    code_version: str
    space: Annotated[dict[str, str], Field(description="What each parameter may be.")]


class Replicate(Frozen):
    """One training under one seed. A metric that could not be computed is None."""

    objective: float | None
    heldout_gain: float | None
    losses: Annotated[tuple[float | None, ...], Field(description="Training loss at each fraction.")] = ()
    objectives: Annotated[tuple[float | None, ...], Field(description="At each fraction.")] = ()
    gains: Annotated[tuple[float | None, ...], Field(description="heldout_gain at each fraction.")] = ()


class Slot(Frozen):
    """A slot with its replicates; none where all of them diverged."""

    values: dict[str, Value]
    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    replicates: tuple[Replicate, ...] = ()
    failure: str | None = None
    train_s: Annotated[float, Field(description="Processor time of the training, s.")]

    def objective_or(self, missing: float) -> list[float]:
        """The objective of every replicate, `missing` where there is none; never empty."""
        found = [one.objective for one in self.replicates]
        return [missing if value is None else value for value in found] or [missing]


class Recording(Frozen):
    """A landscape's file."""

    header: Header
    slots: tuple[Slot, ...]


def read(path: Path) -> Recording:
    """A recorded landscape.

    Raises:
        DataError: The file is not there or holds something else.
    """
    try:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        return _parsed(lines)
    except (OSError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: must be a recorded landscape, but {reason}; record it again") from error


def read_part(path: Path) -> Recording | None:
    """What an unfinished recording has so far; None where it has not begun."""
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    return _parsed(whole.splitlines()) if whole else None


def write_part(path: Path, recording: Recording) -> None:
    """Begins an unfinished recording anew with what is whole of it."""
    path.write_text(_text(recording.header, recording.slots), encoding="utf-8")


def append(path: Path, slot: Slot) -> None:
    """Adds a slot to an unfinished recording."""
    with path.open("a", encoding="utf-8") as file:
        file.write(slot.model_dump_json() + "\n")


def write(path: Path, recording: Recording) -> None:
    """The finished file; equal recordings give equal bytes."""
    path.write_bytes(gzip.compress(_text(recording.header, recording.slots).encode(), 9, mtime=0))


def _text(header: Header, slots: Sequence[Slot]) -> str:
    return "".join(one.model_dump_json() + "\n" for one in (header, *slots))


def _parsed(lines: Sequence[str]) -> Recording:
    return Recording(
        header=Header.model_validate_json(lines[0]),
        slots=tuple(Slot.model_validate_json(line) for line in lines[1:]),
    )
