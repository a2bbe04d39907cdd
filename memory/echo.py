"""Runs as this store wrote them itself, so that it need not read them again.

Whoever records runs asks for its past after each batch, and would read what it has just written. A run that
is planned here and goes its ordinary way (planned, started, trained, done) is known as it stands, so long as
nobody else writes: the journal then has as many events of runs as were written here. Where it has more, all
runs that changed are read, and what was known here is forgotten.
"""

from typing import Any, Final

from blocks.base import made
from blocks.run import Run

MOST_EVENTS: Final = 1_000
"""Events that are kept for a past that nobody asks for."""


class Echo:
    """What was written since the last past was asked for, by exploration; told once it is committed."""

    def __init__(self) -> None:
        self._runs: dict[str, dict[int, Run]] = {}
        self._events: dict[str, list[tuple[int, int]]] = {}

    def planned(self, exploration: str, run: Run, event: int) -> None:
        """A run was planned.

        Args:
            exploration: Name of its exploration.
            run: The run as it stands.
            event: Id of the event that says so.
        """
        events = self._events.setdefault(exploration, [])
        if len(events) >= MOST_EVENTS:
            self.forget(exploration)
            return
        self._runs.setdefault(exploration, {})[run.number] = run
        events.append((event, run.number))

    def moved(self, exploration: str, number: int, *events: int, **fields: Any) -> None:
        """A run was taken to its next state; one that was not planned here is none of these.

        Args:
            exploration: Name of its exploration.
            number: Number of the run.
            events: Ids of the events that say so.
            fields: Fields of the run that are others now.
        """
        run = self._runs.get(exploration, {}).get(number)
        if run is not None:
            self.planned(exploration, made(Run, **{**vars(run), **fields}), events[0])
            self._events.get(exploration, []).extend((event, number) for event in events[1:])

    def take(self, exploration: str, metric: str, *, last: int, n_events: int) -> list[Run] | None:
        """The runs that changed since the last past, with one of their metrics; None where others wrote too.

        Args:
            exploration: Name of the exploration.
            metric: The metric.
            last: Id of its last event.
            n_events: How many events of runs there are since the past that is brought up to date.
        """
        events = self._events.pop(exploration, [])
        if len(events) != n_events or any(event > last for event, _ in events):
            self.forget(exploration)
            return None
        runs = self._runs.get(exploration, {})
        changed = [runs[number] for number in dict.fromkeys(number for _, number in events)]
        for run in changed:
            if run.state.is_final:
                del runs[run.number]
        return [_with_one(run, metric) for run in changed]

    def forget(self, exploration: str) -> None:
        """What is known may not hold any more."""
        self._runs.pop(exploration, None)
        self._events.pop(exploration, None)


def _with_one(run: Run, metric: str) -> Run:
    """The run with one of its metrics, as `memory.reading.changed_runs` gives it."""
    kept = tuple({metric: row[metric]} if metric in row else {} for row in run.metrics)
    return made(Run, **{**vars(run), "metrics": kept})
