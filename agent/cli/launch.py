"""`setpoint launch`: plan, train, record, remember."""

import os
import signal
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import DEFAULT_WORKSPACE, WorkspaceOption
from blocks.errors import InterruptedLaunchError

if TYPE_CHECKING:
    from agent.display import LiveDisplay, PlainDisplay

DEFAULT_EXPLORATION = "phase2_homeostasis"


def launch(
    exploration: Annotated[
        str, typer.Argument(help="A name that `setpoint explorations` lists, or a .yaml file.")
    ] = DEFAULT_EXPLORATION,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    blocks: Annotated[
        int | None, typer.Option(min=1, help="Blocks in all, counting those that are done.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: one per core.")
    ] = None,
) -> None:
    """Launch an exploration, or go on with one: finished runs are kept, none is run twice.

    Examples: `setpoint launch quickstart`, `setpoint launch quickstart --blocks 2`,
    `setpoint launch my.yaml`.
    """
    from agent.explorer import interrupted_line
    from agent.launching import launch as launch_exploration
    from blocks.loading import load_exploration
    from memory import Store, Workspace

    spec = load_exploration(exploration)
    if blocks is not None:
        spec = spec.model_copy(update={"blocks": blocks})
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _display() as display:
            explored = launch_exploration(spec, root=workspace, workers=workers, listener=display)
    except KeyboardInterrupt:
        with Store.open(Workspace(workspace)) as store:
            runs = store.runs(spec.name)
        line = interrupted_line(runs, f"setpoint launch {exploration}")
        raise InterruptedLaunchError(line) from None
    _say(
        workspace / explored.memory.name,
        spec.name,
        exploration=exploration,
        blocks=spec.blocks,
        trained=explored.trained,
    )
    if explored.runs and explored.failed == explored.runs:
        print(f"setpoint: all {explored.failed} runs failed; see: setpoint runs", file=sys.stderr)
        raise typer.Exit(1)


def _say(path: Path, name: str, *, exploration: str, blocks: int, trained: int) -> None:
    if not trained:
        typer.echo(f"nothing left to do: all {blocks} block{'s' if blocks > 1 else ''} of {name} are done")
    typer.echo(f"working memory  {path}")
    typer.echo("read it         setpoint memory")
    typer.echo("past runs       setpoint runs")
    typer.echo(f"go on           setpoint launch {exploration} --blocks {blocks + 1}")


def _display() -> "AbstractContextManager[LiveDisplay | PlainDisplay]":
    from rich.console import Console

    from agent.display import LiveDisplay, PlainDisplay

    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return LiveDisplay(Console(stderr=True))
    return PlainDisplay(sys.stderr)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
