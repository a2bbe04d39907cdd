"""`setpoint runs`: past runs as a table."""

import sys
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.completing import complete_columns
from agent.cli.due import catch_up
from agent.cli.facts import folded, is_bold
from agent.cli.groups import Grouping, print_groups
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, Format, WorkspaceOption, print_records
from agent.cli.tables import Column, lines, total_width
from blocks.run import MetricInfo, show_number
from blocks.slot import show_value

if TYPE_CHECKING:
    from blocks.exploration import ExplorationSpec
    from memory.asking import Reader
    from memory.store import Store
    from memory.truth import TruthUse

VOID, STRATEGIES = "void", "strategies"

LEAST_STRATEGIES = 16
"""Columns of a list of strategies that is cut to fit a screen."""

TEXT = ("role", "strategies", "state", "change", "reason", "failure", "failure_reason")
"""Columns that hold words."""


def runs(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    where: Annotated[
        str | None,
        typer.Option(
            help='SQL condition on plain names: "time_step >= 32 and gain > 0.5".',
            autocompletion=complete_columns,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="Column to sort by; -column for the highest first.", autocompletion=complete_columns
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="Comma-separated columns, or `all`.", autocompletion=complete_columns),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Rows at most.")] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated columns: a row per group, with median and spread over its runs.",
            autocompletion=complete_columns,
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
    exploration: ExplorationOption = None,
) -> None:
    """List past runs: hyperparameters, metrics (median over replicates) and how each ended.

    Examples: `setpoint runs --where "time_step >= 32" --sort -heldout_gain --limit 3`,
    `setpoint runs --group-by time_step`.
    """
    from blocks.installed import load_problem
    from memory.asking import Reader
    from memory.queries import query_runs, wide_columns
    from memory.workspace import Workspace

    catch_up(workspace)
    with Reader.open(Workspace(workspace)) as store:
        name = store.resolve(exploration)
        spec = store.spec(name)
        problem = load_problem(spec.problem)
        metrics = problem.metrics(spec.data)
        if group_by is not None:
            asked = Grouping(group_by, columns=columns, sort=sort, limit=limit)
            print_groups(
                store, name, asked, where=where, metrics=metrics, objective=spec.objective, form=form
            )
            return
        wanted = [c for c in map(str.strip, columns.split(",")) if c] if columns else None
        if columns == "all":
            wanted = None
        if form is Format.TABLE and columns is None:
            wanted = [*default_columns(spec, metrics, known=wide_columns(store)), VOID]
            if query_runs(store, exploration=name, where="network > 0", columns=["run"], limit=1).rows:
                wanted.insert(wanted.index("role"), "network")  # results on others are no equals
        table = query_runs(
            store,
            exploration=name,
            where=where,
            sort=sort,
            columns=wanted,
            limit=limit,
            metrics=metrics,
        )
        ways = problem.truth_guided_by(spec)
        truth = str(truth_of(store, spec, metrics, ways)) if ways else ""
    if form is not Format.TABLE:
        print_records(table.columns, table.rows, form)
        return
    shown, rows = (table.columns, table.rows) if columns else mark_void(table.columns, table.rows)
    _print_table(shown, rows, spec=spec, metrics=metrics)
    typer.echo(f"{len(table.rows)} of {table.total} runs of {name}")
    if truth:
        typer.echo(truth)


def default_columns(
    spec: "ExplorationSpec", metrics: Mapping[str, MetricInfo], *, known: Sequence[str]
) -> list[str]:
    """What matters first: where and what a run was, then what came of it, with its spread."""
    from blocks.space import PerSlotParameter

    fixed = [name for name, p in spec.space.root.items() if isinstance(p, PerSlotParameter)]
    tuned = [name for name in spec.space.tunable if "." not in name][:2]
    shown = [spec.objective, *(name for name in list(metrics)[:3] if name != spec.objective)]
    columns = ["run", "block", *fixed, "role", "strategies", *tuned]
    columns += [part for name in shown for part in (name, f"{name}_sd")]
    return [column for column in [*columns, "state"] if column in known]


def mark_void(
    columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[Sequence[str], list[Sequence[Any]]]:
    """The rows without their last column, `void`, and with it in their state: `done, void`."""
    place = columns.index("state")
    marked: list[Sequence[Any]] = [
        [*row[:place], f"{row[place]}, void" if row[-1] else row[place], *row[place + 1 : -1]] for row in rows
    ]
    return columns[:-1], marked


def truth_of(
    store: "Reader | Store", spec: "ExplorationSpec", metrics: Mapping[str, MetricInfo], ways: tuple[str, ...]
) -> "TruthUse":
    """How far an exploration's choices read the truth."""
    objective = metrics.get(spec.objective)
    return store.truth_use(
        spec.name,
        objective=spec.objective,
        needs_labels=objective is not None and objective.needs_labels,
        ways=ways,
    )


def show_strategies(strategies: Sequence[str], baseline: Sequence[str]) -> str:
    """What differs from the baseline: `baseline`, `+residual`, `+residual -clipping`."""
    changes = [f"+{name}" for name in strategies if name not in baseline]
    changes += [f"-{name}" for name in baseline if name not in strategies]
    return " ".join(changes) or "baseline"


def _print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    spec: "ExplorationSpec",
    metrics: Mapping[str, MetricInfo],
) -> None:
    names = [c for c in columns if not (c.endswith("_sd") and c.removesuffix("_sd") in columns)]
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    shown = {
        name: Column(
            header=metrics[name].label or name if name in metrics else name,
            cells=[_cell(record, name, spec) for record in records],
            is_text=name in TEXT,
        )
        for name in names
    }
    dropped: list[str] = []
    # A table that is piped somewhere is as wide as it needs to be; only a screen has an edge.
    if sys.stdout.isatty():
        spare = [*(c for c in reversed(names) if c in metrics), *reversed(names[2:-1])]
        spare = [c for c in dict.fromkeys(spare) if c != spec.objective]
        dropped = _fit(shown, spare, width=get_terminal_size().columns)
    for line in lines(list(shown.values()), bold=is_bold()):
        typer.echo(line)
    if dropped:
        typer.echo("\n".join(folded(f"not shown for want of width: {', '.join(reversed(dropped))}")))


def _fit(shown: dict[str, Column], spare: Sequence[str], *, width: int) -> list[str]:
    """Makes a table as narrow as a screen, and says which columns it lost.

    A long list of strategies is cut first; then whole columns go, those that matter least first, instead of
    every line being broken.
    """
    dropped: list[str] = []
    for name in spare:
        over = total_width(list(shown.values())) - width
        if over <= 0:
            break
        if (listed := shown.get(STRATEGIES)) is not None:
            room = listed.width - over
            if room >= LEAST_STRATEGIES:
                cut = [cell if len(cell) <= room else f"{cell[: room - 1]}…" for cell in listed.cells]
                shown[STRATEGIES] = listed._replace(cells=cut)
                break
        del shown[name]
        dropped.append(name)
    return dropped


def _cell(record: Mapping[str, Any], column: str, spec: "ExplorationSpec") -> str:
    value = record[column]
    if value is None:
        return "-"
    if column == STRATEGIES:
        return show_strategies(value.split(","), spec.strategies.baseline)
    if f"{column}_sd" in record:
        sd = record[f"{column}_sd"]
        return show_number(value) + ("" if sd is None else f" ±{show_number(sd)}")
    return show_value(value) if isinstance(value, float) else " ".join(str(value).split())
