"""Many runs read at once: those that have changed since an event, with one metric each.

What a store holds was checked when it was written, so it is not checked again for every run.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Table, bindparam, exists, func, literal_column, select

from blocks.base import made
from blocks.run import Failure, FailureKind, Metrics, Run, RunState
from blocks.slot import Proposal, Role, SlotSpec
from blocks.stopping import Curve, StopRule
from memory.prepared import Cursor, Prepared
from memory.schema import EventRow, MetricRow, RetractionRow, RunRow, VoidRunRow

_RUNS, _METRICS, _EVENTS = (cast(Table, row.__table__) for row in (RunRow, MetricRow, EventRow))

_VOID_RUNS, _RETRACTIONS = (cast(Table, row.__table__) for row in (VoidRunRow, RetractionRow))


class _Row(NamedTuple):
    """What is read of a run; all but the last two are columns of its table."""

    id: int
    number: int
    block: int
    batch: int
    slot: int
    role: Role
    parent: int | None
    change: str
    reason: str
    spec: dict[str, Any]
    identity: str
    network: int
    dataset: str
    certified: bool
    state: RunState
    failure_kind: FailureKind | None
    failure_reason: str | None
    trained_hash: str | None
    train_s: float | None
    trained_steps: int | None
    planned_steps: int | None
    curve: dict[str, Any] | None
    stopped: str | None
    started_at: datetime | None
    ended_at: datetime | None
    is_evaluated: bool
    void: bool


_HERE = _RUNS.c.exploration == bindparam("exploration")
_CHANGED = _RUNS.c.number.in_(
    select(_EVENTS.c.run).where(
        _EVENTS.c.exploration == bindparam("exploration"), _EVENTS.c.id > bindparam("since")
    )
)
_COLUMNS = [_RUNS.c[name] for name in _Row._fields[:-2]]
_VOID = exists().where(
    _VOID_RUNS.c.run == _RUNS.c.id,
    _VOID_RUNS.c.retraction == _RETRACTIONS.c.id,
    _RETRACTIONS.c.undone_at.is_(None),
)
# What is evaluated has metrics of all its replicates; to look for their number in the summary takes longer.
_READ = select(*_COLUMNS, _RUNS.c.summary.is_not(None), _VOID).where(_HERE)
_ALL_VALUES = (
    select(_METRICS.c.run, _METRICS.c.replicate, _METRICS.c.value)
    .join(_RUNS, _RUNS.c.id == _METRICS.c.run)
    .where(_HERE, _METRICS.c.name == bindparam("metric"))
)
_VALUES = select(_METRICS.c.replicate, _METRICS.c.value).where(
    _METRICS.c.run == bindparam("run"), _METRICS.c.name == bindparam("metric")
)
_READ_ALL, _READ_CHANGED = Prepared(_READ), Prepared(_READ.where(_CHANGED))
_LAST = Prepared(select(func.max(_EVENTS.c.id)).where(_EVENTS.c.exploration == bindparam("exploration")))


def last_event(cursor: Cursor, exploration: str) -> int:
    """Id of the last event of an exploration; 0 where nothing has happened."""
    return _LAST.run(cursor, exploration=exploration).fetchone()[0] or 0


def changed_runs(cursor: Cursor, exploration: str, metric: str, *, since: int) -> Iterator[Run]:
    """Runs to which something has happened.

    Args:
        cursor: Within a transaction.
        exploration: Name of the exploration.
        metric: The metric that is read.
        since: Id of the last event that is known; 0 for all runs.
    """
    where = {"exploration": exploration, "since": since}
    read = _READ_CHANGED if since else _READ_ALL
    rows = list(map(_Row._make, read.rows(cursor, **where)))
    found: dict[int, list[tuple[int, float | None]]] = defaultdict(list)
    if since:
        # These are few, and some are not evaluated yet.
        for row in rows:
            if row.is_evaluated:
                measured = _measured(len(row.spec["seeds"]), all_runs=False)
                found[row.id] = measured.run(cursor, run=row.id, metric=metric).fetchall()
    else:
        measured = _measured(max((len(row.spec["seeds"]) for row in rows), default=0), all_runs=True)
        for run, replicate, value in measured.run(cursor, metric=metric, **where).fetchall():
            found[run].append((replicate, value))
    for row in rows:
        yield _run_of(row, metric, found.get(row.id, ()))


@cache
def _measured(n_replicates: int, *, all_runs: bool) -> Prepared:
    """The values of runs with so many replicates at most: found by the whole key, past all other metrics."""
    replicates: ColumnElement[int] = literal_column(f"({', '.join(map(str, range(n_replicates)))})")
    return Prepared((_ALL_VALUES if all_runs else _VALUES).where(_METRICS.c.replicate.op("IN")(replicates)))


def _run_of(row: _Row, metric: str, values: Sequence[tuple[int, float | None]]) -> Run:
    spec, kind, curve = row.spec, row.failure_kind, row.curve
    stop = spec.get("stop")
    metrics: list[Metrics] = [{} for _ in spec["seeds"]] if row.is_evaluated else []
    for replicate, value in values:
        metrics[replicate][metric] = value
    chosen = made(
        SlotSpec,
        {
            "values": spec["values"],
            "strategies": tuple(spec["strategies"]),
            "seeds": tuple(spec["seeds"]),
            "stop": None if stop is None else StopRule.model_validate(stop),
        },
    )
    proposal = made(
        Proposal,
        {
            "slot": row.slot,
            "spec": chosen,
            "role": row.role,
            "parent": row.parent,
            "change": row.change,
            "reason": row.reason,
            "network": row.network,
        },
    )
    return made(
        Run,
        {
            "number": row.number,
            "block": row.block,
            "batch": row.batch,
            "proposal": proposal,
            "identity": row.identity,
            "state": row.state,
            "failure": None
            if kind is None
            else Failure.model_construct(kind=kind, reason=row.failure_reason or ""),
            "metrics": tuple(metrics),
            "dataset": row.dataset,
            "certified": row.certified,
            "void": row.void,
            "trained_hash": row.trained_hash,
            "train_s": row.train_s,
            "trained_steps": row.trained_steps,
            "planned_steps": row.planned_steps,
            "curve": None if curve is None else Curve.model_validate(curve),
            "stopped": row.stopped,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
        },
    )
