"""The metrics of a run, replicate by replicate, as a table.

On a terminal it keeps within the screen: meanings are cut first, then whole columns go, the meaning first and
single replicates after it, and the medians never.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from shutil import get_terminal_size

from agent.cli.facts import folded, is_bold
from agent.cli.tables import GAP, Column, lines, total_width
from blocks.run import MetricInfo, Run, show_number

LEAST_MEANING = 24
"""Columns below which a meaning that is cut tells nothing."""


def replicate_lines(run: Run, infos: Mapping[str, MetricInfo]) -> Iterator[str]:
    """A line per metric: each replicate's value, their median with its spread, and what it means.

    Args:
        run: One with metrics.
        infos: What the problem says of its metrics, in the order in which they are shown.
    """
    names = [name for name in infos if any(name in metrics for metrics in run.metrics)]
    # What the problem does not name for these data is shown where it has a value.
    more = {name for metrics in run.metrics for name, value in metrics.items() if value is not None}
    names += sorted(more - set(names))
    replicates = [
        Column(f"rep {number}", [_shown(metrics.get(name)) for name in names], is_text=False)
        for number, metrics in enumerate(run.metrics)
    ]
    medians = Column("median ± sd", [str(run.spread(name) or "-") for name in names], is_text=False)
    table = [Column("metric", names, is_text=True), *replicates, medians]
    meanings = [infos[name].meaning if name in infos else "" for name in names]
    table.append(Column("meaning", meanings, is_text=True))
    shown, dropped = _fitting(table) if sys.stdout.isatty() else (table, [])
    yield from lines(shown, bold=is_bold())
    if dropped:
        yield from folded(f"not shown for want of width: {', '.join(dropped)}")


def _fitting(table: Sequence[Column]) -> tuple[list[Column], list[str]]:
    """The columns that the terminal has room for, and the headers of those that it has not."""
    width = get_terminal_size().columns
    name, *replicates, median, meaning = table
    bare = [name, *replicates, median]
    left = width - total_width(bare) - len(GAP)
    if left >= LEAST_MEANING:
        return [*bare, meaning._replace(cells=[_cut(text, left) for text in meaning.cells])], []
    if left + len(GAP) >= 0:
        return bare, [meaning.header]
    return [name, median], [*(one.header for one in replicates), meaning.header]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _shown(value: float | None) -> str:
    return "-" if value is None else show_number(value)
