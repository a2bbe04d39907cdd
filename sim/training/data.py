"""What a training sees of a data set: its training frames, and what is computed of their concentrations.

The one place that decides which frames are held out. Whole frames are there for strategies that ask for
them, with NaN where the label column was; what is computed here is computed of concentrations alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from numpy import ndarray
from torch import Tensor

from blocks.errors import DataError
from sim.dataset import Observations
from sim.networks.substrates import without_equation
from sim.reaction.clamps import around_clamps
from sim.reaction.descent import MOST
from sim.reaction.model import ReactionModel
from sim.reaction.overdraft import overdrawn, spoilt
from sim.reaction.table import Pull
from sim.training.averages import Averages, averages, line_deviation, moving, residual_spread


@runtime_checkable
class Reaction(Protocol):
    """A frozen reaction model."""

    tolerance: float = 0.0
    """Largest relative error of a response as it is evaluated here."""

    def rate(self, concentration: Float[Tensor, "*batch metabolite"]) -> Float[Tensor, "*batch metabolite"]:
        """dc/dt by reactions alone, c.u. per t.u.; differentiable."""

    def linearised(
        self, concentration: Float[Tensor, "block metabolite row"]
    ) -> tuple[Float[Tensor, "block metabolite row"], Pull]:
        """The rate outside of any autograd graph, and the function that pulls a gradient back through it.

        By autograd, for a subclass that does not write it out.

        Args:
            concentration: Concentrations, c.u.; contiguous.
        """
        with torch.enable_grad():
            inner = concentration.clone().requires_grad_()  # what it lies in is written to, further on
            rate = self.rate(inner.mT).mT
        return rate.detach(), lambda pull: torch.autograd.grad(rate, inner, pull)[0]


def training_frames(n_frames: int, heldout_fraction: float) -> int:
    """How many of the first frames are for training; all later ones are held out.

    The held-out frames are the last ones, in one piece: neighbours in time are nearly copies, so
    that single frames drawn at random would not be unseen.

    Raises:
        DataError: Fewer than two frames would be left on either side.
    """
    kept = n_frames - round(n_frames * heldout_fraction)
    if kept < 2 or n_frames - kept < 2:
        raise DataError(
            f"training and held-out part must have at least 2 frames each, but {n_frames} frames split into "
            f"{kept} and {n_frames - kept} (heldout_fraction {heldout_fraction:g}); use a longer data set"
        )
    return kept


@dataclass(frozen=True)
class TrainingData:
    """Concentrations, and what the frozen reaction model leaves unexplained of their change."""

    concentration: Float[Tensor, "frame metabolite"]
    """Training frames, c.u., float64."""

    residual: Float[Tensor, "change metabolite"]
    """dc/dt - reaction at every training frame but the last, c.u. per t.u."""

    dt: float
    """Time between frames, t.u."""

    trusted: Bool[Tensor, "change metabolite"] | None = None
    """Changes that are steps of the rate law; None where all of them are."""

    line_covariance: Float[Tensor, "metabolite 2 2"] | None = None
    """Of slope and offset of each metabolite's residual, where noisy frames were fitted by a model."""

    _load_frames: Callable[[], Float64[Tensor, "frame metabolite 8"]] | None = field(
        default=None, repr=False, compare=False
    )

    _averages: dict[int, Averages] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def frames(self) -> Float64[Tensor, "frame metabolite 8"]:
        """The training frames as they were observed, all eight columns; column 6 is NaN.

        They are read from disk when a strategy first asks for them.

        Raises:
            DataError: These data were made without a data set.
        """
        if self._load_frames is None:
            raise DataError("frames: must come from a data set, but these data were made without one")
        return self._load_frames()

    @property
    def frames_read(self) -> bool:
        """Whether a strategy has asked for whole frames."""
        return "frames" in vars(self)

    @cached_property
    def weight(self) -> Float[Tensor, "change metabolite"]:
        """1 for every change that counts, and 0 for the others."""
        return (
            torch.ones_like(self.residual) if self.trusted is None else self.trusted.to(self.residual.dtype)
        )

    @cached_property
    def spread(self) -> Float[Tensor, " metabolite"]:
        """Scale of each metabolite's residual over the training frames, c.u. per t.u.

        The unit of every loss: metabolites count alike, whether they visit 0.1 or 100 c.u., and no
        label is needed to say so.
        """
        spread = residual_spread(self.residual, moving=moving(self.concentration), weight=self.weight)
        if self.line_covariance is None:
            return spread
        return torch.hypot(spread, line_deviation(self.concentration, self.line_covariance))

    def averaged(self, width: int) -> Averages:
        """The residual in integral form; computed once per width.

        Args:
            width: Frames that a window spans, at most as many as there are changes.
        """
        if width not in self._averages:
            known = moving(self.concentration)
            self._averages[width] = averages(self.residual, self.weight, moving=known, width=width)
        return self._averages[width]

    @cached_property
    def ordered(self) -> Float[Tensor, "frame metabolite"]:
        """Training concentrations of each metabolite in rising order, c.u.; for quantiles."""
        return self.concentration.sort(dim=0).values

    @property
    def concentration_scale(self) -> float:
        """Root mean square of all training concentrations, c.u."""
        return max(float(self.concentration.square().mean().sqrt()), torch.finfo(torch.float32).tiny)

    @property
    def response_scale(self) -> float:
        """Spread of the median metabolite's residual, c.u. per t.u.: the response to be expected."""
        finite = self.spread[torch.isfinite(self.spread)]
        return float(finite.median())

    @property
    def mid_concentration(self) -> float:
        """Mean of all training concentrations, c.u."""
        return float(self.concentration.mean())


def residual_of(
    concentration: Float[Tensor, "frame metabolite"], reaction: Reaction, *, dt: float
) -> Float[Tensor, "change metabolite"]:
    """Forward difference less the reactions: what is left for MLP_node to explain, c.u. per t.u.

    The forward difference is exact for a trajectory of explicit Euler steps.
    """
    with torch.no_grad():
        change = (concentration[1:] - concentration[:-1]) / dt
        return change - reaction.rate(concentration[:-1])


def training_data(
    observations: Observations,
    reaction: Reaction,
    *,
    heldout_fraction: float,
    model: ReactionModel | None = None,
) -> TrainingData:
    """Training frames of a data set with the residual of the reaction model.

    Args:
        observations: The data set.
        reaction: The frozen reaction model, as training evaluates it.
        heldout_fraction: Share of the frames that is never trained on.
        model: The fitted model behind `reaction`: frames without their noise are taken from it, and it
            tells which changes are no steps of the rate law. Default: frames as measured, all trusted.

    Raises:
        DataError: The data set is too short to be split, or the reaction model is not finite on it.
    """
    measured = observations.concentration
    kept = training_frames(len(measured), heldout_fraction)
    frames = measured[:kept] if model is None or model.states is None else model.states[:kept]
    concentration = torch.from_numpy(np.ascontiguousarray(frames))
    residual = residual_of(concentration, reaction, dt=observations.dt)
    if not bool(torch.isfinite(residual).all()):
        raise DataError(
            "dc/dt and the reaction model must be finite on every training frame, but one is not; "
            "check the concentrations, or fit the reaction model again"
        )
    whole = partial(_whole_frames, observations, kept)
    if model is None:
        return TrainingData(concentration, residual, observations.dt, _load_frames=whole)
    trusted = trusted_changes(frames, model, observations, states=model.states is not None)
    covariance = model.line_covariance
    return TrainingData(
        concentration,
        residual,
        observations.dt,
        trusted=None if trusted.all() else torch.from_numpy(trusted),
        line_covariance=None if covariance is None else torch.from_numpy(covariance),
        _load_frames=whole,
    )


def _whole_frames(observations: Observations, kept: int) -> Float64[Tensor, "frame metabolite 8"]:
    """A copy: the frames on disk are read-only, and shared by all that train on them."""
    return torch.from_numpy(np.array(observations.frames[:kept]))


def trusted_changes(
    concentration: Float64[ndarray, "frame metabolite"],
    model: ReactionModel,
    observations: Observations,
    *,
    states: bool,
) -> Bool[ndarray, "change metabolite"]:
    """Which changes are steps of the rate law: accounted for, no substrate ran out, and no two windows meet.

    Args:
        concentration: Frames of the data set, c.u.
        model: The fitted model.
        observations: Gives S, E and dt.
        states: Whether the frames are the model's own, windows of which meet.
    """
    if model.noise > 0:
        trusted = np.asarray(concentration[1:] > 0)
        if states:
            trusted[model.breaches[model.breaches < len(trusted)]] = False
            given = around_clamps(observations.concentration[: len(concentration)])
            trusted &= ~(given[:-1] | given[1:])
    else:
        stoichiometry, dt = observations.stoichiometry, observations.dt
        fluxes = model.fluxes(concentration[:-1], stoichiometry)
        suspects = overdrawn(concentration, fluxes, stoichiometry, dt=dt)
        regulation = model.nuisance_slope * concentration[:-1] + model.nuisance_offset
        unexplained = np.diff(concentration, axis=0) / dt - fluxes @ stoichiometry.net.T - regulation
        scale = np.sqrt(np.square(regulation).mean(axis=0))
        spoiled = spoilt(suspects, unexplained, concentration[1:], scale=scale)
        # A model by which nearly everything runs out is too far off to tell.
        trusted = ~spoiled if spoiled.mean() <= MOST else np.ones_like(spoiled)
    blind = without_equation(observations.stoichiometry, observations.unobserved)
    return np.asarray(trusted & ~blind)
