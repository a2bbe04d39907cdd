"""`setpoint guard`: does training code read the answer key?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.completing import complete_exploration

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


@guard.command()
def audit(
    exploration: Annotated[
        str | None,
        typer.Argument(
            help="Audit its strategies on a cut of its data; default: all strategies, small data.",
            autocompletion=complete_exploration,
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE.py:CLASS", help="Audit a strategy of your own, and no other."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: one per core.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Train each strategy under two truths and compare every bit; then look for proxies of the label.

    Exit 1 where a strategy is not certified, or something beside the science predicts the labels.

    Examples: `setpoint guard audit`, `setpoint guard audit quickstart`,
    `setpoint guard audit --strategy my_strategy.py:Smooth`.
    """
    from agent.audit_report import audit as audit_exploration
    from agent.cli.audit_tables import as_text, to_json
    from agent.cli.launch import DEFAULT_EXPLORATION
    from agent.pool import available_cores
    from blocks.loading import load_exploration, with_strategies

    spec = load_exploration(exploration or DEFAULT_EXPLORATION)
    if strategy:
        spec = with_strategies(spec, tuple(strategy), base=Path.cwd(), where="--strategy")
    report = audit_exploration(
        spec,
        whole_catalog=exploration is None,
        workers=workers or available_cores(),
        said=lambda text: print(text, file=sys.stderr),
    )
    typer.echo(to_json(report) if as_json else as_text(report))
    if not report.passed:
        raise typer.Exit(1)
