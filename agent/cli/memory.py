"""`setpoint memory`: the working memory, rendered."""

import sys
from typing import Annotated

import typer

from agent.cli.due import catch_up
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption


def memory(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    block: Annotated[int | None, typer.Option(min=0, help="As it was after that block.")] = None,
    exploration: ExplorationOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="The markdown itself.")] = False,
) -> None:
    """Read the working memory: what is known, how well, and what is tried next."""
    from memory import Store, Workspace
    from memory.markdown import read_memory

    catch_up(workspace)
    place = Workspace(workspace)
    if exploration is not None and place.database.exists():
        with Store.open(place, create=False) as store:
            store.spec(exploration)  # says which ones there are, if this is none
    text = read_memory(place, exploration=exploration, block=block)
    if raw:
        sys.stdout.write(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))
