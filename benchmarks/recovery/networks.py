"""Which networks a condition is about: those of the seeds given that can be simulated at all.

With more reactions and the same step, a few networks grow beyond all bounds. They are no data set, and the
next seed that is one stands in, so that a condition is still about as many networks as were asked for.
"""

import sys
from collections.abc import Iterable, Sequence
from itertools import chain, count

from benchmarks.recovery.conditions import QUICK_DATA, Condition
from blocks.errors import DataError
from blocks.loading import load_exploration, validate
from sim.networks.generate import generate_network
from sim.networks.settings import DataSettings
from sim.simulate import simulate


def networks_of(condition: Condition, seeds: Sequence[int], *, quick: bool) -> list[int]:
    """Seeds of as many networks as were given.

    Args:
        condition: Its data settings decide what is simulated.
        seeds: Network seeds.
        quick: Small networks.
    """
    found: list[int] = []
    candidates: Iterable[int] = chain(seeds, count(max(seeds) + 1))
    for seed in candidates:
        if len(found) == len(seeds):
            return found
        if _stays_finite(condition, seed, quick=quick):
            found.append(seed)
        else:
            print(
                f"recovery: {condition.name}: network {seed} does not stay finite; another stands in",
                file=sys.stderr,
            )
    return found


def _stays_finite(condition: Condition, seed: int, *, quick: bool) -> bool:
    base = load_exploration("recovery").data
    settings = validate(
        DataSettings, {**base, **(QUICK_DATA if quick else {}), **condition.data, "seed": seed}
    )
    try:
        simulate(generate_network(settings), settings)
    except DataError:
        return False
    return True
