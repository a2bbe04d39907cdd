"""What the shell may complete: explorations, columns and run numbers, as the workspace has them.

The shell asks at every press of a key, so only the database's driver is loaded, and what cannot be read is
simply not offered.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import typer

MOST_RUNS = 500

LATEST = "SELECT exploration FROM events WHERE exploration IS NOT NULL ORDER BY id DESC LIMIT 1"


def complete_exploration(ctx: typer.Context, incomplete: str) -> list[str]:
    """Explorations of the catalog, and those that the workspace has begun."""
    begun = [str(name) for (name,) in _ask(ctx, "SELECT name FROM explorations ORDER BY created_at")]
    return [name for name in dict.fromkeys((*begun, *_catalog())) if name.startswith(incomplete)]


def complete_begun(ctx: typer.Context, incomplete: str) -> list[str]:
    """Explorations that the workspace has begun."""
    names = [str(name) for (name,) in _ask(ctx, "SELECT name FROM explorations ORDER BY created_at")]
    return [name for name in names if name.startswith(incomplete)]


def complete_columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """Columns of runs by the word that stands last, be there commas or an SQL condition before it.

    Short names, `gain` for `heldout_gain`, are asked of the science, and only where no column begins so.
    """
    last = re.search(r"\w*$", incomplete)
    word = "" if last is None else last[0]
    before = incomplete[: len(incomplete) - len(word)]
    columns = [str(name) for (name,) in _ask(ctx, "SELECT name FROM pragma_table_info('runs_wide')")]
    found = [name for name in columns if name.startswith(word)] or [
        name for name in _short(ctx, columns) if name.startswith(word)
    ]
    return [f"{before}{name}" for name in found]


def complete_run(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Numbers of runs, the latest first, each with its role and its change."""
    rows = _ask(
        ctx,
        "SELECT number, role, change FROM runs "
        f"WHERE exploration = coalesce(?, ({LATEST})) ORDER BY number DESC LIMIT {MOST_RUNS}",
        _chosen(ctx),
    )
    return [
        (str(number), f"{role}: {change}" if change not in ("", role) else str(role))
        for number, role, change in rows
        if str(number).startswith(incomplete)
    ]


def _short(ctx: typer.Context, columns: Sequence[str]) -> list[str]:
    """Short names of metrics that are one word, as questions accept them."""
    rows = _ask(ctx, f"SELECT spec FROM explorations WHERE name = coalesce(?, ({LATEST}))", _chosen(ctx))
    if not rows:
        return []
    from blocks.errors import SetpointError
    from blocks.installed import load_problem
    from memory.short_names import short_names

    spec = json.loads(rows[0][0])
    try:
        metrics = load_problem(spec["problem"]).metrics(spec["data"])
    except SetpointError:
        return []
    return sorted(name for name in short_names(metrics, columns) if name.isidentifier())


def _chosen(ctx: typer.Context) -> str | None:
    chosen = ctx.params.get("exploration")
    return chosen if isinstance(chosen, str) else None


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
