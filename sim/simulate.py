"""Trajectories of a network by explicit Euler, in float64, and what an instrument would see of them.

The step is that of the forward model, so that dc/dt of noise-free data is exact as a forward
difference. Process noise enters the dynamics; measurement noise is laid over the result.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from blocks.errors import DataError
from sim.dataset import write_dataset
from sim.networks.generate import generate_network
from sim.networks.network import Network
from sim.networks.settings import DataSettings
from sim.networks.substrates import RESPONSES, substrates_of, unit_rates


def reaction_rates(
    network: Network,
) -> Callable[[Float64[ndarray, "*batch metabolite"]], Float64[ndarray, "*batch reaction"]]:
    """A function that gives the true v_j, c.u. per t.u., of concentrations; without flux limit.

    Args:
        network: Gives S, E and k, and whether substrates saturate.
    """
    table, response = substrates_of(network.stoichiometry), RESPONSES[network.truth.substrate]

    def rates(
        concentration: Float64[ndarray, "*batch metabolite"],
    ) -> Float64[ndarray, "*batch reaction"]:
        unit = unit_rates(concentration, network.stoichiometry, substrates=table, response=response)
        return np.asarray(network.truth.rate_constants * unit)

    return rates


def simulate(network: Network, settings: DataSettings) -> Float64[ndarray, "frame metabolite"]:
    """Concentrations as measured, c.u., one frame per Euler step; NaN for metabolites that are not.

    Args:
        network: As `generate_network` gives it.
        settings: Number of frames, dt, flux limit, noise; its seed also seeds the noise.

    Raises:
        DataError: A concentration left the finite numbers.
    """
    process, instrument = (np.random.default_rng([settings.seed, stream]) for stream in (4, 5))
    rates, net, dt = reaction_rates(network), network.stoichiometry.net, settings.dt
    consumption = np.maximum(-net, 0.0)
    trajectory = np.empty((settings.n_frames, settings.n_metabolites))
    trajectory[0] = concentration = network.initial
    with np.errstate(over="ignore", invalid="ignore"):
        for frame in range(1, settings.n_frames):
            flux = rates(concentration)
            if settings.flux_limit:
                flux = _limited(flux, concentration / dt, consumption)
            moved = concentration + dt * (net @ flux + network.truth.response(concentration))
            if settings.process_noise:
                kick = process.standard_normal(settings.n_metabolites)
                moved = moved + settings.process_noise * np.sqrt(dt) * concentration * kick
            trajectory[frame] = concentration = np.maximum(moved, 0.0)
            if not np.isfinite(concentration).all():
                metabolite = int(np.flatnonzero(~np.isfinite(concentration))[0])
                raise DataError(
                    f"data: concentrations must stay finite, but metabolite {metabolite} did not at "
                    f"frame {frame} of {settings.title}; lower log10_k or dt, or turn flux_limit on"
                )
    if settings.noise:
        scatter = 1.0 + settings.noise * instrument.standard_normal(trajectory.shape)
        trajectory = np.maximum(trajectory * scatter, 0.0)
    if hidden := round(settings.unobserved * settings.n_metabolites):
        unseen = np.random.default_rng([settings.seed, 6]).permutation(settings.n_metabolites)[:hidden]
        trajectory[:, unseen] = np.nan
    return trajectory


def simulate_dataset(settings: DataSettings, *, observations: Path, seal: Path) -> str:
    """Generates, simulates and writes a data set; runs in the generator's process.

    Args:
        settings: What to simulate.
        observations: Folder to make, without truth.
        seal: File to make, with the truth.

    Returns:
        SHA-256 of the observations.

    Raises:
        DataError: The network diverged, or there is a data set already.
    """
    network = generate_network(settings)
    return write_dataset(
        observations,
        seal,
        concentration=simulate(network, settings),
        stoichiometry=network.stoichiometry,
        truth=network.truth,
        settings=settings,
    )


def activity_rank(concentration: Float64[ndarray, "frame metabolite"], *, share: float = 0.99) -> int:
    """How many directions a trajectory moves in.

    Args:
        concentration: Concentrations, c.u.
        share: Share of the squared mass to hold.

    Returns:
        Number of leading singular values that together hold `share` of the squared mass.
    """
    mass = np.linalg.svd(concentration, compute_uv=False) ** 2
    return int(np.searchsorted(np.cumsum(mass), share * mass.sum()) + 1)


def _limited(
    flux: Float64[ndarray, " reaction"],
    available: Float64[ndarray, " metabolite"],
    consumption: Float64[ndarray, "metabolite reaction"],
) -> Float64[ndarray, " reaction"]:
    """Every reaction slowed by its scarcest substrate."""
    demand = consumption @ flux
    share = np.divide(available, demand, out=np.ones_like(demand), where=demand > available)
    slowest = np.where(consumption > 0, share[:, None], 1.0).min(axis=0)
    return np.asarray(flux * slowest)
