"""From a slot's names and values to the objects that train it, with every default filled in.

Values of a strategy that is off are ignored: the planner turns strategies on and off and leaves the
values in place. A name that no strategy and no hyperparameter has is an error, on or off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blocks.base import Value
from blocks.errors import SpecError
from blocks.loading import validate
from blocks.slot import SlotSpec
from blocks.stopping import StopRule
from sim.strategies.base import Strategy
from sim.strategies.registry import catalog, strategy_named
from sim.training.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Resolved:
    """A slot that can be trained."""

    hyperparameters: Hyperparameters
    strategies: tuple[Strategy, ...]
    seeds: tuple[int, ...]
    stop: StopRule | None = None

    @property
    def user_versions(self) -> dict[str, str]:
        """Hash of the code of each strategy that is a user's own."""
        return {one.name: one.source_sha256 for one in self.strategies if one.source_sha256 is not None}

    def description(self) -> dict[str, Any]:
        """Everything that decides the result, as plain values: what a run's identity is made of."""
        stop = None if self.stop is None else self.stop.model_dump(mode="json", exclude={"why"})
        seldom = {"versions": self.user_versions, "stop": stop}
        return {
            "hyperparameters": self.hyperparameters.model_dump(mode="json"),
            "strategies": {one.name: one.options.model_dump(mode="json") for one in self.strategies},
            "seeds": list(self.seeds),
        } | {name: value for name, value in seldom.items() if value}


def resolve(slot: SlotSpec, known: Mapping[str, type[Strategy]] | None = None) -> Resolved:
    """Checks names and values of a slot and fills in the defaults.

    Args:
        slot: Names and values.
        known: Strategies by name; default: those that ship with Setpoint.

    Raises:
        SpecError: An unknown name, a value out of its range, no strategy that supplies a loss, or one
            that would do nothing.
    """
    known = catalog() if known is None else known
    plain, options = _sorted_apart(slot.values, known)
    chosen = {name: strategy_named(name, known) for name in slot.strategies}
    built = tuple(
        strategy(validate(strategy.Options, options.get(name, {}), where=(name,)))
        for name, strategy in chosen.items()
    )
    if not any(strategy.supplies_loss for strategy in built):
        able = ", ".join(name for name, strategy in known.items() if strategy.supplies_loss)
        raise SpecError(
            f"strategies: must hold one that supplies a loss ({able}), but got "
            f"{', '.join(slot.strategies) or 'none'}; turn one of them on"
        )
    if not any(strategy.rolls_out for strategy in built):
        idle = [strategy.name for strategy in built if strategy.needs_rollout]
        able = ", ".join(name for name, strategy in known.items() if strategy.rolls_out)
        if idle:
            raise SpecError(
                f"strategies: must hold one that rolls out ({able}) for {' and '.join(idle)} to act on, "
                f"but got {', '.join(slot.strategies)}; turn one of them on, or {' and '.join(idle)} off"
            )
    return Resolved(validate(Hyperparameters, plain), built, slot.seeds, slot.stop)


def resolve_slot(slot: SlotSpec, known: Mapping[str, type[Strategy]] | None = None) -> dict[str, Any]:
    """The slot with every default filled in, as plain values.

    Raises:
        SpecError: As `resolve` does.
    """
    return resolve(slot, known).description()


def hyperparameters_of(slot: SlotSpec) -> Hyperparameters:
    """What a slot sets about training, strategies apart: an evaluator knows nothing of those.

    Raises:
        SpecError: A value breaks a rule.
    """
    return validate(Hyperparameters, {name: value for name, value in slot.values.items() if "." not in name})


def _sorted_apart(
    values: Mapping[str, Value], strategies: Mapping[str, type[Strategy]]
) -> tuple[dict[str, Value], dict[str, dict[str, Value]]]:
    """Hyperparameters, and options by strategy."""
    plain: dict[str, Value] = {}
    options: dict[str, dict[str, Value]] = {}
    for name, value in values.items():
        strategy, dot, option = name.partition(".")
        if not dot:
            plain[name] = value
            continue
        known = strategy_named(strategy, strategies).Options.model_fields
        if option not in known:
            raise SpecError(
                f"{name}: is not an option of the strategy {strategy}; known: {', '.join(known) or 'none'}"
            )
        options.setdefault(strategy, {})[option] = value
    return plain, options
