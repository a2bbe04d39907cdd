"""One Euler step of the learned model, and how it depends on everything that is unknown.

    c(t + dt) = max(0, c + dt * (S v(c) + slope * c + offset)),   v_j = k_j * prod_s f(c_s, E_sj)

The unknowns are k, the spline coefficients of log f, and a line per metabolite that stands in for
regulation. Derivatives are written out; all windows advance together.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from sim.networks.network import Stoichiometry
from sim.reaction.design import Structure
from sim.reaction.spline import FLOOR, SplineBasis, log_concentration

MAX_LOG_RATE = 60.0  # what a trial step overflows to must still compare


@dataclass(frozen=True)
class Parameters:
    """What all windows share."""

    rate_constants: Float64[ndarray, " reaction"]
    coefficients: Float64[ndarray, "exponent coefficient"]
    slope: Float64[ndarray, " metabolite"]
    """Of the line that stands in for regulation, 1 per t.u."""

    offset: Float64[ndarray, " metabolite"]
    """Its value at 0 c.u., c.u. per t.u."""

    @property
    def size(self) -> int:
        """Number of parameters, in the order of the fields."""
        return self.rate_constants.size + self.coefficients.size + self.slope.size + self.offset.size

    def moved(self, step: Float64[ndarray, " parameter"]) -> "Parameters":
        """The parameters after a step."""
        sizes = (self.rate_constants.size, self.coefficients.size, self.slope.size)
        constants, coefficients, slope, offset = np.split(step, np.cumsum(sizes))
        return Parameters(
            self.rate_constants + constants,
            self.coefficients + coefficients.reshape(self.coefficients.shape),
            self.slope + slope,
            self.offset + offset,
        )


class Dynamics:
    """The model of a step, for products of substrates.

    Args:
        stoichiometry: S, E; the rate law must be mass action.
        basis: Splines that log f is made of.
        dt: Length of a step, t.u.
    """

    def __init__(self, stoichiometry: Stoichiometry, basis: SplineBasis, dt: float) -> None:
        self.structure, self.basis, self.dt = Structure(stoichiometry), basis, dt
        self.dense = stoichiometry.net
        table = self.structure.substrates
        # Reactions that have a substrate in this slot, its metabolite, and which response it has.
        self.slots = []
        for slot in range(table.index.shape[1]):
            rows = np.flatnonzero(table.present[:, slot])
            self.slots.append((rows, table.index[rows, slot], self.structure.kind[rows, slot]))

    def step(
        self, state: Float64[ndarray, "window metabolite"], parameters: Parameters
    ) -> Float64[ndarray, "window metabolite"]:
        """Concentrations one step later, c.u."""
        values = self.basis.values(log_concentration(state))
        rates = parameters.rate_constants * self._unit_rates(values, parameters)
        return np.maximum(state + self.dt * self._change(state, rates, parameters), 0.0)

    def step_with_sensitivity(
        self,
        state: Float64[ndarray, "window metabolite"],
        sensitivity: Float64[ndarray, "window metabolite unknown"],
        parameters: Parameters,
    ) -> tuple[Float64[ndarray, "window metabolite"], Float64[ndarray, "window metabolite unknown"]]:
        """A step, with the derivatives of the state by the starts and then by the parameters.

        Args:
            state: Concentrations, c.u.
            sensitivity: Derivatives of `state` by the window's start and the parameters.
            parameters: Of the model.
        """
        logs = log_concentration(state)
        values = self.basis.values(logs)
        unit = self._unit_rates(values, parameters)
        rates = parameters.rate_constants * unit
        after = state + self.dt * self._change(state, rates, parameters)
        n_windows, n_metabolites = state.shape
        n_reactions, (n_exponents, size) = rates.shape[1], parameters.coefficients.shape
        # d v / d c of each substrate, and d v / d coefficient
        slopes = np.einsum("wml,el->ewm", self.basis.slopes(logs), parameters.coefficients)
        slopes = slopes / np.maximum(state, FLOOR) * (state > FLOOR)
        by_state = np.zeros((n_windows, n_reactions, n_metabolites))
        by_shape = np.zeros((n_windows, n_reactions, n_exponents, size))
        for rows, members, kinds in self.slots:
            by_state[:, rows, members] += rates[:, rows] * slopes[kinds, :, members].T
            for kind in range(n_exponents):
                of_kind = kinds == kind
                chosen, their = rows[of_kind], members[of_kind]
                by_shape[:, chosen, kind] += rates[:, chosen, None] * values[:, their]
        jacobian = np.matmul(self.dense, by_state)
        diagonal = np.arange(n_metabolites)
        jacobian[:, diagonal, diagonal] += parameters.slope
        moved = sensitivity + self.dt * np.matmul(jacobian, sensitivity)
        begin = n_metabolites
        moved[:, :, begin : begin + n_reactions] += self.dt * self.dense * unit[:, None, :]
        begin += n_reactions
        moved[:, :, begin : begin + n_exponents * size] += self.dt * np.matmul(
            self.dense, by_shape.reshape(n_windows, n_reactions, -1)
        )
        begin += n_exponents * size
        moved[:, diagonal, begin + diagonal] += self.dt * state
        moved[:, diagonal, begin + n_metabolites + diagonal] += self.dt
        moved[after <= 0] = 0.0
        return np.maximum(after, 0.0), moved

    def _unit_rates(
        self, values: Float64[ndarray, "window metabolite coefficient"], parameters: Parameters
    ) -> Float64[ndarray, "window reaction"]:
        logs = np.einsum("wml,el->ewm", values, parameters.coefficients)
        total = np.zeros((len(values), self.structure.n_reactions))
        for rows, members, kinds in self.slots:
            total[:, rows] += logs[kinds, :, members].T
        return np.asarray(np.exp(np.minimum(total, MAX_LOG_RATE)))

    def _change(
        self,
        state: Float64[ndarray, "window metabolite"],
        rates: Float64[ndarray, "window reaction"],
        parameters: Parameters,
    ) -> Float64[ndarray, "window metabolite"]:
        reactions = (self.structure.net @ rates.T).T
        return np.asarray(reactions + parameters.slope * state + parameters.offset)
