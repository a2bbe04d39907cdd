"""The table of runs on the report's page: a cell per setting and metric, each with what it is sorted by."""

from typing import Any, NamedTuple

from blocks.exploration import ExplorationSpec
from blocks.run import Run
from blocks.slot import show_value
from blocks.space import PerSlotParameter
from memory.report.view import ReportView

MOST_METRICS = 6


class Cell(NamedTuple):
    """A cell: what it shows, and what it is sorted and filtered by."""

    text: str
    sort: float | str
    is_text: bool
    href: str = ""


class Row(NamedTuple):
    """A run."""

    run: Run
    kind: str
    """Class of the row: `void`, `failed`, `best` or none."""

    cells: list[Cell]
    why: str
    """Why it is void, why it failed or was stopped, or else why it was tried."""


class Column(NamedTuple):
    """A heading."""

    name: str
    is_text: bool


def run_table(view: ReportView) -> tuple[list[Column], list[Row]]:
    """Columns, and a row per run with what is said of its state.

    Args:
        view: What the page shows.
    """
    spec, objective = view.spec, view.spec.objective
    fixed = [name for name, p in spec.space.root.items() if isinstance(p, PerSlotParameter)]
    tuned = [name for name in spec.space.tunable if any(name in r.proposal.spec.values for r in view.runs)]
    metrics = [objective, *(name for name in list(view.metrics)[: MOST_METRICS - 1] if name != objective)]
    labels = [view.metrics[name].label or name for name in metrics]
    networks = any(run.proposal.network for run in view.runs)  # results on others are no equals
    numbers = ["run", "block", *fixed, *(["network"] if networks else [])]
    columns = [Column(name, False) for name in numbers]
    columns += [Column("role", True), Column(labels[0], False), Column("change", True)]
    columns += [Column("strategies", True), *(Column(name, False) for name in tuned)]
    columns += [Column(label, False) for label in labels[1:]] + [Column("state", True)]
    rows = []
    for run in view.runs:
        values = run.proposal.spec.values
        cells = [_number(run.number), _number(run.block), *(_value(values.get(name)) for name in fixed)]
        cells += [_number(run.proposal.network)] if networks else []
        cells += [_words(run.proposal.role.value), _metric(run, objective), _words(run.proposal.change)]
        cells += [_words(" ".join(_differing(run, spec))), *(_value(values.get(name)) for name in tuned)]
        cells += [_metric(run, name) for name in metrics[1:]]
        ended = run.failure.reason if run.failure else run.stopped
        why = view.void.get(run.number) or ended or run.proposal.reason
        cells.append(_state(view, run))
        rows.append(Row(run, _kind(view, run), cells, why))
    return columns, rows


def _kind(view: ReportView, run: Run) -> str:
    if run.number in view.void:
        return "void"
    if run.failure is not None:
        return "failed"
    return "best" if view.best is not None and run.number == view.best.run.number else ""


def _state(view: ReportView, run: Run) -> Cell:
    state = run.failure.kind.value if run.failure else run.state.value
    holds = [one.number for one in view.retractions if run.number in one.runs and one.undone_at is None]
    if run.number not in view.void:
        return _words(state if run.certified or not run.state.is_final else f"{state}, no evidence")
    if not holds:
        return _words("void")
    return Cell(text := f"void (retraction {holds[-1]})", text, is_text=True, href=f"#retraction-{holds[-1]}")


def _differing(run: Run, spec: ExplorationSpec) -> list[str]:
    """Strategies that are not as in the baseline."""
    on, baseline = run.proposal.spec.strategies, spec.strategies.baseline
    changes = [f"+{name}" for name in on if name not in baseline]
    return changes + [f"-{name}" for name in baseline if name not in on] or ["baseline"]


def _number(value: int) -> Cell:
    return Cell(str(value), value, is_text=False)


def _words(text: str) -> Cell:
    return Cell(text, text, is_text=True)


def _value(value: Any) -> Cell:
    if value is None:
        return Cell("", "", is_text=False)
    return Cell(show_value(value), value if isinstance(value, int | float) else str(value), is_text=False)


def _metric(run: Run, name: str) -> Cell:
    spread = run.spread(name)
    return Cell("", "", is_text=False) if spread is None else Cell(str(spread), spread.median, is_text=False)
