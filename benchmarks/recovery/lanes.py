"""Cells, launched and measured: one after the other in a workspace, several workspaces side by side.

A workspace serves one launch at a time, so the cells of a condition form a lane. What fails is a row like
the others: one cell that cannot be launched costs no other.
"""

import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from agent.orphans import end_with_the_starter
from benchmarks.recovery.cells import Cell, run_cell
from benchmarks.recovery.measure import failed_row, measure
from benchmarks.recovery.results import Row
from blocks.errors import InterruptedLaunchError, SetpointError


def rows_of(cells: Sequence[Cell], *, workers: int) -> Iterator[Row]:
    """Rows in the order of the cells, lane by lane.

    Args:
        cells: What to launch; a cell that is finished is measured only.
        workers: Lanes at a time, each in a process of its own where there are several.
    """
    lanes: dict[Path, list[Cell]] = {}
    for cell in cells:
        lanes.setdefault(cell.workspace, []).append(cell)
    if workers == 1:
        for lane in lanes.values():
            yield from run_lane(lane)
        return
    with processes(workers) as pool:
        for rows in pool.map(run_lane, lanes.values()):
            yield from rows


def processes(workers: int) -> ProcessPoolExecutor:
    """Processes that end with this one, and their own workers with them.

    Args:
        workers: How many.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_the_starter)


def run_lane(cells: Sequence[Cell]) -> list[Row]:
    """Launches and measures cells one after the other; what fails is a row like the others."""
    rows: list[Row] = []
    for number, cell in enumerate(cells, 1):
        print(
            f"recovery: {cell.label} ({number} of {len(cells)} in its workspace)", file=sys.stderr, flush=True
        )
        if cell.missing:
            print(f"recovery: {cell.label} is skipped: {cell.missing}", file=sys.stderr)
            rows.append(failed_row(cell, cell.missing, skipped=True))
            continue
        try:
            rows += measure(cell, run_cell(cell))
        except InterruptedLaunchError:
            raise
        except SetpointError as error:
            print(f"recovery: {cell.label} failed: {error}", file=sys.stderr)
            rows.append(failed_row(cell, str(error)))
    return rows
