"""Metabolic networks as a `Problem`: what the agent calls, each method in the process it belongs to.

Tensor libraries are imported by the methods that train or evaluate, so that a command that only
reads the store does not pay for them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.loading import validate
from blocks.problem import FoundationReport, Record, Report
from blocks.proxy import Proxy
from blocks.run import MetricInfo, Metrics
from blocks.slot import SlotSpec
from blocks.stopping import Course
from blocks.user_strategy import UserStrategy
from sim.code_files import code_version, python_files, training_files
from sim.sources import (
    check_labels,
    data_settings,
    default_objective,
    fresh_data,
    metrics_of,
    provide_data,
    resolve_data,
    seals_of,
    truth_guided_by,
)

if TYPE_CHECKING:
    from sim.dataset import Observations
    from sim.networks.network import Truth
    from sim.reaction.model import ReactionModel
    from sim.reaction.table import TabulatedReaction
    from sim.strategies import Strategy


class MetabolicProblem:
    """Recover a weak homeostatic term from the dynamics of a metabolic network."""

    name = "metabolism"
    foundation_name = "reaction model"

    def __init__(self, strategies: Sequence[UserStrategy] = ()) -> None:
        self._added = tuple(strategies)

    def extended(self, strategies: Sequence[UserStrategy]) -> "MetabolicProblem":
        """See `Problem.extended`."""
        problem = MetabolicProblem((*self._added, *strategies))
        problem.strategies()
        return problem

    def user_strategies(self) -> Mapping[str, UserStrategy]:
        """See `Problem.user_strategies`."""
        if not self._added:
            return {}
        # Those added come last, in their order.
        return dict(zip(list(self.strategies())[-len(self._added) :], self._added, strict=True))

    def strategies(self) -> "dict[str, type[Strategy]]":
        """See `Problem.strategies`; those that ship with Setpoint come first, and then the user's own."""
        from sim.strategies import catalog
        from sim.user_strategies import with_user_strategies

        return with_user_strategies(catalog(), self._added)

    def check(self, spec: ExplorationSpec) -> None:
        """See `Problem.check`."""
        from sim.exploration_checks import baseline_slot, check_escalation, check_names
        from sim.reaction.settings import FoundationSettings

        validate(FoundationSettings, spec.foundation, where=("foundation",))
        check_labels(spec)
        known = self.metrics(spec.data)
        if spec.objective not in known:
            raise SpecError(f"objective: must be one of {', '.join(known)}, but got {spec.objective!r}")
        check_names(spec, self.strategies())
        check_escalation(spec, ordered=self.escalation)
        for slot in range(spec.block.slots):
            self.resolve(baseline_slot(spec, slot))

    def metrics(self, data: Mapping[str, Any]) -> Mapping[str, MetricInfo]:
        """See `Problem.metrics`."""
        return metrics_of(data)

    def default_objective(self, data: Mapping[str, Any]) -> str:
        """See `Problem.default_objective`."""
        return default_objective(data)

    def truth_guided_by(self, spec: ExplorationSpec) -> tuple[str, ...]:
        """See `Problem.truth_guided_by`."""
        return truth_guided_by(spec)

    def resolve(self, slot: SlotSpec) -> Mapping[str, Any]:
        """See `Problem.resolve`."""
        from sim.training.slots import resolve_slot

        return resolve_slot(slot, self.strategies())

    def training_sources(self) -> tuple[Path, ...]:
        """See `Problem.training_sources`."""
        return (*training_files(), *(path for one in self._added for path in python_files(one.folder)))

    def preload(self) -> tuple[str, ...]:
        """See `Problem.preload`."""
        ours = ("sim.training.trainer", "sim.evaluation.slots", "sim.reaction.fit", "sim.pictures.run")
        kernels = ("adam", "euler", "layers", "rates")
        return (*ours, "sim.auditing.trace", *(f"sim.kernels.{name}" for name in kernels))

    def code_version(self) -> str:
        """See `Problem.code_version`."""
        return code_version()

    def describe_data(self, data: Mapping[str, Any]) -> str:
        """See `Problem.describe_data`."""
        return data_settings(data).title

    def resolve_data(self, data: Mapping[str, Any], base: Path) -> Mapping[str, Any]:
        """See `Problem.resolve_data`."""
        return resolve_data(data, base=base)

    def fresh_data(self, data: Mapping[str, Any], k: int) -> Mapping[str, Any] | None:
        """See `Problem.fresh_data`."""
        return fresh_data(data, k)

    def escalation(self, strategies: Sequence[str]) -> tuple[str, ...]:
        """See `Problem.escalation`: auxiliary losses come last, otherwise the order is kept."""
        from sim.strategies import catalog

        known = catalog()
        return tuple(sorted(strategies, key=lambda name: name in known and known[name].auxiliary))

    def provide_data(self, data: Mapping[str, Any], observations: Path, seal: Path) -> None:
        """See `Problem.provide_data`."""
        provide_data(data, observations, seal)

    def seals(self, data: Mapping[str, Any]) -> tuple[Path, ...]:
        """See `Problem.seals`."""
        return seals_of(data)

    def inspect_data(self, spec: ExplorationSpec, observations: Path) -> tuple[str, ...]:
        """See `Problem.inspect_data`."""
        from sim.inspection import inspect_data

        return inspect_data(spec, observations)

    def fit_foundation(
        self, settings: Mapping[str, Any], observations: Path, out: Path, report: Report
    ) -> None:
        """See `Problem.fit_foundation`."""
        from sim.dataset import load_observations
        from sim.reaction.fit import fit_reaction
        from sim.reaction.settings import FoundationSettings

        checked = validate(FoundationSettings, settings, where=("foundation",))
        fit_reaction(load_observations(observations), checked, out, report)

    def evaluate_foundation(
        self, settings: Mapping[str, Any], observations: Path, fitted: Path, seal: Path | None
    ) -> FoundationReport:
        """See `Problem.evaluate_foundation`."""
        from sim.dataset import load_observations
        from sim.evaluation.foundation import judge_candidates
        from sim.reaction.settings import FoundationSettings

        checked = validate(FoundationSettings, settings, where=("foundation",))
        return judge_candidates(
            sorted(fitted.glob("candidate-*.npz")),
            load_observations(observations, verify=False),
            target_r2=checked.target_r2,
            truth=_open(seal),
        )

    def train(
        self,
        slot: SlotSpec,
        observations: Path,
        foundation: Path,
        out: Path,
        report: Report,
        *,
        part: bool = False,
    ) -> Course:
        """See `Problem.train`."""
        from sim.training.trainer import train_slot

        observed, model, reaction = _grounds(observations, foundation)
        known = self.strategies()
        return train_slot(slot, observed, reaction, out, report, model=model, part=part, known=known)

    def rehearse(
        self, slot: SlotSpec, observations: Path, foundation: Path, *, steps: int | None = None
    ) -> None:
        """See `Problem.rehearse`."""
        from sim.guarding.rehearsal import rehearse
        from sim.training.data import training_data
        from sim.training.slots import resolve

        observed, model, reaction = _grounds(observations, foundation)
        resolved = resolve(slot, self.strategies())
        fraction = resolved.hyperparameters.heldout_fraction
        data = training_data(observed, reaction, heldout_fraction=fraction, model=model)
        rehearse(resolved, data, reaction, n_frames=len(observed.frames), steps=steps)

    def merge(self, slot: SlotSpec, parts: Sequence[Path], out: Path) -> None:
        """See `Problem.merge`."""
        from sim.parts import merge_parts

        merge_parts(slot, parts, out)

    def evaluate(
        self, slot: SlotSpec, observations: Path, foundation: Path, trained: Path, seal: Path | None
    ) -> tuple[Metrics, ...]:
        """See `Problem.evaluate`."""
        from sim.artifacts import reaction_after
        from sim.dataset import load_observations
        from sim.evaluation.slots import evaluate_slot
        from sim.training.outcome import TRAINED

        return evaluate_slot(
            slot,
            load_observations(observations, verify=False),
            reaction_after(foundation, trained)[0],
            trained / TRAINED,
            _open(seal),
        )

    def illustrate(
        self,
        slot: SlotSpec,
        observations: Path,
        foundation: Path,
        trained: Path,
        seal: Path | None,
        out: Path,
    ) -> None:
        """See `Problem.illustrate`."""
        from sim.artifacts import reaction_after
        from sim.dataset import load_observations
        from sim.pictures.run import illustrate_run

        model, refined = reaction_after(foundation, trained)
        illustrate_run(
            slot,
            load_observations(observations, verify=False),
            model,
            trained,
            _open(seal),
            out,
            refined=refined,
        )

    def strategy_version(self, strategy: str) -> str:
        """See `Problem.strategy_version`."""
        from sim.auditing.versions import strategy_version

        return strategy_version(strategy, self.strategies())

    def audit_slot(self, strategy: str) -> SlotSpec:
        """See `Problem.audit_slot`."""
        from sim.auditing.slots import audit_slot

        return audit_slot(strategy, self.strategies())

    def write_audit_data(self, root: Path, *, other_truth: bool, observations: Path | None = None) -> None:
        """See `Problem.write_audit_data`."""
        from sim.auditing.data import write_audit_data
        from sim.dataset import load_observations

        like = None if observations is None else load_observations(observations, verify=False)
        write_audit_data(root, other_truth=other_truth, like=like)

    def trace(self, slot: SlotSpec, root: Path, record: Record) -> None:
        """See `Problem.trace`."""
        from sim.auditing.trace import trace_training

        trace_training(slot, root, record, self.strategies())

    def find_proxies(self, observations: Path, seal: Path, seeds: Sequence[int]) -> tuple[Proxy, ...]:
        """See `Problem.find_proxies`."""
        from sim.auditing.proxies import find_proxies
        from sim.dataset import load_observations
        from sim.seal import load_seal

        observed = load_observations(observations, verify=False)
        return find_proxies(observed, load_seal(seal).types, observations, seeds=seeds)


def _grounds(observations: Path, foundation: Path) -> "tuple[Observations, ReactionModel, TabulatedReaction]":
    """What a training stands on: the observations, the reaction model, and its table."""
    import torch

    from sim.artifacts import load_reaction
    from sim.dataset import load_observations
    from sim.reaction.table import TabulatedReaction

    observed = load_observations(observations, verify=False)
    model = load_reaction(foundation)
    return observed, model, TabulatedReaction(model, observed.stoichiometry, dtype=torch.float64)


def _open(seal: Path | None) -> "Truth | None":
    from sim.seal import load_seal

    return None if seal is None else load_seal(seal)
