"""How long a command takes to answer, from the shell's point of view, beside a bare start of Python."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from benchmarks.speed.filling import fill, new_store
from benchmarks.speed.made_up import MadeUp
from benchmarks.speed.results import Figure
from benchmarks.speed.timing import ONCE, side_by_side
from benchmarks.targets import Target

SECTION: Final = "Commands"

FEW, MANY = 200, 10_000
"""Runs of an ordinary store (the public study came to 240), and of a large one."""

REPORTED: Final = 1_000
"""Runs of a long exploration, all of which are in its report."""


def measure(quick: bool) -> Iterable[Figure]:
    """All figures of the section.

    Args:
        quick: Whether small sizes will do.
    """
    few, many = (24, 48) if quick else (FEW, MANY)
    limit = Target(metric="command", label="", high=0.5)
    with tempfile.TemporaryDirectory(prefix="setpoint-speed-") as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        filled(small, few)
        filled(large, many)
        timings = side_by_side(
            {
                "python": command(sys.executable, "-c", "pass"),
                "help": command(setpoint(), "--help"),
                "runs": command(setpoint(), "runs", "--workspace", str(small)),
                "best runs": command(
                    setpoint(), "runs", "--sort", "-heldout_gain", "--limit", "20", "--workspace", str(large)
                ),
                "all runs": command(setpoint(), "runs", "--workspace", str(large)),
            },
            repeats=ONCE if quick else 11,
            warm_up=0 if quick else 1,
        )
        reported = list(reporting(Path(folder) / "reported", *((48, ONCE) if quick else (REPORTED, 5))))
    bare = {"python": timings["python"]}
    for name, what, target in (
        ("help", "setpoint --help", limit),
        ("runs", f"setpoint runs, {few} runs", limit),
        ("best runs", f"setpoint runs --sort -heldout_gain --limit 20, {many} runs", limit),
        ("all runs", f"setpoint runs, all {many} runs", None),
    ):
        yield Figure(
            section=SECTION,
            what=what,
            value=timings[name].seconds,
            unit="s",
            target=target,
            timings={name: timings[name], **bare},
        )
    yield from reported


def reporting(folder: Path, n_runs: int, repeats: int) -> Iterable[Figure]:
    """The report of many runs: how long it takes, and how large the file is."""
    filled(folder, n_runs)
    page = folder / "report.html"
    timings = side_by_side(
        {"report": command(setpoint(), "report", "--workspace", str(folder), "--out", str(page))},
        repeats=repeats,
        warm_up=min(1, repeats - ONCE),
    )
    what = f"setpoint report, {n_runs} runs"
    yield Figure(
        section=SECTION,
        what=what,
        value=timings["report"].seconds,
        unit="s",
        target=Target(metric="report", label="", high=5),
        timings=timings,
        note="most of it is the charts' library being put together",
    )
    yield Figure(
        section=SECTION,
        what=f"{what}: size of the file, without pictures",
        value=page.stat().st_size / 1e6,
        unit="MB",
        target=Target(metric="report size", label="", high=5),
    )


def filled(folder: Path, n_runs: int) -> None:
    """A workspace with so many runs."""
    made_up = MadeUp()
    with new_store(folder, made_up) as store:
        fill(store, made_up, n_runs // made_up.slots_of_a_block)


def command(*words: str) -> Callable[[], object]:
    """A command to be run to its end, its output going nowhere."""
    return lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def setpoint() -> str:
    """The command that is installed beside this interpreter."""
    return str(Path(sys.executable).with_name("setpoint"))
