"""One page with everything of an exploration: from a view to HTML that loads nothing from elsewhere."""

import base64
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import Field

from blocks.base import Frozen
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run
from blocks.slot import show_value
from blocks.space import PerSlotParameter
from memory.report.charts import Chart, Shown, against_hyperparameters, over_iterations, search_tree, table
from memory.report.words import as_html

HERE = Path(__file__).parent


class GuardLine(Frozen):
    """A row of the guard's table."""

    what: str
    verdict: str
    detail: str
    runs: Annotated[int, Field(description="Runs that rest on it.")]


class Picture(Frozen):
    """A picture of the best run."""

    name: str
    data: bytes
    kind: Annotated[str, Field(description="MIME type.")]


class ReportView(Frozen):
    """All that a report is made of; equal views give equal bytes."""

    spec: ExplorationSpec
    runs: tuple[Run, ...]
    metrics: dict[str, MetricInfo]
    data_title: str
    memory: Annotated[str, Field(description="The working memory, markdown.")]
    best: Annotated[int | None, Field(description="Number of the best run.")] = None
    best_text: Annotated[str, Field(description="What is said of it, in one line.")] = ""
    void: Annotated[dict[int, str], Field(description="Void runs, and why.")] = Field(default_factory=dict)
    guard: tuple[GuardLine, ...] = ()
    pictures: tuple[Picture, ...] = ()
    version: str = ""
    refresh_s: Annotated[
        float | None, Field(description="Ask for a newer page so often, s; None: never.")
    ] = None


class _Cell(NamedTuple):
    text: str
    sort: float | str
    is_text: bool


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
    columns, rows = _table(view)
    page: str = _template().render(
        view=view,
        info=shown.info,
        label=shown.label,
        memory=as_html(view.memory, runs=frozenset(run.number for run in view.runs)),
        iterations=iterations,
        tree=tree,
        against=against,
        specs=_json([*iterations, *tree, *against], shown),
        columns=columns,
        rows=rows,
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

    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub knows no default
    return bundle


def _table(view: ReportView) -> tuple[list[tuple[str, bool]], list[tuple[Run, list[_Cell], str]]]:
    """Columns with whether they hold text, and a row of cells per run with what is said of its state."""
    spec, objective = view.spec, view.spec.objective
    fixed = [name for name, p in spec.space.root.items() if isinstance(p, PerSlotParameter)]
    tuned = [name for name in spec.space.tunable if any(name in r.proposal.spec.values for r in view.runs)]
    metrics = [objective, *(name for name in list(view.metrics)[:5] if name != objective)]
    labels = [view.metrics[name].label or name for name in metrics]
    columns = [("run", False), ("block", False), *((name, False) for name in fixed), ("role", True)]
    columns += [(label, False) for label in labels[:1]]
    columns += [("change", True), ("strategies", True), *((name, False) for name in tuned)]
    columns += [(label, False) for label in labels[1:]] + [("state", True)]
    rows = []
    for run in view.runs:
        values = run.proposal.spec.values
        cells = [_number(run.number), _number(run.block), *(_value(values.get(name)) for name in fixed)]
        cells += [_words(run.proposal.role.value), _metric(run, objective), _words(run.proposal.change)]
        cells += [_words(" ".join(_differing(run, spec))), *(_value(values.get(name)) for name in tuned)]
        cells += [_metric(run, name) for name in metrics[1:]]
        state = (
            "void" if run.number in view.void else run.failure.kind.value if run.failure else run.state.value
        )
        why = view.void.get(run.number) or (run.failure.reason if run.failure else run.proposal.reason)
        cells.append(_words(state))
        rows.append((run, cells, why))
    return columns, rows


def _differing(run: Run, spec: ExplorationSpec) -> list[str]:
    """Strategies that are not as in the baseline."""
    on, baseline = run.proposal.spec.strategies, spec.strategies.baseline
    changes = [f"+{name}" for name in on if name not in baseline]
    return changes + [f"-{name}" for name in baseline if name not in on] or ["baseline"]


def _number(value: int) -> _Cell:
    return _Cell(str(value), value, is_text=False)


def _words(text: str) -> _Cell:
    return _Cell(text, text, is_text=True)


def _value(value: Any) -> _Cell:
    if value is None:
        return _Cell("", "", is_text=False)
    return _Cell(show_value(value), value if isinstance(value, int | float) else str(value), is_text=False)


def _metric(run: Run, name: str) -> _Cell:
    spread = run.spread(name)
    return (
        _Cell("", "", is_text=False) if spread is None else _Cell(str(spread), spread.median, is_text=False)
    )


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
