"""Lines of a working memory that are known from block to block, and how they are kept short."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from memory.statements import plain

WIDEST: Final = 240
"""Letters of a text that was brought in; what runs say is short by itself."""


class Item(NamedTuple):
    """A line of a section, with what it is known by from block to block."""

    key: str
    text: str
    evidence: str = ""

    @property
    def line(self) -> str:
        """The text with its evidence, as the memory shows it."""
        return f"{plain(self.text)}  {plain(self.evidence)}" if self.evidence else plain(self.text)


def shortened(text: str) -> str:
    """A text that was brought in, as one plain line."""
    text = plain(text)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3].rstrip()}..."


def bounded_items(items: Sequence[Item], limit: int) -> list[Item]:
    """At most so many lines; the last one says how many were left out."""
    if len(items) <= limit:
        return list(items)
    return [*items[: limit - 1], Item("", f"And {len(items) - limit + 1} more, weaker or later ones.")]
