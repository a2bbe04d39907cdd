"""A whole slot as the worker pool trains it: eight replicates against one, and what memory it takes."""

import multiprocessing
import resource
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.speed.bench import slot_values
from benchmarks.speed.exploring import Launched, launch
from benchmarks.speed.results import Figure, Timing
from benchmarks.targets import Target
from blocks.installed import load_problem
from blocks.problem import Progress
from blocks.slot import SlotSpec

SECTION: Final = "A whole slot, default preset"
REPEATS: Final = 5
MANY: Final = 8


def measure(quick: bool) -> Iterable[Figure]:
    """All figures of the section."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _measure(Path(folder), quick=quick)


def _measure(root: Path, *, quick: bool) -> Iterable[Figure]:
    times: dict[int, list[float]] = {1: [], MANY: []}
    launched = None
    for number in range(1 if quick else REPEATS):
        for replicates in (MANY, 1):
            launched = _slot(root, number, replicates, quick=quick)
            times[replicates] += [row["train_s"] for row in launched.rows(TIMES)]
    timings = {
        f"{replicates} replicates": Timing(seconds=median(one), low=min(one), high=max(one), repeats=len(one))
        for replicates, one in times.items()
    }
    yield Figure(
        section=SECTION,
        what=f"{MANY} replicates against 1, time_step 32, 2 workers",
        value=timings[f"{MANY} replicates"].seconds / timings["1 replicates"].seconds,
        unit="times as long",
        target=Target(metric="many", label="slot", high=3),
        timings=timings,
        note="the wall-clock of training that the store has; idle workers take a share of the replicates",
    )
    assert launched is not None
    peak = _peak_memory(launched, time_step=16 if quick else 64)
    yield Figure(
        section=SECTION,
        what=f"peak memory of the training process, time_step 64, batch 8, {MANY} replicates in one",
        value=peak,
        unit="GiB",
        target=Target(metric="memory", label="memory", high=1),
    )


TIMES: Final = "SELECT train_s FROM runs WHERE exploration = :name"


def _slot(root: Path, number: int, replicates: int, *, quick: bool) -> Launched:
    """One slot, launched; no two launches share a seed, so that nothing is reused."""
    values = slot_values(data_augmentation_loop=6 if quick else 60, time_step=32)
    time_step = values.pop("time_step")
    overrides = {
        "name": f"slot-{replicates}-{number}",
        "replicates": replicates,
        "seed": 100 * replicates + number,
        "baseline": values,
        "space": {"time_step": {"kind": "per_slot", "values": [time_step], "topic": "Time step"}},
        "strategies": {"baseline": ["rollout"], "open": []},
        "block": {"batches": 1, "slots": 1},
    }
    if quick:
        overrides["data"] = {"preset": "quickstart"}
    return launch("recovery", root, overrides)


def _peak_memory(launched: Launched, *, time_step: int) -> float:
    """Peak resident memory of a process that trains one slot and nothing else, GiB."""
    (keys,) = launched.rows(
        "SELECT runs.dataset AS hash, datasets.key AS dataset, runs.foundation AS foundation, "
        "foundations.chosen AS chosen FROM runs JOIN foundations ON foundations.key = runs.foundation "
        "JOIN datasets ON datasets.observations_hash = runs.dataset WHERE runs.exploration = :name"
    )
    observations = launched.workspace.dataset(keys["dataset"])
    foundation = launched.workspace.foundation(keys["foundation"]) / keys["chosen"]
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    out = launched.workspace.root / "peak"
    process = context.Process(target=_train, args=(sender, observations, foundation, out, time_step))
    process.start()
    peak: float = receiver.recv()
    process.join()
    return peak


def _train(
    sender: "multiprocessing.connection.Connection[float, None]",
    observations: Path,
    foundation: Path,
    out: Path,
    time_step: int,
) -> None:
    slot = SlotSpec(
        values=slot_values(time_step=time_step, data_augmentation_loop=5),
        strategies=("rollout",),
        seeds=tuple(range(1, MANY + 1)),
    )
    load_problem("metabolism").train(slot, observations, foundation, out, _unheard)
    sender.send(_peak_gib())


def _peak_gib() -> float:
    """Peak resident memory of this process since it began to run its own program, GiB.

    What `getrusage` says of it counts the process that started it, where that was larger.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 2**20


def _unheard(progress: Progress) -> None:
    """Nobody looks at it here."""
