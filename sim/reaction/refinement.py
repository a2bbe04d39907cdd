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
from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.reaction.clamps import around_clamps
from sim.reaction.descent import End
from sim.reaction.dynamics import Dynamics, Parameters
from sim.reaction.elimination import Step
from sim.reaction.measured import Measured
from sim.reaction.shooting import Shooting
from sim.reaction.spline import log_concentration

SHORTEST: Final = 16
"""Frames of the first windows; each stage doubles them, so that it starts with the data nearly met."""

MAX_STEPS: Final = 6
TOLERANCE: Final = 1e-2  # relative decrease of the squared error that ends a stage
LAST_TOLERANCE: Final = 1e-4

MET: Final = 1.5
"""Squared error per frame and metabolite, in units of the noise, up to which the data count as met."""

SMOOTHING: Final = ((3e-3, 5), (2e-2, 7), (1.0, 15))
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
        What the longest windows gave in which the data are met; None where rates are sums (which this
        does not model), or where they are met in none.
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
    found = None
    lengths = stages(min(length, measured.n_changes))
    for stage, frames in enumerate(lengths):
        shooting = Shooting(
            measured.concentration, dynamics, noise=measured.noise, length=frames, given=measured.blind
        )
        last = frames == lengths[-1]
        improved = None
        for improved in shooting.improve(
            shooting.begin(states, parameters),
            max_steps=MAX_STEPS,
            tolerance=LAST_TOLERANCE if last else TOLERANCE,
        ):
            report(Progress(stage + 1, len(lengths), improved.flight.cost / shooting.n_values))
        if improved is None or not improved.flight.cost <= MET * shooting.n_values:
            break  # what shorter windows gave stands
        parameters, states = improved.shot.parameters, shooting.trajectory(improved.flight)
        found = Refined(
            parameters=parameters,
            states=states,
            breaches=shooting.boundaries,
            line_covariance=_of_lines(improved.step, parameters),
        )
    return found


def stages(length: int) -> list[int]:
    """Lengths of windows, each twice the one before, up to `length`."""
    lengths = [SHORTEST]
    while 2 * lengths[-1] < length:
        lengths.append(2 * lengths[-1])
    return [*lengths, length] if length > lengths[-1] else [max(length, 2)]


def smoothed(measured: Measured) -> Float64[ndarray, "frame metabolite"]:
    """First states: cubics through the logarithms of neighbouring frames (Savitzky & Golay 1964), c.u."""
    width = next(frames for limit, frames in SMOOTHING if measured.noise <= limit)
    if len(measured.concentration) < width:
        return measured.concentration
    logs = savgol_filter(log_concentration(measured.concentration), width, polyorder=3, axis=0)
    # A cubic does not follow into a clamp and out of it.
    return np.where(around_clamps(measured.concentration), measured.concentration, np.exp(logs))


def _of_lines(step: Step, parameters: Parameters) -> Float64[ndarray, "metabolite 2 2"]:
    n_metabolites = parameters.slope.size
    covariance = np.linalg.inv(step.reduced)[-2 * n_metabolites :, -2 * n_metabolites :]
    blocks = covariance.reshape(2, n_metabolites, 2, n_metabolites)
    return np.asarray(np.einsum("aibi->iab", blocks))
