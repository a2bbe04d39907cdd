"""What a report shows, gathered from the store and the workspace.

Of a blind exploration nothing shows the truth while it is open.
"""

from collections.abc import Iterator
from importlib.metadata import version

from blocks.errors import QueryError, SpecError
from blocks.exploration import ExplorationSpec
from blocks.installed import load_problem
from blocks.run import Run
from memory.best import best
from memory.blindness import cost_once_open
from memory.markdown import read_memory
from memory.records import GuardCheckRecord
from memory.report.view import GuardLine, Picture, ReportView, RetractionLine
from memory.store import Store
from memory.visible import KINDS, pictures_of, visible_metrics
from memory.void import why_void


def view_of(store: Store, name: str, *, refresh_s: float | None = None) -> ReportView:
    """Everything that a report says of an exploration.

    Args:
        store: An open store.
        name: Of the exploration.
        refresh_s: How often the page asks for a newer one, s; None: never.
    """
    spec = store.spec(name)
    problem = load_problem(spec.problem)
    every = problem.metrics(spec.data)
    runs = store.runs(name)
    found = best(spec, runs, every)
    ways = problem.truth_guided_by(spec)
    retractions = store.retractions()
    try:
        memory = read_memory(store.workspace, exploration=name)
    except QueryError:
        memory = "No block has ended yet, so that nothing is remembered."
    return ReportView(
        spec=spec,
        runs=tuple(runs),
        metrics=visible_metrics(store, spec, every),
        data_title=problem.describe_data(spec.data),
        memory=memory,
        best=found,
        choices=str(
            store.truth_use(
                name, objective=spec.objective, needs_labels=every[spec.objective].needs_labels, ways=ways
            )
        ),
        blind_cost=tuple(cost_once_open(store, spec, every)),
        void={run.number: "; ".join(why_void(retractions, name, run.number)) for run in runs if run.void},
        retractions=_retractions(store, name),
        guard=(
            *_static(store, name),
            *_rehearsals(store, spec, runs),
            *_certificates(store, name),
        ),
        pictures=() if found is None else _pictures(store, spec, found.run.number),
        version=version("setpoint"),
        refresh_s=refresh_s,
    )


def _static(store: Store, name: str) -> Iterator[GuardLine]:
    counts = store.runs_by_guard_check(name)
    for check in store.guard_checks(name):
        yield _check(check, "static check of the training code", f"code {check.code_hash[:12]}", counts)


def _rehearsals(store: Store, spec: ExplorationSpec, runs: list[Run]) -> Iterator[GuardLine]:
    """First steps of the user's own strategies, watched; of the versions that they have now."""
    if not spec.strategies.files:
        return
    from agent.admission import kept_strategies  # slow to import, and seldom needed
    from agent.rehearsing import rehearsal_key

    try:
        extended = load_problem(spec.problem, kept_strategies(spec, store.workspace, store))
    except SpecError:  # their copies are gone: what was found then is not told of other code
        return
    checks = {check.code_hash: check for check in store.guard_checks()}
    for strategy, source in extended.user_strategies().items():
        check = checks.get(rehearsal_key(extended, source))
        if check is not None:
            with_it = sum(1 for run in runs if strategy in run.proposal.spec.strategies)
            what = f"rehearsal of {strategy}: its first steps, watched"
            yield _check(check, what, f"version {source.sha256[:12]}", {check.id: with_it})


def _check(check: GuardCheckRecord, what: str, code: str, counts: dict[int, int]) -> GuardLine:
    files = "1 file" if check.files == 1 else f"{check.files} files"
    said = f"check {check.id} of {check.at:%Y-%m-%d %H:%M} UTC, {files}, {code}"
    more = "; ".join(map(str, check.findings))
    detail = f"{said}: {more}" if more else said
    return GuardLine(what=what, verdict=check.verdict, detail=detail, runs=counts.get(check.id, 0))


def _certificates(store: Store, name: str) -> Iterator[GuardLine]:
    counts = store.runs_by_certificate(name)
    for one in store.certificates():
        if one.id not in counts:
            continue
        beside = [other for other in one.composition if other != one.strategy]
        parts = [f"c{one.id} of {one.at:%Y-%m-%d %H:%M} UTC", f"version {one.version[:12]}"]
        parts += [f"with {', '.join(beside)}"] if beside else []
        parts += [f"{one.steps} steps under two truths"] if one.steps else []
        parts += [part for part in (str(one.difference or ""), one.reason) if part]
        yield GuardLine(
            what=f"certificate of {one.strategy}",
            verdict=one.outcome.value,
            detail=", ".join(parts),
            runs=counts[one.id],
            anchor=f"c{one.id}",
        )


def _retractions(store: Store, name: str) -> tuple[RetractionLine, ...]:
    """Those that hold, or held, runs of the exploration."""
    found = []
    for one in store.retractions():
        here = [entry for entry in one.runs if entry.run.exploration == name]
        if here:
            found.append(
                RetractionLine(
                    number=one.id,
                    reason=one.reason,
                    condition=one.condition,
                    at=one.at,
                    undone_at=one.undone_at,
                    runs=tuple(entry.run.number for entry in here),
                    descended=sum(entry.ancestor is not None for entry in here),
                )
            )
    return tuple(found)


def _pictures(store: Store, spec: ExplorationSpec, number: int) -> tuple[Picture, ...]:
    return tuple(
        Picture(name=path.stem.replace("_", " "), data=path.read_bytes(), kind=KINDS[path.suffix])
        for path in pictures_of(store, spec, number)
    )
