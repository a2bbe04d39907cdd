"""`setpoint close`: the truth of a blind exploration, opened."""

import sys
from typing import Annotated

import typer

from agent.cli.completing import complete_begun
from agent.cli.options import DEFAULT_WORKSPACE, WorkspaceOption


def close(
    exploration: Annotated[
        str | None,
        typer.Argument(
            help="Which exploration; default: the one launched last.", autocompletion=complete_begun
        ),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Close a blind exploration: open its sealed metrics, and tell what blind choice cost.

    Pictures are drawn anew, with the truth. It cannot go on blind afterwards:
    `setpoint launch NAME --no-blind` goes on in sight.
    """
    from agent.closing import close as close_exploration
    from agent.display import PlainDisplay

    closed = close_exploration(exploration, root=workspace, listener=PlainDisplay(sys.stderr))
    if closed.opened:
        typer.echo(f"{closed.exploration} is closed: the sealed metrics of {closed.opened} runs are open")
    else:
        typer.echo(f"{closed.exploration} was closed before, or had nothing under seal")
    if closed.drawn:
        plural = "" if closed.drawn == 1 else "s"
        typer.echo(f"the pictures of {closed.drawn} run{plural} are drawn anew, with the truth")
    typer.echo(f"working memory  {workspace / closed.memory.name}")
