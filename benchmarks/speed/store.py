"""The store and the planner, in a store of many runs: planning, recording, asking, remembering.

What a launch does again and again is measured as it does it: with a past that is kept up to date. What it
does once, the first look at a store, stands beside it.
"""

import subprocess
import tempfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.speed.commands import setpoint
from benchmarks.speed.filling import fill, new_store, plan, record
from benchmarks.speed.launched import Launched, planner_of
from benchmarks.speed.made_up import MadeUp
from benchmarks.speed.results import Figure, Timing
from benchmarks.speed.timing import ONCE, growth_exponent, side_by_side
from benchmarks.speed.writers import writing_at_once
from benchmarks.targets import Target
from memory.queries import query_runs

SECTION: Final = "Store and planner"

SIZES: Final = (1_000, 10_000, 100_000)
QUICK_SIZES: Final = (40, 80, 160)
JUDGED: Final = 1
"""Which of the sizes the targets are about."""

WHERE: Final = "time_step >= 32 and heldout_gain > 0.7"
COLUMNS: Final = ("run", "block", "time_step", "role", "strategies", "lr_node_homeo", "heldout_gain", "state")


def measure(quick: bool) -> Iterable[Figure]:
    """All figures of the section; one store that grows from size to size.

    Args:
        quick: Whether small sizes will do.
    """
    sizes = QUICK_SIZES if quick else SIZES
    repeats = ONCE if quick else 31
    made_up = MadeUp()
    proposed: dict[int, Timing] = {}
    recorded: dict[int, Timing] = {}
    with tempfile.TemporaryDirectory(prefix="setpoint-speed-") as folder:
        store = new_store(Path(folder), made_up)
        here = Launched(made_up, store, planner_of(made_up))
        for place, size in enumerate(sizes):
            n_runs = len(store.past(here.name, made_up.spec.objective))
            fill(store, made_up, (size - n_runs) // made_up.slots_of_a_block)
            proposed[size], recorded[size] = planning_and_recording(here, repeats)
            if place == JUDGED:
                yield planning(here, proposed[size], size, ONCE if quick else 11)
                yield recording(recorded[size], size)
                yield asking(here, size, repeats)
                yield remembering(here, size, ONCE if quick else 5)
        yield growth("propose a batch", proposed)
        yield growth("record a run", recorded, target=Target(metric="growth", label="", high=0.1))
        store.close()
    yield writing_at_once(SECTION, 2 if quick else 25)


def planning_and_recording(here: Launched, repeats: int) -> tuple[Timing, Timing]:
    """Plans and records in turns, as a launch does: each plan follows runs that were not there before."""
    batches = chain.from_iterable(iter(here.made_up.block, None))

    def one_batch() -> None:
        for run in plan(here.store, here.name, next(batches)):
            record(here.store, here.name, run)

    slots = here.made_up.spec.block.slots
    timings = side_by_side(
        {"record": one_batch, "propose": here.propose}, repeats=repeats, per={"record": slots}, warm_up=1
    )
    # The next size goes on with a whole block.
    while len(here.store.past(here.name, here.made_up.spec.objective)) < here.made_up.n_runs:
        one_batch()
    return timings["propose"], timings["record"]


def planning(here: Launched, timing: Timing, size: int, repeats: int) -> Figure:
    """A batch of proposals in a going launch, the first of a block, and the first of a launch."""
    tested = Launched(here.made_up, here.store, planner_of(here.made_up, replicates=True))

    def one_block() -> None:
        for batch in here.made_up.block():
            for run in plan(here.store, here.name, batch):
                record(here.store, here.name, run)

    first_of_a_block = side_by_side(
        {"record a block": one_block, "propose": tested.propose}, repeats=repeats, warm_up=1
    )["propose"]
    with here.anew() as first:
        began = perf_counter()
        proposals = first.propose()
        cold_s = perf_counter() - began
    return Figure(
        section=SECTION,
        what=f"propose a batch, {size} runs x 3 replicates",
        value=1e3 * timing.seconds,
        unit="ms",
        target=Target(metric="propose", label="", high=100),
        timings={"in a going launch": timing},
        details={
            "the first of a launch, s": cold_s,
            "the first of a block, with tests on fresh networks, ms": 1e3 * first_of_a_block.seconds,
            "slots": len(proposals),
        },
        note="reads what has changed, then plans",
    )


def recording(timing: Timing, size: int) -> Figure:
    """The whole life of a run."""
    return Figure(
        section=SECTION,
        what=f"record a run, {size} runs x 3 replicates",
        value=1e3 * timing.seconds,
        unit="ms",
        target=Target(metric="record", label="", high=10),
        timings={"a life": timing},
        note="planned, started, trained and truth opened next, done with all metrics: a transaction each",
    )


def asking(here: Launched, size: int, repeats: int) -> Figure:
    """A query as `setpoint runs --where` makes it, and the whole command."""
    matched = 0

    def ask() -> None:
        nonlocal matched
        table = query_runs(
            here.store, exploration=here.name, where=WHERE, columns=COLUMNS, sort="-heldout_gain"
        )
        matched = table.matched

    def command() -> None:
        arguments = ["runs", "--where", WHERE, "--workspace", str(here.store.workspace.root)]
        subprocess.run([setpoint(), *arguments], check=True, stdout=subprocess.DEVNULL)

    timings = side_by_side({"query": ask, "whole command": command}, repeats=repeats)
    return Figure(
        section=SECTION,
        what=f"runs --where, {size} runs",
        value=1e3 * timings["query"].seconds,
        unit="ms",
        target=Target(metric="query", label="", high=200),
        timings=timings,
        details={"rows": matched},
    )


def remembering(here: Launched, size: int, repeats: int) -> Figure:
    """memory.md, by a process that has just begun; and in a going launch, after each block.

    The store holds pairs on fresh networks, and the plan in it tests further ones there.
    """
    here = Launched(here.made_up, here.store, planner_of(here.made_up, replicates=True))
    number = here.made_up.n_runs // here.made_up.slots_of_a_block

    def first() -> None:
        with here.anew(replicates=True) as anew:
            anew.remember()

    here.store.open_block(here.name, number)
    here.store.close_block(here.name, number)
    timings = side_by_side({"first of a process": first, "after a block": here.remember}, repeats=repeats)
    return Figure(
        section=SECTION,
        what=f"regenerate memory.md, {size} runs",
        value=timings["first of a process"].seconds,
        unit="s",
        target=Target(metric="memory", label="", high=2),
        timings=timings,
        details={"lines": len(here.remember().read_text(encoding="utf-8").splitlines())},
    )


def growth(what: str, timings: dict[int, Timing], *, target: Target | None = None) -> Figure:
    """p of time ~ runs^p."""
    return Figure(
        section=SECTION,
        what=f"{what}: growth with the runs in the store",
        value=growth_exponent({float(size): timing.seconds for size, timing in timings.items()}),
        unit="exponent",
        target=target,
        timings={f"{size} runs": timing for size, timing in timings.items()},
    )
