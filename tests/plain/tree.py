"""The search tree: every run is a node below the run that it mutates.

    UCB(u) = reward(u) + c * sqrt(N) / (1 + visits(u))

visits(u) counts u and its descendants, N all visits. The reward is the rank of the run's objective
among the finished ones, from 0 to 1, since an objective such as `heldout_gain` has no lower bound. A
failed run has reward 0: it was visited and led nowhere.
Source: the PUCT rule of the public MetabolismGraph study (FACTS: section 6), with ranks.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blocks.run import MetricInfo, Run, RunState


@dataclass(frozen=True)
class Node:
    """A finished run with its place in the tree."""

    run: Run
    scored: bool
    """False for a failed run, or one whose objective is missing."""
    reward: float
    visits: int
    ucb: float


def build_tree(
    history: Sequence[Run], *, objective: str, metrics: Mapping[str, MetricInfo], exploration_constant: float
) -> list[Node]:
    """Every finished run as a node, best UCB first; ties go to the older run."""
    runs = [run for run in history if run.state.is_final]
    visits = count_visits(runs)
    sign = 1.0 if metrics[objective].direction == "maximize" else -1.0
    scores: dict[int, float] = {}
    for run in runs:
        spread = run.spread(objective)
        if run.state is RunState.DONE and spread is not None:
            scores[run.number] = sign * spread.median
    rewards = rank_rewards(scores)
    nodes = []
    for run in runs:
        reward = rewards.get(run.number, 0.0)
        ucb = ucb_score(
            reward,
            visits=visits[run.number],
            total=len(runs),
            exploration_constant=exploration_constant,
        )
        nodes.append(
            Node(run=run, scored=run.number in scores, reward=reward, visits=visits[run.number], ucb=ucb)
        )
    return sorted(nodes, key=lambda node: (-node.ucb, node.run.number))


def ucb_score(reward: float, *, visits: int, total: int, exploration_constant: float) -> float:
    """Upper confidence bound of a node; falls as the node is visited, rises with all visits."""
    return reward + exploration_constant * math.sqrt(total) / (1 + visits)


def rank_rewards(scores: Mapping[int, float]) -> dict[int, float]:
    """Share of the other scores that are worse, ties counting half; 1 for an only score."""
    ordered = sorted(scores.values())
    others = len(ordered) - 1
    if others < 1:
        return dict.fromkeys(scores, 1.0)
    rewards = {}
    for number, score in scores.items():
        worse, not_better = bisect_left(ordered, score), bisect_right(ordered, score)
        rewards[number] = (worse + 0.5 * (not_better - worse - 1)) / others
    return rewards


def count_visits(runs: Sequence[Run]) -> dict[int, int]:
    """Visits by run number: the run itself and all that descend from it."""
    visits = {run.number: 1 for run in runs}
    # A child always has a higher number than its parent, so one pass from the end adds up subtrees.
    for run in sorted(runs, key=lambda run: -run.number):
        parent = run.proposal.parent
        if parent in visits:
            visits[parent] += visits[run.number]
    return visits


def lineage(run: Run, history: Sequence[Run]) -> list[Run]:
    """The run and its ancestors, youngest first."""
    by_number = {other.number: other for other in history}
    line = [run]
    while (parent := by_number.get(line[-1].proposal.parent or 0)) is not None:
        line.append(parent)
    return line
