"""The charts of the report, as Vega-Lite specifications made with Altair.

They are drawn as SVG in the colour of the page's text, so one specification serves light and dark pages. A
point leads to its run in the table. An objective without a lower bound is shown between Tukey's fences, so
that a run that nearly diverged does not make all others look alike; what lies outside stands at the edge.
All charts show one table of runs, which the page holds once. On fresh networks the objective is another
scale: such runs have a shape of their own, and are left out where values are compared.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import altair as alt

from memory.lineage import Lineage
from memory.report.shown import Kind, Shown

INK: Final = "currentColor"
GRID: Final = "rgba(128,128,128,0.25)"
BEST: Final = "#D55E00"

COLOURS: Final = {
    Kind.SEARCH: "#0072B2",
    Kind.CONFIRMATION: "#009E73",
    Kind.CONTROL: "#E69F00",
    Kind.FRESH_NETWORK: "#CC79A7",
    Kind.BEST: BEST,
    Kind.VOID: "#999999",
}
"""Okabe and Ito 2008: colour-blind readers tell them apart."""

SHAPES: Final = {
    Kind.SEARCH: "circle",
    Kind.CONFIRMATION: "square",
    Kind.CONTROL: "triangle-up",
    Kind.FRESH_NETWORK: "triangle-down",
    Kind.BEST: "diamond",
    Kind.VOID: "cross",
}

FONT: Final = "system-ui, -apple-system, Segoe UI, DejaVu Sans, sans-serif"

HEIGHT: Final = 280  # px
SMALL: Final = 170  # px
ROW: Final = 22  # px between the runs of the search tree
LABELLED_ROW: Final = 34  # px, where numbers stand between them
TALLEST: Final = 1600  # px

LABELLED: Final = 150
"""Up to so many runs have their numbers written beside them."""

RUNS, EDGES, BLOCKS, CONFIRMED = (alt.NamedData(name) for name in ("runs", "edges", "blocks", "confirmed"))
"""Tables that the page gives to every chart."""

DECADES: Final = [10.0**power for power in range(-12, 13)]


class Chart(NamedTuple):
    """A chart and what it says in words, for those who do not see it."""

    name: str
    spec: dict[str, Any]
    text: str


def over_iterations(shown: Shown) -> Chart:
    """The objective of every run in the order of their numbers, its spread, blocks, and what led so far."""
    y = alt.Y("shown:Q", title=shown.label, scale=_scale(shown))
    runs = alt.Scale(domain=[0.5, max(run.number for run in shown.runs) + 0.5], nice=False, zero=False)
    base = alt.Chart(RUNS).encode(x=alt.X("run:Q", title="run", axis=alt.Axis(tickMinStep=1), scale=runs))
    base = base.transform_filter("isValid(datum.shown)")
    blocks = alt.Chart(BLOCKS).encode(x=alt.X("run:Q", title="run", scale=runs))
    led = base.transform_filter("isValid(datum.best)")
    layers = [
        blocks.mark_rule(strokeDash=[3, 3], color=GRID, strokeWidth=1.5),
        blocks.mark_text(align="left", dx=4, fontSize=11, color=INK, opacity=0.7).encode(
            text="block:N", y=alt.value(8)
        ),
        alt.Chart(CONFIRMED).mark_rule(color=BEST, strokeDash=[6, 4], strokeWidth=1.5).encode(y="value:Q"),
        led.mark_line(interpolate="step-after", color=COLOURS[Kind.SEARCH], opacity=0.5).encode(y="best:Q"),
        base.mark_rule(opacity=0.6).encode(y="low:Q", y2="high:Q", color=_colour(shown)),
        base.mark_point(filled=True, opacity=1).encode(y=y, size=_size(70), **_points(shown)),
    ]
    text = f"{shown.label} of {len(shown.scored)} runs in order, with the spread of their replicates. "
    return Chart(
        "iterations",
        _finished(alt.layer(*layers).properties(width="container", height=HEIGHT)),
        text + _said(shown),
    )


def search_tree(shown: Shown) -> Chart:
    """Each run to the right of the run that it mutates, coloured by objective."""
    low, high = shown.limits
    places = Lineage(shown.runs).places()
    x = alt.X("generation:Q", axis=None, scale=alt.Scale(padding=16))
    y = alt.Y("row:Q", axis=None, scale=alt.Scale(reverse=True, padding=12))
    scheme = alt.Scale(scheme="viridis", domain=[low, high], reverse=shown.info.direction == "minimize")
    base = alt.Chart(RUNS).encode(x=x, y=y)
    points = _points(shown)
    del points["color"]
    compared = f"isValid(datum.shown) && datum.network == 0 && datum.kind != '{Kind.VOID}'"
    layers: list[alt.Chart] = [
        alt.Chart(EDGES)
        .mark_rule(color=GRID, strokeWidth=1.5)
        .encode(x=x, y=y, x2="generation2:Q", y2="row2:Q"),
    ]
    if shown.scored:
        layers.append(
            base.transform_filter(compared)
            .mark_point(filled=True, size=110, opacity=1, stroke=INK, strokeWidth=0.6)
            .encode(color=alt.Color("shown:Q", scale=scheme, title=shown.label), **points)
        )
    if len(shown.scored) < len(shown.runs) or {Kind.VOID, Kind.FRESH_NETWORK} & shown.kinds.keys():
        without = base.transform_filter(f"!({compared})")
        layers.append(without.mark_point(size=60, color=COLOURS[Kind.VOID]).encode(**points))
    if shown.best is not None:
        best = base.transform_filter(f"datum.kind == '{Kind.BEST}'")
        ring = best.mark_point(size=420, shape="circle", color=BEST, strokeWidth=2)
        layers.append(ring.encode(href="href:N"))
    labelled = len(shown.runs) <= LABELLED
    if labelled:
        layers.append(base.mark_text(dy=-15, fontSize=10, color=INK).encode(text="run:Q"))
    row = LABELLED_ROW if labelled else ROW
    height = max(120, row * (1 + max(place.row for place in places.values())))
    chart = alt.layer(*layers).properties(width="container", height=min(height, TALLEST))
    ring_says = "" if shown.best is None else " a ring: the best;"
    text = (
        f"{len(shown.runs)} runs, each to the right of the one that it changes or repeats;{ring_says} "
        "grey: no value, void, or on a fresh network."
    )
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
            ticks = alt.Axis(values=DECADES, format="~e") if log else alt.Axis(tickCount=4, format=".6~g")
            x = alt.X(f"{field}:Q", title=one.name, scale=scale, axis=ticks)
        else:
            x = alt.X(f"{field}:O", title=one.name, axis=alt.Axis(labelAngle=0))
        points = (
            alt.Chart(RUNS)
            .transform_filter(f"isValid(datum.shown) && isValid(datum.{field}) && datum.network == 0")
            .mark_point(filled=True, opacity=0.8)
            .encode(x=x, y=y, size=_size(40), **_points(shown, alt.Tooltip(f"{field}:N", title=one.name)))
        )
        best = points.transform_filter(f"datum.kind == '{Kind.BEST}'")  # on top of what repeats it
        chart = alt.layer(points, best).properties(width="container", height=SMALL)
        here = sum(1 for run, _, _ in shown.scored if not run.proposal.network)
        text = f"{shown.label} of {here} runs against {one.name}."
        charts.append(Chart(f"against-{place}", _finished(chart), text))
    return charts


def _said(shown: Shown) -> str:
    """What the best is, in words."""
    if shown.best is None:
        return "Nothing is best yet."
    best = shown.best
    if not best.confirmed:
        return f"Run {best.run.number} looks best so far, and is not yet confirmed."
    by = ", ".join(str(run.number) for run in best.by)
    return (
        f"Run {best.run.number} is the best that is confirmed: {best.estimate} over {best.estimate.n} fresh "
        f"seeds (run {by})."
    )


def _colour(shown: Shown) -> alt.Color:
    scale = alt.Scale(domain=list(shown.kinds), range=[COLOURS[kind] for kind in shown.kinds])
    return alt.Color("kind:N", scale=scale, legend=None)


def _shape(shown: Shown) -> alt.Shape:
    scale = alt.Scale(domain=list(shown.kinds), range=[SHAPES[kind] for kind in shown.kinds])
    return alt.Shape("kind:N", scale=scale, legend=None)


def _size(usual: int) -> Any:
    """Of points, px²; the best stands out."""
    return alt.condition(f"datum.kind == '{Kind.BEST}'", alt.value(2 * usual), alt.value(usual))


def _points(shown: Shown, *more: alt.Tooltip) -> dict[str, Any]:
    """How a run's point looks, what it says and where it leads."""
    tooltip = [
        alt.Tooltip("run:Q"),
        alt.Tooltip("kind:N", title="what"),
        alt.Tooltip("role:N"),
        alt.Tooltip("change:N"),
        *more,
        alt.Tooltip("result:N", title=shown.label),
    ]
    return {"color": _colour(shown), "shape": _shape(shown), "href": "href:N", "tooltip": tooltip}


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
