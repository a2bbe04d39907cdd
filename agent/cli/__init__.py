"""The command `setpoint`; its application is in agent.cli.app.

Nothing is imported here: every process of a launch imports the script that the launch was started with, and
with it this module.
"""


def main() -> None:
    """Entry point: runs a command, and turns every error into one clear line and an exit code."""
    import gc
    import sys

    # Most of what a short command makes are modules, which stay: to search them for cycles again and again as
    # they are imported takes a tenth of its time.
    gc.set_threshold(100_000)
    _complete_streams()
    code = run(sys.argv[1:])
    # What is left ends with the process; to search all modules for cycles first takes half a second.
    gc.freeze()
    sys.exit(code)


def _complete_streams() -> None:
    """Opens what the caller closed (`setpoint runs >&-`), and lets no character be an error.

    The next file to be opened would have the number of a closed stream, and get what is written there.
    """
    import os
    import sys

    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            os.set_inheritable(number, True)  # workers say something too
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))
        elif stream.errors == "strict" and number:
            stream.reconfigure(errors="replace")


def run(arguments: list[str]) -> int:
    """Runs a command line, with all commands registered.

    Returns:
        The exit code.
    """
    from agent.cli import app, commands  # noqa: F401 - registers the commands

    return app.run(arguments)
