"""A metabolic network in two halves: what an experimenter knows, and what is sealed away.

    dc_i/dt = -lambda_type(i) * (c_i - baseline_type(i))  +  sum_j S_ij * v_j
    v_j     = k_j * prod_s c_s ^ E_sj        (mass action)
    v_j     = k_j * sum_s  c_s ^ E_sj        (additive)

Concentration is dimensionless (c.u.), time is in t.u.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from sim.networks.rate_law import RateLaw

HALF_SATURATION: Final = 5.0
"""Scale of saturating substrates and of saturating regulation, c.u."""


@dataclass(frozen=True)
class Stoichiometry:
    """Who reacts with whom. Known to everybody; holds no rate constant and no type."""

    net: Float64[ndarray, "metabolite reaction"]
    """S: molecules gained (or lost, if negative) per event. A + B -> 2 B has S_A = -1, S_B = +1."""

    exponents: Float64[ndarray, "metabolite reaction"]
    """E: order of each substrate in the rate, 0 where the metabolite is no substrate."""

    rate_law: RateLaw

    @property
    def n_metabolites(self) -> int:
        return int(self.net.shape[0])

    @property
    def n_reactions(self) -> int:
        return int(self.net.shape[1])


@dataclass(frozen=True)
class Truth:
    """The answer key. Only the generator and the evaluator ever hold one."""

    rate_constants: Float64[ndarray, " reaction"]
    types: Int64[ndarray, " metabolite"]
    decay: Float64[ndarray, " type"]
    """lambda, 1 per t.u."""

    baseline: Float64[ndarray, " type"]
    """Concentration that regulation pulls towards, c.u."""

    regulation: Literal["linear", "saturating"] = "linear"
    """-lambda (c - b), or that divided by 1 + |c - b| / 5."""

    substrate: Literal["power", "saturating"] = "power"
    """A substrate enters as c^E, or as (c / (1 + c / 5))^E."""

    @property
    def n_types(self) -> int:
        return len(self.decay)

    def of(self, metabolites: Bool[ndarray, " metabolite"]) -> "Truth":
        """The truth about some of the metabolites; types keep their numbers."""
        return replace(self, types=self.types[metabolites])

    def response(
        self, concentration: Float64[ndarray, "*batch metabolite"]
    ) -> Float64[ndarray, "*batch metabolite"]:
        """The homeostatic term of every metabolite, c.u. per t.u.

        Args:
            concentration: Concentrations, c.u.
        """
        distance = concentration - self.baseline[self.types]
        pull = -self.decay[self.types] * distance
        if self.regulation == "saturating":
            pull = pull / (1.0 + np.abs(distance) / HALF_SATURATION)
        return np.asarray(pull)


@dataclass(frozen=True)
class Network:
    """A network that can be simulated."""

    stoichiometry: Stoichiometry
    truth: Truth
    initial: Float64[ndarray, " metabolite"]
    """Concentrations at time 0, c.u."""
