"""A picture of trajectories, drawn from the concentrations and nothing else."""

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

LINES: Final = 6
"""Metabolites that are drawn as lines."""


def representatives(
    concentration: Float64[ndarray, "frame metabolite"], count: int = LINES
) -> Int64[ndarray, " chosen"]:
    """Metabolites that stand for all: evenly spread from the least to the most variable.

    Args:
        concentration: Concentrations, c.u.
        count: How many.
    """
    order = np.argsort(concentration.std(axis=0), kind="stable")
    places = np.linspace(0, len(order) - 1, min(count, len(order)))
    return np.asarray(order[np.unique(places.round().astype(np.int64))])


def draw_trajectories(
    concentration: Float64[ndarray, "frame metabolite"], dt: float, path: Path, *, title: str
) -> None:
    """Writes a PNG: a few metabolites as lines, and below them all of them as a map.

    Args:
        concentration: Concentrations, c.u.; a metabolite that is NaN was never observed.
        dt: Time between frames, t.u.
        path: File to write.
        title: Name of the data set.
    """
    # Not pyplot: it keeps a global state and looks for a screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    seen = np.flatnonzero(~np.isnan(concentration).all(axis=0))
    total = concentration.shape[1]
    concentration = concentration[:, seen]
    n_frames, n_metabolites = concentration.shape
    chosen, time = representatives(concentration), np.arange(n_frames) * dt
    figure = Figure(figsize=(10, 3 + 1.1 * len(chosen) + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    *panels, chart = figure.subplots(
        len(chosen) + 1, 1, sharex=True, height_ratios=[1.0] * len(chosen) + [3.0]
    )
    for axes, metabolite in zip(panels, chosen[::-1], strict=True):
        axes.plot(time, concentration[:, metabolite], color="#2c5f8a", lw=1.1)
        axes.set_ylim(0, max(float(concentration[:, metabolite].max()) * 1.08, 1e-9))
        axes.margins(x=0)
        axes.locator_params(axis="y", nbins=3)
        axes.set_ylabel(f"m{seen[metabolite]}", rotation=0, ha="right", va="center", labelpad=12)
        axes.spines[["top", "right"]].set_visible(False)
    figure.align_ylabels(panels)
    panels[0].set_title(
        f"{len(chosen)} of {n_metabolites} metabolites, evenly spread from the most to the least variable "
        "(concentration, c.u.)",
        fontsize=10,
        loc="left",
    )
    order = np.argsort(concentration.std(axis=0), kind="stable")
    low, high = np.quantile(concentration, [0.01, 0.999])
    high = max(float(high), 1e-6)
    low = min(max(float(low), 1e-4 * high), 0.5 * high)
    image = chart.imshow(
        np.clip(concentration[:, order].T, low, high),
        aspect="auto",
        origin="lower",
        extent=(0.0, float(time[-1]), 0.0, float(n_metabolites)),
        norm=LogNorm(low, high),
        cmap="viridis",
        interpolation="nearest",
    )
    chart.set_ylabel("rank by variability")
    chart.set_xlabel("time, t.u.")
    chart.set_title(f"all {n_metabolites} metabolites, the most variable on top", fontsize=10, loc="left")
    figure.colorbar(image, ax=chart, label="concentration, c.u.", pad=0.01, extend="both")
    observed = "" if total == n_metabolites else f" observed of {total}"
    figure.suptitle(
        f"{title}: {n_metabolites} metabolites{observed}, {n_frames} frames of {dt:g} t.u.", fontsize=12
    )
    figure.savefig(path, dpi=130, metadata={"Software": None})
