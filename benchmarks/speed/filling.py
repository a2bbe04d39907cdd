"""Stores of any size for the benchmark: a made-up exploration, written as a launch would write it.

`fill` writes the rows in bulk, and they are exactly the rows that `carry_out` writes through the store's own
calls, one transaction after the other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, insert

from benchmarks.speed.made_up import DATA, FOUNDATION, GROUNDS, MadeUp, Planned
from blocks.certificate import Certificate, CertificateOutcome
from blocks.problem import FoundationReport
from blocks.run import Failure, FailureKind, RunState
from memory import Store, Workspace
from memory.prepared import Prepared
from memory.recording import append_runs
from memory.rows import planned_row
from memory.schema import BlockRow, BlockState, EventRow, MetricRow
from memory.wide import METRIC, VALUE, add_names, summarise

TRAIN_S = 12.5
BLOCKS_AT_ONCE = 250
FAILURE = Failure(kind=FailureKind.DIVERGED, reason="loss is not finite at step 12")

_OPEN, _MEASURE, _NOTE = (
    Prepared(insert(cast(Table, row.__table__)), columns)
    for row, columns in (
        (BlockRow, ("exploration", "number", "state", "opened_at", "closed_at")),
        (MetricRow, ("run", "replicate", "name", "value")),
        (EventRow, ("at", "exploration", "run", "what", "detail")),
    )
)


def new_store(folder: Path, made_up: MadeUp, **options: Any) -> Store:
    """A store in which the exploration has begun, with all that its runs rest on."""
    store = Store.open(Workspace(folder), **options)
    store.begin(made_up.spec, version="0")
    report = FoundationReport(chosen="fit.pt", chosen_by_truth=False, metrics={}, summary="R2 1.00")
    for network, (dataset, foundation) in GROUNDS.items():
        store.plan_dataset(f"data {network}", name=f"made up, network {network}")
        store.ready_dataset(f"data {network}", observations_hash=dataset, seal_hash="s" * 64)
        store.plan_foundation(foundation, dataset=dataset, settings={})
        store.fitted_foundation(foundation, fitted_hash="f" * 64, fit_s=1.0)
        store.judged_foundation(foundation, report)
    store.record_guard_check(code_hash="c" * 64, verdict="clean", files=1)
    certify(store, [*made_up.spec.strategies.baseline, *made_up.spec.strategies.open])
    return store


def carry_out(store: Store, name: str, block: Sequence[Sequence[Planned]]) -> None:
    """A block through the store's own calls: batches planned together, then each run's life."""
    store.open_block(name, block[0][0].block)
    for batch in block:
        for run in plan(store, name, batch):
            record(store, name, run)
    store.close_block(name, block[0][0].block)


def certify(store: Store, strategies: Iterable[str]) -> None:
    """Gives strategies the certificates without which runs are no evidence."""
    for name in strategies:
        store.record_certificate(
            Certificate(
                strategy=name,
                version="v" * 64,
                data_hash="a" * 64,
                outcome=CertificateOutcome.CERTIFIED,
                composition=(name,),
                steps=12,
            )
        )


@cache
def certificates_of(store: Store) -> dict[str, int]:
    """Ids of the certificates, read once, as a launch does."""
    return {one.strategy: one.id for one in store.certificates()}


def plan(store: Store, name: str, batch: Sequence[Planned]) -> list[Planned]:
    """Plans the runs of a batch, and gives them back with the numbers that the store gave them."""
    planned = store.plan(
        name,
        block=batch[0].block,
        batch=batch[0].batch,
        proposals=[(run.proposal, run.identity) for run in batch],
        dataset=DATA,
        foundation=FOUNDATION,
        guard_check=1,
        certificates=certificates_of(store),
        further=GROUNDS,
    )
    return [run._replace(number=known.number) for run, known in zip(batch, planned, strict=True)]


def record(store: Store, name: str, run: Planned) -> None:
    """The life of a planned run: started, trained, its truth opened, its metrics stored."""
    store.start(name, run.number)
    if run.results is None:
        store.fail(name, run.number, FAILURE, train_s=TRAIN_S)
        return
    store.trained(name, run.number, trained_hash=run.identity, train_s=TRAIN_S, opens_truth=True)
    store.finish(name, run.number, run.results)


def fill(store: Store, made_up: MadeUp, n_blocks: int) -> None:
    """Appends blocks in bulk; they go on where the exploration's last ones ended.

    Args:
        store: Made by `new_store`, and holding nothing else.
        made_up: The same that the store was made with.
        n_blocks: How many.
    """
    left = n_blocks
    while left > 0:
        some = min(left, BLOCKS_AT_ONCE)
        _append(store, made_up.spec.name, [made_up.block() for _ in range(some)])
        left -= some


def _append(store: Store, name: str, blocks: Sequence[Sequence[Sequence[Planned]]]) -> None:
    database = store._database
    now = database.clock()
    runs = [run for block in blocks for batch in block for run in batch]
    events = [
        {"at": now, "exploration": name, "run": number, "what": what, "detail": detail}
        for block in blocks
        for number, what, detail in _events(block)
    ]
    times = {"opened_at": now, "closed_at": now}
    rests_on = certificates_of(store)
    with database.recording() as cursor:
        _OPEN.run_many(
            cursor,
            [
                {"exploration": name, "number": block[0][0].block, "state": BlockState.CLOSED, **times}
                for block in blocks
            ],
        )
        append_runs(cursor, [_row(name, run, rests_on, now) for run in runs])
        _MEASURE.run_as_given(
            cursor,
            # The store holds this one exploration, so that ids are numbers.
            [
                (run.number, index, metric, value)
                for run in runs
                for index, replicate in enumerate(run.results or ())
                for metric, value in replicate.items()
            ],
        )
        _NOTE.run_many(cursor, events)
        add_names(cursor, [(VALUE, value) for run in runs for value in run.proposal.spec.values])
        results = [replicate for run in runs for replicate in run.results or ()]
        add_names(cursor, [(METRIC, metric) for replicate in results for metric in replicate])


def _events(block: Sequence[Sequence[Planned]]) -> Iterator[tuple[int | None, str, str]]:
    """Run, what and detail, in the order in which `carry_out` leaves them."""
    yield None, "block opened", str(block[0][0].block)
    for batch in block:
        yield from ((run.number, "planned", run.proposal.role.value) for run in batch)
        for run in batch:
            yield run.number, "started", "attempt 1"
            if run.results is None:
                yield run.number, "failed", f"{FAILURE.kind.value}: {FAILURE.reason}"
            else:
                yield run.number, "trained", run.identity
                yield run.number, "truth opened", run.identity
                yield run.number, "done", ""
    yield None, "block closed", str(block[0][0].block)


def _row(name: str, run: Planned, rests_on: Mapping[str, int], now: datetime) -> dict[str, Any]:
    rests = sorted(rests_on[strategy] for strategy in run.proposal.spec.strategies)
    _, foundation = GROUNDS[run.proposal.network]
    planned = planned_row(
        name, run.as_run(), foundation=foundation, guard_check=1, at=now, certificates=rests
    )
    return planned | _ended(run, now)


def _ended(run: Planned, now: datetime) -> dict[str, Any]:
    failed = run.results is None
    return {
        "state": RunState.FAILED if failed else RunState.DONE,
        "failure_kind": FAILURE.kind if failed else None,
        "failure_reason": FAILURE.reason if failed else None,
        "trained_hash": None if failed else run.identity,
        "train_s": TRAIN_S,
        "attempts": 1,
        "summary": None if run.results is None else summarise(run.results),
        "started_at": now,
        "trained_at": None if failed else now,
        "ended_at": now,
    }
