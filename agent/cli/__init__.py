"""The command `setpoint`.

Tables go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 the thing asked about fails,
2 wrong usage or input, 130 interrupted. Commands import what they need when they run, so that
`setpoint --help` answers at once.
"""

import os
import sys
import traceback
from typing import Annotated

import click
import typer

from agent.cli.options import print_version
from blocks.errors import SetpointError

app = typer.Typer(
    name="setpoint",
    help="An autonomous exploration agent with working memory, and the answer key locked away.",
    epilog="Start with: setpoint launch quickstart",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTERRUPTED = 130


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=print_version, is_eager=True)
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks of errors.")] = False,
) -> None:
    if verbose:
        os.environ["SETPOINT_VERBOSE"] = "1"


def main() -> None:
    """Entry point: runs a command, and turns every error into one clear line and an exit code."""
    from agent.cli import commands  # noqa: F401 - registers the commands

    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs a command line.

    Returns:
        The exit code.
    """
    try:
        outcome = app(arguments, standalone_mode=False)
    except SetpointError as error:
        return _fail(str(error), error.exit_code)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "setpoint"
        return _fail(f"{error.format_message().rstrip('.')}. See: {command} --help", 2)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe went away (`setpoint runs | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return outcome if isinstance(outcome, int) else 0


def _fail(message: str, code: int) -> int:
    if os.environ.get("SETPOINT_VERBOSE"):
        traceback.print_exc()
    print(f"setpoint: {message}", file=sys.stderr)
    return code
