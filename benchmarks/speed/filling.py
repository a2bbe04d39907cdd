"""Stores of any size for the benchmark: a made-up exploration, written as a launch would write it.

Every run is one change away from an earlier one, as the planner would have it, and has all metrics of the
real problem in every replicate; one in twenty diverges. Pairs of runs are repeated on two fresh networks, as
a planner repeats them to see whether a statement holds there: statements can be established, which costs more
than where they cannot. `fill` writes the rows in bulk, and they are exactly
the rows that `carry_out` writes through the store's own calls, one transaction after the other.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, insert

from agent.planner.base import replicate_seeds, slot_spec
from agent.planner.moves import steps, toggles
from agent.planner.replicating import FROM_BLOCK
from blocks.certificate import Certificate, CertificateOutcome
from blocks.exploration import ExplorationSpec
from blocks.identity import content_hash
from blocks.loading import load_exploration
from blocks.problem import FoundationReport, load_problem
from blocks.run import Failure, FailureKind, Metrics, Run, RunState
from blocks.slot import Proposal, Role, SlotSpec
from memory import Store, Workspace
from memory.past import configuration
from memory.prepared import Prepared
from memory.recording import append_runs
from memory.rows import planned_row
from memory.schema import BlockRow, BlockState, EventRow, MetricRow
from memory.wide import METRIC, VALUE, add_names, summarise

DATA = "o" * 64
FOUNDATION = "base"
GROUNDS = {0: (DATA, FOUNDATION), 1: ("p" * 64, "base of network 1"), 2: ("q" * 64, "base of network 2")}
"""Data set and foundation of each network."""

REPEATED = 5
"""A pair is repeated in one of so many blocks."""

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


class Planned(NamedTuple):
    """A run before it is written, and what will come of it."""

    number: int
    block: int
    batch: int
    proposal: Proposal
    identity: str
    results: list[Metrics] | None
    """None for one that fails."""


class MadeUp:
    """An exploration whose runs are made up, one batch after the other; equal seeds make equal runs.

    Args:
        seed: Of everything that is made up.
    """

    def __init__(self, *, seed: int = 1) -> None:
        self.spec: ExplorationSpec = load_exploration("phase2_homeostasis")
        self.problem = load_problem(self.spec.problem)
        self.metrics = self.problem.metrics(self.spec.data)
        self._rng = Random(seed)
        self._by_slot: list[list[Run]] = [[] for _ in range(self.spec.block.slots)]
        self._tried: set[object] = set()
        self._done: set[int] = set()
        self._unrepeated: list[tuple[Run, Run]] = []
        self.n_runs = 0

    @property
    def slots_of_a_block(self) -> int:
        """Runs of a block."""
        return self.spec.block.batches * self.spec.block.slots

    def block(self) -> list[list[Planned]]:
        """The batches of the next block."""
        number = self.n_runs // self.slots_of_a_block + 1
        pair: Sequence[Run] = ()
        if number >= FROM_BLOCK and self._unrepeated and self._rng.randrange(REPEATED) == 0:
            pair = self._unrepeated.pop(self._rng.randrange(len(self._unrepeated)))
        return [self._batch(() if batch else pair) for batch in range(self.spec.block.batches)]

    def _batch(self, repeated: Sequence[Run]) -> list[Planned]:
        """New runs, then those of a pair on a fresh network, in the last slots."""
        n_new = self.spec.block.slots - len(repeated)
        found = [self._planned(slot) for slot in range(n_new)]
        network = self._rng.randrange(1, len(GROUNDS)) if repeated else 0
        return found + [self._again(run, slot, network) for slot, run in enumerate(repeated, n_new)]

    def _planned(self, slot: int) -> Planned:
        spec, number = self.spec, self.n_runs + 1
        family = self._by_slot[slot]
        parent = None
        change, values, strategies = "baseline", dict(spec.baseline), spec.strategies.baseline
        if family:
            parent = self._rng.choice(family[-50:] if self._rng.random() < 0.5 else family)
            change, values, strategies = self._mutation(parent)
        chosen = slot_spec(spec, values, strategies, slot=slot, number=number)
        self._tried.add(configuration(chosen))
        made = self._made(
            Proposal(
                slot=slot,
                spec=chosen,
                role=Role.BASELINE if parent is None else Role.EXPLOIT,
                parent=None if parent is None else parent.number,
                change=change,
                reason="made up for the benchmark",
            )
        )
        run = _run(made)
        family.append(run)
        if made.results is not None:
            self._done.add(number)
            if parent is not None and parent.number in self._done:
                self._unrepeated.append((parent, run))
        return made

    def _again(self, run: Run, slot: int, network: int) -> Planned:
        """A side of a pair on a fresh network."""
        source = run.proposal.spec
        seeds = replicate_seeds(self.spec, self.n_runs + 1, len(source.seeds))
        return self._made(
            Proposal(
                slot=slot,
                spec=SlotSpec(values=source.values, strategies=source.strategies, seeds=seeds),
                role=Role.PRINCIPLE_TEST,
                parent=run.number,
                change=f"fresh network {network}",
                reason="made up for the benchmark",
                network=network,
            )
        )

    def _made(self, proposal: Proposal) -> Planned:
        """The next run, and what will come of it."""
        shape = self.spec.block
        index, number = self.n_runs // shape.slots, self.n_runs + 1
        self.n_runs += 1
        return Planned(
            number=number,
            block=index // shape.batches + 1,
            batch=index % shape.batches + 1,
            proposal=proposal,
            identity=content_hash([number, proposal.spec]),
            results=None if self._rng.random() < 0.05 else self._results(proposal.spec),
        )

    def _mutation(self, parent: Run) -> tuple[str, dict[str, Any], tuple[str, ...]]:
        """One change that leads to a configuration that was not tried."""
        switches = list(toggles(parent, self.spec.strategies.open))
        self._rng.shuffle(switches)
        moves = steps(parent, self.spec, self._rng)
        for move in (*(switches if self._rng.random() < 0.3 else ()), *islice(moves, 50)):
            if move.leads_to not in self._tried:
                return move.change, move.values, move.strategies
        raise AssertionError("the space of the benchmark is endless")  # three digits in four parameters

    def _results(self, chosen: SlotSpec) -> list[Metrics]:
        rate = math.log10(float(chosen.values["lr_node_homeo"]))
        level = 0.6 - 0.1 * (rate + 2) ** 2 + 0.02 * len(chosen.strategies)
        return [
            {name: round(level + self._rng.gauss(0, 0.02), 6) for name in self.metrics} for _ in chosen.seeds
        ]


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
    planned = planned_row(name, _run(run), foundation=foundation, guard_check=1, at=now, certificates=rests)
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


def _run(run: Planned) -> Run:
    return Run(
        number=run.number,
        block=run.block,
        batch=run.batch,
        proposal=run.proposal,
        identity=run.identity,
        state=RunState.PLANNED,
        certified=True,
        dataset=GROUNDS[run.proposal.network][0],
    )
