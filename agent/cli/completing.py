"""What the shell may complete: explorations, columns and run numbers, as the workspace has them.

The shell asks at every press of a key, so only the database's driver is loaded, and what cannot be read is
simply not offered.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import typer

MOST_RUNS = 500


def complete_exploration(ctx: typer.Context, incomplete: str) -> list[str]:
    """Explorations of the catalog, and those that the workspace has begun."""
    begun = [str(name) for (name,) in _ask(ctx, "SELECT name FROM explorations ORDER BY created_at")]
    return [name for name in dict.fromkeys((*begun, *_catalog())) if name.startswith(incomplete)]


def complete_begun(ctx: typer.Context, incomplete: str) -> list[str]:
    """Explorations that the workspace has begun."""
    names = [str(name) for (name,) in _ask(ctx, "SELECT name FROM explorations ORDER BY created_at")]
    return [name for name in names if name.startswith(incomplete)]


def complete_columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """Columns of runs; of several with commas between them the last one is completed."""
    before, comma, last = incomplete.rpartition(",")
    columns = [str(name) for (name,) in _ask(ctx, "SELECT name FROM pragma_table_info('runs_wide')")]
    return [f"{before}{comma}{name}" for name in columns if name.startswith(last)]


def complete_run(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Numbers of runs, the latest first, each with its role and its change."""
    chosen = ctx.params.get("exploration")
    latest = "SELECT exploration FROM events WHERE exploration IS NOT NULL ORDER BY id DESC LIMIT 1"
    rows = _ask(
        ctx,
        "SELECT number, role, change FROM runs "
        f"WHERE exploration = coalesce(?, ({latest})) ORDER BY number DESC LIMIT {MOST_RUNS}",
        chosen if isinstance(chosen, str) else None,
    )
    return [
        (str(number), f"{role}: {change}" if change not in ("", role) else str(role))
        for number, role, change in rows
        if str(number).startswith(incomplete)
    ]


def _catalog() -> Iterator[str]:
    from importlib.resources import files

    names = [entry.name for entry in (files("blocks") / "catalog").iterdir()]
    yield from sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def _ask(ctx: typer.Context, question: str, *values: Any) -> Sequence[Sequence[Any]]:
    """Rows of the workspace's store; none where there is no store, or where it cannot be read."""
    given = ctx.params.get("workspace") or os.environ.get("SETPOINT_WORKSPACE") or "setpoint-workspace"
    path = Path(str(given)).expanduser() / "setpoint.db"
    try:
        if not path.is_file():
            return []
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.5)) as found:
            return found.execute(question, values).fetchall()
    except (OSError, ValueError, sqlite3.Error):
        return []
