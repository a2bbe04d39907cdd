"""`setpoint tree`: which run came of which, in the terminal or as a picture."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.completing import complete_run
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from blocks.run import MetricInfo, Run
    from memory.lineage import Lineage

MANY = 200
"""More runs than this are cut to the lines that lead to the best ones, unless all are asked for."""

KEPT = 40


def tree(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    exploration: ExplorationOption = None,
    below: Annotated[
        int | None,
        typer.Option(
            "--run",
            min=1,
            help="Only that run, what led to it, and what came of it.",
            autocompletion=complete_run,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=f"All runs, also where there are over {MANY}.")
    ] = False,
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file instead (SVG).")] = None,
) -> None:
    """Show the search tree: each run below the run that it mutates, with its change and what came of it.

    Examples: `setpoint tree`, `setpoint tree --run 12`, `setpoint tree --svg tree.svg`.
    """
    from blocks.errors import QueryError
    from blocks.installed import load_problem
    from memory import Store, Workspace
    from memory.lineage import Lineage

    with Store.open(Workspace(workspace), create=False) as store:
        name = store.resolve(exploration)
        spec = store.spec(name)
        runs = list(store.past(name, spec.objective).whole)
    if not runs:
        raise QueryError(f"{name}: must have runs to be shown, but has none yet; `setpoint launch {name}`")
    info = load_problem(spec.problem).metrics(spec.data)[spec.objective]
    whole = Lineage(runs)
    if below is not None:
        if below not in whole.runs:
            raise QueryError(
                f"{name}: must be a run's number, but got {below}; its runs are 1 to {max(whole.runs)}"
            )
        shown = Lineage(whole.runs[number] for number in {*whole.path(below), *whole.descendants(below)})
    elif len(runs) > MANY and not everything:
        shown = _leading_to_the_best(whole, spec.objective, info)
    else:
        shown = whole
    if svg is not None:
        from agent.drawing import draw_tree

        draw_tree(shown, svg, objective=spec.objective, info=info, title=f"{name}: the search tree")
        typer.echo(str(svg))
        return
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=1000, force_terminal=False)
    console.print(_drawn(shown, name, spec.objective, info, marked=below), highlight=False)
    if len(shown.runs) < len(runs):
        rest = "; all of them: --all" if below is None else ""
        typer.echo(f"{len(shown.runs)} of {len(runs)} runs{rest}")


def _leading_to_the_best(whole: "Lineage", objective: str, info: "MetricInfo") -> "Lineage":
    from memory.lineage import Lineage

    sign = -1 if info.direction == "maximize" else 1
    scored = [
        (sign * spread.median, run.number) for run in whole.runs.values() if (spread := run.spread(objective))
    ]
    kept = {ancestor for _, number in sorted(scored)[:KEPT] for ancestor in whole.path(number)}
    return Lineage(whole.runs[number] for number in kept)


def _drawn(
    lineage: "Lineage", name: str, objective: str, info: "MetricInfo", *, marked: int | None
) -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    from memory.best import best_among

    best = best_among(lineage.runs.values(), objective, info)
    top = Tree(Text(name, style="bold"), guide_style="dim")
    branches: dict[int | None, Tree] = {None: top}
    stack: list[tuple[int, int | None]] = [(number, None) for number in reversed(lineage.roots)]
    while stack:
        number, parent = stack.pop()
        run = lineage.runs[number]
        mark = ""
        if best is not None and best.run.number == number:
            mark = f"best: {best.said(info.label or objective)}" if best.confirmed else "best so far"
        line = _line(run, objective, info, mark=mark)
        if number == marked:
            line.stylize("reverse")
        branches[number] = branches[parent].add(line)
        stack.extend((child, number) for child in reversed(lineage.children(number)))
    return top


def _line(run: "Run", objective: str, info: "MetricInfo", *, mark: str) -> "Text":
    from rich.text import Text

    spread = run.spread(objective)
    if run.failure is not None:
        result, style = f"failed: {run.failure.kind.value}", "red"
    elif spread is not None:
        result, style = f"{info.label or objective} {spread}", "green" if mark else ""
    else:
        result, style = run.state.value, "dim"
    line = Text(f"run {run.number}", style="bold")
    line.append(f"  {result}", style=style)
    if run.void:
        line.append("  void", style="red")
    if mark:
        line.append(f"  {mark}", style="green")
    line.append(f"  {run.proposal.role.value}", style="dim")
    if run.proposal.change not in ("", run.proposal.role.value):
        line.append(f": {run.proposal.change}", style="dim")
    return line
