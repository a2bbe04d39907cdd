"""The view `runs_wide`: one row per run, and a column for everything under its plain name.

Hyperparameters and metrics are found inside the JSON that a run's row keeps, so a row of the view
costs no join. The view is made anew, in the transaction that brings it, when a name appears that it
has no column for. It is for SQLite; nothing but queries by people reads it.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from blocks.run import Metrics, median_of, sample_sd

if TYPE_CHECKING:
    from memory.prepared import Cursor  # not at run time: asking needs no SQLAlchemy

VALUE, METRIC = "value", "metric"


class Column(NamedTuple):
    """A column that every run has."""

    sql: str
    """What it is made of, in a row of the table `runs`."""

    meaning: str


COLUMNS: Final[Mapping[str, Column]] = MappingProxyType(
    {
        "exploration": Column("exploration", "Name of its exploration."),
        "run": Column("number", "Its number within the exploration, from 1."),
        "block": Column("block", "Number of its block, from 1."),
        "batch": Column("batch", "Number of its batch within the block, from 1."),
        "slot": Column("slot", "Its slot within the batch, from 0."),
        "role": Column("role", "What it was for: baseline, sweep, exploit, explore, confirm and so on."),
        "parent": Column("parent", "Number of the run that it mutates or repeats; NULL where there is none."),
        "change": Column("change", "What differs from the parent."),
        "reason": Column("reason", "Why it was proposed."),
        "strategies": Column("strategies", "Names of the strategies that are on, in order, with commas."),
        "state": Column("state", "planned, running, trained, done, stopped (early) or failed."),
        "failure": Column("failure_kind", "How it failed: diverged, timeout and so on; else NULL."),
        "failure_reason": Column("failure_reason", "Why it failed, in a line; else NULL."),
        "network": Column("network", "0: the exploration's own data; k: its k-th fresh network."),
        "dataset": Column("dataset", "Hash of the observations that it was trained on."),
        "certified": Column("certified", "1 where every strategy has a certificate of non-interference."),
        "train_s": Column("train_s", "Wall-clock time of the training, s."),
        "trained_steps": Column("trained_steps", "Optimiser steps that were taken; NULL where not recorded."),
        "planned_steps": Column("planned_steps", "Optimiser steps of its whole training."),
        "stopped": Column("stopped", "Why it was stopped early, in a line; else NULL."),
        "attempts": Column("attempts", "How often its training was begun."),
        "started_at": Column("started_at", "When its training began, UTC."),
        "ended_at": Column("ended_at", "When it was done, stopped or failed, UTC."),
        "n_replicates": Column(
            "json_extract(summary, '$.n_replicates')", "Replicates that were evaluated; NULL before that."
        ),
        "void": Column(
            "EXISTS (SELECT 1 FROM void_runs JOIN retractions ON retractions.id = void_runs.retraction "
            "WHERE void_runs.run = runs.id AND retractions.undone_at IS NULL)",
            "1 while a retraction is in force on it.",
        ),
    }
)
"""Columns that every run has, in the order in which tables show them: one wide documented view.

Beside them stands a column for every hyperparameter, and two for every metric; see `view_sql`.
"""

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
    for name in sorted(set().union(*replicates)):
        values = [value for row in replicates if (value := row.get(name)) is not None]
        if values:
            medians[name] = median_of(values)
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
    columns = {name: column.sql for name, column in COLUMNS.items()}
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
