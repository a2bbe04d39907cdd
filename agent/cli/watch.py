"""`setpoint watch`: the report in the browser, kept up to date while an exploration runs."""

import webbrowser
from typing import Annotated

import typer

from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption


def watch(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    exploration: ExplorationOption = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any that is free.")] = 8642,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default lets nobody else look in.")
    ] = "127.0.0.1",
    look: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Serve the report on this machine and refresh it whenever a run ends. Ctrl-C stops it.

    Example: `setpoint watch --open`, while `setpoint launch` runs in another terminal.
    """
    from agent.watching import Watch
    from memory import Workspace
    from memory.asking import Reader

    place = Workspace(workspace)
    with Reader.open(place) as store:
        store.resolve(exploration)  # says what is wrong before anything is served
    with Watch(place, exploration=exploration, host=host, port=port) as server:
        typer.echo(server.address)
        if host not in ("127.0.0.1", "localhost", "::1"):
            typer.echo("setpoint: anybody who reaches this address can read the report", err=True)
        if look:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)
