"""Random search: every slot is a draw from the whole space, whatever was found before.

What every other planner is measured against. Source: Bergstra and Bengio 2012, JMLR 13, 281-305.
"""

from collections.abc import Callable, Mapping, Sequence

from agent.planner.base import slot_rng
from agent.planner.opening import baselines
from agent.planner.whole_space import Batch
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import Proposal, SlotSpec
from memory.past import Past


class RandomPlanner:
    """Draws without looking at results.

    Args:
        admits: Whether the problem can train a slot.
    """

    def __init__(self, admits: Callable[[SlotSpec], bool]) -> None:
        self._admits = admits

    def propose(
        self,
        spec: ExplorationSpec,
        history: Sequence[Run],
        *,
        block: int,
        batch: int,
        metrics: Mapping[str, MetricInfo],  # noqa: ARG002
        guidance: Guidance = NO_GUIDANCE,
    ) -> list[Proposal]:
        """See `Planner.propose`.

        Raises:
            SpecError: Nothing is left for any slot.
        """
        past, narrowed = Past.of(history), guidance.narrow(spec)
        spec = narrowed.spec
        if (block == 1 and batch == 1) or not past:
            return baselines(spec, first_number=past.next_number)
        filling = Batch(narrowed, guidance, past, self._admits)
        for slot in range(spec.block.slots):
            rng = slot_rng(spec, block, batch, slot)
            filling.draw(slot, block, rng, reason="random search: every value and strategy drawn anew")
        return filling.whole(block, batch)
