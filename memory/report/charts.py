"""The charts of the report, as Vega-Lite specifications made with Altair.

They are drawn as SVG in the colour of the page's text, so one specification serves light and dark pages. A
point leads to its run in the table. An objective without a lower bound is shown between Tukey's fences, so
that a run that nearly diverged does not make all others look alike; what lies outside stands at the edge.
All charts show one table of runs, which the page holds once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import quantiles
from typing import Any, Final, NamedTuple

import altair as alt

from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run
from memory.lineage import Lineage

INK: Final = "currentColor"
GRID: Final = "rgba(128,128,128,0.25)"
DONE, BEST, VOID = "#0072B2", "#D55E00", "#999999"
"""Okabe and Ito 2008: colour-blind readers tell them apart."""

FONT: Final = "system-ui, -apple-system, Segoe UI, DejaVu Sans, sans-serif"

HEIGHT: Final = 280  # px
SMALL: Final = 170  # px
ROW: Final = 22  # px between the runs of the search tree
TALLEST: Final = 1600  # px

LABELLED: Final = 150
"""Up to so many runs have their numbers written beside them."""


RUNS, EDGES, BLOCKS = (alt.NamedData(name) for name in ("runs", "edges", "blocks"))
"""Tables that the page gives to every chart."""

DECADES: Final = [10.0**power for power in range(-12, 13)]

EDGE: Final = ("generation", "row", "generation2", "row2")
"""Ends of a line of the search tree."""


class Chart(NamedTuple):
    """A chart and what it says in words, for those who do not see it."""

    name: str
    spec: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Shown:
    """What all charts show: runs with an objective, and its scale."""

    spec: ExplorationSpec
    runs: Sequence[Run]
    info: MetricInfo
    best: int | None
    void: frozenset[int]

    @property
    def label(self) -> str:
        """Short name of the objective."""
        return self.info.label or self.spec.objective

    @cached_property
    def scored(self) -> list[tuple[Run, float, float]]:
        """Runs with the median and the spread (0 for one replicate) of their objective."""
        found = []
        for run in self.runs:
            if spread := run.spread(self.spec.objective):
                found.append((run, spread.median, spread.sd or 0.0))
        return found

    @cached_property
    def varied(self) -> tuple["Varied", ...]:
        """Hyperparameters and strategies that the runs with an objective do not share."""
        named = [Varied(name, parameter.kind) for name, parameter in self.spec.space.root.items()]
        strategies = {name for run, _, _ in self.scored for name in run.proposal.spec.strategies}
        named += [Varied(name, "strategy") for name in sorted(strategies)]
        return tuple(
            one for one in named if len({one.value_in(run) for run, _, _ in self.scored} - {None}) > 1
        )

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Ends of the objective's axis."""
        values = [value for _, value, _ in self.scored]
        if not values:
            return 0.0, 1.0
        low, high = min(values), max(values)
        if len(values) >= 4:
            first, _, third = quantiles(values, n=4, method="inclusive")
            reach = 3 * (third - first)
            low, high = max(low, first - reach), min(high, third + reach)
        margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
        return low - margin, high + margin


class Table(NamedTuple):
    """What the charts are drawn from: rows of plain values, by the names that their specifications use."""

    runs: list[dict[str, Any]]
    edges: list[dict[str, float]]
    blocks: list[dict[str, Any]]


def table(shown: Shown) -> Table:
    """A row per run, per parent and child, and per block.

    Hyperparameters and strategies stand under `x0`, `x1`, ... in the order of `Shown.varied`.
    """
    low, high = shown.limits
    places = Lineage(shown.runs).places()
    scored = {run.number: (value, sd) for run, value, sd in shown.scored}
    sign = 1 if shown.info.direction == "maximize" else -1
    best: float | None = None
    rows, edges = [], []
    for run in shown.runs:
        number, parent = run.number, run.proposal.parent
        row = {**_facts(shown, run), "generation": places[number].generation, "row": places[number].row}
        if number in scored:
            value, sd = scored[number]
            if number not in shown.void:
                best = value if best is None or sign * value > sign * best else best
            row |= {"shown": _within(value, low, high), "best": best}
            row |= {"low": _within(value - sd, low, high), "high": _within(value + sd, low, high)}
            row |= {f"x{i}": one.value_in(run) for i, one in enumerate(shown.varied)}
        if parent in places:
            ends = places[parent], places[number]
            edges.append(dict(zip(EDGE, (*ends[0], *ends[1]), strict=True)))
        rows.append(row)
    firsts = {run.block: run.number for run in reversed(shown.runs)}
    marks = [{"run": number - 0.5, "block": f"block {block}"} for block, number in sorted(firsts.items())]
    return Table(rows, edges, marks)


class Varied(NamedTuple):
    """A hyperparameter that runs do not share, or a strategy that some have on."""

    name: str
    kind: str
    """Kind of the parameter, or `strategy`."""

    def value_in(self, run: Run) -> Any:
        """As the chart shows it; None where the run has none."""
        spec = run.proposal.spec
        if self.kind == "strategy":
            return "on" if self.name in spec.strategies else "off"
        return spec.values.get(self.name)


def over_iterations(shown: Shown) -> Chart:
    """The objective of every run in the order of their numbers, its spread, blocks, and the best so far."""
    y = alt.Y("shown:Q", title=shown.label, scale=_scale(shown))
    runs = alt.Scale(domain=[0.5, max(run.number for run in shown.runs) + 0.5], nice=False, zero=False)
    base = alt.Chart(RUNS).encode(x=alt.X("run:Q", title="run", axis=alt.Axis(tickMinStep=1), scale=runs))
    base = base.transform_filter("isValid(datum.shown)")
    blocks = alt.Chart(BLOCKS).encode(x=alt.X("run:Q", title="run", scale=runs))
    layers = [
        blocks.mark_rule(strokeDash=[3, 3], color=GRID, strokeWidth=1.5),
        blocks.mark_text(align="left", dx=4, fontSize=11, color=INK, opacity=0.7).encode(
            text="block:N", y=alt.value(8)
        ),
        base.mark_line(interpolate="step-after", color=BEST, opacity=0.7).encode(y="best:Q"),
        base.mark_rule(opacity=0.6).encode(y="low:Q", y2="high:Q", color=_colour()),
        base.mark_point(filled=True, size=70, opacity=1).encode(y=y, **_points(shown)),
    ]
    text = f"{shown.label} of {len(shown.scored)} runs in order, with the spread of their replicates"
    text += "." if shown.best is None else f"; run {shown.best} is the best so far."
    return Chart(
        "iterations", _finished(alt.layer(*layers).properties(width="container", height=HEIGHT)), text
    )


def search_tree(shown: Shown) -> Chart:
    """Each run to the right of the run that it mutates, coloured by objective."""
    low, high = shown.limits
    lineage = Lineage(shown.runs)
    places = lineage.places()
    x = alt.X("generation:Q", axis=None, scale=alt.Scale(padding=16))
    y = alt.Y("row:Q", axis=None, scale=alt.Scale(reverse=True, padding=12))
    scheme = alt.Scale(scheme="viridis", domain=[low, high], reverse=shown.info.direction == "minimize")
    base = alt.Chart(RUNS).encode(x=x, y=y)
    points = _points(shown)
    del points["color"]
    layers: list[alt.Chart] = [
        alt.Chart(EDGES)
        .mark_rule(color=GRID, strokeWidth=1.5)
        .encode(x=x, y=y, x2="generation2:Q", y2="row2:Q"),
        base.transform_filter("isValid(datum.shown)")
        .mark_point(filled=True, size=110, opacity=1, stroke=GRID, strokeWidth=1)
        .encode(color=alt.Color("shown:Q", scale=scheme, title=shown.label), **points),
    ]
    if len(shown.scored) < len(shown.runs):
        without = base.transform_filter("!isValid(datum.shown)")
        layers.append(without.mark_point(size=60, color=VOID).encode(**points))
    if len(shown.runs) <= LABELLED:
        layers.append(base.mark_text(dy=-11, fontSize=10, color=INK).encode(text="run:Q"))
    height = max(120, ROW * (1 + max(place.row for place in places.values())))
    chart = alt.layer(*layers).properties(width="container", height=min(height, TALLEST))
    text = f"{len(shown.runs)} runs, each to the right of the one that it changes."
    return Chart("tree", _finished(chart), text)


def against_hyperparameters(shown: Shown) -> list[Chart]:
    """Small multiples: the objective against every hyperparameter and strategy that was varied."""
    charts = []
    y = alt.Y("shown:Q", title=shown.label, scale=_scale(shown))
    for place, one in enumerate(shown.varied):
        field = f"x{place}"
        if one.kind in ("log", "linear", "int"):
            log = one.kind == "log"
            scale = alt.Scale(type="log", nice=False, padding=8) if log else alt.Scale(zero=False)
            ticks = alt.Axis(values=DECADES, format="~e") if log else alt.Axis(tickCount=4, format="~g")
            x = alt.X(f"{field}:Q", title=one.name, scale=scale, axis=ticks)
        else:
            x = alt.X(f"{field}:O", title=one.name, axis=alt.Axis(labelAngle=0))
        chart = (
            alt.Chart(RUNS)
            .transform_filter(f"isValid(datum.shown) && isValid(datum.{field})")
            .mark_point(filled=True, size=40, opacity=0.8)
            .encode(x=x, y=y, **_points(shown, alt.Tooltip(f"{field}:N", title=one.name)))
            .properties(width="container", height=SMALL)
        )
        text = f"{shown.label} of {len(shown.scored)} runs against {one.name}."
        charts.append(Chart(f"against-{place}", _finished(chart), text))
    return charts


def _facts(shown: Shown, run: Run) -> dict[str, Any]:
    spread = run.spread(shown.spec.objective)
    kind = "void" if run.number in shown.void else "best so far" if run.number == shown.best else "run"
    result = str(spread) if spread is not None else run.failure.kind.value if run.failure else run.state.value
    return {
        "run": run.number,
        "kind": kind,
        "role": run.proposal.role.value,
        "change": run.proposal.change,
        "result": result,
        "href": f"#run-{run.number}",
    }


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _colour() -> alt.Color:
    kinds, colours = ["run", "best so far", "void"], [DONE, BEST, VOID]
    return alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=colours), legend=None)


def _shape() -> alt.Shape:
    kinds, shapes = ["run", "best so far", "void"], ["circle", "diamond", "cross"]
    return alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=shapes), legend=None)


def _points(shown: Shown, *more: alt.Tooltip) -> dict[str, Any]:
    """How a run's point looks, what it says and where it leads."""
    tooltip = [
        alt.Tooltip("run:Q"),
        alt.Tooltip("role:N"),
        alt.Tooltip("change:N"),
        *more,
        alt.Tooltip("result:N", title=shown.label),
    ]
    return {"color": _colour(), "shape": _shape(), "href": "href:N", "tooltip": tooltip}


def _scale(shown: Shown) -> alt.Scale:
    return alt.Scale(domain=list(shown.limits), zero=False)


_CONFIG: Final[Mapping[str, Any]] = {
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "tickColor": GRID,
        "domainColor": GRID,
        "gridColor": GRID,
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": INK, "titleColor": INK, "titleFontWeight": "normal", "orient": "bottom"},
    "autosize": {"type": "fit-x", "contains": "padding"},
}


def _finished(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> dict[str, Any]:
    """As the page embeds it; not validated again, since Altair's classes made it."""
    made: dict[str, Any] = chart.to_dict(validate=False)
    made["config"] = dict(_CONFIG)
    return made
