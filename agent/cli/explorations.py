"""`setpoint explorations`: what can be launched, and how far it is."""

from pathlib import Path

import typer

from agent.cli.due import catch_up
from agent.cli.options import DEFAULT_WORKSPACE, WorkspaceOption


def explorations(workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """List what can be launched: the catalog, and what this workspace has begun."""
    from rich.console import Console
    from rich.table import Table

    from blocks.loading import catalog, parse_exploration

    begun = _begun(workspace)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("exploration", "what", "here"):
        table.add_column(column)
    for name, file in catalog().items():
        # Not checked by its problem here: that would load the whole science for a list.
        spec = parse_exploration(file.read_text(encoding="utf-8"), source=file.name, check=False)
        table.add_row(name, spec.title, begun.pop(name, "-"))
    for name, state in begun.items():
        table.add_row(name, "from a file of yours", state)
    Console().print(table)
    typer.echo(f"\nTheir files are in {_folder()}; copy one, edit it and launch it: setpoint launch my.yaml")


def _begun(workspace: Path) -> dict[str, str]:
    from memory import Store, Workspace

    if not Workspace(workspace).database.exists():
        return {}
    catch_up(workspace)
    with Store.open(Workspace(workspace), create=False) as store:
        return {
            info.name: f"{info.n_done} runs done, {info.n_failed} failed, "
            f"{info.blocks_closed} of {info.spec.blocks} blocks"
            + (f", {info.n_void} void" if info.n_void else "")
            for info in store.explorations()
        }


def _folder() -> str:
    from importlib.resources import files

    return str(files("blocks") / "catalog")
