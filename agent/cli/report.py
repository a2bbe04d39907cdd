"""`setpoint report`: everything of an exploration in one file that opens offline."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption


def report(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    exploration: ExplorationOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; default: report.html in the workspace.")
    ] = None,
    look: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write the report: one HTML file with the working memory, charts, the guard's verdicts and all runs.

    Example: `setpoint report --open`.
    """
    from agent.reporting import view_of
    from memory import Store, Workspace
    from memory.report import render_report
    from memory.report.page import vega
    from memory.writing import write_atomically

    place = Workspace(workspace)
    with Store.open(place, create=False) as store:
        view = view_of(store, store.resolve(exploration))
    path = place.report if out is None else out
    write_atomically(path, render_report(view, script=vega()))
    typer.echo(str(path))
    if look:
        webbrowser.open(path.resolve().as_uri())
