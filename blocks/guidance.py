"""What planners are given beside the history: constraints that a human set, and prior knowledge.

Constraints are hard: no proposal breaks one. Priors are statements from elsewhere that no run here has
tested; they say what to try first, and what would be worth a test. Both are part of the stored history as of
a batch, so that planning stays pure.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from blocks.base import Frozen, Value
from blocks.constraints import Constraint, Narrowed, narrow, nearest
from blocks.exploration import ExplorationSpec
from blocks.slot import Proposal
from blocks.space import PerSlotParameter
from blocks.vocabulary import same_value

Direction = Literal["prefer", "avoid"]


REPEATING = ("confirm", "control")
"""Roles whose slots repeat a run as it was."""


class PriorClaim(Frozen):
    """What a prior says, in a form that runs can confirm or refute.

    `prefer on` a strategy, `prefer` or `avoid` a value of a hyperparameter, `prefer higher` of one, `prefer`
    it above or below a limit, or above another hyperparameter.
    """

    direction: Direction
    subject: Annotated[str, Field(description="Strategy or hyperparameter.")]
    kind: Literal["strategy", "value", "higher", "lower", "at least", "at most", "above"]
    value: Annotated[Value | None, Field(description="The value, the limit, or the other's name.")] = None
    condition: Annotated[tuple[tuple[str, Value], ...], Field(description="Where it is said to hold.")] = ()

    def holds_where(self, values: Mapping[str, Value]) -> bool:
        """Whether a slot lies where the claim is said to hold."""
        return all(name not in values or same_value(values[name], at) for name, at in self.condition)

    def follows(self, values: Mapping[str, Value], strategies: Sequence[str]) -> bool | None:
        """Whether a slot does as the claim says; None where it says nothing about the slot."""
        if not self.holds_where(values):
            return None
        good = self.direction == "prefer"
        if self.kind == "strategy":
            return (self.subject in strategies) == good
        here = values.get(self.subject)
        if here is None or self.kind in ("higher", "lower"):
            return None
        if self.kind == "value":
            same = self.value is not None and same_value(here, self.value)
            return good if same else None if not good else False
        other = values.get(str(self.value)) if self.kind == "above" else self.value
        if other is None or isinstance(other, str) or isinstance(here, str):
            return None
        beyond = float(here) <= float(other) if self.kind == "at most" else float(here) >= float(other)
        if self.kind == "above":
            beyond = float(here) > float(other)
        return beyond == good


class Prior(Frozen):
    """A statement from a document, not tested here yet."""

    text: str
    source: Annotated[str, Field(description="File and line: seed.md:20.")]
    claim: PriorClaim


class Guidance(Frozen):
    """All of it, as of one batch."""

    constraints: tuple[Constraint, ...] = ()
    priors: Annotated[tuple[Prior, ...], Field(description="Open ones, most worth a test first.")] = ()

    def narrow(self, spec: ExplorationSpec) -> Narrowed:
        """The exploration under the constraints."""
        return narrow(spec, self.constraints)

    def allows(self, values: dict[str, Value], strategies: Sequence[str]) -> bool:
        """Whether a slot obeys every constraint."""
        return all(one.allows(values, strategies) for one in self.constraints)

    def brought(
        self, narrowed: Narrowed, values: Mapping[str, Value], strategies: Sequence[str], *, slot: int
    ) -> tuple[dict[str, Value], tuple[str, ...]]:
        """The slot nearest to a configuration that obeys the constraints and the invariants of its place."""
        moved = dict(values)
        for one in self.constraints:
            name = one.subject
            if one.about_strategy or name not in moved:
                continue
            mine = [other for other in self.constraints if other.subject == name]
            if name not in narrowed.spec.space:
                moved[name] = narrowed.spec.baseline[name]
            elif not isinstance(parameter := narrowed.spec.space[name], PerSlotParameter):
                moved[name] = nearest(parameter, moved[name], mine)
        moved |= narrowed.spec.space.invariants(slot)
        kept = [name for name in strategies if name not in narrowed.off]
        return moved, tuple(sorted({*kept, *narrowed.on}))

    def obeyed_by(self, proposals: Sequence[Proposal], spec: ExplorationSpec) -> list[Proposal]:
        """Proposals with every constraint kept and named, whatever the planner made of them.

        One that only repeats a run says nothing once it is another: where it breaks a constraint, it is
        left out.
        """
        if not self.constraints:
            return list(proposals)
        narrowed = self.narrow(spec)
        told = "; ".join(map(str, self.constraints[:3]))
        more = f" and {len(self.constraints) - 3} more" if len(self.constraints) > 3 else ""
        found = []
        for proposal in proposals:
            values, strategies = proposal.spec.values, proposal.spec.strategies
            update: dict[str, object] = {"reason": f"{proposal.reason}; steered: {told}{more}"}
            if not self.allows(values, strategies):
                if proposal.role.value in REPEATING or proposal.network:
                    continue
                moved, kept = self.brought(narrowed, values, strategies, slot=proposal.slot)
                steered = proposal.spec.model_copy(update={"values": moved, "strategies": kept})
                changes = [proposal.change, *steered.differs_from(proposal.spec)]
                update |= {"spec": steered, "change": ", ".join(part for part in changes if part)}
            found.append(proposal.model_copy(update=update))
        return found


NO_GUIDANCE = Guidance()
