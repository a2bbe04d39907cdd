"""The loss of every replicate over the steps of a training, and where one left the finite numbers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.pictures.style import INK, blank, colours, finish, readable_logarithms


def read_history(path: Path) -> Mapping[str, Any] | None:
    """What a training kept of its losses; None where that is missing or damaged."""
    try:
        history = json.loads(path.read_text(encoding="utf-8"))
        whole = {"total", "steps", "loss", "diverged_at"} <= history.keys() and len(history["loss"]) > 0
    except (OSError, ValueError, AttributeError, TypeError):
        return None
    return history if whole else None


def draw_loss(history: Mapping[str, Any], seeds: Sequence[int]) -> Figure:
    """One line per replicate on a logarithmic axis; points that are not positive are left out.

    Args:
        history: As `History.thinned` gives it.
        seeds: One per replicate.
    """
    figure, axes = blank()
    steps = np.array(history["steps"], dtype=np.float64)
    losses = np.array(history["loss"], dtype=np.float64)  # None becomes NaN
    diverged = history["diverged_at"]
    losses[~(losses > 0)] = np.nan
    for replicate, (line, colour) in enumerate(zip(losses, colours(len(losses)), strict=True)):
        end = diverged[replicate]
        label = f"rep {replicate} (seed {seeds[replicate]})" if replicate < len(seeds) else f"rep {replicate}"
        if end is not None:
            label += f", diverged at step {end}"
        axes.plot(
            steps,
            line,
            color=colour,
            linewidth=1.3,
            linestyle="-" if end is None else (0, (3, 1)),
            label=label,
        )
        if end is not None and np.isfinite(line).any():
            last = np.flatnonzero(np.isfinite(line))[-1]
            axes.scatter([steps[last]], [line[last]], marker="x", s=40, color=INK, linewidths=1.5, zorder=4)
    axes.set_yscale("log")
    axes.set_xlim(0, max(float(history["total"]), 1.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("training loss (no unit)")
    lost = sum(end is not None for end in diverged)
    said = f"{len(losses)} replicates, {lost or 'none'} diverged · each point a mean over the steps before it"
    if np.isfinite(losses).any():
        readable_logarithms(axes.yaxis, *axes.get_ylim())
    return finish(
        figure,
        axes,
        title="Training loss",
        below=said,
        handles=axes.get_legend_handles_labels()[0],
        height=2.5,
    )
