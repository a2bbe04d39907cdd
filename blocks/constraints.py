"""What a human asks of every proposal: a value fixed, a strategy avoided, a range kept.

A constraint says whether a slot obeys it, and narrows a search space to what obeys it. Several of them are
obeyed together or refused together: two that leave nothing are one clear error.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from blocks.base import Frozen, Value
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.slot import show_value
from blocks.space import CategoricalParameter, IntParameter, PerSlotParameter, Tunable, share_of, value_at
from blocks.vocabulary import same_value

Relation = Literal["<", "<=", ">", ">="]

PACES = 200
"""Into so many parts a range is cut where a value must leave its place for one beside it."""

_STRICT = 1e-3
"""A strict bound is kept by a thousandth of it: values have three digits."""


class Constraint(Frozen):
    """One thing that every slot must obey, as a human said it."""

    kind: Literal["only", "exclude", "keep", "use", "avoid"]
    subject: Annotated[str, Field(description="A hyperparameter, or a strategy.")]
    values: Annotated[tuple[Value, ...], Field(description="Allowed (only) or forbidden (exclude).")] = ()
    relation: Relation | None = None
    limit: float | None = None
    number: Annotated[int | None, Field(description="Its number among the stored ones.")] = None

    @property
    def about_strategy(self) -> bool:
        return self.kind in ("use", "avoid")

    @property
    def text(self) -> str:
        """The constraint in the grammar that it is read from."""
        if self.kind == "keep":
            return f"keep {self.subject} {self.relation} {show_value(self.limit)}"
        if self.kind == "only" and len(self.values) == 1:
            return f"fix {self.subject}={show_value(self.values[0])}"
        if self.values:
            verb = "only" if self.kind == "only" else "avoid"
            return f"{verb} {self.subject}={', '.join(map(show_value, self.values))}"
        return f"{self.kind} {self.subject}"

    def __str__(self) -> str:
        return self.text if self.number is None else f"#{self.number} {self.text}"

    def allows_value(self, value: Value) -> bool:
        """Whether its hyperparameter may have a value."""
        if self.kind == "only":
            return any(same_value(value, one) for one in self.values)
        if self.kind == "exclude":
            return not any(same_value(value, one) for one in self.values)
        if self.relation is None or self.limit is None or isinstance(value, str):
            return True
        return _holds(float(value), self.relation, self.limit)

    def allows(self, values: dict[str, Value], strategies: Sequence[str]) -> bool:
        """Whether a slot obeys it. A hyperparameter that the slot does not have is no breach."""
        if self.kind == "use":
            return self.subject in strategies
        if self.kind == "avoid":
            return self.subject not in strategies
        return self.subject not in values or self.allows_value(values[self.subject])


class Narrowed(NamedTuple):
    """An exploration as it is under constraints."""

    spec: ExplorationSpec
    on: frozenset[str]
    """Strategies that every slot has."""
    off: frozenset[str]
    """Strategies that no slot has."""


def narrow(spec: ExplorationSpec, constraints: Iterable[Constraint]) -> Narrowed:
    """The exploration with nothing in its space, baseline, sweeps and strategies that breaks a constraint.

    A hyperparameter that is fixed becomes an invariant of every slot.

    Raises:
        SpecError: Two constraints contradict each other, or one leaves nothing; both are named.
    """
    given = list(constraints)
    if not given and len(set(spec.strategies.baseline)) == len(spec.strategies.baseline):
        return Narrowed(spec, frozenset(), frozenset())
    on = frozenset(one.subject for one in given if one.kind == "use")
    off = frozenset(one.subject for one in given if one.kind == "avoid")
    for name in sorted(on & off):
        raise _nothing_left(name, [one for one in given if one.about_strategy and one.subject == name])
    space, baseline, sweep = dict(spec.space.root), dict(spec.baseline), dict(spec.sweep)
    for name in dict.fromkeys(one.subject for one in given if not one.about_strategy):
        mine = [one for one in given if one.subject == name and not one.about_strategy]
        if name in space:
            space[name] = _narrowed(space[name], mine, slots=spec.block.slots)
            left = space[name]
            if isinstance(left, PerSlotParameter):
                sweep.pop(name, None)
                if name in baseline:
                    baseline[name] = left.values[0]
            else:
                baseline[name] = nearest(left, baseline[name], mine)
        else:
            baseline[name] = _constant(baseline[name], mine)
        if name in sweep:
            allowed = [value for value in sweep[name] if all(one.allows_value(value) for one in mine)]
            if allowed:
                sweep[name] = tuple(allowed[i % len(allowed)] for i in range(len(sweep[name])))
            else:
                del sweep[name]
    strategies = spec.strategies.model_copy(
        update={
            "baseline": tuple(
                dict.fromkeys([n for n in spec.strategies.baseline if n not in off] + sorted(on))
            ),
            "open": tuple(name for name in spec.strategies.open if name not in off | on),
        }
    )
    changed = {
        "space": spec.space.model_copy(update={"root": space}),
        "baseline": baseline,
        "sweep": sweep,
        "strategies": strategies,
    }
    return Narrowed(spec.model_copy(update=changed), on, off)


def nearest(parameter: Tunable, value: Value, constraints: Sequence[Constraint]) -> Value:
    """The value itself where all constraints allow it, else the nearest one that they do."""
    if parameter.contains(value) and _allowed(value, constraints):
        return value
    if isinstance(parameter, CategoricalParameter):
        numbers = [one for one in parameter.choices if not isinstance(one, str)]
        if isinstance(value, str) or len(numbers) < len(parameter.choices):
            return parameter.choices[0]
        return min(numbers, key=lambda one: abs(float(one) - float(value)))
    bounded = min(max(float(value), parameter.low), parameter.high)
    inside = round(bounded) if isinstance(parameter, IntParameter) else bounded
    return next((one for one in _from(parameter, inside) if _allowed(one, constraints)), inside)


def _allowed(value: Value, constraints: Sequence[Constraint]) -> bool:
    return all(one.allows_value(value) for one in constraints)


def _from(parameter: Tunable, value: Value) -> Iterator[Value]:
    """A number, and then others ever further from it on the parameter's scale."""
    yield value
    here = share_of(parameter, value)
    for step in range(1, PACES + 1):
        for share in (here - step / PACES, here + step / PACES):
            if 0.0 <= share <= 1.0:
                yield value_at(parameter, share)


def _narrowed(
    parameter: Tunable | PerSlotParameter, constraints: Sequence[Constraint], *, slots: int
) -> Tunable | PerSlotParameter:
    name = constraints[0].subject
    only = [one.values for one in constraints if one.kind == "only"]
    if isinstance(parameter, PerSlotParameter | CategoricalParameter):
        there = parameter.values if isinstance(parameter, PerSlotParameter) else parameter.choices
        candidates: list[Value] = list(dict.fromkeys(there))
    elif only:
        candidates = list(only[0])
        for value in candidates:
            if not parameter.contains(value):
                raise SpecError(f"{name}: must be {parameter.allowed}, but got {show_value(value)}")
        if not isinstance(parameter, IntParameter):
            candidates = [float(value) for value in candidates]
    else:
        return _interval(parameter, constraints)
    for value in (value for values in only for value in values):
        if not any(same_value(value, one) for one in candidates) and len(only) == 1:
            raise SpecError(f"{name}: must be {parameter.allowed}, but got {show_value(value)}")
    left = [value for value in candidates if all(one.allows_value(value) for one in constraints)]
    if not left:
        raise _nothing_left(name, constraints)
    common = {"topic": parameter.topic, "unit": parameter.unit}
    if isinstance(parameter, PerSlotParameter):
        kept = [value for value in parameter.values if value in left]
        values = tuple(
            value if value in left else kept[slot % len(kept)] for slot, value in enumerate(parameter.values)
        )
        return PerSlotParameter(values=values, **common)
    if len(left) == 1:
        return PerSlotParameter(values=(left[0],) * slots, **common)
    return CategoricalParameter(choices=tuple(left), **common)


def _interval(parameter: Tunable, constraints: Sequence[Constraint]) -> Tunable:
    """A numeric range cut by bounds. Excluded single values stay in it: `allows` knows them."""
    assert not isinstance(parameter, CategoricalParameter)
    low, high = float(parameter.low), float(parameter.high)
    whole = isinstance(parameter, IntParameter)
    for one in constraints:
        if one.relation is None or one.limit is None:
            continue
        limit = one.limit
        if whole:
            inward = {">": math.floor(limit) + 1, ">=": math.ceil(limit), "<": math.ceil(limit) - 1}
            limit = inward.get(one.relation, math.floor(limit))
        elif one.relation in ("<", ">"):
            gap = _STRICT * (abs(limit) or parameter.high - parameter.low)
            limit += gap if one.relation == ">" else -gap
        if one.relation in (">", ">="):
            low = max(low, limit)
        else:
            high = min(high, limit)
    if not low < high:
        raise _nothing_left(constraints[0].subject, constraints, allowed=parameter.allowed)
    ends = {"low": int(low), "high": int(high)} if whole else {"low": low, "high": high}
    return parameter.model_copy(update=ends)


def _constant(value: Value, constraints: Sequence[Constraint]) -> Value:
    """A constant outside of the space may be fixed at another value, or is left as it is."""
    only = [one.values for one in constraints if one.kind == "only"]
    candidates = list(only[0]) if only else [value]
    for candidate in candidates:
        if all(one.allows_value(candidate) for one in constraints):
            return candidate
    raise _nothing_left(constraints[0].subject, constraints, allowed=f"the constant {show_value(value)}")


def _nothing_left(name: str, constraints: Sequence[Constraint], *, allowed: str = "") -> SpecError:
    said = " and ".join(f"`{one}`" for one in constraints)
    inside = f" within {allowed}" if allowed else ""
    together = "contradict each other" if len(constraints) > 1 else f"leaves nothing{inside}"
    return SpecError(f"{name}: must have something left to try, but {said} {together}; lift one, or widen it")


def _holds(value: float, relation: Relation, limit: float) -> bool:
    return {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
    }[relation]
