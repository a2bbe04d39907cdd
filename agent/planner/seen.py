"""The runs of a search as a model takes them in: kept up to date with the past, and fitted seldom.

Of many runs a model holds some: the first ones, which are spread widest, the best ones and the latest ones.
So its cost is bounded however many there are. Its length scales are searched for whenever there are 15 %
more runs than the last time, from the runs as they stood at that number: a pure function of the history,
asked at every run or once at its end.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from agent.planner.algebra import kernel_between
from agent.planner.encoding import Encoding
from agent.planner.nearby import Surroundings
from agent.planner.process import Process
from agent.planner.rewards import floor_of
from agent.planner.shape import Shape, shape_of
from blocks.base import Value
from blocks.constraints import Narrowed
from blocks.guidance import Guidance
from blocks.run import Run, median_of
from memory.ended import Ended

MODEL_RUNS: Final = 72
"""Runs that the model is fitted on, however many there are."""

GROWTH: Final = 1.15
"""So many times as many runs, and length scales are searched for anew."""


class Results(NamedTuple):
    """What a model is fitted to."""

    places: Int[np.ndarray, " run"]
    values: Float64[np.ndarray, "run replicate"]
    """The objective in every replicate, higher being better; NaN where there are fewer of them."""

    sizes: Int[np.ndarray, " run"]
    """How many there are; 0 for a run that gave none."""


class Model(NamedTuple):
    """A model, and the runs that it was fitted to."""

    process: Process
    runs: list[Run]
    codes: Int[np.ndarray, "run name"]
    """Their values and strategies as numbers that are equal where those are."""


class _Kernel(NamedTuple):
    """The kernel of the runs that the last model held."""

    shape: Shape | None
    places: Int[np.ndarray, " run"]
    kernel: Float64[np.ndarray, "run run"]


class Seen:
    """Every searching run that has ended, fed in the order of their numbers.

    Args:
        encoding: Of their slots.
        objective: The metric that is searched for.
        direction: `maximize` or `minimize`.
    """

    def __init__(self, encoding: Encoding, objective: str, direction: str) -> None:
        self._encoding, self._objective = encoding, objective
        self._sign = 1.0 if direction == "maximize" else -1.0
        self._runs: list[Run] = []
        self._places: dict[int | None, int] = {}
        self._levels: list[float] = []
        self._ranked: list[tuple[float, int]] = []
        """All runs, best first, as their level below zero and their place."""
        self._scored = 0
        self._values: list[list[float]] = []  # of each run
        self._most = 1  # values that a run has
        self._held = np.empty((0, 1))  # the same as rows, of runs that a model holds
        self._sizes = np.empty(0, dtype=np.int64)
        self._is_held = np.empty(0, dtype=bool)
        self._points = np.empty((0, sum(size for _, size in encoding.groups)))
        self._codes_at = np.empty((0, len(encoding.groups)), dtype=np.int64)
        self._encoded = np.empty(0, dtype=bool)
        self._names = tuple(encoding.spec.space.names())
        self._codes: dict[tuple[str, Value, bool], int] = {}
        self._snapshot: Results | None = None
        self._has_results = False  # in the snapshot
        self._due = 2
        self._shape: Shape | None = None
        self._model: Model | None = None
        self._kernel: _Kernel | None = None
        self._around: Surroundings | None = None

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended; what repeats a run judges that run too."""
        run, found = ended.run, ended.values_of(self._objective) if ended.counts else ()
        values = [self._sign * value for value in found]
        if run.proposal.role.repeats:
            place = self._places.get(run.proposal.parent)
            if place is not None and values and not run.proposal.network:
                self._model = None
                self._learn(place, self._values[place] + values)
        elif run.proposal.searches:
            self._model = None
            self._places[run.number] = len(self._runs)
            self._runs.append(run)
            self._levels.append(-math.inf)
            insort(self._ranked, (math.inf, len(self._runs) - 1))
            self._values.append([])
            self._learn(len(self._runs) - 1, values)
            if len(self._runs) >= self._due:
                self._due = max(len(self._runs) + 1, math.ceil(GROWTH * len(self._runs)))
                self._take_snapshot()
        if self._scored >= 2 and not self._has_results:
            self._take_snapshot()  # there was nothing to search in before

    def model(self) -> Model | None:
        """The model of the runs so far; None for want of two results."""
        if self._model is None and self._scored >= 2:
            groups = [size for _, size in self._encoding.groups]
            if self._shape is None:
                assert self._snapshot is not None  # it is taken once there are results
                points, levels, weights = self._arrays(self._snapshot)
                self._shape = shape_of(points, levels, groups, weights=weights)
            found = self._results()
            points, levels, weights = self._arrays(found)
            kernel = partial(self._kernel_of, found.places)
            process = Process(points, levels, groups, weights=weights, shape=self._shape, kernel=kernel)
            self._model = Model(
                process,
                [self._runs[place] for place in found.places.tolist()],
                self._codes_at[found.places],
            )
        return self._model

    def around(self, narrowed: Narrowed, guidance: Guidance, block: int) -> Surroundings:
        """The space around the runs under constraints, made once where they stay the same."""
        if self._around is None or not self._around.hold(narrowed, guidance, block):
            self._around = Surroundings(self._encoding, narrowed, guidance, block)
        return self._around

    def codes_of(self, values: dict[str, Value], strategies: Sequence[str]) -> list[int]:
        """Values and strategies of a slot as in `Model.codes`."""
        found = []
        for name in self._names:
            value = values.get(name, "")
            found.append(self._codes.setdefault((name, value, isinstance(value, bool)), len(self._codes)))
        return found + [name in strategies for name in self._encoding.strategies]

    def _learn(self, place: int, values: list[float]) -> None:
        if not values:
            return
        self._values[place], self._most = values, max(self._most, len(values))
        if place < len(self._is_held):
            self._is_held[place] = False
        self._scored += math.isinf(self._levels[place])
        del self._ranked[bisect_left(self._ranked, (-self._levels[place], place))]
        self._levels[place] = math.fsum(values) / len(values)
        insort(self._ranked, (-self._levels[place], place))

    def _take_snapshot(self) -> None:
        """Length scales will be searched for in the runs as they stand now."""
        self._snapshot, self._shape = self._results(), None
        self._has_results = bool(self._snapshot.sizes.any())

    def _results(self) -> Results:
        places = self._chosen()
        self._hold(places)
        return Results(places, self._held[places], self._sizes[places])

    def _hold(self, places: Int[np.ndarray, " run"]) -> None:
        """Makes rows of the values of some runs; those of others are as they were."""
        n, width = self._held.shape
        if n < len(self._runs) or width < self._most:
            n_rows = max(2 * n, len(self._runs), MODEL_RUNS) if n < len(self._runs) else n
            held = np.full((n_rows, self._most), math.nan)
            held[:n, :width] = self._held
            more = np.zeros(n_rows - n, dtype=np.int64)
            self._held, self._sizes = held, np.concatenate((self._sizes, more))
            self._is_held = np.concatenate((self._is_held, more > 0))
        for place in places[~self._is_held[places]].tolist():
            values = self._values[place]
            self._held[place, : len(values)], self._sizes[place] = values, len(values)
            self._is_held[place] = True

    def _kernel_of(
        self, places: Int[np.ndarray, " run"], scaled: Float64[np.ndarray, "run coordinate"]
    ) -> Float64[np.ndarray, "run run"]:
        """The kernel of some runs; what was among the last ones is not worked out again."""
        before = self._kernel
        if before is None or before.shape is not self._shape:
            found = kernel_between(scaled, scaled)
        else:
            at = np.minimum(np.searchsorted(before.places, places), len(before.places) - 1)
            fresh = np.flatnonzero(before.places[at] != places)
            found = before.kernel.take(at, axis=0).take(at, axis=1)
            found[fresh] = kernel_between(scaled[fresh], scaled)
            found[:, fresh] = found[fresh].T
        self._kernel = _Kernel(self._shape, places, found)
        return found.copy()

    def _chosen(self) -> Int[np.ndarray, " run"]:
        """The first runs, the best and the latest, a third each, in their order."""
        n, third = len(self._runs), MODEL_RUNS // 3
        if n <= MODEL_RUNS:
            return np.arange(n)
        chosen = {*range(third), *(place for _, place in self._ranked[:third])}
        latest = n
        while len(chosen) < MODEL_RUNS:
            latest -= 1
            chosen.add(latest)
        return np.array(sorted(chosen))

    def _arrays(
        self, results: Results
    ) -> tuple[
        Float64[np.ndarray, "run coordinate"], Float64[np.ndarray, " run"], Float64[np.ndarray, " run"]
    ]:
        """Points, mean objective over replicates, and how much each mean counts.

        None is below a floor; a run that failed is at the floor. The mean, where the tree goes by the
        median: replicates that end in one of two ways have a mean that says how often, and a median that is
        a coin's.
        """
        places, values, sizes = results
        missing, gave = np.isnan(values), sizes > 0
        low = floor_of(values[~missing])
        usual = median_of(sizes[gave].tolist())
        totals = np.where(missing, 0.0, np.maximum(values, low)).sum(axis=1)
        levels = np.where(gave, totals / np.maximum(sizes, 1), low)
        weights = np.where(gave, sizes / usual, 1.0)
        self._encode(places)
        return self._points[places], levels, weights

    def _encode(self, places: Int[np.ndarray, " run"]) -> None:
        """Only runs that a model holds are encoded, and once."""
        if len(self._encoded) < len(self._runs):
            more = max(len(self._runs), 2 * len(self._encoded), MODEL_RUNS) - len(self._encoded)
            self._encoded = np.append(self._encoded, np.zeros(more, dtype=bool))
            self._points = np.concatenate((self._points, np.empty((more, self._points.shape[1]))))
            self._codes_at = np.concatenate(
                (self._codes_at, np.empty((more, self._codes_at.shape[1]), dtype=np.int64))
            )
        for place in places[~self._encoded[places]].tolist():
            slot = self._runs[place].proposal.spec
            self._points[place] = self._encoding.point(slot.values, slot.strategies)
            self._codes_at[place] = self.codes_of(slot.values, slot.strategies)
            self._encoded[place] = True
