"""`setpoint runs`: past runs as a table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, Format, WorkspaceOption, print_records
from blocks.run import MetricInfo, show_number
from blocks.slot import show_value

if TYPE_CHECKING:
    from blocks.exploration import ExplorationSpec


def runs(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    where: Annotated[
        str | None,
        typer.Option(help='SQL condition on plain names: "time_step >= 32 and heldout_gain > 0.5".'),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="Column to sort by; -column for the highest first.")
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Comma-separated columns, or `all`.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Rows at most.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
    exploration: ExplorationOption = None,
) -> None:
    """List past runs: hyperparameters, metrics (median over replicates) and how each ended.

    Example: `setpoint runs --where "time_step >= 32" --sort -heldout_gain --limit 3`.
    """
    from blocks.problem import load_problem
    from memory import Store, Workspace
    from memory.queries import query_runs

    with Store.open(Workspace(workspace), create=False) as store:
        name = store.resolve(exploration)
        spec = store.spec(name)
        metrics = load_problem(spec.problem).metrics()
        wanted = [c.strip() for c in columns.split(",")] if columns and columns != "all" else None
        pretty = form is Format.TABLE and wanted is None and columns != "all"
        table = query_runs(
            store,
            exploration=name,
            where=where,
            sort=sort,
            columns=_needed(spec, metrics) if pretty else wanted,
            limit=limit,
        )
    if form is not Format.TABLE:
        print_records(table.columns, table.rows, form)
        return
    _print_table(table.columns, table.rows, metrics=metrics)
    typer.echo(f"{len(table.rows)} of {table.total} runs of {name}")


def default_columns(
    spec: "ExplorationSpec", metrics: Mapping[str, MetricInfo]
) -> tuple[list[str], list[str]]:
    """What matters first: where and what a run was, then what came of it (metrics)."""
    from blocks.space import PerSlotParameter

    fixed = [name for name, p in spec.space.root.items() if isinstance(p, PerSlotParameter)]
    tuned = [name for name in spec.space.tunable if "." not in name][:2]
    shown = [spec.objective, *(name for name in list(metrics)[:3] if name != spec.objective)]
    return ["run", "block", *fixed, "role", "strategies", *tuned], shown


def _needed(spec: "ExplorationSpec", metrics: Mapping[str, MetricInfo]) -> list[str]:
    first, shown = default_columns(spec, metrics)
    return [*first, *(part for name in shown for part in (name, f"{name}_sd")), "state"]


def _print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, metrics: Mapping[str, MetricInfo]
) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    shown = [c for c in columns if not (c.endswith("_sd") and c.removesuffix("_sd") in columns)]
    for column in shown:
        label = metrics[column].label or column if column in metrics else column
        numeric = column not in ("role", "strategies", "state", "change", "reason")
        table.add_column(label, justify="right" if numeric else "left", no_wrap=column != "strategies")
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        table.add_row(*(_cell(record, column) for column in shown))
    console = Console()
    # A table that is piped somewhere is as wide as it needs to be; only a screen has an edge.
    console.print(table, width=None if console.is_terminal else 10_000)


def _cell(record: Mapping[str, Any], column: str) -> str:
    value = record[column]
    if value is None:
        return "-"
    if f"{column}_sd" in record:
        sd = record[f"{column}_sd"]
        return show_number(value) + ("" if sd is None else f" ±{show_number(sd)}")
    return show_value(value) if isinstance(value, float) else str(value)
