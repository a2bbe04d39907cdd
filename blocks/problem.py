"""The one door between the agent and a science.

A problem is found by name through the entry points of the group `setpoint.problems`. The agent
calls its methods in separate processes, so that ground truth and training never share one:

    provide_data          generator process   may know the truth; writes observations and seal apart
    inspect_data          generator process   observations only
    fit_foundation        training process    observations only
    evaluate_foundation   evaluator process   may open the seal, once the fit's hash is stored
    train                 training process    observations only
    merge                 launch              what trainings of parts of a slot wrote
    evaluate              evaluator process   may open the seal, once the parameters' hash is stored
    illustrate            evaluator process   the same, after the metrics are stored
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Metrics
from blocks.slot import SlotSpec

GROUP = "setpoint.problems"


class Progress(NamedTuple):
    """How far a training is."""

    step: int
    total: int
    loss: float


Report = Callable[[Progress], None]
"""Takes progress; cheap to call often, since the receiver drops what comes too fast."""


class FoundationReport(NamedTuple):
    """What the evaluator says of a foundation."""

    chosen: str  # file name of the candidate that slots are to use
    chosen_by_truth: bool  # True where the choice read ground truth (a regime fixed by R2)
    metrics: Metrics
    summary: str  # one line for people


class Problem(Protocol):
    """A science that the agent can explore without knowing it."""

    @property
    def name(self) -> str:
        """Name of the entry point."""

    @property
    def foundation_name(self) -> str:
        """What people call that which all slots share: `reaction model`."""

    def check(self, spec: ExplorationSpec) -> None:
        """Raises SpecError where data, foundation, space, baseline or strategies break a rule."""

    def metrics(self, data: Mapping[str, Any]) -> Mapping[str, MetricInfo]:
        """Every metric that `evaluate` can give for a data set, those that matter first."""

    def resolve(self, slot: SlotSpec) -> Mapping[str, Any]:
        """The slot with every default filled in: what a run's identity is made of."""

    def training_sources(self) -> tuple[Path, ...]:
        """Files whose code runs while training, or may: the guard parses them before every launch."""

    def preload(self) -> tuple[str, ...]:
        """Modules that every training needs, imported once by the server that workers are forked from."""

    def code_version(self) -> str:
        """Hash of the code that decides results."""

    def describe_data(self, data: Mapping[str, Any]) -> str:
        """A data set's short name for titles: `oscillatory_rank_50 #42`."""

    def resolve_data(self, data: Mapping[str, Any], base: Path) -> Mapping[str, Any]:
        """The `data:` section with all filled in that decides the data; doing it twice changes nothing.

        Args:
            data: As the exploration's file has it.
            base: Folder of that file, at which relative paths start.

        Raises:
            SetpointError: The section breaks a rule, or what it names is not there.
        """

    def fresh_data(self, data: Mapping[str, Any], k: int) -> Mapping[str, Any] | None:
        """The `data:` section of the k-th fresh network: drawn as `data` was, with another seed.

        Args:
            data: As `resolve_data` gave it.
            k: From 1; equal k give equal sections, and no two give the same, nor `data` itself.

        Returns:
            None where there can be none, since the data were measured: all k give None then.
        """

    def escalation(self, strategies: Sequence[str]) -> tuple[str, ...]:
        """The strategies in the order in which a search that is stuck should turn them on.

        What changes the training as it is comes before losses that are added to it.
        """

    def provide_data(self, data: Mapping[str, Any], observations: Path, seal: Path) -> None:
        """Writes a data set: observations without truth into one folder, the truth, if any, into a file."""

    def seals(self, data: Mapping[str, Any]) -> tuple[Path, ...]:
        """Files outside of the workspace that hold the truth of a data set: closed to training as well."""

    def inspect_data(self, spec: ExplorationSpec, observations: Path) -> tuple[str, ...]:
        """What people should know of a data set before it is paid for, a line each.

        Raises:
            DataError: The exploration cannot be run on it.
        """

    def fit_foundation(
        self, settings: Mapping[str, Any], observations: Path, out: Path, report: Report
    ) -> None:
        """Fits what all slots share, label-free, and writes one or more candidates into `out`."""

    def evaluate_foundation(
        self, settings: Mapping[str, Any], observations: Path, fitted: Path, seal: Path | None
    ) -> FoundationReport:
        """Judges the candidates; names the one to use."""

    def train(
        self,
        slot: SlotSpec,
        observations: Path,
        foundation: Path,
        out: Path,
        report: Report,
        *,
        part: bool = False,
    ) -> None:
        """Trains all replicates of a slot together and writes their parameters into `out`.

        What is written of a replicate does not depend on which others are trained with it.

        Args:
            slot: With one seed per replicate.
            observations: Folder of the data set.
            foundation: What all slots share.
            out: An empty folder.
            report: Takes progress.
            part: Whether `slot` has some of a slot's seeds only. Others may live where all of these diverge,
                so that this is no failure yet: it is written down, for `merge` to decide.

        Raises:
            DivergenceError: A loss or a parameter is no longer finite, in all replicates of a whole slot.
        """

    def merge(self, slot: SlotSpec, parts: Sequence[Path], out: Path) -> None:
        """Writes into `out` what `train` would have written of the whole slot, byte for byte.

        Args:
            slot: The whole slot.
            parts: What was written of its parts, in the order of its seeds.
            out: An empty folder.

        Raises:
            DivergenceError: All replicates of all parts diverged; as `train` says it.
            DataError: The parts are not those of one slot.
        """

    def evaluate(
        self, slot: SlotSpec, observations: Path, foundation: Path, trained: Path, seal: Path | None
    ) -> tuple[Metrics, ...]:
        """One mapping of metrics per replicate; without a seal those that need truth are None."""

    def illustrate(
        self,
        slot: SlotSpec,
        observations: Path,
        foundation: Path,
        trained: Path,
        seal: Path | None,
        out: Path,
    ) -> None:
        """Draws pictures of a run that is done into the folder `out`; without a seal no truth is drawn.

        The same inputs give the same bytes. Whatever it raises is a note, and what it has written by then
        is kept: no run fails for its pictures.
        """


def sealed_metrics(spec: ExplorationSpec, metrics: Mapping[str, MetricInfo]) -> frozenset[str]:
    """Metrics that stay sealed until the exploration is closed: in blind mode those that need labels."""
    return frozenset(name for name, info in metrics.items() if spec.blind and info.needs_labels)


def check_blind(spec: ExplorationSpec, metrics: Mapping[str, MetricInfo]) -> None:
    """A blind search follows what it can see.

    Raises:
        SpecError: The exploration is blind, and its objective needs labels.
    """
    if spec.objective in sealed_metrics(spec, metrics):
        free = [name for name, info in metrics.items() if not info.needs_labels]
        raise SpecError(
            f"objective: must need no labels in blind mode, but got {spec.objective!r}; "
            f"use {free[0] if free else 'a label-free metric'}, or leave blind out"
        )


def problem_names() -> list[str]:
    """Names of the installed problems."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def load_problem(name: str) -> Problem:
    """The installed problem of that name.

    Raises:
        SpecError: No installed package offers it.
    """
    for entry in entry_points(group=GROUP, name=name):
        return cast(Problem, entry.load()())
    raise SpecError(f"problem: must be one of {', '.join(problem_names())}, but got {name!r}")
