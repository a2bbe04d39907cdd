"""A simulated data set as a folder that stands by itself, whole or not there, and a few facts of it.

`observations/` is what training may see, `truth.seal` what it may not, `trajectories.png` is drawn from the
concentrations alone.
"""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.dataset import write_dataset
from sim.folders import OBSERVATIONS, SEAL
from sim.networks.generate import generate_network
from sim.networks.settings import DataSettings
from sim.pictures.trajectories import draw_trajectories
from sim.simulate import activity_rank, reaction_rates, simulate

PICTURE = "trajectories.png"


class Generated(NamedTuple):
    """Facts of a simulated data set that give no label away."""

    sha256: str
    activity_rank: int
    """Of the metabolites that are observed."""

    reaction_rms: float
    """Root mean square of the reaction term, without flux limit, c.u. per t.u."""

    homeostasis_rms: float
    """The same of the homeostatic term."""


def generate_folder(settings: DataSettings, folder: Path) -> Generated:
    """Simulates a data set and writes it.

    Args:
        settings: What to simulate.
        folder: Folder to make; it must not exist yet, or be empty.

    Raises:
        DataError: The network diverged.
        OSError: The folder cannot be written; nothing is left behind.
    """
    network = generate_network(settings)
    concentration = simulate(network, settings)
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    try:
        sha256 = write_dataset(
            draft / OBSERVATIONS,
            draft / SEAL,
            concentration=concentration,
            stoichiometry=network.stoichiometry,
            truth=network.truth,
            settings=settings,
        )
        draw_trajectories(concentration, settings.dt, draft / PICTURE, title=settings.title)
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    # The terms are those of the whole network, be it observed or not.
    whole = simulate(network, settings.model_copy(update={"unobserved": 0.0}))
    reactions = reaction_rates(network)(whole) @ network.stoichiometry.net.T
    return Generated(
        sha256=sha256,
        activity_rank=activity_rank(concentration[:, ~np.isnan(concentration).any(axis=0)]),
        reaction_rms=_rms(reactions),
        homeostasis_rms=_rms(network.truth.response(whole)),
    )


def _rms(term: np.ndarray) -> float:
    return float(np.sqrt(np.square(term).mean()))
