"""Phase 1: fits the reaction model to observations, label-free, and writes candidates.

Fitted to the end there is one candidate. To be stopped early there are many, from far short of the fit
to nearly there: the fit never learns which one is wanted, the evaluator picks it.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from blocks.errors import DataError
from blocks.problem import Progress, Report
from sim.arrays import write_arrays
from sim.dataset import Trajectory
from sim.networks.substrates import without_equation
from sim.reaction.descent import Descent, End
from sim.reaction.design import Structure, designed, residual
from sim.reaction.dynamics import Parameters
from sim.reaction.gauge import vanish_without_substrate
from sim.reaction.measured import Measured
from sim.reaction.mlp import SubstrateMlp, fit_mlp
from sim.reaction.model import ReactionModel, response_grid
from sim.reaction.overdraft import overdrawn
from sim.reaction.refinement import Refined, refine
from sim.reaction.settings import FoundationSettings
from sim.reaction.spline import SplineBasis, log_concentration

FARTHEST: Final = 0.5  # share by which log f is shrunk in the first model of an early stop, and in the last
NEAREST: Final = 0.01


def candidate_name(number: int) -> str:
    """File name of a candidate: `candidate-000.npz`."""
    return f"candidate-{number:03d}.npz"


def fit_reaction(observations: Trajectory, settings: FoundationSettings, out: Path, report: Report) -> None:
    """Writes `candidate-000.npz`, and with a target R2 many more, into `out`.

    Args:
        observations: What to fit; neither labels nor truth are in there.
        settings: How to fit.
        out: Folder for the candidates; made if it does not exist.
        report: Takes the progress; its loss is the unexplained share of the squared dc/dt, and where noisy
            data are refined the squared error in units of the noise.

    Raises:
        DataError: There are too few frames to fit.
    """
    out.mkdir(parents=True, exist_ok=True)
    fit = ReactionFit(observations, settings)
    if settings.target_r2 is None:
        write_arrays(out / candidate_name(0), fit.to_the_end(report).arrays())
        return
    mlp = None
    for number, end in enumerate(fit.early_stops(report)):
        model = fit.model(end, mlp_start=mlp)
        write_arrays(out / candidate_name(number), model.arrays())
        mlp = model.mlp


class ReactionFit:
    """The fit of one data set.

    Args:
        observations: What to fit.
        settings: How to fit.

    Raises:
        DataError: There are too few frames to fit, or none of them moves.
    """

    def __init__(self, observations: Trajectory, settings: FoundationSettings) -> None:
        self.settings = settings
        self.stoichiometry = observations.stoichiometry
        self.concentration = observations.concentration
        n_changes = len(self.concentration) - 1
        self.n_fitted = n_changes - int(settings.validation * n_changes)
        blind = without_equation(observations.stoichiometry, observations.unobserved)
        measured = partial(Measured, dt=observations.dt, stride=settings.stride, blind=blind)
        self.fitted = measured(self.concentration[: self.n_fitted + 1])
        seen = len(range(0, self.n_fitted, settings.stride))
        if self.fitted.width == 1 and seen < 3:
            raise DataError(
                f"frames.npy: must give at least 3 frames to fit, but {n_changes + 1} frames with "
                f"stride {settings.stride} give {seen}; record more or lower foundation.stride"
            )
        self.unseen = measured(self.concentration[self.n_fitted :])
        if not (self.fitted.samples().rate ** 2).sum() > 0:
            raise DataError(
                "frames.npy: some concentration must change in a way that is not affine, but none does; "
                "record a trajectory that moves"
            )

    def to_the_end(self, report: Report, *, start: ReactionModel | None = None) -> ReactionModel:
        """The best model.

        Args:
            report: Takes the progress.
            start: A model of the same data to go on from; default: from scratch.
        """
        end = self.best(report, start=start)
        length = self.settings.shooting
        if self.fitted.noise == 0 or not length:
            return self.model(end)
        return self.model(
            end, refined=refine(self.fitted, self.stoichiometry, end, length=length, report=report)
        )

    def best(self, report: Report, *, start: ReactionModel | None = None) -> End:
        """The end of variable projection, before anything is refined."""
        log_c = log_concentration(self.fitted.concentration)
        basis = (
            SplineBasis.at_quantiles(log_c, self.settings.knots)
            if start is None
            else SplineBasis(start.breaks)
        )
        descent = Descent(self.fitted, self.stoichiometry, basis, self.settings, report)
        return descent.run(None if start is None else start.coefficients)

    def early_stops(self, report: Report) -> Iterator[End]:
        """Models short of the fit: responses still too flat, each with the rate constants that fit it best.

        log f is shrunk towards 0, where every fit begins, by shares that fall geometrically; so whatever
        the quality that is wanted, some model is near it. A rollout through one of them stays bounded,
        which iterates of Gauss-Newton with their ripples do not grant.
        """
        total = self.settings.candidates
        end = self.best(report)
        for step, short in enumerate(np.geomspace(FARTHEST, NEAREST, total)):
            report(Progress(step + 1, total, end.unexplained))
            shrunk = end.search.at((1 - float(short)) * end.iterate.coefficients, end.iterate.step)
            yield End(end.search, vanish_without_substrate(end.search, shrunk))

    def model(
        self, end: End, *, refined: Refined | None = None, mlp_start: SubstrateMlp | None = None
    ) -> ReactionModel:
        """The model of an end, with regulation, MLP_sub and residuals.

        Args:
            end: Spline coefficients and rate constants.
            refined: What multiple shooting made of them, where it did.
            mlp_start: Weights that MLP_sub's fit begins from.
        """
        basis, exponents = end.search.basis, end.search.structure.exponents
        found = refined.parameters if refined is not None else _parameters(end)
        log_c = log_concentration(self.concentration)
        grid = response_grid(log_c)
        log_f = found.coefficients @ basis.values(grid).T
        mlp = fit_mlp(grid[::8], log_f[:, ::8], exponents, start=mlp_start)
        seen = grid[(grid >= log_c.min()) & (grid <= log_c.max())]
        spline = found.coefficients @ basis.values(seen).T
        network = np.stack([mlp.log_response(seen, exponent) for exponent in exponents])
        with np.errstate(over="ignore"):  # a failed fit may be off by any factor
            deviation = float(np.abs(np.expm1(network - spline)).max())
        return ReactionModel(
            exponents=exponents,
            breaks=basis.breaks,
            coefficients=found.coefficients,
            grid=grid,
            log_f=log_f,
            rate_constants=found.rate_constants,
            nuisance_slope=found.slope,
            nuisance_offset=found.offset,
            noise=self.fitted.noise,
            states=None if refined is None else refined.states,
            breaches=np.zeros(0, dtype=np.int64) if refined is None else refined.breaches,
            line_covariance=None if refined is None else refined.line_covariance,
            mlp=mlp,
            mlp_deviation=deviation,
            iterations=end.iterate.step,
            residual_rms=float(np.sqrt(end.unexplained)),
            heldout_rms=self._heldout_rms(basis, found),
        )

    def _heldout_rms(self, basis: SplineBasis, found: Parameters) -> float | None:
        """Root of the share of the held-out dc/dt that neither reactions nor a regulation line explain."""
        if self.unseen.n_changes < max(3 * self.settings.stride, 2 * self.fitted.width):
            return None
        structure, concentration = Structure(self.stoichiometry), self.unseen.concentration
        values = basis.values(log_concentration(concentration[:-1]))
        responses = np.exp(np.einsum("tml,el->etm", values, found.coefficients, optimize=True))
        unit = structure.unit_rates(responses)
        fluxes = unit * found.rate_constants
        excluded = overdrawn(concentration, fluxes, self.stoichiometry, dt=self.unseen.dt)
        samples = self.unseen.samples(excluded=excluded)
        design = designed(samples, structure, unit[samples.used])
        left = residual(samples, structure, design, found.rate_constants)
        total = np.maximum((samples.rate**2).sum(), np.finfo(float).tiny)
        return float(np.sqrt((left**2).sum() / total))


def _parameters(end: End) -> Parameters:
    slope, offset = end.regulation()
    return Parameters(end.iterate.linear.rate_constants, end.iterate.coefficients, slope, offset)
