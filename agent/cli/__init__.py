"""The command `setpoint`; its application is in agent.cli.app.

Nothing is imported here: every process of a launch imports the script that the launch was started with, and
with it this module.
"""


def main() -> None:
    """Entry point: runs a command, and turns every error into one clear line and an exit code."""
    import gc
    import sys

    from agent.streams import complete_streams

    # Most of what a short command makes are modules, which stay: to search them for cycles again and again as
    # they are imported takes a tenth of its time.
    gc.set_threshold(100_000)
    complete_streams()
    code = run(sys.argv[1:])
    # What is left ends with the process; to search all modules for cycles first takes half a second.
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs a command line, with all commands registered.

    Returns:
        The exit code.
    """
    from agent.cli import app, commands  # noqa: F401 - registers the commands

    return app.run(arguments)
