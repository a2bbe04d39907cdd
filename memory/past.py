"""The runs of an exploration, indexed as they come in: what planners and findings share.

A past is the sequence of runs itself, in the order of their numbers, with what is asked of it again and
again kept at hand. What is derived from it (the search tree, the pairs of samples) is fed each ended run
once. Nothing in it depends on when a run was heard of: a past that grew is the past that is made at once.

Runs that are void stand beside it. Nothing that is asked of it rests on them, and what was derived while they
were not void is worked out anew.
"""

import gc
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import attrgetter
from typing import Any, Protocol, TypeVar, overload

from blocks.run import Run
from memory.ended import Configuration, Ended, configuration

__all__ = ["Configuration", "Derived", "Past", "configuration"]


class Derived(Protocol):
    """What is worked out from ended runs, one after the other."""

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended; its number is higher than those of all before it."""


D = TypeVar("D", bound=Derived)

_number = attrgetter("number")


class Past(Sequence[Run]):
    """Every run of an exploration that is not void, in the order of their numbers.

    Args:
        runs: Runs to begin with, void or not.
    """

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._index(runs)

    @classmethod
    def of(cls, runs: Sequence[Run]) -> "Past":
        """The runs as a past: themselves, where they are one."""
        return runs if isinstance(runs, Past) else cls(runs)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> list[Run]: ...
    def __getitem__(self, index: int | slice) -> Run | list[Run]:
        return self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it grows

    @property
    def void(self) -> Sequence[Run]:
        """Runs that a retraction is in force on, in the order of their numbers."""
        return sorted(self._void.values(), key=_number)

    @property
    def whole(self) -> Sequence[Run]:
        """All runs, the void ones in their places."""
        return sorted([*self._runs, *self._void.values()], key=_number) if self._void else self._runs

    @property
    def next_number(self) -> int:
        """Number of the next run; those of void runs are not given twice, nor are their seeds."""
        last = self._runs[-1].number if self._runs else 0
        return max(last, *self._void) + 1 if self._void else last + 1

    def until(self, block: int) -> "Past":
        """The past as it was after a block."""
        whole = self.whole
        return (
            self if all(run.block <= block for run in whole) else Past(r for r in whole if r.block <= block)
        )

    @property
    def ended(self) -> Sequence[Run]:
        """Runs that are done, stopped or failed, and not void."""
        return [one.run for one in self._ended]

    def by_number(self, number: int | None) -> Run | None:
        """The run of that number, where there is one."""
        place = self._places.get(number)
        return None if place is None else self._runs[place]

    def configuration_of(self, number: int) -> Configuration | None:
        """That of a run; None where there is none of that number."""
        place = self._places.get(number)
        return None if place is None else self._configurations[place]

    def first_of(self, wanted: Configuration) -> Run | None:
        """The first run of a configuration, in whatever state."""
        place = self._tried.get(wanted)
        return None if place is None else self._runs[place]

    def with_strategy(self, name: str) -> int:
        """How many runs have a strategy on."""
        for strategies, n in Counter(self._heard).items():
            self._strategies.update(dict.fromkeys(strategies, n))
        self._heard.clear()
        return self._strategies[name]

    def update(self, changed: Iterable[Run]) -> None:
        """Takes in runs that are new, or in another state than before.

        Args:
            changed: Runs as they are now, in any order; others are as they were.
        """
        with _undisturbed():
            self._update(sorted(changed, key=_number))

    def _update(self, changed: Sequence[Run]) -> None:
        for heard, run in enumerate(changed):
            place = self._places.get(run.number)
            if place is not None and self._runs[place] == run:
                continue
            if run.void and place is None:
                self._void[run.number] = run
                continue
            if not self._goes_on(run, place):
                # A result that is no longer what it was, or one of a run before the last: seldom, and
                # exact only from the beginning; then all that is left to hear is taken in at once.
                rest = {other.number: other for other in changed[heard:]}
                self._index([*(other for other in self.whole if other.number not in rest), *rest.values()])
                return
            self._void.pop(run.number, None)
            if place is None:
                self._append(run)
            else:
                self._runs[place] = run
            if run.state.is_final:
                self._ended.append(Ended(run, self._configurations[self._places[run.number]]))

    def derive(self, make: Callable[..., D], *args: Hashable) -> D:
        """`make(*args)`, fed with every run that has ended; made once, and from then on fed what is new."""
        view, fed = self._derived.pop((make, args), None) or (make(*args), 0)
        with _undisturbed():
            for ended in islice(self._ended, fed, None):
                view.add(ended)
        self._derived[make, args] = view, len(self._ended)
        return view

    def _goes_on(self, run: Run, place: int | None) -> bool:
        """Whether a change adds to what is indexed, and takes nothing back."""
        if run.void:
            return False
        if run.state.is_final and self._ended and run.number < self._ended[-1].run.number:
            return False
        if place is None:
            return not self._runs or run.number > self._runs[-1].number
        before = self._runs[place]
        return not before.state.is_final and before.proposal == run.proposal

    def _index(self, runs: Iterable[Run]) -> None:
        self._runs: list[Run] = []
        self._void: dict[int, Run] = {}
        self._places: dict[int | None, int] = {}
        self._configurations: list[Configuration] = []
        self._tried: dict[Configuration, int] = {}
        self._strategies: Counter[str] = Counter()
        self._heard: list[tuple[str, ...]] = []  # strategies that are not counted yet
        self._derived: dict[tuple[Callable[..., Any], tuple[Hashable, ...]], tuple[Any, int]] = {}
        for run in sorted(runs, key=_number):
            if run.void:
                self._void[run.number] = run
            else:
                self._append(run)
        known = zip(self._runs, self._configurations, strict=True)
        self._ended = [Ended(run, known_as) for run, known_as in known if run.state.is_final]

    def _append(self, run: Run) -> None:
        place = len(self._runs)
        self._runs.append(run)
        self._places[run.number] = place
        self._configurations.append(configuration(run.proposal.spec))
        self._tried.setdefault(self._configurations[place], place)
        self._heard.append(run.proposal.spec.strategies)


MANY_OBJECTS = 20_000


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the search for cycles: what is made here is in none, and stays.

    Where it was much, it is left out of later searches too: each would look at all runs again, for seconds.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > MANY_OBJECTS:
            gc.freeze()
        if enabled:
            gc.enable()
