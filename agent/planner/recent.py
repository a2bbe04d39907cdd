"""Which runs a model is fitted on, where there are more than planning has the time for."""

from agent.planner.tree import Tree
from blocks.run import Run


def best_and_latest(tree: Tree, limit: int) -> list[Run]:
    """At most `limit` runs that have ended, in the order of their numbers: the best ones and the latest ones.

    Args:
        tree: All runs that have ended.
        limit: How many; a third of them are the best, the others the latest.
    """
    if len(tree.runs) <= limit:
        return list(tree.runs)
    look = tree.look(exploration_constant=1.0)
    best = {node.run.number: node.run for node in look.by_reward(limit // 3)}
    latest = (run for run in reversed(tree.runs) if run.number not in best)
    found = [*best.values(), *(run for run, _ in zip(latest, range(limit - len(best)), strict=False))]
    return sorted(found, key=lambda run: run.number)
