"""A slot: one hyperparameter proposal, and the reason for which it was proposed.

What decides the result (`SlotSpec`) is kept apart from why it was tried (`Proposal`): only the
former enters a run's identity.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final

from pydantic import Field, field_validator

from blocks.base import Frozen, Value
from blocks.stopping import StopRule


class Role(StrEnum):
    """What a slot is for."""

    BASELINE = "baseline"  # first batch: the same parameters in every slot
    SWEEP = "sweep"  # one parameter over its range, nothing else moved
    EXPLOIT = "exploit"  # a conservative change to one of the best nodes
    EXPLORE = "explore"  # an under-visited node, or a dimension not yet moved
    PRINCIPLE_TEST = "principle-test"  # undo what a statement of the memory says is right
    CONFIRM = "confirm"  # what looks best once more, under fresh seeds or on a fresh network
    CONTROL = "control"  # the incumbent unchanged, so that drift shows

    def __init__(self, value: str) -> None:
        self.repeats: Final = value in ("confirm", "control")
        """Whether its slots try nothing new: they repeat what a search run has tried."""


class SlotSpec(Frozen):
    """Everything of a proposal that decides its result."""

    values: Annotated[dict[str, Value], Field(description="Hyperparameters by name.")]
    strategies: Annotated[tuple[str, ...], Field(description="Names of the strategies that are on.")]
    seeds: Annotated[tuple[int, ...], Field(min_length=1, description="One seed per replicate.")]
    stop: Annotated[StopRule | None, Field(description="Where the training is looked at, and ends.")] = None

    @property
    def may_stop(self) -> bool:
        """Whether it may end early, for how it does."""
        return self.stop is not None and bool(self.stop.limits)

    @field_validator("strategies")
    @classmethod
    def _sorted(cls, strategies: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(strategies)))

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"replicates need distinct seeds, but got {list(seeds)}")
        return seeds

    def parts(self, n: int) -> tuple["SlotSpec", ...]:
        """The slot with consecutive shares of its seeds, as even as can be: sizes differ by at most one.

        Args:
            n: How many, at least 1; a slot with fewer seeds has as many parts as seeds, and none is empty.
        """
        if n < 1:
            raise ValueError(f"a slot has at least one part, but got {n}")
        n = min(n, len(self.seeds))
        cuts = [len(self.seeds) * part // n for part in range(n + 1)]
        return tuple(
            self.model_copy(update={"seeds": self.seeds[begin:end]}) for begin, end in pairwise(cuts)
        )

    def differs_from(self, other: "SlotSpec") -> list[str]:
        """What was changed, in words: one entry per hyperparameter or strategy. Seeds do not count."""
        return differences(other, self.values, self.strategies)


def differences(source: SlotSpec, values: Mapping[str, Value], strategies: Sequence[str]) -> list[str]:
    """What values and strategies change in a slot, as `SlotSpec.differs_from` has it."""
    before = source.values
    names = values if before.keys() == values.keys() else before.keys() | values.keys()
    changes = [
        f"{name} {show_value(before.get(name))} -> {show_value(values.get(name))}"
        for name in sorted(names)
        if before.get(name) != values.get(name)
    ]
    changes += [f"without {name}" for name in source.strategies if name not in strategies]
    changes += [f"with {name}" for name in strategies if name not in source.strategies]
    return changes


class Proposal(Frozen):
    """A slot to be run, with its place in the search tree."""

    slot: Annotated[int, Field(ge=0, description="Index within its batch.")]
    spec: SlotSpec
    role: Role
    parent: Annotated[int | None, Field(description="Number of the run that it mutates.")] = None
    change: Annotated[str, Field(description="What differs from the parent.")] = ""
    reason: Annotated[str, Field(description="Why this was proposed, in one line.")] = ""
    network: Annotated[
        int, Field(ge=0, description="0: the exploration's own data; k: the k-th fresh network like it.")
    ] = 0

    @property
    def searches(self) -> bool:
        """Whether it tries something new on the exploration's own data, where alone the search goes on."""
        return not self.role.repeats and not self.network


def show_value(value: Value | None) -> str:
    """A hyperparameter as people write it: 3.2e-3, 16, off."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float) and math.isfinite(value) and value != 0 and not 0.01 <= abs(value) < 10000:
        mantissa, _, exponent = f"{value:.3g}".partition("e")
        if not exponent:
            mantissa, _, exponent = f"{value:.2e}".partition("e")
            mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
