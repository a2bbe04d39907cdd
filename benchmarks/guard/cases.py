"""Snippets of the corpus, one by one, and what a layer says of each."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from tests.agent.guard.corpus import CLEAN, LEAKS, can_run
from tests.agent.guard.corpus.strategy import module_of

PROXY = "proxy"
"""Family of what reads no truth, and may give it away all the same."""


class Said(StrEnum):
    """What a layer says of a snippet."""

    LEAK = "leak"
    """It is called a leak."""

    STOPPED = "stopped"
    """The training cannot go on, or is refused, for want of certainty."""

    PASSED = "passed"

    @property
    def is_caught(self) -> bool:
        return self is not Said.PASSED


class Case(NamedTuple):
    """A snippet of the corpus."""

    family: str
    name: str
    leaks: bool

    @property
    def snippet(self) -> str:
        """Source that defines `hint(batch)`."""
        return (LEAKS if self.leaks else CLEAN)[self.family][self.name]

    @property
    def source(self) -> str:
        """Source of a module with a strategy that follows the hint."""
        return module_of(self.snippet)


def cases(*, leaks: bool) -> Iterator[Case]:
    """Every snippet whose libraries are there, or every look-alike."""
    for family, snippets in (LEAKS if leaks else CLEAN).items():
        for name, snippet in snippets.items():
            if can_run(snippet):
                yield Case(family, name, leaks)
