"""Draws from the whole of the space, for planners that do not walk from run to run.

A draw obeys what every planner must obey: the invariants of its slot, strategies that the spec has opened
by now, and a combination that the problem can train. Block 1 opens nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from random import Random

from agent.planner.base import slot_spec
from blocks.base import Value
from blocks.constraints import Narrowed
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.guidance import Guidance
from blocks.slot import Proposal, Role, SlotSpec
from memory.past import Configuration, Past, configuration

ATTEMPTS = 200
"""Draws for a slot before its space counts as exhausted."""

Draw = tuple[dict[str, Value], tuple[str, ...]]
"""Values and strategies."""


def switches(spec: ExplorationSpec, block: int) -> tuple[str, ...]:
    """Strategies that a slot of this block may have on or off."""
    return spec.strategies.baseline + (spec.strategies.open if block > 1 else ())


def constants(spec: ExplorationSpec) -> dict[str, Value]:
    """What the baseline sets outside of the space: the same in every slot."""
    return {name: value for name, value in spec.baseline.items() if name not in spec.space}


def draws(spec: ExplorationSpec, block: int, rng: Random) -> Iterator[Draw]:
    """Endless draws: every value from its range, every strategy on or off with even chances."""
    names = switches(spec, block)
    while True:
        values = {name: parameter.sample(rng) for name, parameter in spec.space.tunable.items()}
        yield {**constants(spec), **values}, tuple(name for name in names if rng.random() < 0.5)


class Batch:
    """The proposals of one batch while its slots are filled.

    Args:
        narrowed: The exploration under its constraints.
        guidance: The constraints.
        past: Its runs before this batch.
        admits: Whether the problem can train a slot.
    """

    def __init__(
        self, narrowed: Narrowed, guidance: Guidance, past: Past, admits: Callable[[SlotSpec], bool]
    ) -> None:
        self.narrowed, self.guidance = narrowed, guidance
        self.spec, self.past = narrowed.spec, past
        self.proposals: list[Proposal] = []
        self._admits = admits
        self._filled: set[Configuration] = set()

    def new(self, values: Mapping[str, Value], strategies: tuple[str, ...], slot: int) -> SlotSpec | None:
        """The slot that comes of it; None where it was tried, cannot be trained, or breaks a constraint."""
        number = self.past.next_number + len(self.proposals)
        kept = {*strategies, *self.narrowed.on} - self.narrowed.off
        found = slot_spec(self.spec, values, sorted(kept), slot=slot, number=number)
        wanted = configuration(found)
        if wanted in self._filled or self.past.first_of(wanted) is not None:
            return None
        obeys = self.guidance.allows(found.values, found.strategies)
        return found if obeys and self._admits(found) else None

    def add(
        self, slot: int, spec: SlotSpec, *, role: Role, reason: str, change: str, parent: int | None = None
    ) -> None:
        """Fills a slot."""
        self._filled.add(configuration(spec))
        self.proposals.append(
            Proposal(slot=slot, spec=spec, role=role, parent=parent, change=change, reason=reason)
        )

    def draw(self, slot: int, block: int, rng: Random, *, reason: str, **fixed: Value) -> bool:
        """Fills a slot with a draw that is new; False where none is left.

        Args:
            slot: The slot.
            block: The block.
            rng: The slot's random numbers.
            reason: Why it is drawn.
            **fixed: Values that are not drawn.
        """
        source = draws(self.spec, block, rng)
        for _ in range(ATTEMPTS):
            values, strategies = next(source)
            found = self.new({**values, **fixed}, strategies, slot)
            if found is not None:
                self.add(slot, found, role=Role.EXPLORE, reason=reason, change="drawn anew")
                return True
        return False

    def whole(self, block: int, batch: int) -> list[Proposal]:
        """The proposals.

        Raises:
            SpecError: There is none.
        """
        if not self.proposals:
            raise exhausted(block, batch)
        return self.proposals


def exhausted(block: int, batch: int) -> SpecError:
    """The end of a search: nothing is left for any slot."""
    return SpecError(
        f"space: must leave something to try, but block {block}, batch {batch} found nothing new; "
        "widen a range or open a strategy, under another name"
    )
