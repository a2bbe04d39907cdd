"""Options that several commands share, and how tables are printed."""

import csv
import json
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.completing import complete_begun

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
    typer.Option(
        "--exploration",
        "-e",
        help="Which exploration; default: the one launched last.",
        autocompletion=complete_begun,
    ),
]


class Format(StrEnum):
    """How a table is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def print_version(wanted: bool) -> None:
    """Prints the version and leaves."""
    if wanted:
        typer.echo(f"setpoint {version('setpoint')}")
        raise typer.Exit


def show_tracebacks(wanted: bool) -> None:
    """Has every error show where it came from, here and in what this process starts."""
    if wanted:
        os.environ["SETPOINT_VERBOSE"] = "1"


def print_records(columns: Sequence[str], rows: Sequence[Sequence[Any]], form: Format) -> None:
    """Rows as JSON (a list of objects), CSV or Parquet, to stdout.

    Raises:
        UsageError: Parquet is asked for on a terminal, or without the library that writes it.
    """
    if form is Format.JSON:
        records = [dict(zip(columns, row, strict=True)) for row in rows]
        json.dump(records, sys.stdout, indent=2, default=str, ensure_ascii=False)
        sys.stdout.write("\n")
    elif form is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        _print_parquet(columns, rows)


def _print_parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if sys.stdout.isatty():
        raise typer.BadParameter(
            "parquet must go into a file or a pipe, but stdout is a terminal; add `> runs.parquet`"
        )
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise typer.BadParameter(
            "parquet must have pyarrow to write it, but it is not installed; "
            "pip install 'setpoint[tables]', or use csv"
        ) from error
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    table = pyarrow.table({name: pyarrow.array(cell) for name, cell in zip(columns, cells, strict=True)})
    parquet.write_table(table, sys.stdout.buffer)
