"""Phase 1: fits the reaction model to observations, label-free, and writes candidates.

Fitted to the end there is one candidate. To be stopped early there are many, from far short of the fit
to nearly there: the fit never learns which one is wanted, the evaluator picks it.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from blocks.errors import DataError
from blocks.problem import Progress, Report
from sim.arrays import write_arrays
from sim.dataset import Observations
from sim.reaction.design import Structure, nuisance, sample
from sim.reaction.gauge import vanish_without_substrate
from sim.reaction.mlp import SubstrateMlp, fit_mlp
from sim.reaction.model import ReactionModel, response_grid
from sim.reaction.settings import FoundationSettings
from sim.reaction.spline import SplineBasis, log_concentration
from sim.reaction.varpro import Iterate, VariableProjection

STARTS: Final = (0.5, 0.05, 1.5)
"""Slopes of log f that a fit starts from; the next one is tried where the last left much unexplained."""

EXPLAINED: Final = 1e-6  # share of the squared dc/dt; below it no other start is tried
FARTHEST: Final = 0.5  # share by which log f is shrunk in the first model of an early stop, and in the last
NEAREST: Final = 0.01
POLISH: Final = 4  # steps after a change of scale
EXACT: Final = 1e-14  # share at which rounding takes over, the smoothness term included


def candidate_name(number: int) -> str:
    """File name of a candidate: `candidate-000.npz`."""
    return f"candidate-{number:03d}.npz"


def fit_reaction(observations: Observations, settings: FoundationSettings, out: Path, report: Report) -> None:
    """Writes `candidate-000.npz`, and with a target R2 many more, into `out`.

    Args:
        observations: What to fit; neither labels nor truth are in there.
        settings: How to fit.
        out: Folder for the candidates; made if it does not exist.
        report: Takes the progress; its loss is the unexplained share of the squared dc/dt.

    Raises:
        DataError: There are too few frames to fit.
    """
    out.mkdir(parents=True, exist_ok=True)
    fit = ReactionFit(observations, settings)
    if settings.target_r2 is None:
        write_arrays(out / candidate_name(0), fit.model(fit.best(report)).arrays())
        return
    mlp = None
    for number, iterate in enumerate(fit.early_stops(report)):
        model = fit.model(iterate, mlp_start=mlp)
        write_arrays(out / candidate_name(number), model.arrays())
        mlp = model.mlp


class ReactionFit:
    """The fit of one data set."""

    def __init__(self, observations: Observations, settings: FoundationSettings) -> None:
        self.settings = settings
        self.dt = observations.dt
        self.concentration = observations.concentration
        self.stoichiometry = observations.stoichiometry
        self.structure = Structure(observations.stoichiometry)
        self.frames, self.heldout = _split(len(self.concentration) - 1, settings)
        self.derivative = np.diff(self.concentration, axis=0) / self.dt
        self.scale: Float64[ndarray, " metabolite"] = self.derivative[self.frames].std(axis=0)
        self.samples = sample(self.concentration, self.dt, self.frames, scale=self.scale)
        self.log_c = log_concentration(self.concentration)
        basis = SplineBasis.at_quantiles(self.log_c[self.frames], settings.knots)
        self.search = VariableProjection(self.samples, self.structure, basis, smoothness=settings.smoothness)
        self.total = float((self.samples.rate**2).sum())
        if not self.total > 0:
            raise DataError(
                "frames.npy: some concentration must change in a way that is not affine, but none does; "
                "record a trajectory that moves"
            )

    def unexplained(self, iterate: Iterate) -> float:
        """Share of the squared weighted dc/dt that is left."""
        return iterate.linear.cost / self.total

    def best(self, report: Report) -> Iterate:
        """The best end of the starts."""
        ends: list[Iterate] = []
        for slope in STARTS:
            ends.append(self._descend(slope, report))
            if self.unexplained(ends[-1]) < EXPLAINED:
                break
        end = min(ends, key=self.search.objective)
        anchored = vanish_without_substrate(self.search, end)
        if anchored is end:
            return end
        # A few steps restore the fit; the scale, which no step improves, stays where it was put.
        *_, polished = anchored, *self.search.iterate(anchored, max_iterations=POLISH, tolerance=1e-2)
        return replace(polished, step=end.step + polished.step)

    def early_stops(self, report: Report) -> Iterator[Iterate]:
        """Models short of the fit: responses still too flat, each with the rate constants that fit it best.

        log f is shrunk towards 0, where every fit begins, by shares that fall geometrically; so whatever
        the quality that is wanted, some model is near it. A rollout through one of them stays bounded,
        which iterates of Gauss-Newton with their ripples do not grant.
        """
        total = self.settings.candidates
        end = self.best(report)
        for step, short in enumerate(np.geomspace(FARTHEST, NEAREST, total)):
            report(Progress(step + 1, total, self.unexplained(end)))
            shrunk = self.search.at((1 - float(short)) * end.coefficients, end.step)
            yield vanish_without_substrate(self.search, shrunk)

    def model(self, iterate: Iterate, *, mlp_start: SubstrateMlp | None = None) -> ReactionModel:
        """The model of an iterate, with nuisance, MLP_sub and residuals.

        Args:
            iterate: Spline coefficients and rate constants.
            mlp_start: Weights that MLP_sub's fit begins from.
        """
        basis, exponents = self.search.basis, self.structure.exponents
        constants = iterate.linear.rate_constants
        slope, offset = nuisance(
            self.samples,
            self.structure,
            self.search.unit_rates(iterate.coefficients),
            rate_constants=constants,
            derivative=self.derivative[self.frames],
        )
        grid = response_grid(self.log_c)
        log_f = iterate.coefficients @ basis.values(grid).T
        mlp = fit_mlp(grid[::8], log_f[:, ::8], exponents, start=mlp_start)
        seen = grid[(grid >= self.log_c.min()) & (grid <= self.log_c.max())]
        spline = iterate.coefficients @ basis.values(seen).T
        network = np.stack([mlp.log_response(seen, exponent) for exponent in exponents])
        with np.errstate(over="ignore"):  # a failed fit may be off by any factor
            deviation = float(np.abs(np.expm1(network - spline)).max())
        model = ReactionModel(
            exponents=exponents,
            breaks=basis.breaks,
            coefficients=iterate.coefficients,
            grid=grid,
            log_f=log_f,
            rate_constants=constants,
            nuisance_slope=slope,
            nuisance_offset=offset,
            mlp=mlp,
            mlp_deviation=deviation,
            iterations=iterate.step,
            residual_rms=float(np.sqrt(self.unexplained(iterate))),
            heldout_rms=None,
        )
        return replace(model, heldout_rms=self._heldout_rms(model))

    def _descend(self, slope: float, report: Report) -> Iterate:
        start = end = self.search.at(self.search.start(slope))
        limit = self.settings.max_iterations
        for end in self.search.iterate(start, max_iterations=limit, tolerance=self.settings.tolerance):
            report(Progress(end.step, limit, self.unexplained(end)))
            if self.search.objective(end) < EXACT * self.total:
                break
        return end

    def _heldout_rms(self, model: ReactionModel) -> float | None:
        if not self.heldout.size:
            return None
        here = self.concentration[self.heldout]
        weight = np.divide(1.0, self.scale, out=np.zeros_like(self.scale), where=self.scale > 0)
        measured = self.derivative[self.heldout]
        known = model.rate(here, self.stoichiometry) + model.nuisance_slope * here + model.nuisance_offset
        left = (((measured - known) * weight) ** 2).sum()
        return float(np.sqrt(left / np.maximum(((measured * weight) ** 2).sum(), np.finfo(float).tiny)))


def _split(
    n_steps: int, settings: FoundationSettings
) -> tuple[Int64[ndarray, " fitted"], Int64[ndarray, " heldout"]]:
    """Frames to fit and frames to hold out: the end of the trajectory, which no fitted frame borders on."""
    n_fitted = n_steps - int(settings.validation * n_steps)
    fitted = np.arange(0, n_fitted, settings.stride)
    if fitted.size < 3:
        raise DataError(
            f"frames.npy: must give at least 3 frames to fit, but {n_steps + 1} frames with stride "
            f"{settings.stride} give {fitted.size}; record more or lower foundation.stride"
        )
    return fitted, np.arange(n_fitted, n_steps, settings.stride)
