"""One page with everything of an exploration: from a view to HTML that loads nothing from elsewhere."""

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from memory.report.charts import (
    COLOURS,
    SHAPES,
    Chart,
    against_hyperparameters,
    over_iterations,
    search_tree,
)
from memory.report.rows import run_table
from memory.report.shown import Shown, table
from memory.report.view import ReportView
from memory.report.words import as_html

HERE = Path(__file__).parent


def render_report(view: ReportView, *, script: str) -> str:
    """The report as HTML.

    Args:
        view: What it shows.
        script: Vega, Vega-Lite and Vega-Embed as one script; see `vega`.

    Returns:
        A whole document; the same bytes for the same view.
    """
    shown = Shown(view.spec, view.runs, view.metrics[view.spec.objective], view.best, frozenset(view.void))
    has_values = bool(shown.scored)
    iterations = [over_iterations(shown)] if has_values else []
    tree = [search_tree(shown)] if view.runs else []
    against = against_hyperparameters(shown) if has_values else []
    columns, rows = run_table(view)
    anchors = frozenset(line.anchor for line in view.guard if line.anchor)
    retractions = frozenset(one.number for one in view.retractions)
    runs = frozenset(run.number for run in view.runs)

    def words(text: str) -> Markup:
        return as_html(text, runs=runs, certificates=anchors, retractions=retractions)

    page: str = _template().render(
        view=view,
        info=shown.info,
        label=shown.label,
        memory=words(view.memory),
        problem=words(view.spec.memory.key_open_problem) if view.spec.memory.key_open_problem else "",
        context=[words(line) for line in view.spec.memory.context],
        blind_cost=[words(line) for line in view.blind_cost],
        legend=[(SHAPES[kind], COLOURS[kind], meaning) for kind, meaning in shown.kinds.items()],
        best=None if view.best is None else view.best.run.number,
        iterations=iterations,
        tree=tree,
        against=against,
        specs=_json([*iterations, *tree, *against], shown),
        columns=columns,
        rows=rows,
        networks=any(run.proposal.network for run in view.runs),
        pictures=[
            (p.name, f"data:{p.kind};base64,{base64.b64encode(p.data).decode()}") for p in view.pictures
        ],
        css=Markup(_text("page.css")),
        js=Markup(_text("page.js")),
        script=Markup(script.replace("</script", "<\\/script")),
    )
    return page


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that needs no network, from vl-convert; takes seconds."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its types know no default
    return bundle


def _json(charts: list[Chart], shown: Shown) -> Markup:
    """Specifications and the tables that they are drawn from, safe within a script element."""
    made = {"charts": {chart.name: chart.spec for chart in charts}, "tables": table(shown)._asdict()}
    return Markup(json.dumps(made, separators=(",", ":")).replace("<", "\\u003c"))


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")
