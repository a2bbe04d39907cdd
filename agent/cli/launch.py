"""`setpoint launch`: plan, train, record, remember."""

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.completing import complete_exploration
from agent.cli.due import catch_up
from agent.cli.facts import command_line
from agent.cli.options import DEFAULT_WORKSPACE, WorkspaceOption
from agent.interrupts import obeyed
from blocks.errors import InterruptedLaunchError

if TYPE_CHECKING:
    from agent.display import LiveDisplay, PlainDisplay
    from blocks.exploration import ExplorationSpec

DEFAULT_EXPLORATION = "phase2_homeostasis"


def launch(
    exploration: Annotated[
        str,
        typer.Argument(
            help="A name that `setpoint explorations` lists, or a .yaml file.",
            autocompletion=complete_exploration,
        ),
    ] = DEFAULT_EXPLORATION,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    blocks: Annotated[
        int | None, typer.Option(min=1, help="Blocks in all, counting those that are done.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: one per core.")
    ] = None,
    steer: Annotated[
        list[str] | None,
        typer.Option(
            "--steer", metavar="TEXT", help="What every slot obeys from the next batch on; see above."
        ),
    ] = None,
    unsteer: Annotated[
        list[int] | None, typer.Option("--unsteer", metavar="N", help="Lift steering number N.")
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE.py:CLASS", help="A strategy of your own; may be given several times."),
    ] = None,
    max_runs: Annotated[
        int | None, typer.Option(min=1, help="Runs in all, counting those that are done; the rest waits.")
    ] = None,
    max_hours: Annotated[
        float | None, typer.Option(help="Wall-clock hours of this launch; what would not fit waits.")
    ] = None,
    blind: Annotated[
        bool | None,
        typer.Option(
            "--blind/--no-blind",
            help="Keep what needs labels sealed until `setpoint close`; --no-blind lifts it after that.",
        ),
    ] = None,
) -> None:
    """Launch an exploration, or go on with one: finished runs are kept, none is run twice.

    Examples: `setpoint launch quickstart`, `setpoint launch quickstart --blocks 2`,
    `setpoint launch my.yaml`, `setpoint launch quickstart --strategy my_strategy.py:Smooth`.

    Steering: `fix time_step=32`, `only time_step=16, 32`, `keep lr_node_homeo < 0.01`, `use residual`,
    `avoid amplification`, `release time_step`. Any other text is kept as a note. The notes at the end of
    memory.md are read in the same way.
    """
    from blocks.exploration import Limits
    from blocks.loading import load_exploration, validate, with_strategies

    catch_up(workspace)
    spec = _begun(exploration, workspace) or load_exploration(exploration)
    own = tuple(strategy or ())
    if own:
        spec = with_strategies(spec, own, base=Path.cwd(), where="--strategy")
    if blocks is not None:
        spec = spec.model_copy(update={"blocks": blocks})
    if blind is not None:
        spec = spec.model_copy(update={"blind": blind})
    budget = {"max_runs": max_runs, "max_hours": max_hours}
    given = {name: value for name, value in budget.items() if value is not None}
    limits = validate(Limits, {**spec.limits.model_dump(), **given}, where=("limits",))
    spec = spec.model_copy(update={"limits": limits})
    again = ("launch", exploration, *_own(own), *_sight(blind))
    _warm_up(spec, workspace)
    from agent.explorer import interrupted_line
    from agent.launching import Said
    from agent.launching import launch as launch_exploration
    from blocks.run import RunState
    from memory import Store, Workspace

    try:
        with obeyed(), _display() as display:
            said = Said(steer or (), unsteer or ())
            explored = launch_exploration(spec, root=workspace, workers=workers, listener=display, said=said)
    except KeyboardInterrupt:
        with Store.open(Workspace(workspace)) as store:
            counts = store.count_runs(spec.name)
        line = interrupted_line(
            done=counts[RunState.DONE] + counts[RunState.STOPPED],
            planned=counts.total(),
            command=command_line(*again, workspace=workspace, blocks=blocks),
        )
        raise InterruptedLaunchError(line) from None
    if explored.cut_by is not None:
        typer.echo(f"ended by budget {explored.cut_by}; what is planned waits")
    elif not explored.ended:
        what = "its only block is" if spec.blocks == 1 else f"all its {spec.blocks} blocks are"
        typer.echo(f"nothing left to do in {spec.name}: {what} done")
    typer.echo(f"working memory  {workspace / explored.memory.name}")
    typer.echo(f"read it         {command_line('memory', workspace=workspace)}")
    typer.echo(f"past runs       {command_line('runs', workspace=workspace)}")
    further = spec.blocks + 1 if explored.cut_by is None else blocks
    more = command_line(*again, workspace=workspace, blocks=further)
    if spec.blind:
        typer.echo(f"open its truth  {command_line('close', spec.name, workspace=workspace)}")
    typer.echo(f"go on           {more}")
    if explored.runs and explored.failed == explored.runs:
        print(f"setpoint: all {explored.failed} runs failed; see: setpoint runs", file=sys.stderr)
        raise typer.Exit(1)


def _warm_up(spec: "ExplorationSpec", workspace: Path) -> None:
    """Has the workers' libraries imported while the launch imports its own, where there is work for sure."""
    from agent.pool import warm_up
    from blocks.installed import load_problem
    from memory.workspace import Workspace

    if not Workspace(workspace).database.exists():
        warm_up(load_problem(spec.problem).preload())


def _begun(name: str, workspace: Path) -> "ExplorationSpec | None":
    """The settings of an exploration that the workspace has begun, if that is what is asked for.

    What the catalog or a file has under that name comes first: its settings may have been mended.
    """
    from blocks.loading import catalog
    from memory import Store, Workspace

    place = Workspace(workspace)
    if name in catalog() or Path(name).is_file() or not place.database.exists():
        return None
    with Store.open(place, create=False) as store:
        return store.spec(name) if name in {info.name for info in store.explorations()} else None


def _own(strategies: tuple[str, ...]) -> list[str]:
    return [word for one in strategies for word in ("--strategy", one)]


def _sight(blind: bool | None) -> list[str]:
    return [] if blind is None else ["--blind" if blind else "--no-blind"]


def _display() -> "AbstractContextManager[LiveDisplay | PlainDisplay]":
    from rich.console import Console

    from agent.display import LiveDisplay, PlainDisplay

    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return LiveDisplay(Console(stderr=True))
    return PlainDisplay(sys.stderr)
