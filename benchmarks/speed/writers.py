"""Processes that record into one store at the same moment: nothing is lost, and none of them fails."""

import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.speed.filling import new_store, plan, record
from benchmarks.speed.made_up import MadeUp
from benchmarks.speed.results import Figure
from benchmarks.targets import Target
from memory import Store, Workspace

WRITERS: Final = 8


def writing_at_once(section: str, n_blocks: int) -> Figure:
    """How many of the processes fail.

    Args:
        section: Of the report.
        n_blocks: Blocks that each of them records.
    """
    with tempfile.TemporaryDirectory(prefix="setpoint-speed-") as folder:
        new_store(Path(folder), MadeUp()).close()
        began = perf_counter()
        with ProcessPoolExecutor(WRITERS, mp_context=get_context("spawn")) as writers:
            told = [writers.submit(write_blocks, folder, seed, n_blocks) for seed in range(WRITERS)]
            errors = [str(error) for one in told if (error := one.exception()) is not None]
        taken = perf_counter() - began
        with Store.open(Workspace(Path(folder))) as store:
            counts = store.count_runs(MadeUp().spec.name)
    done = sum(n for state, n in counts.items() if state.is_final)
    return Figure(
        section=section,
        what=f"{WRITERS} processes recording at once: errors",
        value=float(len(errors)),
        target=Target(metric="errors", label="", high=0),
        details={"runs that ended": done, "runs per second, starts included": done / taken},
        note="; ".join(errors)[:200],
    )


def write_blocks(folder: str, seed: int, n_blocks: int) -> None:
    """What one of several writers does: the store gives the numbers, since others take some too."""
    made_up = MadeUp(seed=seed)
    with Store.open(Workspace(Path(folder)), create=False) as store:
        for _ in range(n_blocks):
            for batch in made_up.block():
                for run in plan(store, made_up.spec.name, batch):
                    record(store, made_up.spec.name, run)
