"""Commands that a science adds: entry points of the group `setpoint.commands`, found by name.

An entry point names a function with typer's annotations, or a `typer.Typer` with several. Its module is
imported whenever the command line is, so it must import what is heavy within its functions. A command
that cannot be loaded says so when it is used, and disturbs no other; one that has the name of a
command of Setpoint's own is left out.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import typer

from blocks.entry_points import offered
from blocks.errors import SetpointError

GROUP = "setpoint.commands"


class PluginError(SetpointError):
    """A command that another package adds cannot be used."""


def add_plugins(app: typer.Typer) -> None:
    """Registers every command that installed packages add, in alphabetical order.

    Args:
        app: Holds Setpoint's own commands already; those keep their names.
    """
    taken = {command.name or _name_of(command.callback) for command in app.registered_commands}
    taken |= {group.name or "" for group in app.registered_groups}
    for entry in offered(GROUP):
        if entry.name in taken:
            continue
        taken.add(entry.name)
        try:
            _add(app, entry.name, _loaded(entry))
        except (Exception, SystemExit) as error:  # whatever another package's import may raise
            _add_broken(app, entry, error)


def _loaded(entry: EntryPoint) -> Any:
    """The command, looked at as closely as typer will: what is wrong with it must show here."""
    loaded = entry.load()
    if not callable(loaded):
        raise TypeError(f"{entry.value} must be a function or a typer.Typer, but is {type(loaded).__name__}")
    trial = typer.Typer()
    _add(trial, entry.name, loaded)
    typer.main.get_command(trial)
    return loaded


def _add(app: typer.Typer, name: str, loaded: Any) -> None:
    if isinstance(loaded, typer.Typer):
        app.add_typer(loaded, name=name)
    else:
        app.command(name)(loaded)


def _add_broken(app: typer.Typer, entry: EntryPoint, error: BaseException) -> None:
    package = entry.dist.name if entry.dist is not None else "its package"
    cause = " ".join(f"{type(error).__name__}: {error}".split())
    message = (
        f"{entry.name}: must be loadable from {entry.value}, but is not ({cause}); "
        f"install {package} again, or remove it"
    )

    def broken() -> None:
        raise PluginError(message)

    app.command(
        entry.name,
        help=f"Cannot be loaded: install {package} again.",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )(broken)


def _name_of(callback: Callable[..., Any] | None) -> str:
    return "" if callback is None else callback.__name__.replace("_", "-")
