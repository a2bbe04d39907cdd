"""The application behind the command: its options, and what becomes of errors.

Tables go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 the thing asked about fails,
2 wrong usage or input, 130 interrupted. Commands import what they need when they run, so that
`setpoint --help` answers at once.
"""

import errno
import os
import sys
import traceback
from contextlib import suppress
from typing import Annotated

import typer

from agent.cli.options import print_version, show_tracebacks
from agent.streams import silence
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

LONGEST = 200
"""Characters of a path that are shown."""

_VERBOSE = ("-v", "--verbose")

# Typer brings its own copy of click and does not name this class: it is what BadParameter derives from.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=print_version, is_eager=True)
    ] = False,
    _verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Show tracebacks of errors.", callback=show_tracebacks, is_eager=True
        ),
    ] = False,
) -> None:
    pass


def run(arguments: list[str]) -> int:
    """Runs a command line.

    Returns:
        The exit code.
    """
    show_tracebacks(bool(arguments) and arguments[0] in _VERBOSE)  # also where the rest cannot be parsed
    try:
        outcome = app(arguments, standalone_mode=False)
        sys.stdout.flush()
    except SetpointError as error:
        return _fail(str(error), error.exit_code)
    except UsageError as error:
        command = _command_of(error, arguments)
        message = _usage(error, command)
        # Without any argument the help was shown, and that is all there is to say.
        end = "" if message.endswith("?") else "."
        return _fail(f"{message}{end} See: {command} --help", 2) if message else 2
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _unread()
    except SystemExit as end:  # typer's answer to a broken pipe
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        return _unread()
    except OSError as error:
        # What is written into a workspace is told by WorkspaceError; a stream has no name.
        if error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            silence(sys.stdout)
            said = f"stdout must take what is said, but cannot ({error.strerror})"
            return _fail(f"{said}; write it elsewhere", 2)
        place = "what the command needs of the system" if error.filename is None else str(error.filename)
        if len(place) > LONGEST:
            place = f"{place[:LONGEST]}..."
        return _fail(
            f"{place} must be usable, but is not ({error.strerror or error}); "
            "check the path and the limits of the system; `setpoint --verbose` in front says where",
            2,
        )
    return outcome if isinstance(outcome, int) else 0


def _unread() -> int:
    """The reader of a pipe went away (`setpoint runs | head`): nothing is wrong."""
    silence(sys.stdout)
    return 0


def _command_of(error: Exception, arguments: list[str]) -> str:
    """The command that was misused; an option without its value does not say whose it is."""
    context = getattr(error, "ctx", None)
    if context is not None:
        return str(context.command_path)
    first = next((word for word in arguments if word not in _VERBOSE), "-")
    return "setpoint" if first.startswith("-") else f"setpoint {first}"


def _usage(error: Exception, command: str) -> str:
    """What is wrong with a command line, with the value that was given."""
    message = str(getattr(error, "format_message", error.__str__)()).rstrip(".").replace("?.", "?")
    message = message.replace("Value error, ", "")  # pydantic's, and no news
    if isinstance(error.__cause__, ValueError) and hasattr(error.__cause__, "errors"):
        given = error.__cause__.errors()[0].get(
            "input"
        )  # pydantic's, of which typer passes on the rule alone
        if repr(given) not in message:
            message += f", but got {given!r}"
    option = getattr(error, "option_name", None)
    if option in _VERBOSE:
        message += "; it stands first: setpoint --verbose runs"
    elif option is not None and command == "setpoint":
        message += f"; options stand behind the command: setpoint runs {option} VALUE"
    return message


def _fail(message: str, code: int) -> int:
    if os.environ.get("SETPOINT_VERBOSE"):
        traceback.print_exc()
    with suppress(OSError):  # the terminal may have been closed; the exit code says it all the same
        print(f"setpoint: {message}", file=sys.stderr)
    return code
