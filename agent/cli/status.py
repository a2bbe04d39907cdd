"""`setpoint status`: what is going on, in a few lines."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.due import catch_up
from agent.cli.facts import command_line, fact_lines
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption
from agent.cli.runs import truth_of

if TYPE_CHECKING:
    from agent.status import Status
    from memory.store import Store


def status(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    exploration: ExplorationOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Say how an exploration stands: running or not, how far, the best so far, time left, disk, failures."""
    from agent.status import status_of
    from blocks.installed import load_problem
    from memory import Store, Workspace

    catch_up(workspace)
    with Store.open(Workspace(workspace), create=False) as store:
        found = status_of(store, store.resolve(exploration))
        best = _best(store, found)
        void = len(store.past(found.name, found.spec.objective).void)
        problem = load_problem(found.spec.problem)
        ways, infos = problem.truth_guided_by(found.spec), problem.metrics(found.spec.data)
        truth = truth_of(store, found.spec, infos, ways)
    if as_json:
        record = {**_record(found, best), "void": void, "queries_of_truth": truth.queries}
        json.dump(record, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    typer.echo(_title(found))
    more = [("void", "1 run" if void == 1 else f"{void} runs")] if void else []
    more += [("choices", str(truth))] if ways else []
    for line in fact_lines([*_lines(found, best, workspace=workspace), *more], indent=13):
        typer.echo(line)


def _title(status: "Status") -> str:
    if status.pid is None:
        state = "not running"
    elif status.here:
        state = f"running (process {status.pid})"
    else:
        state = f"not running; process {status.pid} launches another exploration here"
    where = f"block {status.block} of {max(status.spec.blocks, status.block)}"
    if status.block and status.closed >= status.block:
        where += ", closed"
    elif status.batch:
        where += f", batch {status.batch} of {status.spec.block.batches}"
    return f"{status.name} · {state} · {where}"


def _lines(status: "Status", best: str, *, workspace: Path) -> list[tuple[str, str]]:
    from datetime import UTC, datetime

    from agent.display.board import invariants, show_time_left
    from agent.pool import available_cores
    from agent.status import seconds_left, show_age, show_size
    from blocks.run import RunState

    counts = status.counts
    runs_now = status.pid is not None and status.here
    begun = f"{len(status.current)} {'under way' if runs_now or not status.current else 'interrupted'}"
    waiting, unplanned = counts[RunState.PLANNED], status.total - counts.total()
    stopped = f"{counts[RunState.STOPPED]} stopped early, " if counts[RunState.STOPPED] else ""
    lines = [
        (
            "runs",
            f"{status.ended} of {status.total} ended: {counts[RunState.DONE]} done, "
            f"{stopped}{counts[RunState.FAILED]} failed, {begun}, {waiting} waiting"
            + (f", {unplanned} not yet planned" if unplanned > 0 else ""),
        )
    ]
    for place, run in enumerate(status.current if runs_now else ()):
        fixed = " ".join(invariants(run, status.spec).split())
        text = f"run {run.number}  slot {run.proposal.slot}  {fixed}  {run.proposal.role.value}"
        lines.append(("" if place else "now", text))
    lines.append(("best so far", best))
    if runs_now:
        workers = status.spec.limits.workers or available_cores()
        left = seconds_left(status, workers=workers)
        lines.append(("time left", "not known yet" if left is None else show_time_left(left)))
    failures = ", ".join(f"{count} {kind}" for kind, count in status.failures.items())
    lines.append(("failures", failures or "none"))
    lines.append(("disk", f"{show_size(status.size)} in the workspace, {show_size(status.free)} free"))
    if status.last is not None:
        what = status.last.what if status.last.run is None else f"run {status.last.run} {status.last.what}"
        lines.append(("last event", f"{show_age(status.last.at, datetime.now(UTC))} ago: {what}"))
    if status.pid is None and status.ended < status.total:
        lines.append(("go on", command_line("launch", status.name, workspace=workspace)))
    return lines


def _best(store: "Store", status: "Status") -> str:
    from blocks.installed import load_problem
    from memory.best import best

    objective = status.spec.objective
    metrics = load_problem(status.spec.problem).metrics(status.spec.data)
    found = best(status.spec, store.past(status.name, objective), metrics)
    return "none yet" if found is None else found.said(metrics[objective].label or objective)


def _record(status: "Status", best: str) -> dict[str, object]:
    running = status.pid is not None and status.here
    return {
        "exploration": status.name,
        "running": running,
        "pid": status.pid,
        "block": status.block,
        "blocks_closed": status.closed,
        "batch": status.batch,
        "runs": {state.value: count for state, count in status.counts.items()},
        "total": status.total,
        "under_way": [run.number for run in status.current] if running else [],
        "best": best,
        "failures": status.failures,
        "workspace_bytes": status.size,
        "free_bytes": status.free,
        "last_event": None if status.last is None else status.last.at.isoformat(),
    }
