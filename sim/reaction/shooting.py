"""Multiple shooting: states, rate constants, responses and regulation that explain noisy frames best.

The trajectory is cut into windows. In each one the model runs from an unknown start, and all that is
unknown is adjusted by Gauss-Newton so that it meets the measured frames: maximum likelihood for relative
noise. A weak term that acts over hundreds of frames shows where a derivative drowns in noise, and the
trajectories found are the measured ones without their noise. Bock & Plitt 1984
doi:10.1016/S1474-6670(17)61205-9; step control by Levenberg and Marquardt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from sim.reaction.dynamics import Dynamics, Parameters

CURVATURE_EVERY: Final = 4
"""Every how many-th frame enters the curvature; the gradient takes them all, so the end is the same."""

FLOOR: Final = 1e-6  # c.u.
FIRST_DAMPING: Final = 1e-3  # relative to the diagonal of the curvature
LEAST_DAMPING: Final = 1e-9
MAX_DAMPING: Final = 1e6
EASE: Final = 1e-3  # damping of shared parameters, against that of the starts, which are far more local


@dataclass(frozen=True)
class Shot:
    """A point of the search."""

    starts: Float64[ndarray, "window metabolite"]
    """Concentrations at the first frame of each window, c.u."""

    parameters: Parameters


class Flight(NamedTuple):
    """What a shot's model says of the frames."""

    states: Float64[ndarray, "step window metabolite"]
    cost: float
    """Sum of squared errors in units of the noise."""


class Curvature(NamedTuple):
    """Normal equations: starts of each window, and the parameters that all windows share."""

    starts: Float64[ndarray, "window metabolite metabolite"]
    mixed: Float64[ndarray, "window metabolite parameter"]
    shared: Float64[ndarray, "parameter parameter"]
    pull_starts: Float64[ndarray, "window metabolite"]
    pull_shared: Float64[ndarray, " parameter"]


class Step(NamedTuple):
    """A damped Gauss-Newton step, and the curvature of the shared parameters once starts are free."""

    starts: Float64[ndarray, "window metabolite"]
    shared: Float64[ndarray, " parameter"]
    reduced: Float64[ndarray, "parameter parameter"]


class Improved(NamedTuple):
    """An accepted step."""

    shot: Shot
    flight: Flight
    step: Step


class Shooting:
    """The search for one trajectory and one length of windows.

    Args:
        observed: Measured concentrations, c.u.
        dynamics: The model of a step.
        noise: Relative standard deviation of the measurement, above 0.
        length: Frames that a window spans at most; they are made equal.
    """

    def __init__(
        self,
        observed: Float64[ndarray, "frame metabolite"],
        dynamics: Dynamics,
        *,
        noise: float,
        length: int,
    ) -> None:
        self.dynamics, self.noise = dynamics, noise
        n_changes = len(observed) - 1
        n_windows = max(1, round(n_changes / length))
        self.length = n_changes // n_windows
        self.first: Int64[ndarray, " window"] = np.arange(n_windows) * self.length
        steps = np.arange(self.length + 1)
        self.observed = observed[self.first + steps[:, None]]  # step window metabolite
        # A frame that two windows share is counted by the one that starts there.
        self.counted = np.ones((self.length + 1, n_windows, 1))
        self.counted[-1, :-1] = 0.0
        self.n_values = int(self.counted.sum()) * observed.shape[1]

    @property
    def boundaries(self) -> Int64[ndarray, " boundary"]:
        """Changes that lead from one window's states to the next one's: no step of the model."""
        return self.first[1:] - 1

    def begin(self, states: Float64[ndarray, "frame metabolite"], parameters: Parameters) -> Shot:
        """The shot whose windows start from given states."""
        return Shot(np.maximum(states[self.first], FLOOR), parameters)

    def improve(self, shot: Shot, *, max_steps: int, tolerance: float) -> Iterator[Improved]:
        """Damped Gauss-Newton steps until the cost falls by less than `tolerance` of itself.

        Args:
            shot: Where to begin.
            max_steps: Most steps.
            tolerance: Relative decrease that ends the search.

        Yields:
            Every accepted step, with the shot and the flight that it led to.
        """
        flight, damping = self.fly(shot), FIRST_DAMPING
        for _ in range(max_steps):
            scale = self._scale(flight)
            before, curvature = self._linearise(shot, scale)
            accepted = None
            while accepted is None and damping < MAX_DAMPING:
                step = solve(curvature, damping)
                starts = np.maximum(shot.starts + step.starts, FLOOR)
                trial = Shot(starts, shot.parameters.moved(step.shared))
                reached = self.fly(trial, scale=scale).cost
                if reached < before:
                    accepted, damping = trial, max(damping / 10, LEAST_DAMPING)
                else:
                    damping = 10 * max(damping, 1e-6)
            if accepted is None:
                return
            shot, flight = accepted, self.fly(accepted)
            yield Improved(shot, flight, step)
            if (before - reached) / before < tolerance:
                return

    def fly(self, shot: Shot, *, scale: Float64[ndarray, "step window metabolite"] | None = None) -> Flight:
        """Runs the model through all windows.

        Args:
            shot: Starts and parameters.
            scale: Standard deviation of each measurement, c.u.; default: the noise of the states.
        """
        states = np.empty_like(self.observed)
        states[0] = shot.starts
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(self.length):
                states[step + 1] = self.dynamics.step(states[step], shot.parameters)
        if not np.isfinite(states).all():
            return Flight(states, np.inf)
        scale = self._scale(Flight(states, 0.0)) if scale is None else scale
        return Flight(states, float((self.counted * ((self.observed - states) / scale) ** 2).sum()))

    def trajectory(self, flight: Flight) -> Float64[ndarray, "frame metabolite"]:
        """The states of all windows, one after the other, c.u."""
        n_metabolites = self.observed.shape[2]
        inner = np.swapaxes(flight.states[:-1], 0, 1).reshape(-1, n_metabolites)
        return np.concatenate([inner, flight.states[-1, -1:]])

    def _scale(self, flight: Flight) -> Float64[ndarray, "step window metabolite"]:
        return np.asarray(self.noise * np.maximum(flight.states, FLOOR))

    def _linearise(
        self, shot: Shot, scale: Float64[ndarray, "step window metabolite"]
    ) -> tuple[float, Curvature]:
        """Cost, curvature and gradient, with sensitivities carried along the windows."""
        state, parameters = shot.starts, shot.parameters
        n_windows, n_metabolites = state.shape
        size = n_metabolites + parameters.size
        sensitivity = np.zeros((n_windows, n_metabolites, size))
        sensitivity[:, np.arange(n_metabolites), np.arange(n_metabolites)] = 1.0
        curvature, pull = np.zeros((n_windows, size, size)), np.zeros((n_windows, size))
        cost = 0.0
        for step in range(self.length + 1):
            weight = self.counted[step] / scale[step]
            error = weight * (self.observed[step] - state)
            cost += float((error**2).sum())
            pull += np.einsum("wmq,wm->wq", sensitivity, error * weight)
            if step % CURVATURE_EVERY == CURVATURE_EVERY // 2:
                scaled = sensitivity * weight[:, :, None]
                curvature += CURVATURE_EVERY * np.matmul(scaled.transpose(0, 2, 1), scaled)
            if step < self.length:
                state, sensitivity = self.dynamics.step_with_sensitivity(state, sensitivity, parameters)
        m = n_metabolites
        return cost, Curvature(
            starts=curvature[:, :m, :m],
            mixed=curvature[:, :m, m:],
            shared=curvature[:, m:, m:].sum(axis=0),
            pull_starts=pull[:, :m],
            pull_shared=pull[:, m:].sum(axis=0),
        )


def solve(curvature: Curvature, damping: float) -> Step:
    """The damped step, starts eliminated window by window.

    Args:
        curvature: Normal equations.
        damping: Relative to the diagonal.
    """
    diagonal = np.einsum("wii->wi", curvature.starts)
    damped = curvature.starts.copy()
    rows = np.arange(diagonal.shape[1])
    damped[:, rows, rows] += damping * diagonal
    right = np.concatenate([curvature.mixed, curvature.pull_starts[:, :, None]], axis=2)
    solved = np.linalg.solve(damped, right)
    absorbed = np.tensordot(curvature.mixed, solved[:, :, :-1], axes=((0, 1), (0, 1)))
    reduced = curvature.shared - absorbed
    gradient = curvature.pull_shared - np.einsum("wmp,wm->p", curvature.mixed, solved[:, :, -1])
    own = np.diagonal(curvature.shared)
    # The floor keeps what no frame shows (constants that are not determined) where it is.
    floor = 1e-12 * own + np.where(own > 0, 0.0, 1.0)
    shared = np.linalg.solve(reduced + np.diag(EASE * damping * own + floor), gradient)
    starts = solved[:, :, -1] - solved[:, :, :-1] @ shared
    return Step(starts=starts, shared=shared, reduced=reduced + np.diag(floor))
