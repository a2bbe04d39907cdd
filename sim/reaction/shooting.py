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
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from sim.reaction.clamps import around_clamps
from sim.reaction.dynamics import Dynamics, Parameters
from sim.reaction.elimination import Curvature, Step, solve
from sim.reaction.spline import FLOOR

CURVATURE_EVERY: Final = 4
"""Every how many-th frame enters the curvature; the gradient takes them all, so the end is the same."""

MAX_LOG_STEP: Final = 1.0  # by which a start may grow or shrink in one step
FIRST_DAMPING: Final = 1e-3  # relative to the diagonal of the curvature
LEAST_DAMPING: Final = 1e-9
MAX_DAMPING: Final = 1e6


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
        given: Metabolites that the model does not explain, but takes as measured; default: none.
    """

    def __init__(
        self,
        observed: Float64[ndarray, "frame metabolite"],
        dynamics: Dynamics,
        *,
        noise: float,
        length: int,
        given: Bool[ndarray, " metabolite"] | None = None,
    ) -> None:
        self.dynamics, self.noise = dynamics, noise
        n_changes = len(observed) - 1
        n_windows = max(1, round(n_changes / length))
        self.length = -(-n_changes // n_windows)
        # Where they do not go into the frames evenly, windows overlap by a frame or so.
        self.first: Int64[ndarray, " window"] = (
            np.arange(n_windows) * (n_changes - self.length) // max(n_windows - 1, 1)
        )
        frames = self.first + np.arange(self.length + 1)[:, None]
        self.observed = observed[frames]  # step window metabolite
        self.forced: Bool[ndarray, "step window metabolite"] = around_clamps(observed)[frames]
        if given is not None:
            self.forced = self.forced | given
        # A frame that two windows share is counted by the one that starts there.
        own = frames < np.append(self.first[1:], n_changes + 1)
        self.counted = np.where(self.forced | ~own[:, :, None], 0.0, 1.0)
        self.owner: Int64[ndarray, " frame"] = (
            np.searchsorted(self.first, np.arange(n_changes + 1), side="right") - 1
        )
        self.n_values = int(self.counted.sum())
        # The mean logarithm of 1 + noise is -noise^2 / 2.
        self.logs = np.log(np.maximum(self.observed, FLOOR)) + noise**2 / 2

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
        for _ in range(max_steps if np.isfinite(flight.cost) else 0):
            before, curvature = self._linearise(shot)
            accepted = None
            while accepted is None and damping < MAX_DAMPING:
                step = solve(curvature, damping)
                starts = shot.starts * np.exp(np.clip(step.starts, -MAX_LOG_STEP, MAX_LOG_STEP))
                trial = Shot(starts, shot.parameters.moved(step.shared))
                flown = self.fly(trial)
                reached = flown.cost
                if reached < before:
                    accepted, damping = trial, max(damping / 10, LEAST_DAMPING)
                else:
                    damping = 10 * max(damping, 1e-6)
            if accepted is None:
                return
            shot, flight = accepted, flown
            yield Improved(shot, flight, step)
            if (before - reached) / before < tolerance:
                return

    def fly(self, shot: Shot) -> Flight:
        """Runs the model through all windows.

        Args:
            shot: Starts and parameters.
        """
        states = np.empty_like(self.observed)
        states[0] = shot.starts
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(self.length):
                following = self.dynamics.step(states[step], shot.parameters)
                states[step + 1] = np.where(self.forced[step + 1], self.observed[step + 1], following)
        if not np.isfinite(states).all():
            return Flight(states, np.inf)
        return Flight(states, float((self._error(states, slice(None)) ** 2).sum()))

    def trajectory(self, flight: Flight) -> Float64[ndarray, "frame metabolite"]:
        """The states of all windows, one after the other, c.u."""
        step = np.arange(self.owner.size) - self.first[self.owner]
        return np.asarray(flight.states[step, self.owner])

    def _error(
        self, states: Float64[ndarray, "*step window metabolite"], step: int | slice
    ) -> Float64[ndarray, "*step window metabolite"]:
        """Log of measured over modelled, in units of the noise; growth makes logarithms nearly linear."""
        logs = np.log(np.maximum(states, FLOOR))
        return np.asarray(self.counted[step] * (self.logs[step] - logs) / self.noise)

    def _linearise(self, shot: Shot) -> tuple[float, Curvature]:
        """Cost, curvature and gradient, with sensitivities carried along the windows."""
        state, parameters = shot.starts, shot.parameters
        n_windows, n_metabolites = state.shape
        size = n_metabolites + parameters.size
        sensitivity = np.zeros((n_windows, n_metabolites, size))
        # By the logarithm of a start, so that it stays positive; a start that is given does not move.
        free = np.where(self.forced[0], 0.0, state)
        sensitivity[:, np.arange(n_metabolites), np.arange(n_metabolites)] = free
        curvature, pull = np.zeros((n_windows, size, size)), np.zeros((n_windows, size))
        cost = 0.0
        for step in range(self.length + 1):
            weight = self.counted[step] / (self.noise * np.maximum(state, FLOOR))
            error = self._error(state, step)
            cost += float((error**2).sum())
            pull += np.einsum("wmq,wm->wq", sensitivity, error * weight)
            # The first frame counts at once, since what follows it may be given.
            share = 1 if step == 0 else CURVATURE_EVERY * (step % CURVATURE_EVERY == CURVATURE_EVERY // 2)
            if share:
                scaled = sensitivity * weight[:, :, None]
                curvature += share * np.matmul(scaled.transpose(0, 2, 1), scaled)
            if step < self.length:
                state, sensitivity = self.dynamics.step_with_sensitivity(state, sensitivity, parameters)
                forced = self.forced[step + 1]
                state = np.where(forced, self.observed[step + 1], state)
                sensitivity[forced] = 0.0
        m = n_metabolites
        return cost, Curvature(
            starts=curvature[:, :m, :m],
            mixed=curvature[:, :m, m:],
            shared=curvature[:, m:, m:].sum(axis=0),
            pull_starts=pull[:, :m],
            pull_shared=pull[:, m:].sum(axis=0),
        )
