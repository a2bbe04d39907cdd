"""Rate constants of the reaction model: against the true ones, or, where no truth is known, in order.

A constant that the data cannot determine is marked with its cause. One that is not positive has no place
on a logarithmic axis: it stands at the axis' lower end, as not recovered.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from sim.evaluation.rate_constants import OUTLIER, rate_constant_metrics
from sim.identifiability import Cause
from sim.pictures.style import (
    INK,
    MUTED,
    PALETTE,
    blank,
    finish,
    finish_square,
    readable_logarithms,
)

UNIT: Final = r"c.u.$^{1-n}$ t.u.$^{-1}$, order $n$"

LOOKS: Final[dict[Cause | None, tuple[str, str]]] = {
    None: ("o", PALETTE[0]),
    Cause.EMPTY: ("D", PALETTE[4]),
    Cause.SAME_SUBSTRATES: ("s", PALETTE[1]),
    Cause.NEVER_ACTIVE: ("X", PALETTE[3]),
    Cause.COLLINEAR: ("^", PALETTE[2]),
}
"""Marker and colour by the cause for which a constant cannot be determined; None: it can."""


def draw_against_truth(
    learned: Float64[ndarray, " reaction"],
    true: Float64[ndarray, " reaction"],
    causes: Sequence[Cause | None],
    *,
    model: str,
) -> Figure:
    """Learned over true, both logarithmic, with the identity and the R2 of both kinds.

    Args:
        learned: k of the reaction model.
        true: k of the generator in the model's gauge, positive.
        causes: Why each k cannot be determined; None where it can.
        model: What the picture says of the reaction model.
    """
    figure, axes = blank()
    metrics = rate_constant_metrics(learned, true, np.array([cause is None for cause in causes]))
    low, high = _range(np.concatenate([learned, true]))
    ends, factor = np.array([low, high]), 10**OUTLIER
    axes.fill_between(
        ends, ends / factor, ends * factor, color="#EFEFEF", zorder=1, label="within a factor 2"
    )
    axes.plot(ends, ends, color=MUTED, linewidth=1.0, zorder=2, label="learned = true")
    _points(axes, true, learned, causes, low, between="\n")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    readable_logarithms(axes.xaxis, low, high)
    readable_logarithms(axes.yaxis, low, high)
    axes.set_xlabel(f"true $k$ ({UNIT})")
    axes.set_ylabel(f"learned $k$ ({UNIT})")
    return finish_square(
        figure,
        axes,
        title=f"Rate constants: $R^2$ {_shown(metrics['rate_constants_R2_identifiable'])} identifiable, "
        f"{_shown(metrics['rate_constants_R2'])} all",
        below=f"{model} · $R^2$ of log$_{{10}}$ $k$ · {_counted(causes)}",
        handles=axes.get_legend_handles_labels()[0],
    )


def draw_in_order(
    learned: Float64[ndarray, " reaction"], causes: Sequence[Cause | None], *, model: str
) -> Figure:
    """Learned constants from the smallest to the largest; no truth is drawn.

    Args:
        learned: k of the reaction model.
        causes: Why each k cannot be determined; None where it can.
        model: What the picture says of the reaction model.
    """
    figure, axes = blank()
    low, high = _range(learned)
    rank = np.empty(len(learned))
    rank[np.argsort(learned, kind="stable")] = np.arange(1, len(learned) + 1)
    _points(axes, rank, learned, causes, low, between=" ")
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlabel("reactions, from the smallest learned $k$ to the largest")
    axes.set_ylabel(f"learned $k$ ({UNIT})")
    readable_logarithms(axes.yaxis, low, high)
    return finish(
        figure,
        axes,
        title="Learned rate constants",
        below=f"{model} · {_counted(causes)} · no truth at hand",
        handles=axes.get_legend_handles_labels()[0],
    )


def _points(
    axes: Axes,
    across: Float64[ndarray, " reaction"],
    learned: Float64[ndarray, " reaction"],
    causes: Sequence[Cause | None],
    low: float,
    *,
    between: str,
) -> None:
    recovered = learned > 0
    for cause, (marker, colour) in LOOKS.items():
        members = np.array([one is cause for one in causes])
        if not members.any():
            continue
        drawn, lost = members & recovered, members & ~recovered
        axes.scatter(
            across[drawn],
            learned[drawn],
            s=22 if cause is None else 34,
            marker=marker,
            facecolors=colour if cause is None else "white",
            edgecolors="white" if cause is None else colour,
            linewidths=0.4 if cause is None else 1.3,
            alpha=0.75 if cause is None else 1.0,
            zorder=3 if cause is None else 4,
            label=f"{_name(cause, between)} ({int(members.sum())})",
        )
        axes.scatter(
            across[lost],
            np.full(int(lost.sum()), low),
            s=42,
            marker="v",
            color=colour,
            clip_on=False,
            zorder=5,
        )
    if not recovered.all():
        label = f"not recovered:{between}$k \\leq 0$ ({int((~recovered).sum())} of these)"
        axes.plot([], [], color=INK, marker="v", linestyle="", label=label)


def _name(cause: Cause | None, between: str) -> str:
    return "identifiable" if cause is None else f"undetermined:{between}{cause.value}"


def _counted(causes: Sequence[Cause | None]) -> str:
    undetermined = sum(cause is not None for cause in causes)
    return f"{undetermined or 'none'} of {len(causes)} cannot be determined"


def _range(values: Float64[ndarray, " value"]) -> tuple[float, float]:
    positive = values[values > 0]
    if not positive.size:
        return 0.1, 10.0
    room = max(1.25, float(positive.max() / positive.min()) ** 0.05)
    return float(positive.min()) / room, float(positive.max()) * room


def _shown(value: float | None) -> str:
    """Three digits, five where it is nearly perfect; never rounded up to 1."""
    if value is None:
        return "unknown"
    return "1" if value >= 1 else f"{min(value, 0.99999):.5f}" if value > 0.999 else f"{value:.3f}"
