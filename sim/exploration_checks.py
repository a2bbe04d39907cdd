"""What an exploration may say of training: names that training knows, over the whole of their ranges.

Each check refuses with one line that names the key, the value and what is allowed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from blocks.base import Frozen, Value
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.slot import SlotSpec
from blocks.space import CategoricalParameter, PerSlotParameter

if TYPE_CHECKING:
    from sim.strategies import Strategy


def check_names(spec: ExplorationSpec, strategies: "Mapping[str, type[Strategy]]") -> None:
    """Every strategy must be known, and every parameter one that training knows, over the whole of its range.

    Args:
        spec: The exploration.
        strategies: Those that there are, by name.

    Raises:
        SpecError: Naming the key, the value and what is allowed.
    """
    from sim.training.hyperparameters import Hyperparameters

    for group, names in (("baseline", spec.strategies.baseline), ("open", spec.strategies.open)):
        for name in names:
            if name not in strategies:
                raise SpecError(
                    f"strategies.{group}: must be among {', '.join(strategies)}, but got {name!r}"
                )
    used = {*spec.strategies.baseline, *spec.strategies.open}
    options: dict[str, type[Frozen]] = {name: strategies[name].Options for name in used}
    if "heldout_fraction" in spec.space:
        raise SpecError(
            "space.heldout_fraction: must be the same for every slot, or each would choose its own exam; "
            "give it under baseline"
        )
    for where, name, value in _all_values(spec):
        strategy, _, option = name.rpartition(".")
        model = options.get(strategy) if strategy else Hyperparameters
        if model is None:
            raise SpecError(
                f"{where}: belongs to the strategy {strategy!r}, which is neither baseline nor open; "
                "list it under strategies, or leave this out"
            )
        if option not in model.model_fields:
            known = ", ".join(model.model_fields)
            raise SpecError(f"{where}: is not a known hyperparameter; known here: {known}")
        _check_value(model, option, value, where=where)


def check_escalation(spec: ExplorationSpec, *, ordered: Callable[[Sequence[str]], tuple[str, ...]]) -> None:
    """Auxiliary losses must come last.

    Args:
        spec: The exploration.
        ordered: Puts strategies into the order in which they may be tried.

    Raises:
        SpecError: With an order that would do.
    """
    order = spec.strategies.escalation or ()
    if order != (right := ordered(order)):
        raise SpecError(
            "strategies.escalation: must have label-free baselines before auxiliary losses, but got "
            f"{', '.join(order)}; for example {', '.join(right)}"
        )


def baseline_slot(spec: ExplorationSpec, slot: int) -> SlotSpec:
    """What a slot of the first batch trains, under some seed."""
    values: dict[str, Value] = {**spec.baseline, **spec.space.invariants(slot)}
    return SlotSpec(values=values, strategies=spec.strategies.baseline, seeds=(0,))


def _all_values(spec: ExplorationSpec) -> list[tuple[str, str, Value]]:
    """Where, name and value of everything that a slot may be given; ranges by their ends."""
    found: list[tuple[str, str, Value]] = []
    for name, parameter in spec.space.root.items():
        if isinstance(parameter, PerSlotParameter):
            found += [(f"space.{name}.values", name, value) for value in parameter.values]
        elif isinstance(parameter, CategoricalParameter):
            found += [(f"space.{name}.choices", name, value) for value in parameter.choices]
        else:
            found += [
                (f"space.{name}.low", name, parameter.low),
                (f"space.{name}.high", name, parameter.high),
            ]
    found += [(f"baseline.{name}", name, value) for name, value in spec.baseline.items()]
    return found


def _check_value(model: type[Frozen], name: str, value: Value, *, where: str) -> None:
    """One value against the rule of its field; the other fields are not asked."""
    from pydantic import ValidationError

    from blocks.rules import explain

    try:
        model.__pydantic_validator__.validate_assignment(model.model_construct(), name, value)
    except ValidationError as error:
        *_, rule = explain(error, model).partition(": ")
        raise SpecError(f"{where}: {rule}") from error
