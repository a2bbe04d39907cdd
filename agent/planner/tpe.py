"""Tree-structured Parzen estimators by Optuna, an extra: `pip install 'setpoint[optuna]'`.

The study is rebuilt in memory from the history for every batch, and its sampler is seeded by the batch, so
that proposals depend on nothing else. Slots of one batch know of each other as running trials. Invariants
are no parameters of the study: what a slot keeps fixed is not Optuna's to choose.
Source: Bergstra et al. 2011, NeurIPS 24; Optuna, Akiba et al. 2019, arXiv:1907.10902.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.planner.base import slot_rng
from agent.planner.opening import baselines
from agent.planner.recent import best_and_latest
from agent.planner.tree import Tree
from agent.planner.whole_space import Batch, Draw, constants, switches
from blocks.base import Value
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.guidance import NO_GUIDANCE, Guidance
from blocks.run import MetricInfo, Run
from blocks.slot import Proposal, Role, SlotSpec
from blocks.space import Tunable
from memory.past import Past

TRIALS = 200
"""Runs that the study holds, however many there are: asking takes as long as it has trials."""

ASKED = 20
"""Trials that are asked for a slot before it gets a random draw."""

SWITCH = "strategy "
"""Prefix of a strategy's name in the study, so that it cannot be a parameter's."""


class TpePlanner:
    """Optuna's TPE sampler with its own defaults.

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
        metrics: Mapping[str, MetricInfo],
        guidance: Guidance = NO_GUIDANCE,
    ) -> list[Proposal]:
        """See `Planner.propose`.

        Raises:
            SpecError: Optuna is not installed, or nothing is left for any slot.
        """
        optuna = _optuna()
        past, narrowed = Past.of(history), guidance.narrow(spec)
        spec = narrowed.spec
        if (block == 1 and batch == 1) or not past:
            return baselines(spec, first_number=past.next_number)
        tree = past.derive(Tree, spec.objective, metrics[spec.objective].direction)
        names = switches(spec, block)
        space = {name: _distribution(optuna, parameter) for name, parameter in spec.space.tunable.items()}
        space |= {
            SWITCH + name: optuna.distributions.CategoricalDistribution((False, True)) for name in names
        }
        seed = slot_rng(spec, block, batch, 0).getrandbits(31)
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="maximize")
        kept = best_and_latest(tree, TRIALS)
        study.add_trials([_trial(optuna, run, tree.score(run.number), space) for run in kept])
        filling = Batch(narrowed, guidance, past, self._admits)
        for slot in range(spec.block.slots):
            for _ in range(ASKED):
                values, strategies = _draw(spec, study.ask(space).params)
                found = filling.new(values, strategies, slot)
                if found is not None:
                    reason = f"TPE's choice after {len(kept)} runs"
                    filling.add(slot, found, role=Role.EXPLORE, reason=reason, change="drawn anew")
                    break
            else:
                reason = f"{ASKED} choices of TPE were tried before, or cannot be trained: a random draw"
                filling.draw(slot, block, slot_rng(spec, block, batch, slot), reason=reason)
        return filling.whole(block, batch)


def _draw(spec: ExplorationSpec, params: Mapping[str, Any]) -> Draw:
    values: dict[str, Value] = {
        name: parameter.tidy(params[name]) for name, parameter in spec.space.tunable.items()
    }
    on = [name.removeprefix(SWITCH) for name, value in params.items() if name.startswith(SWITCH) and value]
    return {**constants(spec), **values}, tuple(on)


def _distribution(optuna: Any, parameter: Tunable) -> Any:
    kinds = optuna.distributions
    if parameter.kind == "categorical":
        return kinds.CategoricalDistribution(parameter.choices)
    if parameter.kind == "int":
        return kinds.IntDistribution(parameter.low, parameter.high, log=parameter.log)
    return kinds.FloatDistribution(parameter.low, parameter.high, log=parameter.kind == "log")


def _trial(optuna: Any, run: Run, score: float, space: Mapping[str, Any]) -> Any:
    source = run.proposal.spec
    params: dict[str, Any] = {
        name: name.removeprefix(SWITCH) in source.strategies
        if name.startswith(SWITCH)
        else source.values[name]
        for name in space
    }
    scored = not math.isnan(score)
    # Of a trial that was pruned without a number Optuna thinks less than of any other.
    state = optuna.trial.TrialState.COMPLETE if scored else optuna.trial.TrialState.PRUNED
    return optuna.trial.create_trial(
        state=state, value=score if scored else None, params=params, distributions=dict(space)
    )


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise SpecError(
            "planner.name: tpe must have Optuna, but it is not installed; pip install 'setpoint[optuna]', or "
            "choose another planner"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
