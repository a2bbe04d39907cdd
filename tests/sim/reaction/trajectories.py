"""Simulated trajectories with and without their noise, for tests of Phase 1."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from sim.networks.generate import generate_network
from sim.networks.network import Network
from sim.networks.settings import DataSettings
from sim.reaction.dynamics import Parameters
from sim.reaction.measured import Measured
from sim.reaction.spline import SplineBasis, log_concentration
from sim.simulate import simulate


class Recording(NamedTuple):
    """A network, what happened, and what was measured of it."""

    network: Network
    clean: Float64[ndarray, "frame metabolite"]
    seen: Float64[ndarray, "frame metabolite"]
    dt: float

    @property
    def measured(self) -> Measured:
        """As a fit sees it, every change counted."""
        return measured(self.seen, self.dt)


def measured(concentration: Float64[ndarray, "frame metabolite"], dt: float, *, stride: int = 1) -> Measured:
    """A trajectory of metabolites that are all accounted for."""
    nobody = np.zeros(concentration.shape[1], dtype=bool)
    return Measured(concentration, dt=dt, stride=stride, blind=nobody)


def record(**values: object) -> Recording:
    """Simulates; the values are those of `DataSettings`, the preset is quickstart where none is named."""
    settings = DataSettings.model_validate({"preset": "quickstart", **values})
    network = generate_network(settings)
    clean = simulate(network, settings.model_copy(update={"noise": 0.0}))
    return Recording(network, clean, simulate(network, settings), settings.dt)


def true_parameters(network: Network, basis: SplineBasis) -> Parameters:
    """What a fit with power laws and linear regulation has to find."""
    truth, orders = network.truth, np.abs(network.stoichiometry.exponents)
    decay = truth.decay[truth.types]
    return Parameters(
        rate_constants=truth.rate_constants,
        coefficients=np.unique(orders[orders > 0])[:, None] * basis.centres,
        slope=-decay,
        offset=decay * truth.baseline[truth.types],
    )


def basis_of(concentration: Float64[ndarray, "frame metabolite"], n_breaks: int = 12) -> SplineBasis:
    """A basis with its knots where a trajectory is."""
    return SplineBasis.at_quantiles(log_concentration(concentration), n_breaks)
