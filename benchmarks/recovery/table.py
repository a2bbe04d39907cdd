"""The table: a few lines per network, and then every target with the networks that met it.

Lines are the median over replicates (which is what is judged), the worst replicate, the reaction model's
own nuisance fit, and the oracle. The same cells go to the terminal and into docs/recovery.md.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.recovery.conditions import BY_NAME
from benchmarks.recovery.results import Judgement, Report, Row
from blocks.run import Metrics

NOTHING: Final = "-"
UNTIMED: Final = (NOTHING, NOTHING)

Get = Callable[[str], float | None]


class Line(NamedTuple):
    """One line of the table."""

    what: str
    cells: tuple[str, ...]
    verdict: str = ""


class Tally(NamedTuple):
    """A target over all networks of a condition."""

    condition: str
    label: str
    wanted: str
    met: int
    networks: int
    worst: float | None
    seeds_missed: tuple[int, ...]

    @property
    def verdict(self) -> str:
        """`met`, or `MISSED in 2 (networks 1, 4)`."""
        if not self.seeds_missed:
            return "met"
        return f"MISSED in {len(self.seeds_missed)} (network {', '.join(map(str, self.seeds_missed))})"


COLUMNS: Final = (
    "R2 ident.",
    "R2 all",
    "slope",
    "offset",
    "slope 0..40",
    "offset 0..40",
    "resp. error",
    "ARI",
    "cluster acc",
    "gain",
    "Phase 1 s",
    "Phase 2 s",
)

LEADING: Final = ("R2 ident.", "slope", "ARI", "Phase 1 s", "Phase 2 s")
"""Columns for a narrow terminal."""

WIDE: Final = 290
"""Columns of a terminal that holds all of them."""


def title_of(row: Row) -> str:
    """Condition and variant in words."""
    return f"{BY_NAME[row.condition].title}{': ' if row.variant else ''}{row.variant}"


def named_lines(report: Report) -> Iterator[tuple[Row, list[Line]]]:
    """Every row with its lines; variants of a network share bound and nuisance fit, which are said once."""
    said: set[tuple[str, int]] = set()
    for row in report.rows:
        key = (row.condition, row.seed)
        yield row, list(lines_of(row, beside=key not in said))
        if row.state == "done":
            said.add(key)


def lines_of(row: Row, *, beside: bool = True) -> Iterator[Line]:
    """The lines of a row.

    Args:
        row: The row.
        beside: Whether nuisance fit and oracle are among them.
    """
    if row.state != "done":
        yield Line(row.state, (NOTHING,) * len(COLUMNS), row.note)
        return
    times = (_seconds(row.phase1_s), _seconds(row.phase2_s))
    yield Line("median", _numbers(row.value, row.n_types) + times, verdict_of(row))
    worst: Metrics = {name: figure.worst for name, figure in row.metrics.items()}
    yield Line("worst replicate", _numbers(worst.get, row.n_types) + UNTIMED)
    if not beside:
        return
    if row.nuisance:
        yield Line("nuisance fit", _numbers(row.nuisance.get, row.n_types) + UNTIMED)
    if row.oracle is not None:
        metrics, name = row.oracle.metrics, f"oracle, window {row.oracle.window}"
        yield Line(name, _numbers(metrics.get, row.n_types) + UNTIMED, row.oracle.note)
        median, spread = (_suffixed(metrics, suffix) for suffix in ("_median", "_iqr"))
        yield Line("oracle, median [IQR]", _numbers(median, row.n_types, spread) + UNTIMED)
        yield Line("oracle, types known", _numbers(_suffixed(metrics, "_pooled"), row.n_types) + UNTIMED)


def verdict_of(row: Row) -> str:
    """`met`, `MISSED: ...` with the figures, or that nothing is judged."""
    if row.met is None:
        return "report"
    if row.met:
        return "met"
    return "MISSED: " + "; ".join(_missed(judgement) for judgement in row.judgements if not judgement.met)


def tallies(report: Report) -> list[Tally]:
    """Every target of every condition, over all of its networks."""
    groups: dict[tuple[str, str], list[tuple[int, Judgement]]] = {}
    for row in report.rows:
        for judgement in row.judgements:
            key = (title_of(row), judgement.target.metric)
            groups.setdefault(key, []).append((row.seed, judgement))
    found = []
    for (condition, _), judged in groups.items():
        target = judged[0][1].target
        everything = Judgement(
            target=target,
            values={
                f"{seed} {name}": value
                for seed, judgement in judged
                for name, value in judgement.values.items()
            },
            met=all(judgement.met for _, judgement in judged),
        )
        missed = tuple(seed for seed, judgement in judged if not judgement.met)
        found.append(
            Tally(
                condition,
                target.label,
                target.wanted,
                len(judged) - len(missed),
                len(judged),
                everything.worst,
                missed,
            )
        )
    return found


def networks_table(report: Report, *, width: int) -> RenderableType:
    """What was measured, for a terminal; a narrow one gets the columns that targets are about.

    Args:
        report: What to show.
        width: Columns of the terminal.
    """
    shown = range(len(COLUMNS)) if width >= WIDE else [COLUMNS.index(name) for name in LEADING]
    side = 40 if width >= WIDE else max(14, (width - 96) // 2)
    table = Table(title="Recovery" + (" (small networks, not judged)" if report.quick else ""))
    table.add_column("condition", overflow="fold", min_width=min(side, 24), max_width=min(side, 24))
    table.add_column("network", justify="right")
    table.add_column("", no_wrap=width >= WIDE)
    for place in shown:
        table.add_column(COLUMNS[place], justify="right", no_wrap=True)
    table.add_column("targets", overflow="fold", min_width=min(side, 40), max_width=40)
    for row, lines in named_lines(report):
        for place, line in enumerate(lines):
            named = (title_of(row), str(row.seed)) if place == 0 else ("", "")
            style = None if place == 0 else "dim"
            # As text, since brackets in a string would be markup.
            cells = [Text(text) for text in (*named, line.what, *(_pairs(line.cells[at]) for at in shown))]
            table.add_row(*cells, _coloured(line.verdict), style=style)
        table.add_section()
    return table


def targets_table(report: Report) -> RenderableType:
    """Every target and in how many networks it was met, for a terminal."""
    table = Table(title="Targets, judged in every network on the median over replicates")
    for name in ("condition", "target", "wanted"):
        table.add_column(name, overflow="fold")
    for name in ("met", "worst"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    before = ""
    for tally in tallies(report):
        if before and tally.condition != before:
            table.add_section()
        shown = "" if tally.condition == before else tally.condition
        before = tally.condition
        table.add_row(
            shown,
            tally.label,
            tally.wanted,
            f"{tally.met}/{tally.networks}",
            number(tally.worst),
            _coloured(tally.verdict),
        )
    return table


def number(value: float | None) -> str:
    """Three digits after the point; an R2 or ARI near 1 never rounded up to it; `-` where missing."""
    if value is None:
        return NOTHING
    if 0.99 < value < 1:
        return f"{min(value, 0.999999):.6f}".rstrip("0")
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"


def _numbers(get: Get, n_types: int, spread: Get | None = None) -> tuple[str, ...]:
    """The cells up to the times; where there is a spread, it stands in brackets behind values per type."""
    names = ("slope_ratio_{}", "offset_ratio_{}", "slope_ratio_{}_wide", "offset_ratio_{}_wide")
    return (
        number(get("rate_constants_R2_identifiable")),
        number(get("rate_constants_R2")),
        *(_per_type(get, name, n_types, spread) for name in (*names, "response_error_{}")),
        number(get("type_ari")),
        number(get("embedding_cluster_acc")),
        number(get("heldout_gain")),
    )


def _per_type(get: Get, name: str, n_types: int, spread: Get | None) -> str:
    shown = []
    for kind in range(n_types):
        value, around = (ask(name.format(kind)) if ask else None for ask in (get, spread))
        text = NOTHING if value is None else f"{value:.3f}"
        shown.append(text if around is None else f"{text} [{around:.2f}]")
    return NOTHING if set(shown) <= {NOTHING} else " / ".join(shown)


def _pairs(cell: str) -> str:
    """Values of more than two types, two to a line."""
    parts = cell.split(" / ")
    return "\n".join(" / ".join(parts[at : at + 2]) for at in range(0, len(parts), 2))


def _suffixed(metrics: Metrics, suffix: str) -> Get:
    return lambda name: metrics.get(f"{name}{suffix}")


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}"


def _missed(judgement: Judgement) -> str:
    values = [number(value) for value in judgement.values.values()]
    return f"{judgement.target.label} {' / '.join(values)} ({judgement.target.wanted})"


def _coloured(text: str) -> Text:
    style = "bold red" if text.startswith("MISSED") else "green" if text == "met" else ""
    return Text(text, style=style)
