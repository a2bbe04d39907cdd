"""How all pictures look: one palette, one size, one way to write a heading, one way to save.

Colours are those of Okabe and Ito, for more groups those of Tol: colour-blind readers tell them apart. Beyond
nine viridis goes on. Figures are made without pyplot, from matplotlib's own defaults and nobody's
matplotlibrc, and saved without date or version, so that the same picture has the same bytes.
"""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from matplotlib import colormaps, style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito 2008, without yellow, which is too faint on white, and black, which is for text."""

MANY: Final = (
    "#332288",
    "#88CCEE",
    "#117733",
    "#CC6677",
    "#999933",
    "#882255",
    "#44AA99",
    "#DDCC77",
    "#AA4499",
)
"""The muted scheme of Tol 2021, for seven to nine colours."""

INK: Final = "#222222"
MUTED: Final = "#6B6B6B"
GRID: Final = "#E4E4E4"
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")
"""One per cluster; there are as many as clusters can be."""

WIDTH: Final = 6.0  # inches
_LEFT: Final = 0.85
_RIGHT: Final = 0.2
_BELOW: Final = 0.50  # numbers and name of the lower axis
_ABOVE: Final = 0.58  # title and the line below it
_ROW: Final = 0.195  # of a legend
_GAP: Final = 0.12

DPI: Final = 200  # 1200 pixels wide, and letters of 12 pixels where a page shows it at 600

_STYLE: Final[dict[str, Any]] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.6,
    "legend.borderaxespad": 0.0,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "path.simplify_threshold": 0.3,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Everything that is drawn and saved inside looks alike, whatever the user's own settings are."""
    with style.context(_STYLE, after_reset=True):
        yield


def blank() -> tuple[Figure, Axes]:
    """A figure with one pair of axes; `finish` gives both their size."""
    figure = Figure(figsize=(WIDTH, WIDTH))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.grid(visible=True)
    axes.tick_params(length=3)
    return figure, axes


def finish(
    figure: Figure,
    axes: Axes,
    *,
    title: str,
    below: str,
    handles: Sequence[Artist],
    columns: int | None = None,
    height: float = 2.9,
) -> Figure:
    """Adds a title, a line in grey below it, and a legend under the axes, and sets the figure's height.

    Places are set here in inches: a layout engine would cost as much time as all else together.

    Args:
        figure: What `blank` gave.
        axes: What `blank` gave.
        title: In bold.
        below: What the reader should know of how it was made.
        handles: Of the legend, column after column.
        columns: Of the legend; default: as many as fit.
        height: Of the axes, inches.

    Returns:
        The figure.
    """
    longest = max((len(re.sub(r"[\\${}^]", "", str(one.get_label()))) for one in handles), default=1)
    columns = max(1, min(columns or int(86 / (longest + 6)), len(handles)))
    rows = math.ceil(len(handles) / columns)
    bottom = _BELOW + rows * _ROW + (_GAP if rows else 0.0)
    whole = bottom + height + _ABOVE
    figure.set_size_inches(WIDTH, whole)
    axes.set_position((_LEFT / WIDTH, bottom / whole, (WIDTH - _LEFT - _RIGHT) / WIDTH, height / whole))
    _heading(axes, title, below)
    if handles:
        place = (_LEFT / WIDTH, (bottom - _BELOW - _GAP + 0.06) / whole)
        figure.legend(
            handles=handles, loc="upper left", bbox_to_anchor=place, ncols=columns, columnspacing=1.6
        )
    return figure


def finish_square(
    figure: Figure, axes: Axes, *, title: str, below: str, handles: Sequence[Artist], side: float = 3.3
) -> Figure:
    """As `finish`, with square axes and the legend beside them.

    Args:
        figure: What `blank` gave.
        axes: What `blank` gave.
        title: In bold.
        below: What the reader should know of how it was made.
        handles: Of the legend.
        side: Of the axes, inches.

    Returns:
        The figure.
    """
    whole = _BELOW + side + _ABOVE
    figure.set_size_inches(WIDTH, whole)
    axes.set_position((_LEFT / WIDTH, _BELOW / whole, side / WIDTH, side / whole))
    _heading(axes, title, below)
    place = ((_LEFT + side + 0.15) / WIDTH, (_BELOW + side) / whole)
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=place, labelspacing=0.9)
    return figure


def nothing_to_draw(title: str, why: str) -> Figure:
    """A picture that says why it is empty."""
    figure, axes = blank()
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, why, ha="center", va="center", color=MUTED, transform=axes.transAxes)
    return finish(figure, axes, title=title, below="nothing to draw", handles=[], height=2.0)


def readable_logarithms(axis: Axis, low: float, high: float) -> None:
    """Labels 1, 2 and 5 of every decade as plain numbers where there are few decades.

    Args:
        axis: A logarithmic axis.
        low: Its lower end.
        high: Its upper end.
    """
    if high / low > 300 or not 1e-3 <= low <= high <= 1e4:
        return
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(LogLocator(subs=(3.0, 4.0, 6.0, 7.0, 8.0, 9.0)))
    axis.set_minor_formatter(NullFormatter())


def _heading(axes: Axes, title: str, below: str) -> None:
    def line(text: str, up: int, **look: Any) -> None:
        axes.annotate(
            text, xy=(0, 1), xytext=(0, up), xycoords="axes fraction", textcoords="offset points", **look
        )

    line(title, 23, fontsize=10.5, fontweight="bold")
    line(below, 9, fontsize=8.5, color=MUTED)


def colours(count: int) -> list[str]:
    """So many colours; equal counts have equal ones."""
    for scheme in (PALETTE, MANY):
        if count <= len(scheme):
            return list(scheme[:count])
    return [to_hex(colormaps["viridis"](0.92 * place / (count - 1))) for place in range(count)]


def darker(colour: str, share: float = 0.55) -> str:
    """The same hue with less light, for what is drawn on top of it."""
    red, green, blue = to_rgb(colour)
    return to_hex((share * red, share * green, share * blue))


def save(figure: Figure, path: Path) -> None:
    """Writes a PNG whose bytes depend on what was drawn and on nothing else."""
    figure.savefig(path, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 4})
