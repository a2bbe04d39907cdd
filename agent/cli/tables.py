"""Tables of plain text: columns as wide as their widest cell, two spaces apart.

A library that lays out tables measures every cell several times over; ten thousand runs are a few lines of
work for `str.ljust`.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

GAP = "  "


class Column(NamedTuple):
    """A column with its cells as text."""

    header: str
    cells: Sequence[str]
    is_text: bool
    """Text stands to the left, numbers to the right."""

    @property
    def width(self) -> int:
        """Of its widest cell, as a terminal counts."""
        return max(map(_width, (self.header, *self.cells)))


def total_width(columns: Sequence[Column]) -> int:
    """Of a whole line."""
    return sum(column.width for column in columns) + len(GAP) * (len(columns) - 1)


def lines(columns: Sequence[Column], *, bold: bool) -> Iterable[str]:
    """The header, and a line for each row.

    Args:
        columns: At least one, all with as many cells.
        bold: Whether the header is shown in bold, as a terminal does.
    """
    widths = [column.width for column in columns]
    sides = [column.is_text for column in columns]
    header = _line([column.header for column in columns], widths, sides)
    yield f"\x1b[1m{header}\x1b[0m" if bold else header
    for cells in zip(*(column.cells for column in columns), strict=True):
        yield _line(cells, widths, sides)


def _line(cells: Sequence[str], widths: Sequence[int], sides: Sequence[bool]) -> str:
    parts = []
    for cell, width, is_text in zip(cells, widths, sides, strict=True):
        space = " " * (width - _width(cell))
        parts.append(cell + space if is_text else space + cell)
    return GAP.join(parts).rstrip()


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # knows which letters take two places

    return cell_len(text)
