"""`setpoint retract`: runs that are no evidence become void, with all that descends from them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.due import catch_up
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption
from blocks.errors import QueryError

if TYPE_CHECKING:
    from agent.retracting import Bests, Change
    from memory.records import Retraction, VoidRun


def retract(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    where: Annotated[
        str | None, typer.Option(help="SQL condition on plain names, as for `setpoint runs --where`.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why they are no evidence, in a line.")] = None,
    exploration: ExplorationOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would become void, and stop.")] = False,
    undo: Annotated[int | None, typer.Option(min=1, help="Take back the retraction of that number.")] = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="All retractions, and which are in force.")
    ] = False,
) -> None:
    """Make runs void that turned out to be no evidence, and all that descends from them; it can be undone.

    The working memory is rendered anew without them, and the planner forgets them.

    Examples: `setpoint retract --where "strategies like '%contrastive%'" --reason "its loss read the type"`,
    `setpoint retract --undo 1`, `setpoint retract --list`.
    """
    from agent import retracting
    from blocks.installed import load_problem
    from memory import Store, Workspace
    from memory.queries import wide_columns
    from memory.short_names import in_full, short_names

    _one_thing(where, reason, undo, show_list=show_list, dry_run=dry_run)
    catch_up(workspace)
    with Store.open(Workspace(workspace), create=False) as store:
        if show_list:
            lines = list(_listed(store.retractions()))
        elif undo is not None:
            lines = list(_undone(retracting.undo(store, undo)))
        else:
            assert where is not None
            name = store.resolve(exploration)
            spec = store.spec(name)
            metrics = load_problem(spec.problem).metrics(spec.data)
            asked = in_full(where, short_names(metrics, wide_columns(store)))
            text = " ".join((reason or "").split())
            lines = list(_told(retracting.retract(store, name, where=asked, reason=text, dry_run=dry_run)))
    for line in lines:
        typer.echo(line)


def _one_thing(
    where: str | None, reason: str | None, undo: int | None, *, show_list: bool, dry_run: bool
) -> None:
    """Raises QueryError where the options do not say one thing."""
    asked = (where is not None) + (undo is not None) + show_list
    if asked != 1:
        raise QueryError(
            f"retract: must be given one of --where, --undo and --list, but got {asked or 'none'} of them; "
            'for example: setpoint retract --where "run = 3" --reason "its loss read the labels"'
        )
    if where is None and (reason is not None or dry_run):
        raise QueryError("retract: --reason and --dry-run go with --where; leave them out here")
    if where is not None and not dry_run and not (reason or "").strip():
        raise QueryError(
            "reason: must say why the runs are no evidence, but got none; "
            'for example --reason "its loss read the labels"'
        )


def _told(change: "Change") -> Iterator[str]:
    retraction = change.retraction
    yield (
        "dry run: nothing is changed"
        if retraction is None
        else f"retraction {retraction.id}: {retraction.reason}"
    )
    verb = "would become void" if retraction is None else "void"
    yield from _counts(change.runs, verb)
    for copy, origin in change.copied:
        yield (
            f"{copy.exploration} run {copy.number} took its result from "
            f"{origin.exploration} run {origin.number}, which stays: retract that one as well?"
        )
    yield from _told_bests(change.bests)
    if retraction is not None:
        yield "working memory rendered anew without them"
        yield f"take it back   setpoint retract --undo {retraction.id}"


def _undone(change: "Change") -> Iterator[str]:
    assert change.retraction is not None
    yield f"retraction {change.retraction.id} is undone: {change.retraction.reason}"
    yield from _counts(change.runs, "no longer void by it")
    yield from _told_bests(change.bests)
    yield "working memory rendered anew"


def _counts(runs: "Iterable[VoidRun]", verb: str) -> Iterator[str]:
    from memory.void import ranges

    found: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for entry in runs:
        found[entry.run.exploration][entry.ancestor is not None].append(entry.run.number)
    for name, (direct, descended) in found.items():
        parts = []
        if direct:
            parts.append(f"{_runs(len(direct))} directly ({ranges(direct)})")
        if descended:
            parts.append(
                f"{len(descended) if direct else _runs(len(descended))} by descent ({ranges(descended)})"
            )
        yield f"{name}: {verb}: {', '.join(parts)}"


def _told_bests(found: "Iterable[Bests]") -> Iterator[str]:
    for one in found:
        label = one.info.label or one.spec.objective
        before, after = ("none" if best is None else best.said(label) for best in (one.before, one.after))
        yield f"{one.spec.name}: best {before}" + (", as before" if before == after else f" -> {after}")


def _listed(retractions: "Iterable[Retraction]") -> Iterator[str]:
    there = False
    for one in retractions:
        there = True
        state = "in force" if one.undone_at is None else f"undone {one.undone_at:%Y-%m-%d %H:%M} UTC"
        yield f"retraction {one.id} of {one.at:%Y-%m-%d %H:%M} UTC, {state}: {one.reason}"
        yield f"  {one.exploration}: where {' '.join(one.condition.split())}"
        for line in _counts(one.runs, "void" if one.undone_at is None else "were void"):
            yield f"  {line}"
    if not there:
        yield "no retractions"


def _runs(n: int) -> str:
    return "1 run" if n == 1 else f"{n} runs"
