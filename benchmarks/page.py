"""What generated pages have in common: the command, the machine, and tables in markdown."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from benchmarks.machine import Machine
from blocks.errors import DataError

PLACES: Final = ("--workspace", "--json", "--write-docs")
"""Arguments that name a place of the caller's."""


def command_of(module: str, given: Sequence[str]) -> str:
    """The command that makes the same figures anywhere: folders and files of whoever called it are left out.

    Args:
        module: What `python -m` ran.
        given: The arguments.
    """
    kept, skip = [], False
    for word in given:
        if skip:
            skip = False
        elif word in PLACES:
            skip = True
        elif not word.startswith(tuple(f"{place}=" for place in PLACES)):
            kept.append(word)
    return shlex.join(["python", "-m", module, *kept])


Report = TypeVar("Report", bound=BaseModel)


def earlier_report(path: Path, kind: type[Report]) -> Report:
    """A report that a benchmark wrote with `--json`.

    Args:
        path: The file.
        kind: What it holds.

    Raises:
        DataError: It holds something else, or cannot be read.
    """
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: must be a report of this benchmark, but {reason}; run it again") from error


def machine_lines(machine: Machine, *, made_at: str, code_version: str) -> Iterable[str]:
    """The machine and the versions, as items of a list."""
    memory = "" if machine.memory_gib is None else f", {machine.memory_gib:g} GiB of memory"
    yield f"- Measured {made_at} on {machine.cpu}, {machine.cores} cores{memory}, {machine.system}."
    yield f"- {', '.join(f'{name} {version}' for name, version in machine.versions.items())};"
    yield f"  code {code_version[:12]}; each training uses {machine.threads_per_run} thread."


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """A table, line by line."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
