"""A metabolic network in two halves: what an experimenter knows, and what is sealed away.

    dc_i/dt = -lambda_type(i) * (c_i - baseline_type(i))  +  sum_j S_ij * v_j
    v_j     = k_j * prod_s c_s ^ E_sj        (mass action)
    v_j     = k_j * sum_s  c_s ^ E_sj        (additive)

Concentration is dimensionless (c.u.), time is in t.u.
"""

from dataclasses import dataclass
from enum import StrEnum

from jaxtyping import Float64, Int64
from numpy import ndarray


class RateLaw(StrEnum):
    """How the substrates of a reaction combine."""

    MASS_ACTION = "mass_action"
    ADDITIVE = "additive"


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


@dataclass(frozen=True)
class Network:
    """A network that can be simulated."""

    stoichiometry: Stoichiometry
    truth: Truth
    initial: Float64[ndarray, " metabolite"]
    """Concentrations at time 0, c.u."""
