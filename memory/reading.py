"""Many runs read at once: those that have changed since an event, with one metric each.

What a store holds was checked when it was written, so it is not checked again for every run.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, cast

from sqlalchemy import Connection, Row, Select, Table, bindparam, func, select

from blocks.run import Failure, Metrics, Run
from blocks.slot import Proposal, SlotSpec
from memory.schema import EventRow, MetricRow, RunRow

_RUNS, _METRICS, _EVENTS = (cast(Table, row.__table__) for row in (RunRow, MetricRow, EventRow))

_AT_ONCE = 500
"""Runs that one query asks for by their numbers; more than that are read as a whole."""

_WRITTEN_ONLY = {
    "strategies",
    "foundation",
    "guard_check",
    "reused_from",
    "attempts",
    "summary",
    "planned_at",
    "trained_at",
}
"""Columns that a run does not show."""

_HERE = _RUNS.c.exploration == bindparam("exploration")
_LAST = select(func.max(_EVENTS.c.id)).where(_EVENTS.c.exploration == bindparam("exploration"))
_CHANGED = (
    select(_EVENTS.c.run)
    .distinct()
    .where(
        _EVENTS.c.exploration == bindparam("exploration"),
        _EVENTS.c.id > bindparam("since"),
        _EVENTS.c.run.is_not(None),
    )
)
_READ = select(
    *(column for column in _RUNS.c if column.name not in _WRITTEN_ONLY),
    _RUNS.c.summary["n_replicates"].as_integer().label("n_replicates"),
).where(_HERE)
# The key of metrics begins with run and replicate: naming the replicates makes one look-up of each.
_VALUES = (
    select(_METRICS.c.run, _METRICS.c.replicate, _METRICS.c.value)
    .join(_RUNS, _RUNS.c.id == _METRICS.c.run)
    .where(
        _HERE,
        _METRICS.c.replicate.in_(bindparam("replicates", expanding=True)),
        _METRICS.c.name == bindparam("metric"),
    )
)


def last_event(connection: Connection, exploration: str) -> int:
    """Id of the last event of an exploration; 0 where nothing has happened."""
    return connection.scalar(_LAST, {"exploration": exploration}) or 0


def changed_runs(connection: Connection, exploration: str, metric: str, *, since: int) -> Iterator[Run]:
    """Runs to which something has happened.

    Args:
        connection: An open transaction.
        exploration: Name of the exploration.
        metric: The metric that is read.
        since: Id of the last event that is known; 0 for all runs.
    """
    here = {"exploration": exploration}
    numbers = list(connection.scalars(_CHANGED, {**here, "since": since})) if since else []
    if not since or len(numbers) > 10 * _AT_ONCE:
        yield from _runs(connection, _READ, _VALUES, metric, here)
        return
    these = _RUNS.c.number.in_(bindparam("numbers", expanding=True))
    left = iter(numbers)
    while some := list(islice(left, _AT_ONCE)):
        where = {**here, "numbers": some}
        yield from _runs(connection, _READ.where(these), _VALUES.where(these), metric, where)


def _runs(
    connection: Connection,
    read: Select[Any],
    values: Select[Any],
    metric: str,
    where: dict[str, Any],
) -> Iterator[Run]:
    rows = connection.execute(read, where).all()
    replicates = max((row.n_replicates or 0 for row in rows), default=0)
    found: dict[int, list[tuple[int, float | None]]] = defaultdict(list)
    asked = {**where, "replicates": list(range(replicates)), "metric": metric}
    for run, replicate, value in connection.execute(values, asked):
        found[run].append((replicate, value))
    for row in rows:
        yield _run_of(row, metric, found.get(row.id, ()))


def _run_of(row: Row[Any], metric: str, values: Sequence[tuple[int, float | None]]) -> Run:
    spec, kind = row.spec, row.failure_kind
    metrics: tuple[Metrics, ...] = tuple({} for _ in range(row.n_replicates or 0))
    for replicate, value in values:
        metrics[replicate][metric] = value
    return Run.model_construct(
        number=row.number,
        block=row.block,
        batch=row.batch,
        proposal=Proposal.model_construct(
            slot=row.slot,
            spec=SlotSpec.model_construct(
                values=spec["values"], strategies=tuple(spec["strategies"]), seeds=tuple(spec["seeds"])
            ),
            role=row.role,
            parent=row.parent,
            change=row.change,
            reason=row.reason,
        ),
        identity=row.identity,
        state=row.state,
        failure=None if kind is None else Failure.model_construct(kind=kind, reason=row.failure_reason or ""),
        metrics=metrics,
        dataset=row.dataset,
        trained_hash=row.trained_hash,
        train_s=row.train_s,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
