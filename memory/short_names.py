"""Short names of metrics, as tables print them: `gain` for `heldout_gain`, `gain_sd` for its spread.

A question may use them where they are unmistakable: where no column has that name, and no two metrics share
it. In SQL they are put into words only where a column may stand: not in text, not in comments, and not where
a function is called.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from blocks.run import MetricInfo

NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})

_TOKEN: Final = re.compile(
    r"""'(?:[^']|'')*' | --[^\n]* | /\*.*?\*/ | "(?P<quoted>(?:[^"]|"")*)"
    | (?P<bare>[^\W\d]\w*) (?!\w|\s*\() | \w+""",
    re.VERBOSE | re.DOTALL,
)


def short_names(metrics: Mapping[str, MetricInfo], known: Iterable[str]) -> dict[str, str]:
    """Columns by the short names that lead to them, in small letters; with `_` for a space as well.

    Args:
        metrics: What the problem says of its metrics.
        known: Columns that there are.
    """
    columns = {column.casefold(): column for column in known}
    meant: dict[str, set[str]] = defaultdict(set)
    for name, info in metrics.items():
        for label in {info.label, info.label.replace(" ", "_")} - {""}:
            for ending in ("", "_sd"):
                if (column := columns.get(f"{name}{ending}".casefold())) is not None:
                    meant[f"{label}{ending}".casefold()].add(column)
    return {label: found.pop() for label, found in meant.items() if len(found) == 1 and label not in columns}


def in_full(where: str, names: Mapping[str, str]) -> str:
    """An SQL expression with the columns that its short names stand for.

    Args:
        where: As it was written.
        names: As `short_names` gives them.
    """

    def said(found: re.Match[str]) -> str:
        name = found["bare"] if found["quoted"] is None else found["quoted"].replace('""', '"')
        column = None if name is None else names.get(name.casefold())
        return found[0] if column is None else f'"{column}"'

    return _TOKEN.sub(said, where) if names else where
