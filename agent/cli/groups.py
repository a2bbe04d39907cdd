"""`setpoint runs --group-by`: a row per group of runs, with median and spread of what came of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from agent.cli.facts import is_bold
from agent.cli.options import Format, print_records
from agent.cli.tables import Column, lines
from blocks.run import MetricInfo, show_number
from blocks.slot import show_value

if TYPE_CHECKING:
    from memory.asking import Reader
    from memory.grouping import Group

SHOWN = 3
"""Metrics beside the objective, where no columns are asked for."""


class Grouping(NamedTuple):
    """What was asked: columns to group by and to show, and how the groups are ordered and cut."""

    by: str
    columns: str | None
    sort: str | None
    limit: int | None


def print_groups(
    store: "Reader",
    exploration: str,
    asked: Grouping,
    *,
    where: str | None,
    metrics: Mapping[str, MetricInfo],
    objective: str,
    form: Format,
) -> None:
    """Groups the runs for which a condition holds, and prints a row per group.

    Args:
        store: That is asked.
        exploration: Runs of this one.
        asked: What to group by and how to show it.
        where: As of `query_runs`.
        metrics: What the problem says of its metrics.
        objective: The metric that stands first.
        form: How it is written.
    """
    from memory.grouping import group_runs
    from memory.queries import column_of, query_runs, wide_columns
    from memory.short_names import short_names

    known = wide_columns(store)
    by = [column_of(name, known, where="group-by", metrics=metrics) for name in _split(asked.by)]
    shown = _split(asked.columns) or [
        name for name in dict.fromkeys((objective, *list(metrics)[:SHOWN])) if name in known
    ]
    table = query_runs(
        store,
        exploration=exploration,
        where=where,
        columns=[*by, *shown, "state", "void"],
        metrics=metrics,
    )
    by, shown = list(table.columns[: len(by)]), list(table.columns[len(by) : -2])
    records = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    short = short_names(metrics, known)
    groups = _ordered(group_runs(records, by=by, metrics=shown), asked.sort, by=by, shown=shown, short=short)
    groups = groups if asked.limit is None else groups[: asked.limit]
    if form is Format.TABLE:
        bold = is_bold()
        for line in lines(_columns(groups, by, shown, metrics), bold=bold):
            typer.echo(line)
        void = sum(1 for record in records if record["void"])
        typer.echo(
            f"{len(records)} of {table.total} runs of {exploration}; median ±sd over the runs of a group"
            + (f'; {void} of them void: leave them out with --where "not void"' if void else "")
        )
        return
    names = [*by, "runs", "failed", *(part for name in shown for part in (name, f"{name}_sd"))]
    rows = [
        [
            *(key if isinstance(key, str | int | float | None) else str(key) for key in group.key),
            group.runs,
            group.failed,
            *(part for name in shown for part in (group.medians[name], group.sds[name])),
        ]
        for group in groups
    ]
    print_records(names, rows, form)


def _ordered(
    groups: "list[Group]",
    sort: str | None,
    *,
    by: Sequence[str],
    shown: Sequence[str],
    short: Mapping[str, str],
) -> "list[Group]":
    """Groups by columns of their table, as `runs --sort` has it; missing values last."""
    for part in reversed(_split(sort)):
        name, falling = part.removeprefix("-"), part.startswith("-")
        name = short.get(name.casefold(), name)
        if name not in (*by, *shown, "runs", "failed"):
            raise typer.BadParameter(
                f"sort: must be a column of the groups ({', '.join((*by, 'runs', 'failed', *shown))}), "
                f"but got {name!r}"
            )
        if name in by:
            groups = list(reversed(groups)) if falling else groups
            continue
        found = [(_cell(group, name), group) for group in groups]
        present = [pair for pair in found if pair[0] is not None]
        present.sort(key=lambda pair: pair[0] or 0.0, reverse=falling)
        groups = [group for _, group in present] + [group for value, group in found if value is None]
    return groups


def _cell(group: "Group", name: str) -> float | None:
    counts = {"runs": group.runs, "failed": group.failed}
    return counts[name] if name in counts else group.medians[name]


def _columns(
    groups: "Sequence[Group]", by: Sequence[str], shown: Sequence[str], metrics: Mapping[str, MetricInfo]
) -> list[Column]:
    found = [
        Column(
            header=name,
            cells=[_text(group.key[place]) for group in groups],
            is_text=any(isinstance(group.key[place], str) for group in groups),
        )
        for place, name in enumerate(by)
    ]
    found.append(Column("runs", [str(group.runs) for group in groups], is_text=False))
    found.append(Column("failed", [str(group.failed) for group in groups], is_text=False))
    for name in shown:
        label = metrics[name].label or name if name in metrics else name
        found.append(Column(label, [_spread(group, name) for group in groups], is_text=False))
    return found


def _text(value: Any) -> str:
    return "-" if value is None else show_value(value) if isinstance(value, float) else str(value)


def _spread(group: "Group", name: str) -> str:
    middle, sd = group.medians[name], group.sds[name]
    if middle is None:
        return "-"
    return show_number(middle) + ("" if sd is None else f" ±{show_number(sd)}")


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()] if text else []
