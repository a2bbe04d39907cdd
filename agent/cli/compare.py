"""`setpoint compare A B ...`: several runs side by side."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.completing import complete_run
from agent.cli.facts import folded, is_bold
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption
from agent.cli.tables import Column, lines
from blocks.run import MetricInfo, Run, RunState, show_number
from blocks.slot import show_value

if TYPE_CHECKING:
    from memory.contrast import Contrast, Difference


def compare(
    runs: Annotated[
        list[int],
        typer.Argument(
            min=1, help="Numbers of two runs or more; the first is the base.", autocompletion=complete_run
        ),
    ],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    exploration: ExplorationOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every metric, also those that stayed within noise.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Compare runs with the first of them: what differs, what came of it, and whether it is more than noise.

    Example: `setpoint compare 5 12`.
    """
    from blocks.installed import load_problem
    from memory import Store, Workspace
    from memory.contrast import contrast

    if len(set(runs)) < 2:
        raise typer.BadParameter(
            "RUNS: must be two different runs or more, but got " + " ".join(map(str, runs))
        )
    with Store.open(Workspace(workspace), create=False) as store:
        name = store.resolve(exploration)
        spec = store.spec(name)
        found = [store.run(name, number) for number in dict.fromkeys(runs)]
    metrics = load_problem(spec.problem).metrics(spec.data)
    ordered = {spec.objective: metrics[spec.objective], **metrics}
    made = contrast(found, metrics=ordered)
    if as_json:
        json.dump(_record(made), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    bold = is_bold()
    heads = [f"run {run.number}" for run in found]
    typer.echo("What differs")
    for line in lines(_settings(made, heads), bold=bold):
        typer.echo(f"  {line}")
    typer.echo("\nWhat came of it")
    table, left_out = _results(made, heads, ordered, objective=spec.objective, everything=everything)
    for line in lines(table, bold=bold):
        typer.echo(f"  {line}")
    typer.echo("  difference: of the means over replicates, with its 95 % interval (Welch)")
    if left_out:
        text = f"within the noise, and not shown: {', '.join(left_out)}; all of them: --all"
        for line in folded(text, indent=2):
            typer.echo(f"  {line}")
    typer.echo("")
    for verdict in _verdict(made, spec.objective, ordered):
        typer.echo("\n".join(folded(verdict)))


def _settings(made: "Contrast", heads: Sequence[str]) -> list[Column]:
    names = list(made.settings)
    cells = [[_setting(value) for value in row] for row in made.settings.values()]
    states = [run.state.value if run.failure is None else run.failure.kind.value for run in made.runs]
    ends = [f"{state}, void" if run.void else state for state, run in zip(states, made.runs, strict=True)]
    if set(ends) != {RunState.DONE.value} or not names:
        names.append("state")
        cells.append(ends)
    columns = [Column("", names, is_text=True)]
    return columns + [Column(head, [row[i] for row in cells], is_text=False) for i, head in enumerate(heads)]


def _setting(value: Any) -> str:
    return "-" if value is None else show_value(value)


def _results(
    made: "Contrast",
    heads: Sequence[str],
    metrics: Mapping[str, MetricInfo],
    *,
    objective: str,
    everything: bool,
) -> tuple[list[Column], list[str]]:
    """The table of metrics, and the names of those that it leaves out."""
    names: list[str] = []
    left_out: list[str] = []
    for name, row in made.differences.items():
        tells = name == objective or any(one is not None and one.exceeds_noise is not False for one in row)
        (names if everything or tells else left_out).append(name)
    columns = [Column("", [metrics[name].label or name for name in names], is_text=True)]
    for place, (head, run) in enumerate(zip(heads, made.runs, strict=True)):
        columns.append(Column(head, [_spread(run, name) for name in names], is_text=False))
        if place:
            shown = [_difference(made.differences[name][place - 1]) for name in names]
            columns.append(Column("difference", shown, is_text=False))
    return columns, left_out


def _spread(run: Run, name: str) -> str:
    spread = run.spread(name)
    return "-" if spread is None else str(spread)


def _difference(one: "Difference | None") -> str:
    if one is None:
        return "-"
    text = ("+" if one.mean >= 0 else "") + show_number(one.mean)
    if one.interval is None:
        return f"{text} (one replicate)"
    low, high = one.interval
    mark = "" if one.exceeds_noise else " noise"
    return f"{text} ({show_number(low)}..{show_number(high)}){mark}"


def _verdict(made: "Contrast", objective: str, metrics: Mapping[str, MetricInfo]) -> list[str]:
    """In a sentence per run: is the difference in the objective more than the noise?"""
    info = metrics[objective]
    label, base = info.label or objective, made.runs[0].number
    said = []
    for run, one in zip(made.runs[1:], made.differences.get(objective, ()), strict=False):
        if one is None:
            said.append(f"Run {run.number} and run {base} cannot be compared: one of them has no {label}.")
        elif one.exceeds_noise is None:
            said.append(
                f"Run {run.number} differs from run {base}, but one replicate tells nothing of the noise."
            )
        elif one.exceeds_noise:
            better = (one.mean > 0) == (info.direction == "maximize")
            word = "better" if better else "worse"
            said.append(
                f"Run {run.number} is {word} than run {base} in {label}, by more than the noise "
                f"({_p(one.p)})."
            )
        else:
            said.append(
                f"Run {run.number} and run {base} do not differ in {label} by more than the noise "
                f"({_p(one.p)})."
            )
    return said or [f"None of these runs has {label}."]


def _p(value: float | None) -> str:
    if value is None:
        return "no test"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _record(made: "Contrast") -> dict[str, object]:
    return {
        "runs": [run.number for run in made.runs],
        "differs": {name: list(row) for name, row in made.settings.items()},
        "shared": made.shared,
        "metrics": {
            name: {
                "medians": [None if (s := run.spread(name)) is None else s.median for run in made.runs],
                "differences": [
                    None
                    if one is None
                    else {
                        "mean": one.mean,
                        "interval": one.interval,
                        "p": one.p,
                        "exceeds_noise": one.exceeds_noise,
                    }
                    for one in row
                ],
            }
            for name, row in made.differences.items()
        },
    }
