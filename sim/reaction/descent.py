"""The stages of a fit: from a start to the end, without what ran out, with curved regulation where it shows.

A stage goes on from the last one's coefficients and hands over the search that its end belongs to.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from blocks.problem import Progress, Report
from sim.networks.network import Stoichiometry
from sim.networks.rate_law import RateLaw
from sim.reaction.design import Structure, regulation_line
from sim.reaction.gauge import vanish_without_substrate
from sim.reaction.measured import Measured
from sim.reaction.overdraft import LADDER, overdrawn
from sim.reaction.samples import Nuisance, curve, line
from sim.reaction.settings import FoundationSettings
from sim.reaction.spline import SplineBasis, log_concentration
from sim.reaction.varpro import Iterate, VariableProjection

STARTS: Final = (0.5, 0.05, 1.5)
"""Slopes of log f that a fit starts from; the next one is tried where the last left much unexplained."""

EXPLAINED: Final = 1e-6  # share of the squared dc/dt; below it no other start is tried
NOISY: Final = 20.0  # squared error per sample in units of its noise, below which no other start is tried
POLISH: Final = 4  # steps after a change of scale
EXACT: Final = 1e-14  # share at which rounding takes over, the smoothness term included
ROUGH: Final = 1e-3  # tolerance of a stage that another one follows
BENT: Final = 3.0  # a flexible nuisance is kept where it leaves so many times less unexplained
GROWTH: Final = (48, 24, 12, 6, 3, 1)  # the first n-th of the changes, in which less has run out
MOST: Final = 0.75  # share of the changes that may be left out

Excluded = Bool[ndarray, "change metabolite"]


@dataclass(frozen=True)
class End:
    """Where a stage ended."""

    search: VariableProjection
    iterate: Iterate

    @property
    def total(self) -> float:
        """Squared weighted dc/dt of what was fitted."""
        return float((self.search.samples.rate**2).sum())

    @property
    def unexplained(self) -> float:
        """Share of it that is left."""
        return self.iterate.linear.cost / self.total if self.total > 0 else np.inf

    def regulation(self) -> tuple[Float64[ndarray, " metabolite"], Float64[ndarray, " metabolite"]]:
        """Slope (1 per t.u.) and offset (c.u. per t.u.) of the line through each metabolite's regulation."""
        return regulation_line(
            self.search.samples,
            self.search.structure,
            self.search.unit_rates(self.iterate.coefficients),
            rate_constants=self.iterate.linear.rate_constants,
        )


class Descent:
    """The fit of one trajectory.

    Args:
        measured: The frames to fit.
        stoichiometry: S and E.
        basis: Splines that the responses are made of.
        settings: How to fit.
        report: Takes the progress.
    """

    def __init__(
        self,
        measured: Measured,
        stoichiometry: Stoichiometry,
        basis: SplineBasis,
        settings: FoundationSettings,
        report: Report,
    ) -> None:
        self.measured, self.stoichiometry, self.basis = measured, stoichiometry, basis
        self.structure = Structure(stoichiometry)
        self.settings, self.report = settings, report

    def run(self, start: Float64[ndarray, "exponent coefficient"] | None = None) -> End:
        """All stages.

        Args:
            start: Coefficients to go on from; default: the best of several starts.
        """
        end = self._best_of_starts() if start is None else self._descend(self._search(), start)
        if self.measured.noise == 0:
            end, excluded = self._without_overdrafts(end)
            if end.unexplained > EXPLAINED and self.structure.rate_law is RateLaw.MASS_ACTION:
                grown, left_out = self._grown()
                if left_out.mean() < MOST and grown.unexplained < end.unexplained:
                    end, excluded = grown, left_out
            end = self._with_curves(end, excluded)
        anchored = vanish_without_substrate(end.search, end.iterate)
        if anchored is end.iterate:
            return end
        # A few steps restore the fit; the scale, which no step improves, stays where it was put.
        *_, polished = anchored, *end.search.iterate(anchored, max_iterations=POLISH, tolerance=1e-2)
        return End(end.search, replace(polished, step=end.iterate.step + polished.step))

    def _search(
        self, *, excluded: Excluded | None = None, nuisance: Nuisance = line, end: int | None = None
    ) -> VariableProjection:
        samples = self.measured.samples(excluded=excluded, nuisance=nuisance, end=end)
        return VariableProjection(samples, self.structure, self.basis, smoothness=self.settings.smoothness)

    def _best_of_starts(self) -> End:
        search, ends = self._search(), []
        values = search.samples.rate
        enough = NOISY * values.size / (values**2).sum() if self.measured.noise else EXPLAINED
        for slope in STARTS:
            ends.append(self._descend(search, search.start(slope)))
            if ends[-1].unexplained < enough:
                break
        return min(ends, key=lambda end: search.objective(end.iterate))

    def _descend(
        self,
        search: VariableProjection,
        coefficients: Float64[ndarray, "exponent coefficient"],
        *,
        tolerance: float | None = None,
    ) -> End:
        limit = self.settings.max_iterations
        end = End(search, search.at(coefficients))
        total = end.total
        steps = search.iterate(
            end.iterate,
            max_iterations=limit,
            tolerance=self.settings.tolerance if tolerance is None else tolerance,
        )
        for iterate in steps:
            end = End(search, iterate)
            self.report(Progress(iterate.step, limit, end.unexplained))
            if search.objective(iterate) < EXACT * total:
                break
        return end

    def _without_overdrafts(self, end: End) -> tuple[End, Excluded]:
        """The end over those changes that are Euler steps of the rate law."""
        excluded = np.zeros((self.measured.n_changes, self.structure.n_metabolites), dtype=bool)
        rough = False
        for caution in LADDER:
            concentration, last = self.measured.concentration, caution is LADDER[-1]
            found = overdrawn(
                concentration,
                self._fluxes(end, concentration[:-1]),
                self.stoichiometry,
                dt=self.measured.dt,
                caution=caution,
            )
            # A model by which nearly everything runs out is too far off to tell.
            same = (found == excluded).all() and not (last and rough)
            if same or found.mean() > MOST:
                continue
            excluded, rough = found, not last
            end = self._descend(
                self._search(excluded=excluded),
                end.iterate.coefficients,
                tolerance=None if last else ROUGH,
            )
        return end, excluded

    def _grown(self) -> tuple[End, Excluded]:
        """The same from the first frames on: a model of those knows what runs out in the next ones."""
        concentration, n_changes = self.measured.concentration, self.measured.n_changes
        excluded = np.zeros((n_changes, self.structure.n_metabolites), dtype=bool)
        coefficients = None
        stops = [max(n_changes // share, 3) for share in GROWTH]
        for stop, following in zip(stops, [*stops[1:], n_changes], strict=True):
            for caution in (LADDER[1], LADDER[-1]):
                search = self._search(excluded=excluded[:stop], end=stop)
                start = search.start(STARTS[0]) if coefficients is None else coefficients
                end = self._descend(search, start, tolerance=None if stop == n_changes else ROUGH)
                coefficients = end.iterate.coefficients
                seen = concentration[: following + 1]
                excluded[:following] = overdrawn(
                    seen,
                    self._fluxes(end, seen[:-1]),
                    self.stoichiometry,
                    dt=self.measured.dt,
                    caution=caution,
                )
        return end, excluded

    def _with_curves(self, end: End, excluded: Excluded) -> End:
        """The end with a flexible nuisance, where a line leaves much more unexplained.

        Where rates are sums, a substrate's own share in them looks like such a nuisance.
        """
        if end.unexplained < EXACT or self.structure.rate_law is RateLaw.ADDITIVE:
            return end
        bent = self._descend(self._search(excluded=excluded, nuisance=curve), end.iterate.coefficients)
        return bent if bent.iterate.linear.cost * BENT < end.iterate.linear.cost else end

    def _fluxes(
        self, end: End, concentration: Float64[ndarray, "frame metabolite"]
    ) -> Float64[ndarray, "frame reaction"]:
        values = self.basis.values(log_concentration(concentration))
        logs = np.einsum("tml,el->etm", values, end.iterate.coefficients, optimize=True)
        responses = np.exp(np.clip(logs, -60.0, 60.0))
        return np.asarray(self.structure.unit_rates(responses) * end.iterate.linear.rate_constants)
