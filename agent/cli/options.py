"""Options that several commands share, and how tables are printed."""

import csv
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="SETPOINT_WORKSPACE",
        help="Folder with the store, memory.md, data sets and artifacts.",
    ),
]

DEFAULT_WORKSPACE = Path("setpoint-workspace")

ExplorationOption = Annotated[
    str | None,
    typer.Option("--exploration", "-e", help="Which exploration; default: the one launched last."),
]


class Format(StrEnum):
    """How a table is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def print_version(wanted: bool) -> None:
    """Prints the version and leaves."""
    if wanted:
        typer.echo(f"setpoint {version('setpoint')}")
        raise typer.Exit


def print_records(columns: Sequence[str], rows: Sequence[Sequence[Any]], form: Format) -> None:
    """Rows as JSON (a list of objects) or CSV, to stdout."""
    if form is Format.JSON:
        records = [dict(zip(columns, row, strict=True)) for row in rows]
        json.dump(records, sys.stdout, indent=2, default=str, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
