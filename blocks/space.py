"""The search space: what may be tuned, in which range, and what a slot never gives up.

A parameter knows its range, draws from it, takes a step in it and says what is allowed. Randomness
comes in as a `random.Random`, so that planning stays a pure function of its seed.
"""

import math
from collections.abc import Iterator
from random import Random
from typing import Annotated, ClassVar, Literal

from pydantic import Field, RootModel, field_validator, model_validator

from blocks.base import Frozen, Value

STEP = 0.25
"""Standard deviation of a mutation, as a share of the parameter's range."""


_APART = 0.01
"""Numbers that differ by more than this share are not the same in three digits."""

EXACT = 2**53
"""Whole numbers up to here are told apart also where a file or a model keeps them as floats."""


class _Parameter(Frozen):
    topic: Annotated[str, Field(description="Heading of the working memory that it belongs under.")] = (
        "Signal"
    )
    unit: Annotated[str, Field(description="Unit of the value, for people.")] = ""


class _Interval(_Parameter):
    _digits: ClassVar[int]

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> "_Interval":
        if not self.low < self.high:
            raise ValueError(f"`low < high` must hold, but got (low={self.low:g}, high={self.high:g})")
        # No step could leave a value whose neighbours all have its digits.
        if self.tidy(self.low) == self.tidy(self.high):
            raise ValueError(
                "low and high must differ in the digits that values are given with "
                f"({self._digits}), but got (low={self.low}, high={self.high}); make the range wider"
            )
        if not math.isfinite(self._extent):
            raise ValueError(
                "low and high must be so near that their distance is a finite number, "
                f"but got (low={self.low:g}, high={self.high:g}); make the range narrower"
            )
        return self

    def contains(self, value: Value) -> bool:
        return not isinstance(value, bool | str) and self.low <= value <= self.high

    def tidy(self, value: float) -> float:
        """The value with as many digits as values are given with, within the range."""
        return min(max(float(f"{value:.{self._digits}g}"), self.low), self.high)

    @property
    def _extent(self) -> float:
        return self.high - self.low


class LogParameter(_Interval):
    """A positive float, drawn evenly over its orders of magnitude."""

    _digits = 3

    kind: Literal["log"] = "log"

    @field_validator("low")
    @classmethod
    def _positive(cls, low: float) -> float:
        if low <= 0:
            raise ValueError("must be above 0 on a log scale; try 1e-4")
        return low

    @property
    def allowed(self) -> str:
        return f"{self.low:g} .. {self.high:g} (log)"

    def sample(self, rng: Random) -> float:
        return self.tidy(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))

    def step(self, value: Value, rng: Random) -> float:
        """A neighbour of `value`, never `value` itself: a Gaussian step in log, reflected at the ends."""
        low, high, here = math.log(self.low), math.log(self.high), math.log(float(value))
        while True:
            moved = _reflect(here + _gauss(rng) * (high - low), low, high)
            if (stepped := self.tidy(math.exp(moved))) != value:
                return stepped

    def leads(self, value: Value, wanted: Value, rng: Random) -> bool:
        """Whether the next `step` from a value is one that is wanted; it draws what `step` draws."""
        low, high, here = math.log(self.low), math.log(self.high), math.log(float(value))
        there = math.log(float(wanted))
        while True:
            moved = _reflect(here + _gauss(rng) * (high - low), low, high)
            # What is apart by this much has other digits.
            if abs(moved - here) > _APART and abs(moved - there) > _APART:
                return False
            if (stepped := self.tidy(math.exp(moved))) != value:
                return stepped == wanted

    @property
    def _extent(self) -> float:
        return self.high / self.low


class LinearParameter(_Interval):
    """A float, drawn evenly."""

    _digits = 4

    kind: Literal["linear"] = "linear"

    @property
    def allowed(self) -> str:
        return f"{self.low:g} .. {self.high:g}"

    def sample(self, rng: Random) -> float:
        return self.tidy(rng.uniform(self.low, self.high))

    def step(self, value: Value, rng: Random) -> float:
        """A neighbour of `value`, never `value` itself: a Gaussian step, reflected at the ends."""
        span = self.high - self.low
        while True:
            moved = _reflect(float(value) + _gauss(rng) * span, self.low, self.high)
            if (stepped := self.tidy(moved)) != value:
                return stepped

    def leads(self, value: Value, wanted: Value, rng: Random) -> bool:
        """Whether the next `step` from a value is one that is wanted; it draws what `step` draws."""
        low, here, there = self.low, float(value), float(wanted)
        span = self.high - low
        apart = _APART * max(abs(low), abs(self.high))
        while True:
            moved = _reflect(here + _gauss(rng) * span, low, self.high)
            if abs(moved - here) > apart and abs(moved - there) > apart:
                return False
            if (stepped := self.tidy(moved)) != value:
                return stepped == wanted


class IntParameter(_Parameter):
    """A whole number; `log: true` where orders of magnitude matter."""

    kind: Literal["int"] = "int"
    low: Annotated[int, Field(ge=-EXACT, le=EXACT)]
    high: Annotated[int, Field(ge=-EXACT, le=EXACT)]
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "IntParameter":
        if not self.low < self.high:
            raise ValueError(f"`low < high` must hold, but got (low={self.low}, high={self.high})")
        if self.log and self.low < 1:
            raise ValueError(f"low must be at least 1 on a log scale, but got {self.low}")
        return self

    @property
    def allowed(self) -> str:
        return f"whole numbers {self.low} .. {self.high}" + (" (log)" if self.log else "")

    def contains(self, value: Value) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def sample(self, rng: Random) -> int:
        if self.log:
            return self.tidy(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))
        return rng.randint(self.low, self.high)

    def step(self, value: Value, rng: Random) -> int:
        """A neighbour of `value`, never `value` itself."""
        start = int(value)
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            moved = self.tidy(math.exp(_reflect(math.log(start) + _gauss(rng) * (high - low), low, high)))
        else:
            span = self.high - self.low
            moved = self.tidy(_reflect(start + _gauss(rng) * span, self.low, self.high))
        if moved != start:
            return moved
        return start + 1 if start < self.high else start - 1

    def tidy(self, value: float) -> int:
        """The whole number next to it, within the range."""
        return min(max(round(value), self.low), self.high)


class CategoricalParameter(_Parameter):
    """One of a few named values."""

    kind: Literal["categorical"] = "categorical"
    choices: Annotated[tuple[Value, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _distinct(self) -> "CategoricalParameter":
        for i, choice in enumerate(self.choices):
            if choice in self.choices[:i]:  # 1, 1.0 and true are one value
                raise ValueError(f"choices: must differ from each other, but got {choice!r} twice")
        return self

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(map(str, self.choices))

    def contains(self, value: Value) -> bool:
        return value in self.choices

    def sample(self, rng: Random) -> Value:
        return rng.choice(self.choices)

    def step(self, value: Value, rng: Random) -> Value:
        return rng.choice([choice for choice in self.choices if choice != value])

    def tidy(self, value: Value) -> Value:
        """The value itself."""
        return value


class PerSlotParameter(_Parameter):
    """An invariant: slot i always has the i-th value, whatever else is mutated."""

    kind: Literal["per_slot"] = "per_slot"
    values: Annotated[tuple[Value, ...], Field(min_length=1)]

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(map(str, self.values)) + " (fixed per slot)"

    def contains(self, value: Value) -> bool:
        return value in self.values


Tunable = LogParameter | LinearParameter | IntParameter | CategoricalParameter
Parameter = Annotated[Tunable | PerSlotParameter, Field(discriminator="kind")]


def value_at(parameter: Tunable, share: float) -> Value:
    """The value at a share of a parameter's range, on its own scale.

    Args:
        parameter: One that a mutation may change.
        share: 0 for the low end or the first choice, 1 for the high end or the last choice.
    """
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices[min(int(share * len(parameter.choices)), len(parameter.choices) - 1)]
    if isinstance(parameter, LogParameter) or (isinstance(parameter, IntParameter) and parameter.log):
        return parameter.tidy(parameter.low * (parameter.high / parameter.low) ** share)
    return parameter.tidy(parameter.low + share * (parameter.high - parameter.low))


def share_of(parameter: Tunable, value: Value) -> float:
    """Where a value lies in a parameter's range, 0 to 1: the inverse of `value_at`, but for rounding."""
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices.index(value) / (len(parameter.choices) - 1)
    number, low, high = float(value), float(parameter.low), float(parameter.high)
    if isinstance(parameter, LogParameter) or (isinstance(parameter, IntParameter) and parameter.log):
        return math.log(number / low) / math.log(high / low)
    return (number - low) / (high - low)


class SearchSpace(RootModel[dict[str, Parameter]]):
    """Named parameters. `strategy.option` names tune the options of a strategy."""

    model_config = {"frozen": True}

    def __getitem__(self, name: str) -> Tunable | PerSlotParameter:
        return self.root[name]

    def __contains__(self, name: object) -> bool:
        return name in self.root

    def names(self) -> Iterator[str]:
        return iter(self.root)

    @property
    def tunable(self) -> dict[str, Tunable]:
        """Parameters that a mutation may change."""
        return {name: p for name, p in self.root.items() if not isinstance(p, PerSlotParameter)}

    def invariants(self, slot: int) -> dict[str, Value]:
        """What slot number `slot` keeps fixed."""
        return {
            name: p.values[slot % len(p.values)]
            for name, p in self.root.items()
            if isinstance(p, PerSlotParameter)
        }


def _gauss(rng: Random) -> float:
    """A Gaussian step of at least a fifth of a standard deviation: a mutation must change something."""
    size = max(abs(rng.gauss(0.0, STEP)), STEP / 5)
    return size if rng.random() < 0.5 else -size


def _reflect(value: float, low: float, high: float) -> float:
    span = high - low
    offset = (value - low) % (2 * span)
    return low + (offset if offset <= span else 2 * span - offset)
