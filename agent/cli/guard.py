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
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Findings as SARIF 2.1.0.")] = False,
    label_column: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N", help="Column of a frame that holds ground truth; can be repeated.  \\[default: 6]"
        ),
    ] = None,
    evaluation: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="File or folder that runs after training, where labels are open; can be repeated.",
        ),
    ] = None,
) -> None:
    """Follow the label column through training code. Exit 1 on a leak, or where it cannot be decided.

    Example: setpoint guard check my_strategy.py
    """
    from agent.guard import check_paths, to_json, to_sarif, to_text

    if as_json and as_sarif:
        raise typer.BadParameter("choose one of --json and --sarif", param_hint="--sarif")
    report = check_paths(paths, evaluation=evaluation or (), label_columns=label_column or (6,))
    render = to_json if as_json else to_sarif if as_sarif else to_text
    typer.echo(render(report))
    if report.leaks or report.undecidable:
        raise typer.Exit(1)
