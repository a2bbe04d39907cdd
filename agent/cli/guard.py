"""`setpoint guard`: does training code read the answer key?"""

from pathlib import Path
from typing import Annotated

import typer

guard = typer.Typer(help="Check that training code does not read the answer key.", no_args_is_help=True)


@guard.callback()
def _group() -> None:
    """Check that training code does not read the answer key."""


@guard.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="Python files, or folders of them.")],
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False,
) -> None:
    """Follow the label column through training code. Exit 1 on a leak, or where it cannot be decided."""
    from agent.guard import check_paths, to_json, to_text

    report = check_paths(paths)
    typer.echo(to_json(report) if as_json else to_text(report))
    if report.leaks or report.undecidable:
        raise typer.Exit(1)
