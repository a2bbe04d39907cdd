"""The machine that figures were measured on, in the words of a report."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from agent.pool import THREADS, available_cores
from blocks.base import Frozen

PACKAGES = ("setpoint", "torch", "numpy", "scipy", "scikit-learn")
"""Packages whose versions a report always holds."""


class Machine(Frozen):
    """Where it was measured."""

    cpu: str
    cores: int
    threads_per_run: int
    memory_gib: float | None
    system: str
    versions: dict[str, str]


def this_machine() -> Machine:
    """CPU, cores that this process may use, memory, system and versions."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    return Machine(
        cpu=_cpu_model(),
        cores=available_cores(),
        threads_per_run=THREADS,
        memory_gib=_memory_gib(),
        system=f"{platform.system()} {platform.machine()}",
        versions=versions,
    )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return None
