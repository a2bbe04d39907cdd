"""The view `runs_wide`: one row per run, and a column for everything under its plain name.

Hyperparameters and metrics are found inside the JSON that a run's row keeps, so a row of the view
costs no join. The view is made anew, in the transaction that brings it, when a name appears that it
has no column for. It is for SQLite; nothing but queries by people reads it.
"""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import TYPE_CHECKING

from blocks.run import Metrics, sample_sd

if TYPE_CHECKING:
    from memory.prepared import Cursor  # not at run time: asking needs no SQLAlchemy

VALUE, METRIC = "value", "metric"

_FIXED = {
    "exploration": "exploration",
    "run": "number",
    "block": "block",
    "batch": "batch",
    "slot": "slot",
    "role": "role",
    "parent": "parent",
    "change": "change",
    "reason": "reason",
    "strategies": "strategies",
    "state": "state",
    "failure": "failure_kind",
    "failure_reason": "failure_reason",
    "network": "network",
    "dataset": "dataset",
    "certified": "certified",
    "train_s": "train_s",
    "attempts": "attempts",
    "started_at": "started_at",
    "ended_at": "ended_at",
    "n_replicates": "json_extract(summary, '$.n_replicates')",
    "void": (
        "EXISTS (SELECT 1 FROM void_runs JOIN retractions ON retractions.id = void_runs.retraction "
        "WHERE void_runs.run = runs.id AND retractions.undone_at IS NULL)"
    ),
}
"""Columns that every run has, in the order in which tables show them, and what they are made of."""

NAMES = "SELECT kind, name FROM wide_names ORDER BY id"
STORED = "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = 'runs_wide'"

Name = tuple[str, str]
"""Kind (value or metric) and plain name."""


def summarise(metrics: Iterable[Metrics]) -> dict[str, object]:
    """Medians and standard deviations over replicates, as the view reads them.

    Args:
        metrics: One mapping per replicate, missing values None.

    Returns:
        Keys `n_replicates`, `median` and `sd`; a metric that no replicate has is left out, and so is the
        spread of a single value.
    """
    replicates = list(metrics)
    medians, sds = {}, {}
    for name in sorted({name for row in replicates for name in row}):
        values = [value for row in replicates if (value := row.get(name)) is not None]
        if values:
            medians[name] = median(values)
        if len(values) > 1:
            sds[name] = sample_sd(values)
    return {"n_replicates": len(replicates), "median": medians, "sd": sds}


def add_names(cursor: "Cursor", names: Iterable[Name]) -> None:
    """Gives the view columns for names, where it has none yet. The transaction must be a writing one."""
    known = _names(cursor)
    fresh = [name for name in dict.fromkeys(names) if name not in known]
    for _, name in fresh:
        if '"' in name:
            raise ValueError(f"a hyperparameter or metric name must hold no double quote, but got {name!r}")
    if fresh:
        cursor.executemany("INSERT INTO wide_names (kind, name) VALUES (?, ?)", fresh)
    refresh(cursor)


def refresh(cursor: "Cursor") -> None:
    """Makes the view anew where it is not current."""
    wanted = view_sql(_names(cursor))
    cursor.execute(STORED)
    if cursor.fetchone() != (wanted,):
        cursor.execute("DROP VIEW IF EXISTS runs_wide")
        cursor.execute(wanted)


def is_current(names: Iterable[Name], stored: str | None) -> bool:
    """Whether the view is there and is what this version would make of the names.

    Args:
        names: What `NAMES` gives.
        stored: What `STORED` gives.
    """
    return stored == view_sql(names)


def view_sql(names: Iterable[Name]) -> str:
    """The statement that creates the view.

    A dotted name is offered twice: as it is (to be quoted in SQL) and with `_` for the dot. Column
    names ignore case in SQL; a name that is taken already gets `value_` or `metric_` in front.
    """
    columns = dict(_FIXED)
    taken = {column.casefold() for column in columns}
    aliases: list[tuple[str, str]] = []
    # Hyperparameters first: they are what a run was asked to be.
    for kind, name in sorted(names, key=lambda name: name[0] == METRIC):
        for column, source in _sources(kind, name):
            free = column if column.casefold() not in taken else f"{kind}_{column}"
            if free.casefold() not in taken:
                taken.add(free.casefold())
                columns[free] = source
                aliases.append((free.replace(".", "_"), source))
    # Last, so that an alias never takes the column of a name that is spelt that way.
    for column, source in aliases:
        if column.casefold() not in taken:
            taken.add(column.casefold())
            columns[column] = source
    body = ",\n".join(f"  {expression} AS {_quoted(column)}" for column, expression in columns.items())
    return f"CREATE VIEW runs_wide AS SELECT\n{body}\nFROM runs"


def _sources(kind: str, name: str) -> list[tuple[str, str]]:
    """Columns that a name brings, and where their values lie."""
    path = _quoted(name).replace("'", "''")
    if kind == VALUE:
        return [(name, f"json_extract(spec, '$.values.{path}')")]
    # With a type of their own: other tools, such as DuckDB, take a column without one for text.
    return [
        (name, f"CAST(json_extract(summary, '$.median.{path}') AS DOUBLE)"),
        (f"{name}_sd", f"CAST(json_extract(summary, '$.sd.{path}') AS DOUBLE)"),
    ]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _names(cursor: "Cursor") -> Mapping[Name, None]:
    cursor.execute(NAMES)
    return dict.fromkeys((kind, name) for kind, name in cursor.fetchall())
