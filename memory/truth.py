"""How often ground truth was used for choosing: asked of the store, so that no launch can lose count.

An objective that reads labels hands the planner a true metric with every replicate that was evaluated; a
foundation that is chosen by truth uses it once. Void runs count: the planner was given their figures.
"""

from blocks.base import Frozen
from memory.asking import Ask

_REPLICATES = """
SELECT count(*) FROM metrics JOIN runs ON runs.id = metrics.run
WHERE runs.exploration = ? AND metrics.name = ? AND metrics.value IS NOT NULL
"""
_FOUNDATIONS = """
SELECT count(DISTINCT key) FROM foundations WHERE chosen_by_truth AND (
  EXISTS (SELECT 1 FROM runs WHERE exploration = ?1 AND foundation = foundations.key)
  OR EXISTS (SELECT 1 FROM explorations WHERE name = ?1 AND foundation = foundations.key)
)
"""


class TruthUse(Frozen):
    """What of an exploration chooses by ground truth, and how often it has."""

    ways: tuple[str, ...] = ()
    """As the problem says it: `the objective reads labels`; empty where all choices are label-free."""

    replicates: int = 0
    """Evaluated replicates whose true metric the planner was given."""

    foundations: int = 0
    """Foundations that were chosen by truth."""

    @property
    def queries(self) -> int:
        """How often truth was used for choosing."""
        return self.replicates + self.foundations

    def __str__(self) -> str:
        if not self.ways:
            return "label-free: no choice reads the truth"
        parts = [_count(self.replicates, "replicate"), _count(self.foundations, "foundation")]
        told = " and ".join(part for part in parts if part) or "none yet"
        queries = "1 query" if self.queries == 1 else f"{self.queries} queries"
        return f"{guided(self.ways)} ({queries} of truth: {told})"


def guided(ways: tuple[str, ...]) -> str:
    """`truth-guided: the objective reads labels`; empty where nothing is."""
    return f"truth-guided: {', '.join(ways)}" if ways else ""


def truth_use(
    ask: Ask, exploration: str, *, objective: str, needs_labels: bool, ways: tuple[str, ...]
) -> TruthUse:
    """Counts the uses of truth of an exploration.

    Args:
        ask: Asks the store.
        exploration: Its name.
        objective: Its objective.
        needs_labels: Whether that is computed from ground truth.
        ways: What the problem says of the exploration, by `Problem.truth_guided_by`.
    """
    replicates = int(ask(_REPLICATES, exploration, objective)[0][0]) if needs_labels else 0
    foundations = int(ask(_FOUNDATIONS, exploration)[0][0])
    return TruthUse(ways=ways, replicates=replicates, foundations=foundations)


def _count(n: int, noun: str) -> str:
    return "" if not n else f"{n} {noun}" if n == 1 else f"{n} {noun}s"
