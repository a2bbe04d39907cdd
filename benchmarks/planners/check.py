"""Trains for real what was reported on a landscape: are the true values of the replay those of trainings?"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from agent.planner.base import replicate_seeds
from benchmarks.planners.landscape import Landscape
from benchmarks.planners.record import Network, train
from benchmarks.planners.results import Checked
from blocks.exploration import ExplorationSpec
from blocks.slot import SlotSpec
from sim.problem import MetabolicProblem

NUMBER = 10**6
"""Seeds of the check are those of a run that no exploration has."""


def check(
    landscape: Landscape,
    ground: ExplorationSpec,
    problem: MetabolicProblem,
    slots: list[SlotSpec],
    said: Callable[[str], None],
) -> list[Checked]:
    """Each configuration under fresh seeds.

    Args:
        landscape: Where they were reported.
        ground: The exploration that it was recorded of.
        problem: The metabolic networks.
        slots: Configurations; their seeds are replaced.
        said: Takes a line per configuration.
    """
    found = []
    with TemporaryDirectory() as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        network = Network.prepare(ground, problem, Path(folder))
        for place, slot in enumerate(slots):
            fresh = slot.model_copy(update={"seeds": replicate_seeds(ground, NUMBER + place)})
            trained = pool.submit(train, network, fresh).result()
            one = Checked(
                landscape=landscape.name,
                replayed=float(landscape.true_value([slot])[0]),
                trained=fmean(trained.objective_or(0.0)),
            )
            said(f"{landscape.name}: {one.replayed:.3f} by the landscape, {one.trained:.3f} trained")
            found.append(one)
    return found
