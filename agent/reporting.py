"""What a report shows, gathered from the store and the workspace."""

from importlib.metadata import version

from blocks.errors import QueryError
from blocks.problem import load_problem
from memory.best import best
from memory.markdown import read_memory
from memory.report.page import GuardLine, Picture, ReportView
from memory.store import Store

KINDS = {".png": "image/png", ".svg": "image/svg+xml"}


def view_of(store: Store, name: str, *, refresh_s: float | None = None) -> ReportView:
    """Everything that a report says of an exploration.

    Args:
        store: An open store.
        name: Of the exploration.
        refresh_s: How often the page asks for a newer one, s; None: never.
    """
    spec = store.spec(name)
    problem = load_problem(spec.problem)
    metrics = dict(problem.metrics(spec.data))
    runs = store.runs(name)
    info = metrics[spec.objective]
    found = best(spec, runs, metrics)
    label = info.label or spec.objective
    try:
        memory = read_memory(store.workspace, exploration=name)
    except QueryError:
        memory = "No block has ended yet, so that nothing is remembered."
    return ReportView(
        spec=spec,
        runs=tuple(runs),
        metrics=metrics,
        data_title=problem.describe_data(spec.data),
        memory=memory,
        best=None if found is None else found.run.number,
        best_text="" if found is None else found.said(label),
        guard=_guard(store, name),
        pictures=() if found is None else _pictures(store, name, found.run.number),
        version=version("setpoint"),
        refresh_s=refresh_s,
    )


def _guard(store: Store, name: str) -> tuple[GuardLine, ...]:
    counts = store.runs_by_guard_check(name)
    return tuple(
        GuardLine(
            what="static check of the training code",
            verdict=check.verdict,
            detail=f"check {check.id} of {check.at:%Y-%m-%d %H:%M} UTC, {check.files} files, "
            f"code {check.code_hash[:12]}",
            runs=counts.get(check.id, 0),
        )
        for check in store.guard_checks(name)
    )


def _pictures(store: Store, name: str, number: int) -> tuple[Picture, ...]:
    folder = store.workspace.pictures(*store.origin(name, number))
    return tuple(
        Picture(name=path.stem.replace("_", " "), data=path.read_bytes(), kind=KINDS[path.suffix])
        for path in sorted(folder.glob("*.*"))
        if path.suffix in KINDS
    )
