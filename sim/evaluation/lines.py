"""Straight lines through learned response curves, and how they compare with the true ones.

A linear true response is -lambda * (c - baseline): slope -lambda, and lambda * baseline at c = 0, which
is what `offset` means here; of one that saturates, the line at the same concentrations counts. A line's
offset is its value at 0 c.u., not where it crosses zero: the crossing of a nearly flat line can lie
anywhere, its offset cannot.
"""

from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray

from sim.evaluation.numbers import Metrics, finite
from sim.networks.network import Truth
from sim.node import NodeCohort

POINTS: Final = 50
"""Concentrations at which a response curve is read."""

WIDE: Final = (0.0, 40.0)
"""The study's range, c.u., whether or not a metabolite ever goes there."""

VISITED_PERCENTILES: Final = (5.0, 95.0)


class Lines(NamedTuple):
    """Slope (1 per t.u.) and value at 0 c.u. (c.u. per t.u.) of each metabolite's response."""

    slope: Float64[ndarray, "replicate metabolite"]
    offset: Float64[ndarray, "replicate metabolite"]


def visited_range(
    concentration: Float64[ndarray, "frame metabolite"],
) -> Float64[ndarray, "point metabolite"]:
    """Even points between the 5th and 95th percentile of each metabolite's concentration, c.u."""
    low, high = np.percentile(concentration, VISITED_PERCENTILES, axis=0)
    return np.linspace(low, high, POINTS)


def wide_range(n_metabolites: int) -> Float64[ndarray, "point metabolite"]:
    """Even points on 0 .. 40 c.u., the same for all metabolites."""
    return np.repeat(np.linspace(*WIDE, POINTS)[:, None], n_metabolites, axis=1)


def response_curves(
    node: NodeCohort, points: Float64[ndarray, "point metabolite"]
) -> Float64[ndarray, "replicate point metabolite"]:
    """The learned response at the given concentrations, c.u. per t.u."""
    with torch.no_grad():
        curves: Float64[ndarray, "replicate point metabolite"] = node(
            torch.from_numpy(points).expand(node.n_replicates, -1, -1)
        ).numpy()
    return curves


def response_lines(
    points: Float64[ndarray, "point metabolite"],
    curves: Float64[ndarray, "replicate point metabolite"],
) -> Lines:
    """A line through each curve by ordinary least squares; NaN where the points have no spread."""
    middle = points.mean(axis=0)
    away = points - middle
    spread = np.square(away).sum(axis=0)
    still = spread <= 1e-24 * np.maximum(1.0, middle**2)
    slope = (away * curves).sum(axis=1) / np.where(still, np.nan, spread)
    return Lines(slope, curves.mean(axis=1) - slope * middle)


def ratios(
    lines: Lines, points: Float64[ndarray, "point metabolite"], truth: Truth, *, suffix: str = ""
) -> list[Metrics]:
    """slope_ratio_<t> and offset_ratio_<t> with the given suffix, for each replicate.

    Learned and true values are averaged over the metabolites of a type that have a line; the true
    line is that through the true response at the same points. A ratio to a true value of zero is None.

    Args:
        lines: Lines through the learned curves.
        points: The concentrations that they were read at, c.u.
        truth: Types and true response.
    """
    found: list[Metrics] = []
    true = response_lines(points, truth.response(points)[None])
    for slope, offset in zip(*lines, strict=True):
        metrics: Metrics = {}
        for kind in range(truth.n_types):
            members = (truth.types == kind) & ~np.isnan(slope)
            metrics[f"slope_ratio_{kind}{suffix}"] = _ratio(slope[members], true.slope[0, members])
            metrics[f"offset_ratio_{kind}{suffix}"] = _ratio(offset[members], true.offset[0, members])
        found.append(metrics)
    return found


def response_errors(
    curves: Float64[ndarray, "replicate point metabolite"],
    points: Float64[ndarray, "point metabolite"],
    truth: Truth,
) -> list[Metrics]:
    """response_error_<t>: rms of learned - true response over that of the true one, for each replicate.

    Over all points of all metabolites of a type; unlike a line's slope it sees a curve that bends.

    Args:
        curves: Learned responses, c.u. per t.u.
        points: The concentrations that they were read at, c.u.
        truth: Types and true response.
    """
    true = truth.response(points)
    found: list[Metrics] = []
    for curve in curves:
        metrics: Metrics = {}
        for kind in range(truth.n_types):
            members = truth.types == kind
            size = np.square(true[:, members]).sum()
            missed = np.square(curve[:, members] - true[:, members]).sum()
            metrics[f"response_error_{kind}"] = finite(np.sqrt(missed / size)) if size > 0 else None
        found.append(metrics)
    return found


def mean_ratio(metrics: Metrics, n_types: int, *, suffix: str = "") -> float | None:
    """avg_slope_ratio: mean of the slope ratios over types; None where one is missing."""
    values = _slope_ratios(metrics, n_types, suffix)
    return None if values is None else sum(values) / n_types


def slope_recovery(metrics: Metrics, n_types: int) -> float | None:
    """Mean over types of max(0, 1 - |slope_ratio - 1|), over visited concentrations.

    Unlike the mean ratio, it cannot be satisfied by one slope that lies between those of the types.
    """
    values = _slope_ratios(metrics, n_types, "")
    return None if values is None else sum(max(0.0, 1.0 - abs(value - 1.0)) for value in values) / n_types


def _slope_ratios(metrics: Metrics, n_types: int, suffix: str) -> list[float] | None:
    values = [metrics[f"slope_ratio_{kind}{suffix}"] for kind in range(n_types)]
    known = [value for value in values if value is not None]
    return known if known and len(known) == n_types else None


def _ratio(learned: Float64[ndarray, " member"], true: Float64[ndarray, " member"]) -> float | None:
    return finite(learned.mean() / true.mean()) if len(learned) and true.mean() != 0 else None
