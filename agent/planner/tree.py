"""The search tree: every run that has ended is a node below the run that it mutates.

    UCB(u) = reward(u) + c * sqrt(N) / (1 + visits(u))

visits(u) counts u and its descendants, N all visits. The reward is the rank of the run's objective
among the finished ones, from 0 to 1, since an objective such as `heldout_gain` has no lower bound; a spec
may have it be the objective itself, between the worst and the best. A failed run has reward 0: it was
visited and led nowhere.
Source: the PUCT rule of the public MetabolismGraph study (FACTS: section 6), with ranks.

The tree grows with its runs; a look at it is worked out for all nodes at once, and orders no more of them
than are asked for.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from statistics import median
from typing import Final, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from agent.planner.rewards import NodeArray, Positions, first, level_rewards, rank_rewards, ucb_score
from blocks.run import Run, RunState
from memory.ended import Ended

Reward = Literal["rank", "objective"]
"""What a node is rewarded for: how many others are worse, or how near it is to the best."""

HEAD = 64
"""So many nodes of an order are found without ordering them all."""


class Node(NamedTuple):
    """A run that has ended with its place in the tree."""

    run: Run
    scored: bool
    """False for a failed run, one whose objective is missing, and one that is no evidence."""
    reward: float
    visits: int
    ucb: float


class Tree:
    """Nodes in the order of their numbers, with their visits and scores.

    Args:
        objective: The metric that is searched for.
        direction: `maximize` or `minimize`.
    """

    def __init__(self, objective: str, direction: str) -> None:
        self._objective = objective
        self.sign: Final = 1.0 if direction == "maximize" else -1.0
        self.runs: list[Run] = []
        self._places: dict[int | None, int] = {}
        self._parents: list[int | None] = []
        self._visits = array("q")
        self._scores = array("d")  # NaN where there is none
        self._values: dict[int, list[float]] = {}  # of runs that were repeated
        self._ordered: Float[np.ndarray, " scored"] = np.empty(0)
        self._unordered: list[float] = []  # what is not in its place yet

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended, after all that it may descend from.

        What repeats a run is no node of its own: it is a visit, and its replicates judge that run too. What
        tests a statement on another network is neither.
        """
        run = ended.run
        if run.proposal.role.repeats:
            self._repeat(run)
        if not run.proposal.searches:
            return
        place = len(self.runs)
        parent = self._places.get(run.proposal.parent)
        self.runs.append(run)
        self._places[run.number] = place
        self._parents.append(parent)
        self._visits.append(1)
        while parent is not None:
            self._visits[parent] += 1
            parent = self._parents[parent]
        scored = ended.counts and bool(ended.values_of(self._objective))
        self._scores.append(self.sign * ended.median_of(self._objective) if scored else math.nan)
        if scored:
            self._unordered.append(self._scores[-1])

    def _repeat(self, run: Run) -> None:
        place = self._places.get(run.proposal.parent)
        if place is None:
            return
        older: int | None = place
        while older is not None:
            self._visits[older] += 1
            older = self._parents[older]
        values = self._values_of(run)
        if run.proposal.network or not values:
            return  # another network may be easier or harder
        pooled = self._values.setdefault(place, self._values_of(self.runs[place]))
        pooled += values
        if not math.isnan(before := self._scores[place]):
            self._put_in_order()
            self._ordered = np.delete(self._ordered, np.searchsorted(self._ordered, before))
        self._scores[place] = self.sign * median(pooled)
        self._unordered.append(self._scores[place])

    def _put_in_order(self) -> None:
        if self._unordered:
            # Stable is fastest where most is in order already.
            self._ordered = np.sort(np.concatenate((self._ordered, self._unordered)), kind="stable")
            self._unordered = []

    def _values_of(self, run: Run) -> list[float]:
        counts = run.state is RunState.DONE and run.is_evidence
        return run.values_of(self._objective) if counts else []

    def visits(self, number: int) -> int:
        """The run itself and all that descend from it."""
        return self._visits[self._places[number]]

    def place(self, number: int) -> int:
        """Where a run that has ended stands in the order of run numbers."""
        return self._places[number]

    def score(self, number: int) -> float:
        """The objective of a run that has ended, higher being better; NaN where there is none."""
        return self._scores[self._places[number]]

    def values(self, number: int) -> list[float]:
        """The objective in every replicate of a run and of its repeats, higher being better."""
        place = self._places[number]
        found = self._values.get(place) or self._values_of(self.runs[place])
        return [self.sign * value for value in found]

    def look(self, *, exploration_constant: float, reward: Reward = "rank") -> "Look":
        """The nodes as they stand now."""
        self._put_in_order()
        return Look(
            self.runs,
            scores=np.array(self._scores),
            ordered=self._ordered,
            visits=np.array(self._visits, dtype=np.int64),
            exploration_constant=exploration_constant,
            reward=reward,
        )


class Look:
    """All nodes at one moment, ordered as the planner asks. Ties go to the better UCB, then to the older run.

    Args:
        runs: The nodes' runs, in the order of their numbers.
        scores: Their objectives, higher being better; NaN where there is none.
        ordered: The scores that there are, from low to high.
        visits: Visits of each node.
        exploration_constant: c of the UCB score.
        reward: What a node is rewarded for.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        *,
        scores: Float[np.ndarray, " node"],
        ordered: Float[np.ndarray, " scored"],
        visits: Int[np.ndarray, " node"],
        exploration_constant: float,
        reward: Reward = "rank",
    ) -> None:
        self._runs = runs
        self._visits = visits
        self._scores, self._ordered, self._reward = scores, ordered, reward
        self._exploration_constant = exploration_constant
        self._scored: Bool[np.ndarray, " node"] = ~np.isnan(scores)

    @cached_property
    def _rewards(self) -> Float[np.ndarray, " node"]:
        found = np.zeros(len(self))
        if self._scored.any():
            scores = self._scores[self._scored]
            found[self._scored] = (
                rank_rewards(scores, self._ordered) if self._reward == "rank" else level_rewards(scores)
            )
        return found

    @cached_property
    def _ucb(self) -> Float[np.ndarray, " node"]:
        return self._ucb_of(self._rewards, self._visits)

    def _ucb_of(
        self, rewards: Float[np.ndarray, " node"], visits: Int[np.ndarray, " node"]
    ) -> Float[np.ndarray, " node"]:
        return ucb_score(
            rewards, visits=visits, total=len(self), exploration_constant=self._exploration_constant
        )

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def n_scored(self) -> int:
        """Nodes with a score."""
        return int(self._scored.sum())

    def node(self, place: int) -> Node:
        """The node at a place in the order of run numbers."""
        scored, here = bool(self._scored[place]), slice(place, place + 1)
        # The rank of one node is found without those of all others.
        alone = self._reward == "rank" and scored
        reward = rank_rewards(self._scores[here], self._ordered) if alone else self._rewards[here]
        return Node(
            run=self._runs[place],
            scored=scored,
            reward=float(reward[0]),
            visits=int(self._visits[place]),
            ucb=float(self._ucb_of(reward, self._visits[here])[0]),
        )

    def by_ucb(self, limit: int, *, skip: int = 0) -> Iterator[Node]:
        """Scored nodes, best UCB first; those that are skipped come last."""
        order = self._first(limit, -self._ucb)
        return map(self.node, np.roll(order, -min(skip, len(order))))

    def by_reward(self, limit: int) -> Iterator[Node]:
        """Scored nodes, best reward first."""
        return map(self.node, self._by_reward(limit))

    def _by_reward(self, limit: int) -> Positions:
        if self._reward == "rank":
            # The order of the scores is that of their ranks, and of equal ranks the least visited has the
            # better UCB: the ranks of all nodes need not be known.
            return self._first(limit, -self._scores, self._visits)
        return self._first(limit, -self._rewards, -self._ucb)

    def best(self, limit: int) -> list[Run]:
        """Runs of scored nodes, best reward first, as in `by_reward`."""
        return [self._runs[place] for place in self._by_reward(limit).tolist()]

    def by_visits(self, limit: int) -> Iterator[Node]:
        """Scored nodes, least visited first, and of those the best rewarded."""
        return map(self.node, self._first(limit, self._visits, -self._rewards, -self._ucb))

    def anything(self) -> Iterator[Node]:
        """All nodes, those without a score last, least visited first, then the older ones."""
        keys = (~self._scored, self._visits)
        yield from map(self.node, first(HEAD, *keys))
        yield from map(self.node, first(len(self), *keys)[HEAD:])

    def _first(self, limit: int, *keys: NodeArray) -> Positions:
        if len(self._ordered) == len(self):  # nothing is left out
            return first(limit, *keys) if len(self) else np.empty(0, dtype=np.int64)
        scored: Positions = np.flatnonzero(self._scored)
        order: Positions = scored[first(limit, *(key[scored] for key in keys))]
        return order
