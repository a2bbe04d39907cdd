"""The search tree as people look at it: each run below the run that it mutates, and where to draw it.

Runs whose parent is not among those that are shown stand at the top, like those that have none.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from blocks.run import Run


class Place(NamedTuple):
    """Where a run stands in a drawing: columns to the right by generation, rows downwards."""

    generation: int
    row: float


class Lineage:
    """Runs and what descends from them, in the order of their numbers.

    Args:
        runs: Of one exploration.
    """

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs = {run.number: run for run in sorted(runs, key=lambda run: run.number)}
        self._children: dict[int | None, list[int]] = defaultdict(list)
        for run in self.runs.values():
            parent = run.proposal.parent
            self._children[parent if parent in self.runs else None].append(run.number)

    @property
    def roots(self) -> Sequence[int]:
        """Numbers of the runs at the top."""
        return self._children[None]

    def children(self, number: int) -> Sequence[int]:
        """Numbers of the runs that mutate a run."""
        return self._children.get(number, ())

    def path(self, number: int) -> list[int]:
        """From the top down to a run, which is the last."""
        found = [number]
        while (parent := self.runs[found[-1]].proposal.parent) is not None and parent in self.runs:
            found.append(parent)
        return found[::-1]

    def descendants(self, number: int) -> list[int]:
        """Numbers of all that descend from a run, the nearest first."""
        found = list(self.children(number))
        for child in found:
            found.extend(self.children(child))
        return found

    def places(self) -> dict[int, Place]:
        """A tidy layout: a row for every run without children, parents half-way between their children.

        Source: the rule of Wetherell & Shannon 1979, Tidy drawings of trees (doi:10.1109/TSE.1979.234212),
        for trees that may be as deep as they have runs.
        """
        generations: dict[int, int] = {}
        order: list[int] = []
        stack = [(number, 0) for number in reversed(self.roots)]
        while stack:
            number, generation = stack.pop()
            generations[number] = generation
            order.append(number)
            stack.extend((child, generation + 1) for child in reversed(self.children(number)))
        rows: dict[int, float] = {}
        leaves = [number for number in order if not self.children(number)]
        rows.update((number, float(row)) for row, number in enumerate(leaves))
        for number in reversed(order):
            if children := self.children(number):
                rows[number] = (rows[children[0]] + rows[children[-1]]) / 2
        return {number: Place(generations[number], rows[number]) for number in order}
