"""Pictures of an exploration as a whole; those of single runs are the science's own."""

from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

from blocks.run import MetricInfo
from memory.best import best_among
from memory.lineage import Lineage
from memory.writing import translate_os_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEP_X, STEP_Y = 1.2, 0.4  # inches between generations, and between rows
LARGEST = 200.0  # inches
POINT = 90  # square points
LABELLED = 400
"""Up to so many runs have their numbers written beside them."""


def draw_tree(lineage: Lineage, path: Path, *, objective: str, info: MetricInfo, title: str) -> None:
    """Draws a search tree: generations from left to right, colour by objective, crosses where there is none.

    The same runs give the same bytes.

    Args:
        lineage: Runs to draw, at least one.
        path: An SVG file; replaced where there is one.
        objective: The metric that gives the colour.
        info: What the problem says of it.
        title: Stands above.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    places = lineage.places()
    width = 2.5 + STEP_X * (1 + max(place.generation for place in places.values()))
    height = min(LARGEST, 1.2 + STEP_Y * (1 + max(place.row for place in places.values())))
    with rc_context({"svg.hashsalt": "setpoint", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(max(width, 5.0), height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _draw(axes, lineage, objective=objective, info=info)
        axes.set_title(title, loc="left", fontsize=10, pad=14)
        with translate_os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _draw(axes: "Axes", lineage: Lineage, *, objective: str, info: MetricInfo) -> None:
    places, runs = lineage.places(), lineage.runs
    for number, place in places.items():
        for child in lineage.children(number):
            end = places[child]
            middle = (place.generation + end.generation) / 2
            axes.plot(
                [place.generation, middle, middle, end.generation],
                [place.row, place.row, end.row, end.row],
                color="0.75",
                linewidth=0.8,
                zorder=1,
                solid_joinstyle="round",
            )
    spreads = {number: spread for number, run in runs.items() if (spread := run.spread(objective))}
    if spreads:
        low, high = _limits([spread.median for spread in spreads.values()])
        points = axes.scatter(
            [places[number].generation for number in spreads],
            [places[number].row for number in spreads],
            c=[spread.median for spread in spreads.values()],
            s=POINT,
            cmap="viridis" if info.direction == "maximize" else "viridis_r",
            edgecolors="0.3",
            linewidths=0.5,
            zorder=2,
            vmin=low,
            vmax=high,
            clip_on=False,
        )
        label = info.label or objective
        axes.figure.colorbar(
            points, ax=axes, label=f"{label} (median over replicates)", shrink=0.8, aspect=40
        )
    rest = [number for number in runs if number not in spreads]
    if rest:
        axes.scatter(
            [places[number].generation for number in rest],
            [places[number].row for number in rest],
            marker="x",
            color="0.5",
            s=POINT / 3,
            zorder=2,
            label="failed, stopped, or not over",
        )
    best = best_among(runs.values(), objective, info)
    if best is not None:
        place = places[best.run.number]
        axes.scatter(
            [place.generation],
            [place.row],
            s=POINT * 3,
            facecolors="none",
            edgecolors="#D55E00",
            linewidths=1.6,
            zorder=3,
            clip_on=False,
            label=f"best {'confirmed' if best.confirmed else 'so far'}: run {best.run.number}",
        )
    if len(runs) <= LABELLED:
        for number, place in places.items():
            axes.annotate(
                str(number),
                (place.generation, place.row),
                xytext=(0, 12),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
    if best is not None or rest:
        axes.legend(loc="upper right", bbox_to_anchor=(1, -0.01), frameon=False, fontsize=8, ncols=2)
    axes.invert_yaxis()
    axes.margins(x=0.08, y=0.03)
    axes.set_axis_off()


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Ends of the colours: a run that nearly diverged must not make all others look alike.

    Source: the fences of Tukey 1977, Exploratory Data Analysis.
    """
    if len(values) < 4:
        return min(values), max(values)
    first, _, third = quantiles(values, n=4, method="inclusive")
    reach = 1.5 * (third - first)
    return max(min(values), first - reach), min(max(values), third + reach)
