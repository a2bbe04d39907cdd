"""A data set like real ones: no labels, a metabolite that never moves, a reaction that changes nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sim.dataset import write_observations
from sim.networks.generate import generate_network
from sim.networks.network import Network, Stoichiometry
from sim.networks.settings import DataSettings
from sim.simulate import simulate

STILL, EMPTY = 5, 7


def awkward(folder: Path, *, n_frames: int = 200) -> Path:
    """Writes it, and gives the folder back.

    Args:
        folder: Observations to write.
        n_frames: Frames.
    """
    settings = DataSettings(preset="quickstart", seed=42, n_frames=n_frames)
    network = generate_network(settings)
    whole = network.stoichiometry
    # Nobody has anything to do with the still one.
    kept = (whole.net[STILL] == 0) & (whole.exponents[STILL] == 0)
    net = np.ascontiguousarray(whole.net[:, kept])
    net[:, EMPTY] = 0
    stoichiometry = Stoichiometry(net, np.ascontiguousarray(whole.exponents[:, kept]), whole.rate_law)
    truth = replace(network.truth, rate_constants=network.truth.rate_constants[kept])
    concentration = simulate(Network(stoichiometry, truth, network.initial), settings)
    concentration[:, STILL] = 2.5
    write_observations(folder, concentration=concentration, stoichiometry=stoichiometry, dt=settings.dt)
    return folder
