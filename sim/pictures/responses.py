"""Learned response curves over the concentrations that each metabolite visits, with the truth on top.

A metabolite that never moves visits a single concentration: it is a dot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy import ndarray

from sim.networks.network import Truth
from sim.pictures.groups import Groups
from sim.pictures.style import MUTED, blank, darker, finish

TRUE_POINTS = 200
ROOM = 0.08
"""Share of the axis that is left free above and below what counts."""


@dataclass(frozen=True)
class TrueCurve:
    """The true response of one type, over all that its members visit."""

    kind: int
    label: str
    concentration: Float64[ndarray, " point"]
    """c.u."""

    response: Float64[ndarray, " point"]
    """c.u. per t.u."""


def true_curves(points: Float64[ndarray, "point metabolite"], truth: Truth) -> list[TrueCurve]:
    """One curve for each type that has a member.

    Args:
        points: Concentrations that each metabolite visits, c.u.
        truth: Types and true response.
    """
    found = []
    for kind in range(truth.n_types):
        members = np.flatnonzero(truth.types == kind)
        if members.size:
            grid = np.linspace(points[:, members].min(), points[:, members].max(), TRUE_POINTS)
            everybody = truth.response(np.repeat(grid[:, None], len(truth.types), axis=1))
            label = f"true: λ {truth.decay[kind]:g} per t.u., baseline {truth.baseline[kind]:.3g} c.u."
            found.append(TrueCurve(kind, label, grid, everybody[:, members[0]]))
    return found


def draw_responses(
    points: Float64[ndarray, "point metabolite"],
    curves: Float64[ndarray, "replicate point metabolite"],
    *,
    shown: int,
    others: Sequence[int],
    groups: Groups,
    true: Sequence[TrueCurve],
    which: str,
) -> Figure:
    """Response curves of one replicate, those of the others faintly behind it.

    Args:
        points: Concentrations that each metabolite visits, c.u.
        curves: Learned responses there, c.u. per t.u.
        shown: The replicate that is drawn in full.
        others: Replicates that are drawn faintly; all finite.
        groups: What colours the metabolites.
        true: The true curves; empty where no truth is known.
        which: What the picture says of the replicate.
    """
    figure, axes = blank()
    axes.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
    for other in others:
        _bundle(axes, points, curves[other], groups, width=0.7, alpha=0.15, order=2)
    _bundle(axes, points, curves[shown], groups, width=1.6, alpha=0.5, order=3)
    for one in true:
        axes.plot(one.concentration, one.response, label=one.label, zorder=5, **_true_look(groups, one.kind))
    axes.set_xlim(*_limits(points))
    # What a wild replicate in the background does must not flatten what the picture is about.
    axes.set_ylim(*_limits(np.concatenate([curves[shown].ravel(), *(one.response for one in true)])))
    axes.set_xlabel("concentration $c$ (c.u.), 5th to 95th percentile of each metabolite")
    axes.set_ylabel(r"response MLP$_\mathrm{node}(c, a_i)$ (c.u. per t.u.)")
    axes.ticklabel_format(style="plain", useOffset=False)
    return finish(
        figure,
        axes,
        title="Learned response of every metabolite",
        below=which,
        handles=_legend(groups, true, still=bool(_still(points).any()), others=bool(others)),
        columns=2 if true else None,
    )


def _bundle(
    axes: Axes,
    points: Float64[ndarray, "point metabolite"],
    curves: Float64[ndarray, "point metabolite"],
    groups: Groups,
    *,
    width: float,
    alpha: float,
    order: int,
) -> None:
    still = _still(points)
    colour = np.array(groups.colours)[groups.label]
    lines = np.stack([points, curves], axis=-1).transpose(1, 0, 2)
    axes.add_collection(
        LineCollection(
            list(lines[~still]), colors=list(colour[~still]), linewidths=width, alpha=alpha, zorder=order
        )
    )
    if still.any():
        axes.scatter(
            points[0, still],
            curves[0, still],
            c=list(colour[still]),
            s=22,
            alpha=min(1.0, 1.5 * alpha),
            linewidths=0,
            zorder=order,
        )


def _legend(groups: Groups, true: Sequence[TrueCurve], *, still: bool, others: bool) -> list[Line2D]:
    """Groups in one column, the truth of each beside it; columns are filled from the top."""
    known = {one.kind: one for one in true}
    left, right = [], []
    for group, colour in enumerate(groups.colours):
        if groups.members(group).any():
            left.append(Line2D([], [], color=colour, linewidth=2, label=groups.described(group)))
            if group in known:
                right.append(Line2D([], [], label=known[group].label, **_true_look(groups, group)))
    extra = []
    if others:
        extra.append(Line2D([], [], color=MUTED, alpha=0.35, linewidth=1, label="other replicates"))
    if still:
        extra.append(Line2D([], [], color=MUTED, marker="o", linestyle="", markersize=4, label="never moves"))
    if not right:
        return [*left, *extra]
    left, right = left + extra[:1], right + extra[1:]
    right += [Line2D([], [], alpha=0, label=" ") for _ in range(len(left) - len(right))]
    return [*left, *right]


def _true_look(groups: Groups, kind: int) -> dict[str, Any]:
    # Dashes with wide gaps, through which a learned curve that lies exactly below is seen.
    return {"color": darker(groups.colours[kind]), "linewidth": 1.3, "linestyle": (0, (4, 3))}


def _still(points: Float64[ndarray, "point metabolite"]) -> Bool[ndarray, " metabolite"]:
    spread = np.ptp(points, axis=0)
    return np.asarray(spread <= 1e-9 * np.maximum(1.0, np.abs(points).max(axis=0)))


def _limits(values: Float64[ndarray, "..."]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = ROOM * (high - low) or max(1e-9, 0.1 * abs(high))
    return low - room, high + room
