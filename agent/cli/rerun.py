"""`setpoint rerun RUN`: the same training once more, and whether it comes to the same bits."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.completing import complete_run
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption

if TYPE_CHECKING:
    from blocks.problem import Progress


def rerun(
    run: Annotated[int, typer.Argument(min=1, help="Number of the run.", autocompletion=complete_run)],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    exploration: ExplorationOption = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also where code or data are others than at that time.")
    ] = False,
) -> None:
    """Train a run again: the same slot, seeds, data and foundation. Exit 0 if it is bit-identical, else 1.

    The result is compared with the stored parameters, and not stored: nothing of the run changes.

    Example: `setpoint rerun 12`.
    """
    from agent.rerunning import rerun as train_again
    from memory import Store, Workspace

    # Absolute, since workers change their directory.
    with Store.open(Workspace(workspace.absolute()), create=False) as store:
        name = store.resolve(exploration)
        with _Told(f"training run {run} of {name} again") as told:
            made = train_again(store, name, run, anyway=anyway, said=told)
    for line in made.otherwise:
        print(f"not as it was: {line}", file=sys.stderr)
    if made.identical:
        duration = "" if made.seconds is None else f" (trained in {made.seconds:.1f} s)"
        typer.echo(f"run {run} of {name}: bit-identical, {(made.hash or '')[:12]}{duration}")
        return
    hashes = "" if made.hash is None else f" ({(made.run.trained_hash or '')[:12]} -> {made.hash[:12]})"
    typer.echo(f"run {run} of {name}: not identical{hashes}: {made.difference}")
    if made.folder is not None:
        typer.echo(f"what was trained now is kept in {made.folder}")
    raise typer.Exit(1)


class _Told:
    """Says once that a training has begun; on a terminal also how far it is, which goes in the end."""

    def __init__(self, text: str) -> None:
        self._text, self._begun = text, False
        self._is_terminal = sys.stderr.isatty()

    def __enter__(self) -> "_Told":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_terminal and self._begun:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def __call__(self, progress: "Progress | None") -> None:
        if not self._begun:
            print(self._text, file=sys.stderr)
            self._begun = True
        if self._is_terminal and progress is not None:
            print(f"\rstep {progress.step} of {progress.total}\x1b[K", end="", file=sys.stderr, flush=True)
