"""Variable projection: the shape of the responses by Gauss-Newton, everything else by least squares.

For given spline coefficients the rate constants and the nuisance are linear, so they are
solved for at once and the search moves in the coefficients alone. The Jacobian of the projected
residual is Kaufman's; steps are damped as Levenberg and Marquardt do. Golub & Pereyra (1973)
doi:10.1137/0710036; Kaufman (1975) doi:10.1007/BF01932995.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from scipy.linalg import cho_factor, cho_solve

from sim.networks.rate_law import RateLaw
from sim.reaction.design import LinearFit, Structure, solve_linear
from sim.reaction.samples import Samples
from sim.reaction.spline import SplineBasis, log_concentration

FIRST_DAMPING: Final = 1e-2  # relative to the diagonal of the curvature


@dataclass(frozen=True)
class Iterate:
    """A point of the search."""

    coefficients: Float64[ndarray, "exponent coefficient"]
    linear: LinearFit
    step: int


class VariableProjection:
    """The search for one data set; holds what does not change between steps.

    Args:
        samples: What to fit.
        structure: S and E.
        basis: Splines that the responses are made of.
        smoothness: Weight of the squared second differences of the coefficients, against the mean
            squared weighted dc/dt; keeps coefficients without data in line with their neighbours.
    """

    def __init__(
        self, samples: Samples, structure: Structure, basis: SplineBasis, *, smoothness: float = 1e-9
    ) -> None:
        self.samples, self.structure, self.basis = samples, structure, basis
        values = basis.values(log_concentration(samples.concentration))
        # coefficient last and metabolite first: what is gathered per substrate is then contiguous
        self.values: Float64[ndarray, "metabolite frame coefficient"] = np.ascontiguousarray(
            np.moveaxis(values, 1, 0)
        )
        n_exponents = max(structure.exponents.size, 1)
        bend = _second_differences(basis)
        scale = smoothness * float((samples.rate**2).sum())
        self.penalty = np.kron(np.eye(n_exponents), scale * bend.T @ bend)

    def start(self, slope: float) -> Float64[ndarray, "exponent coefficient"]:
        """Coefficients of f = c^slope for every exponent; flat itself would tell no reaction apart."""
        return np.tile(slope * self.basis.centres, (max(self.structure.exponents.size, 1), 1))

    def unit_rates(
        self, coefficients: Float64[ndarray, "exponent coefficient"]
    ) -> Float64[ndarray, "frame reaction"]:
        """p_j at the frames that the samples draw on."""
        return self.structure.unit_rates(self._responses(coefficients))

    def at(self, coefficients: Float64[ndarray, "exponent coefficient"], step: int = 0) -> Iterate:
        """The linear solution for given coefficients."""
        linear = solve_linear(self.samples, self.structure, self.unit_rates(coefficients))
        return Iterate(coefficients, linear, step)

    def objective(self, iterate: Iterate) -> float:
        """Sum of squared weighted residuals and the smoothness term."""
        flat = iterate.coefficients.ravel()
        return iterate.linear.cost + float(flat @ self.penalty @ flat)

    def iterate(self, start: Iterate, *, max_iterations: int, tolerance: float) -> Iterator[Iterate]:
        """Accepted steps, until the objective falls by less than `tolerance` of itself.

        Args:
            start: Where to begin.
            max_iterations: Most steps.
            tolerance: Relative decrease that ends the search.
        """
        current, damping = start, FIRST_DAMPING
        objective = self.objective(current)
        for step in range(1, max_iterations + 1):
            curvature, gradient = self._normal_equations(current)
            accepted = False
            while not accepted and damping < 1e8:
                move = _damped_step(curvature, gradient, damping).reshape(current.coefficients.shape)
                trial = self.at(current.coefficients + move, step)
                value = self.objective(trial)
                accepted = value < objective
                damping = max(damping / 10, 1e-10) if accepted else damping * 8
            if not accepted:
                return
            gain, objective, current = (objective - value) / objective, value, trial
            yield current
            if gain < tolerance:
                return

    def _responses(
        self, coefficients: Float64[ndarray, "exponent coefficient"]
    ) -> Float64[ndarray, "exponent frame metabolite"]:
        logs = np.einsum("mtl,el->etm", self.values, coefficients, optimize=True)
        # A trial step may go anywhere; what it overflows to must still compare.
        return np.asarray(np.exp(np.clip(logs, -60.0, 60.0)))

    def _normal_equations(
        self, iterate: Iterate
    ) -> tuple[Float64[ndarray, "parameter parameter"], Float64[ndarray, " parameter"]]:
        """Curvature and downhill gradient of the projected objective (both halved)."""
        samples, structure, linear = self.samples, self.structure, iterate.linear
        moved = self._moved_rates(iterate)
        n_samples, n_metabolites = samples.weight.shape
        n_parameters = moved.shape[-1]
        change = (structure.net @ moved.reshape(structure.n_reactions, -1)).reshape(
            n_metabolites, n_samples, n_parameters
        )
        change *= samples.weight.T[:, :, None]
        for direction in samples.nuisance:
            along = direction.T
            change -= along[:, :, None] * np.einsum("mt,mtp->mp", along, change)[:, None, :]
        flat = change.reshape(-1, n_parameters)
        cross = np.zeros((structure.n_reactions, n_parameters))
        for metabolite, (begin, end) in enumerate(zip(structure.ends[:-1], structure.ends[1:], strict=True)):
            cross[structure.column[begin:end]] += linear.design[:, begin:end].T @ change[metabolite]
        absorbed = cross.T @ cho_solve(
            cho_factor(linear.normal, check_finite=False), cross, check_finite=False
        )
        gradient = flat.T @ linear.residual.T.ravel() - self.penalty @ iterate.coefficients.ravel()
        return flat.T @ flat - absorbed + self.penalty, gradient

    def _moved_rates(self, iterate: Iterate) -> Float64[ndarray, "reaction sample parameter"]:
        """Derivative of k_j p_j with respect to every coefficient, averaged over the windows."""
        structure, table = self.structure, self.structure.substrates
        n_exponents, size = iterate.coefficients.shape
        responses = self._responses(iterate.coefficients)
        constants = iterate.linear.rate_constants
        product = structure.unit_rates(responses).T
        moved = np.zeros((structure.n_reactions, self.values.shape[1], n_exponents, size))
        for slot in range(table.index.shape[1]):
            for kind in range(n_exponents):
                chosen = np.flatnonzero(table.present[:, slot] & (structure.kind[:, slot] == kind))
                members = table.index[chosen, slot]
                factor = (
                    product[chosen]
                    if structure.rate_law is RateLaw.MASS_ACTION
                    else responses[kind].T[members]
                )
                factor = factor * constants[chosen, None]
                moved[chosen, :, kind] += factor[:, :, None] * self.values[members]
        flat = moved.reshape(structure.n_reactions, self.values.shape[1], -1)
        return np.stack([self.samples.averaged(reaction) for reaction in flat])


def _damped_step(
    curvature: Float64[ndarray, "parameter parameter"],
    gradient: Float64[ndarray, " parameter"],
    damping: float,
) -> Float64[ndarray, " parameter"]:
    # The floor keeps a coefficient that no sample sees (an exponent without a moving substrate) where it is.
    diagonal = np.diagonal(curvature)
    step: Float64[ndarray, " parameter"] = np.linalg.solve(
        curvature + np.diag(damping * diagonal + 1e-14 * diagonal.max(initial=0.0)), gradient
    )
    return step


def _second_differences(basis: SplineBasis) -> Float64[ndarray, "row coefficient"]:
    """Change of slope between neighbouring coefficients; a power law has none."""
    places = np.concatenate([[0.0], basis.centres])
    first = np.diff(np.eye(places.size), axis=0) / np.diff(places)[:, None]
    return np.diff(first, axis=0)[:, 1:]
