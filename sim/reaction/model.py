"""The reaction model: what Phase 1 learns and Phase 2 may freeze.

One response per distinct exponent, f(1, s) = 1, and a rate constant per reaction. The spline is the
model; MLP_sub is the same function as a network, with the deviation between the two on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from sim.networks.network import Stoichiometry
from sim.networks.substrates import combine, substrates_of
from sim.reaction.mlp import SubstrateMlp
from sim.reaction.spline import SplineBasis, log_concentration

GRID_POINTS: Final = 1024
GRID_MARGIN: Final = 2.0  # in log c, beyond what was observed


@dataclass(frozen=True)
class ReactionModel:
    """A fitted reaction model."""

    exponents: Float64[ndarray, " exponent"]
    """Distinct |E|, rising."""

    breaks: Float64[ndarray, " break"]
    """Knots of the spline, in log c."""

    coefficients: Float64[ndarray, "exponent coefficient"]
    """Of the spline basis, per exponent."""

    grid: Float64[ndarray, " point"]
    """Even grid in log c, from below to above of what was observed."""

    log_f: Float64[ndarray, "exponent point"]
    """The spline on the grid."""

    rate_constants: Float64[ndarray, " reaction"]
    """k. One that is not positive was not recovered."""

    nuisance_slope: Float64[ndarray, " metabolite"]
    """Slope of the affine rest of dc/dt, 1 per t.u.: a first guess at -lambda."""

    nuisance_offset: Float64[ndarray, " metabolite"]
    """Offset of that rest, c.u. per t.u.: a first guess at lambda times baseline."""

    noise: float
    """Relative measurement noise that the trajectory shows; 0.0 for exact data."""

    states: Float64[ndarray, "frame metabolite"] | None
    """The fitted frames without their noise, c.u.; None where they are taken as measured."""

    breaches: Int64[ndarray, " change"]
    """Changes from frame to frame of `states` that are no step of the model: where two windows meet."""

    line_covariance: Float64[ndarray, "metabolite 2 2"] | None
    """Of nuisance slope and offset, given `states`; None where they are as exact as the data."""

    mlp: SubstrateMlp
    mlp_deviation: float
    """Largest |MLP_sub / spline - 1| over the observed concentrations."""

    iterations: int
    residual_rms: float
    """Root of the mean squared residual over that of dc/dt, on the fitted frames."""

    heldout_rms: float | None
    """The same on the held-out frames; None where none were held out."""

    @property
    def alpha(self) -> float:
        """MLP_sub(1, 1): 1, since the scale is fixed there."""
        return self.mlp.response(1.0, 1.0)

    def log_response(self, log_c: Float64[ndarray, "*shape"], exponent: int) -> Float64[ndarray, "*shape"]:
        """log f of the spline.

        Args:
            log_c: Natural logarithm of the concentration, c.u.
            exponent: Position in `exponents`.
        """
        value: Float64[ndarray, "*shape"] = (
            SplineBasis(self.breaks).values(log_c) @ self.coefficients[exponent]
        )
        return value

    def log_slope(self, log_c: Float64[ndarray, "*shape"], exponent: int) -> Float64[ndarray, "*shape"]:
        """Derivative of log f with respect to log c: the local order of the reaction."""
        value: Float64[ndarray, "*shape"] = (
            SplineBasis(self.breaks).slopes(log_c) @ self.coefficients[exponent]
        )
        return value

    def fluxes(
        self, concentration: Float64[ndarray, "*batch metabolite"], stoichiometry: Stoichiometry
    ) -> Float64[ndarray, "*batch reaction"]:
        """v_j, c.u. per t.u.: the plain reference that faster forms are held to."""
        table = substrates_of(stoichiometry)
        log_c = log_concentration(concentration)
        factors = np.ones((*concentration.shape[:-1], *table.index.shape))
        for position, exponent in enumerate(self.exponents):
            response = np.exp(self.log_response(log_c, position))
            factors = np.where(table.exponent == exponent, response[..., table.index], factors)
        return np.asarray(self.rate_constants * combine(factors, table, stoichiometry.rate_law))

    def rate(
        self, concentration: Float64[ndarray, "*batch metabolite"], stoichiometry: Stoichiometry
    ) -> Float64[ndarray, "*batch metabolite"]:
        """dc/dt by the reactions, c.u. per t.u.

        Args:
            concentration: Concentrations, c.u.
            stoichiometry: S, E and rate law of the data set that the model was fitted to.
        """
        value: Float64[ndarray, "*batch metabolite"] = (
            self.fluxes(concentration, stoichiometry) @ stoichiometry.net.T
        )
        return value

    def arrays(self) -> dict[str, ndarray]:
        """Everything that `from_arrays` needs, by name."""
        return (
            {
                "mlp.hidden": self.mlp.hidden,
                "mlp.bias": self.mlp.bias,
                "mlp.output": self.mlp.output,
                "mlp.skip": self.mlp.skip,
                "exponents": self.exponents,
                "breaks": self.breaks,
                "coefficients": self.coefficients,
                "grid": self.grid,
                "log_f": self.log_f,
                "rate_constants": self.rate_constants,
                "nuisance_slope": self.nuisance_slope,
                "nuisance_offset": self.nuisance_offset,
                "mlp_deviation": np.array(self.mlp_deviation),
                "iterations": np.array(self.iterations),
                "residual_rms": np.array(self.residual_rms),
                "heldout_rms": np.array([] if self.heldout_rms is None else [self.heldout_rms]),
                "noise": np.array(self.noise),
                "breaches": self.breaches,
            }
            | ({} if self.states is None else {"states": self.states})
            | ({} if self.line_covariance is None else {"line_covariance": self.line_covariance})
        )

    @classmethod
    def from_arrays(cls, stored: Mapping[str, ndarray]) -> "ReactionModel":
        """The model that `arrays` came from.

        Raises:
            KeyError: An array is missing.
        """
        heldout = stored["heldout_rms"]
        return cls(
            exponents=stored["exponents"],
            breaks=stored["breaks"],
            coefficients=stored["coefficients"],
            grid=stored["grid"],
            log_f=stored["log_f"],
            rate_constants=stored["rate_constants"],
            nuisance_slope=stored["nuisance_slope"],
            nuisance_offset=stored["nuisance_offset"],
            mlp=SubstrateMlp(
                hidden=stored["mlp.hidden"],
                bias=stored["mlp.bias"],
                output=stored["mlp.output"],
                skip=stored["mlp.skip"],
            ),
            mlp_deviation=float(stored["mlp_deviation"]),
            iterations=int(stored["iterations"]),
            residual_rms=float(stored["residual_rms"]),
            heldout_rms=float(heldout[0]) if heldout.size else None,
            noise=float(stored["noise"]),
            states=stored.get("states"),
            breaches=stored["breaches"],
            line_covariance=stored.get("line_covariance"),
        )


def response_grid(log_c: Float64[ndarray, "*shape"]) -> Float64[ndarray, " point"]:
    """The even grid in log c for observed log concentrations."""
    return np.linspace(log_c.min() - GRID_MARGIN, log_c.max() + GRID_MARGIN, GRID_POINTS)
