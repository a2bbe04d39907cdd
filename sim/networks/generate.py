"""Networks out of settings: the same settings give the same network, on every machine.

Exactly `n_reactions` reactions, none of them empty. Types go to a random permutation of the
metabolites, so that no index, position or order tells a type.
"""

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from sim.networks.network import Network, Stoichiometry, Truth
from sim.networks.settings import DataSettings

TYPICAL_CONCENTRATION = 5.0  # c.u.; middle of the initial range of the presets


def generate_network(settings: DataSettings) -> Network:
    """The network that the settings describe.

    Args:
        settings: Preset, seed and overrides.
    """
    # A stream each: the wiring of a network does not move when its types are changed.
    wiring, constants, labels, start = (np.random.default_rng([settings.seed, stream]) for stream in range(4))
    build = _cycles if settings.topology == "cycles" else _random_reactions
    net, exponents = build(settings, wiring)
    return Network(
        stoichiometry=Stoichiometry(net=net, exponents=exponents, rate_law=settings.rate_law),
        truth=Truth(
            rate_constants=_rate_constants(settings, exponents, constants),
            types=_types(settings, labels),
            decay=np.array(settings.decay, dtype=np.float64),
            baseline=np.array(settings.baseline, dtype=np.float64),
            regulation=settings.regulation,
            substrate=settings.substrate,
        ),
        initial=start.uniform(*settings.initial, settings.n_metabolites),
    )


def _cycles(
    settings: DataSettings, rng: Generator
) -> tuple[Float64[ndarray, "metabolite reaction"], Float64[ndarray, "metabolite reaction"]]:
    """Autocatalytic 3-cycles m1+m2->2 m2, m2+m3->2 m3, m3+m1->2 m1, the last one cut to the number."""
    net = np.zeros((settings.n_metabolites, settings.n_reactions))
    exponents = np.zeros_like(net)
    unused = list(rng.permutation(settings.n_metabolites))
    ring: list[int] = []
    for reaction in range(settings.n_reactions):
        place = reaction % 3
        if place == 0:
            ring = [unused.pop() for _ in range(min(3, len(unused)))]
            others = [m for m in range(settings.n_metabolites) if m not in ring]
            ring += list(rng.choice(others, 3 - len(ring), replace=False)) if len(ring) < 3 else []
        eaten, grown = ring[place], ring[(place + 1) % 3]
        net[eaten, reaction], net[grown, reaction] = -1.0, 1.0
        exponents[eaten, reaction] = exponents[grown, reaction] = 1.0
    return net, exponents


def _random_reactions(
    settings: DataSettings, rng: Generator
) -> tuple[Float64[ndarray, "metabolite reaction"], Float64[ndarray, "metabolite reaction"]]:
    """One to `max_substrates` substrates turn into one or two products; molecules are conserved."""
    net = np.zeros((settings.n_metabolites, settings.n_reactions))
    exponents = np.zeros_like(net)
    for reaction in range(settings.n_reactions):
        n_substrates = int(rng.integers(1, settings.max_substrates + 1))
        n_products = min(int(rng.integers(1, 3)), settings.n_metabolites - n_substrates)
        members = rng.choice(settings.n_metabolites, n_substrates + n_products, replace=False)
        eaten, made = members[:n_substrates], members[n_substrates:]
        orders = rng.choice(np.array(settings.exponents, dtype=np.float64), n_substrates)
        net[eaten, reaction] = -orders
        exponents[eaten, reaction] = orders
        # What is consumed is made: otherwise additive networks grow without end.
        net[made, reaction] = orders.sum() / n_products
    return net, exponents


def _rate_constants(
    settings: DataSettings, exponents: Float64[ndarray, "metabolite reaction"], rng: Generator
) -> Float64[ndarray, " reaction"]:
    """k, scaled so that reactions of every order run at comparable rates around 5 c.u."""
    drawn: Float64[ndarray, " reaction"] = 10.0 ** rng.uniform(*settings.log10_k, settings.n_reactions)
    if settings.topology == "cycles":
        return drawn
    order = exponents.sum(axis=0) if settings.rate_law == "mass_action" else exponents.max(axis=0) + 1.0
    scaled: Float64[ndarray, " reaction"] = drawn * TYPICAL_CONCENTRATION ** (2.0 - order)
    return scaled


def _types(settings: DataSettings, rng: Generator) -> Int64[ndarray, " metabolite"]:
    shares = np.array(settings.type_fractions or [1.0 / settings.n_types] * settings.n_types)
    ends = np.rint(np.cumsum(shares) / shares.sum() * settings.n_metabolites).astype(np.int64)
    in_order = np.searchsorted(ends, np.arange(settings.n_metabolites), side="right")
    return rng.permutation(in_order).astype(np.int64)
