"""From averages to trajectories: the fit of noisy data, refined by multiple shooting.

Windows grow in stages, since a run over hundreds of frames must start near the truth to stay with the
data. Where no trajectory of the model meets the data to within their noise, noise is not all that is
missing, and nothing is refined.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from scipy.signal import savgol_filter

from blocks.problem import Progress, Report
from sim.networks.network import RateLaw, Stoichiometry
from sim.reaction.descent import End
from sim.reaction.dynamics import Dynamics, Parameters
from sim.reaction.measured import Measured
from sim.reaction.shooting import Shooting, Step
from sim.reaction.spline import log_concentration

STAGES: Final = ((3, 4, 1e-2), (1, 8, 1e-5))
"""Divisor of the windows' length, most steps, tolerance."""

MET: Final = 1.5
"""Squared error per frame and metabolite, in units of the noise, up to which the data count as met."""

SMOOTHING: Final = ((3e-3, 7), (2e-2, 15), (1.0, 31))
"""Relative noise up to which a width is used, and the frames of the cubic that gives first states."""


@dataclass(frozen=True)
class Refined:
    """What multiple shooting found."""

    parameters: Parameters
    states: Float64[ndarray, "frame metabolite"]
    """Trajectories without noise, c.u."""

    breaches: Int64[ndarray, " change"]
    """Changes between windows: no step of the model."""

    line_covariance: Float64[ndarray, "metabolite 2 2"]
    """Of each metabolite's slope and offset, all else being free."""


def refine(
    measured: Measured, stoichiometry: Stoichiometry, end: End, *, length: int, report: Report
) -> Refined | None:
    """Refines a fit.

    Args:
        measured: The frames that were fitted; noisy.
        stoichiometry: S, E and rate law.
        end: The fit.
        length: Frames of a window, in the last stage.
        report: Takes the progress; its loss is the squared error in units of the noise.

    Returns:
        None where rates are sums (which this does not model), or the data are not met.
    """
    if stoichiometry.rate_law is not RateLaw.MASS_ACTION:
        return None
    dynamics = Dynamics(stoichiometry, end.search.basis, measured.dt)
    slope, offset = end.regulation()
    # A constant that came out negative would have its reaction run backwards for hundreds of frames.
    constants = end.iterate.linear.rate_constants
    typical = float(np.median(constants[constants > 0]))
    parameters = Parameters(np.maximum(constants, 1e-3 * typical), end.iterate.coefficients, slope, offset)
    states = smoothed(measured)
    total = sum(steps for _, steps, _ in STAGES)
    done = 0
    step: Step | None = None
    for divisor, steps, tolerance in STAGES:
        shooting = Shooting(
            measured.concentration, dynamics, noise=measured.noise, length=max(length // divisor, 2)
        )
        shot = shooting.begin(states, parameters)
        step = None
        for improved in shooting.improve(shot, max_steps=steps, tolerance=tolerance):
            shot, flight, step = improved
            done += 1
            report(Progress(done, total, flight.cost / shooting.n_values))
        if step is None:
            return None
        parameters, states = shot.parameters, shooting.trajectory(flight)
    if step is None or not flight.cost <= MET * shooting.n_values:
        return None
    return Refined(
        parameters=parameters,
        states=states,
        breaches=shooting.boundaries,
        line_covariance=_of_lines(step, parameters),
    )


def smoothed(measured: Measured) -> Float64[ndarray, "frame metabolite"]:
    """First states: cubics through the logarithms of neighbouring frames (Savitzky & Golay 1964), c.u."""
    width = next(frames for limit, frames in SMOOTHING if measured.noise <= limit)
    width = min(width, (len(measured.concentration) - 1) // 2 * 2 + 1)
    if width <= 3:
        return measured.concentration
    logs = log_concentration(measured.concentration)
    return np.asarray(np.exp(savgol_filter(logs, width, polyorder=3, axis=0)))


def _of_lines(step: Step, parameters: Parameters) -> Float64[ndarray, "metabolite 2 2"]:
    n_metabolites = parameters.slope.size
    covariance = np.linalg.inv(step.reduced)[-2 * n_metabolites :, -2 * n_metabolites :]
    blocks = covariance.reshape(2, n_metabolites, 2, n_metabolites)
    return np.asarray(np.einsum("aibi->iab", blocks))
