"""Side by side: contenders take turns, so that whatever else the machine does hits all of them alike."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

from benchmarks.speed.results import Timing

MINIMUM_REPEATS = 5

ONCE = 1


def side_by_side(
    contenders: Mapping[str, Callable[[], object]],
    *,
    repeats: int,
    per: Mapping[str, int] | None = None,
    warm_up: int = 1,
) -> dict[str, Timing]:
    """Times every contender `repeats` times, taking turns.

    Args:
        contenders: What to call, by name.
        repeats: Rounds that count; at least 5, or `ONCE` for a quick look, which nothing is judged by.
        per: Units of work that one call does, by name; default 1. Times are per unit.
        warm_up: Rounds before, that do not count.

    Returns:
        Median, lowest and highest time per unit, s.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    units = {name: (per or {}).get(name, 1) for name in contenders}
    if repeats != ONCE:
        repeats = max(repeats, MINIMUM_REPEATS)
    for number in range(warm_up + repeats):
        for name, call in contenders.items():
            began = perf_counter()
            call()
            if number >= warm_up:
                taken[name].append((perf_counter() - began) / units[name])
    return {
        name: Timing(seconds=median(times), low=min(times), high=max(times), repeats=len(times))
        for name, times in taken.items()
    }


def growth_exponent(sizes: Mapping[float, float]) -> float:
    """p of time ~ size^p, by least squares in log-log.

    Args:
        sizes: Time by size.
    """
    import numpy as np

    slope, _ = np.polyfit(np.log(list(sizes)), np.log(list(sizes.values())), 1)
    return float(slope)
