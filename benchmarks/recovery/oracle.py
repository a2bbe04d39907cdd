"""The bound: what least squares recovers when the rate law is known.

With true responses and flux limit known, k, slope and offset of every metabolite are linear in the data:

    (c_i(t + W dt) - c_i(t)) / (W dt)  =  < sum_j S_ij k_j p_j(c)  +  slope_i c_i + offset_i >

where < > is the mean over the W frames from t on. W = 1 is dc/dt itself, exact for noise-free data; longer
windows take derivative noise out. Windows overlap, each metabolite is weighted by the spread of its left
side, and its affine part is projected out, so that one Gram matrix over the reactions remains.

This is written apart from the fit that it bounds, and shares no code with it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray
from numpy.lib.stride_tricks import sliding_window_view

from sim.evaluation.lines import response_lines, visited_range
from sim.evaluation.numbers import Metrics, finite
from sim.evaluation.rate_constants import rate_constant_metrics
from sim.networks.network import Stoichiometry, Truth
from sim.networks.substrates import RESPONSES, unit_rates

NULL = 1e-13
"""Directions with an eigenvalue below this share of the largest, of the Gram matrix scaled to a unit
diagonal, are not determined: the shortest solution has nothing along them."""


@dataclass(frozen=True)
class OracleFit:
    """Least squares with the rate law known."""

    rate_constants: Float64[ndarray, " reaction"]
    """k in the generator's own gauge."""

    slope: Float64[ndarray, " metabolite"]
    """1 per t.u.; NaN where a metabolite does not move."""

    offset: Float64[ndarray, " metabolite"]
    """Response at 0 c.u., c.u. per t.u."""

    pooled_slope: Float64[ndarray, " type"]
    """One slope per true type, shared inside a least squares of its own: what knowing the types adds."""

    pooled_offset: Float64[ndarray, " type"]
    pooled_rate_constants: Float64[ndarray, " reaction"]


def slowing(
    concentration: Float64[ndarray, "frame metabolite"],
    stoichiometry: Stoichiometry,
    truth: Truth,
    *,
    dt: float,
) -> Float64[ndarray, "frame reaction"]:
    """Share of each rate that the flux limit leaves: 1 where no substrate is over-consumed in a step.

    Args:
        concentration: Concentrations, c.u.
        stoichiometry: S, E and rate law.
        truth: Rate constants and responses.
        dt: Euler step, t.u.
    """
    rates = true_unit_rates(concentration, stoichiometry, truth) * truth.rate_constants
    consumption = np.maximum(-stoichiometry.net, 0.0)
    demand, available = rates @ consumption.T, concentration / dt
    share = np.divide(available, demand, out=np.ones_like(demand), where=demand > available)
    slowest = np.ones_like(rates)
    for metabolite, reactions in enumerate(consumption > 0):
        slowest[:, reactions] = np.minimum(slowest[:, reactions], share[:, metabolite, None])
    return np.asarray(slowest)


def true_unit_rates(
    concentration: Float64[ndarray, "frame metabolite"], stoichiometry: Stoichiometry, truth: Truth
) -> Float64[ndarray, "frame reaction"]:
    """v_j / k_j by the true rate law, without flux limit."""
    return unit_rates(concentration, stoichiometry, response=RESPONSES[truth.substrate])


def oracle_fit(
    concentration: Float64[ndarray, "frame metabolite"],
    stoichiometry: Stoichiometry,
    truth: Truth,
    *,
    dt: float,
    window: int = 1,
    flux_limit: bool = False,
) -> OracleFit:
    """All rate constants jointly, with a slope and an offset per metabolite.

    Args:
        concentration: As measured, c.u.; all frames are used.
        stoichiometry: S, E and rate law.
        truth: Its responses are taken as known, and with a flux limit its rate constants for the slowing.
        dt: Time between frames, t.u.
        window: W, in frames.
        flux_limit: Whether the generator slowed reactions that over-consume.
    """
    here = concentration[:-1]
    rates = true_unit_rates(here, stoichiometry, truth)
    if flux_limit:
        rates = rates * slowing(here, stoichiometry, truth, dt=dt)
    rates, level = _window_mean(rates, window), _window_mean(here, window)
    change = (concentration[window:] - concentration[:-window]) / (window * dt)
    # Where Euler was clamped at 0 the equation does not hold.
    valid = sliding_window_view(concentration[1:] > 0, window, axis=0).all(axis=-1)
    spread = change.std(axis=0)
    weight = valid * np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
    n_reactions, n_types = stoichiometry.n_reactions, truth.n_types
    own, pooled = _Normal(n_reactions), _Normal(n_reactions + 2 * n_types)
    for metabolite, coefficients in enumerate(stoichiometry.net):
        reactions, kind = np.flatnonzero(coefficients), truth.types[metabolite]
        scale = weight[:, metabolite, None]
        wanted = weight[:, metabolite] * change[:, metabolite]
        design = scale * rates[:, reactions] * coefficients[reactions]
        affine = scale * np.column_stack([level[:, metabolite], np.ones(len(level))])
        columns = np.append(reactions, [n_reactions + kind, n_reactions + n_types + kind])
        pooled.add(np.hstack([design, affine]), wanted, columns)
        directions, _ = np.linalg.qr(affine)
        own.add(design - directions @ (directions.T @ design), wanted, reactions)
    constants, together = own.solve(), pooled.solve()
    rest = change - (rates * constants) @ stoichiometry.net.T
    slope, offset = np.full(len(spread), np.nan), np.full(len(spread), np.nan)
    for metabolite in range(len(spread)):
        kept = weight[:, metabolite] > 0
        if kept.sum() >= 2 and np.ptp(level[kept, metabolite]) > 0:
            slope[metabolite], offset[metabolite] = np.polyfit(
                level[kept, metabolite], rest[kept, metabolite], 1
            )
    return OracleFit(
        rate_constants=constants,
        slope=slope,
        offset=offset,
        pooled_slope=together[n_reactions : n_reactions + n_types],
        pooled_offset=together[n_reactions + n_types :],
        pooled_rate_constants=together[:n_reactions],
    )


def oracle_metrics(
    fit: OracleFit,
    concentration: Float64[ndarray, "frame metabolite"],
    truth: Truth,
    identifiable: Bool[ndarray, " reaction"],
) -> Metrics:
    """R2 of log10 k, and per type the slope and offset ratios over the visited range.

    `slope_ratio_<t>` and `offset_ratio_<t>` are means over metabolites, as they are for a trained model;
    `..._median` and `..._iqr` are over the ratios of the single metabolites; `..._pooled` are those of one
    line per true type, None where regulation saturates, since the metabolites of a type share no line then.

    Args:
        fit: What is to be judged.
        concentration: The frames that it was fitted to, c.u.
        truth: Types, responses and rate constants.
        identifiable: Whether the data determine each rate constant.
    """
    metrics = rate_constant_metrics(fit.rate_constants, truth.rate_constants, identifiable)
    pooled = rate_constant_metrics(fit.pooled_rate_constants, truth.rate_constants, identifiable)
    metrics |= {f"{name}_pooled": value for name, value in pooled.items()}
    shares_line = truth.regulation == "linear"
    for kind in range(truth.n_types):
        pull, push = -truth.decay[kind], truth.decay[kind] * truth.baseline[kind]
        metrics[f"slope_ratio_{kind}_pooled"] = (
            finite(fit.pooled_slope[kind] / pull) if shares_line and pull else None
        )
        metrics[f"offset_ratio_{kind}_pooled"] = (
            finite(fit.pooled_offset[kind] / push) if shares_line and push else None
        )
    return metrics | affine_ratios(fit.slope, fit.offset, concentration, truth)


def affine_ratios(
    slope: Float64[ndarray, " metabolite"],
    offset: Float64[ndarray, " metabolite"],
    concentration: Float64[ndarray, "frame metabolite"],
    truth: Truth,
) -> Metrics:
    """Slopes and offsets of single metabolites over those of the line through the true response, per type.

    Args:
        slope: Per metabolite, 1 per t.u.; NaN where there is none.
        offset: Response at 0 c.u., c.u. per t.u.
        concentration: Says which range each metabolite visits, c.u.
        truth: Types and responses.
    """
    true_slope, true_offset = _true_lines(concentration, truth)
    metrics: Metrics = {}
    for kind in range(truth.n_types):
        for name, learned, true in (("slope", slope, true_slope), ("offset", offset, true_offset)):
            members = (truth.types == kind) & np.isfinite(learned) & np.isfinite(true)
            own, reference = learned[members], true[members]
            key = f"{name}_ratio_{kind}"
            if not members.any() or reference.mean() == 0 or (reference == 0).any():
                metrics |= {key: None, f"{key}_median": None, f"{key}_iqr": None}
                continue
            low, middle, high = np.percentile(own / reference, (25, 50, 75))
            metrics[key] = finite(own.mean() / reference.mean())
            metrics[f"{key}_median"], metrics[f"{key}_iqr"] = finite(middle), finite(high - low)
    return metrics


def _true_lines(
    concentration: Float64[ndarray, "frame metabolite"], truth: Truth
) -> tuple[Float64[ndarray, " metabolite"], Float64[ndarray, " metabolite"]]:
    """Slope and offset of each metabolite's true response; where it bends, of the line through it."""
    if truth.regulation == "linear":
        # Not by a fitted line: one through a metabolite that hardly moves is all rounding.
        decay = truth.decay[truth.types]
        return -decay, decay * truth.baseline[truth.types]
    points = visited_range(concentration)
    line = response_lines(points, truth.response(points)[None])
    return line.slope[0], line.offset[0]


def _window_mean(values: Float64[ndarray, "frame column"], window: int) -> Float64[ndarray, "start column"]:
    total = np.cumsum(values, axis=0)
    sums = total[window - 1 :].copy()
    sums[1:] -= total[:-window]
    return np.asarray(sums / window)


class _Normal:
    """Normal equations, gathered metabolite by metabolite."""

    def __init__(self, n_columns: int) -> None:
        self.matrix, self.target = np.zeros((n_columns, n_columns)), np.zeros(n_columns)

    def add(
        self,
        design: Float64[ndarray, "start member"],
        wanted: Float64[ndarray, " start"],
        columns: Int64[ndarray, " member"],
    ) -> None:
        self.matrix[np.ix_(columns, columns)] += design.T @ design
        self.target[columns] += design.T @ wanted

    def solve(self) -> Float64[ndarray, " column"]:
        """The shortest solution in units in which every column counts alike."""
        diagonal = np.sqrt(np.diagonal(self.matrix))
        scale = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
        sizes, directions = np.linalg.eigh(self.matrix * np.outer(scale, scale))
        inverse = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > NULL * sizes[-1])
        return np.asarray(scale * (directions @ (inverse * (directions.T @ (scale * self.target)))))
