"""The one door between the agent and a science.

A problem is found by name (`blocks.installed`). The agent calls its methods in separate processes, so that
ground truth and training never share one:

    provide_data          generator process   may know the truth; writes observations and seal apart
    inspect_data          generator process   observations only
    fit_foundation        training process    observations only
    evaluate_foundation   evaluator process   may open the seal, once the fit's hash is stored
    train                 training process    observations only
    rehearse              training process    observations only; watched, nothing is kept
    merge                 launch              what trainings of parts of a slot wrote
    evaluate              evaluator process   may open the seal, once the parameters' hash is stored
    illustrate            evaluator process   the same, after the metrics are stored
    write_audit_data      generator process   observations only; the truth that it writes is made up
    trace                 training process    an audit's data, in which labels lie open
    find_proxies          evaluator process   may open the seal; trains nothing
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from blocks.exploration import ExplorationSpec
from blocks.proxy import Proxy
from blocks.run import MetricInfo, Metrics
from blocks.slot import SlotSpec
from blocks.stopping import Course
from blocks.user_strategy import UserStrategy


class Progress(NamedTuple):
    """How far a training is."""

    step: int
    total: int
    loss: float


Report = Callable[[Progress], None]
"""Takes progress; cheap to call often, since the receiver drops what comes too fast."""


Record = Callable[[int, Mapping[str, str]], None]
"""Takes an optimiser step, from 1 (0: the initial state), and a hash of each parameter after it, by name."""


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

    def extended(self, strategies: Sequence[UserStrategy]) -> "Problem":
        """The problem with strategies of a user's beside its own; this runs the code of their modules.

        Everything that the problem says of slots and of training code then takes them in.

        Raises:
            SpecError: One cannot be loaded, is no strategy, or has a name that is taken.
        """

    def user_strategies(self) -> Mapping[str, UserStrategy]:
        """The strategies that `extended` added, by name."""

    def check(self, spec: ExplorationSpec) -> None:
        """Raises SpecError where data, foundation, space, baseline or strategies break a rule."""

    def metrics(self, data: Mapping[str, Any]) -> Mapping[str, MetricInfo]:
        """Every metric that `evaluate` can give for a data set, those that matter first."""

    def default_objective(self, data: Mapping[str, Any]) -> str:
        """What is searched for where an exploration does not say; label-free for data that are imported."""

    def truth_guided_by(self, spec: ExplorationSpec) -> tuple[str, ...]:
        """What of an exploration chooses by ground truth, in words; empty where all choices are label-free.

        `check` refuses such choices for imported data, unless the exploration has `truth_guided`.
        """

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
    ) -> Course | None:
        """Trains all replicates of a slot together and writes their parameters into `out`.

        What is written of a replicate does not depend on which others are trained with it, save for when a
        slot ends that has a rule of early stop: such a slot is never divided.

        Args:
            slot: With one seed per replicate.
            observations: Folder of the data set.
            foundation: What all slots share.
            out: An empty folder.
            report: Takes progress.
            part: Whether `slot` has some of a slot's seeds only. Others may live where all of these diverge,
                so that this is no failure yet: it is written down, for `merge` to decide.

        Returns:
            How far the training went, with its learning curve where the slot has a rule; None where that is
            not known. Such a problem never stops a run early.

        Raises:
            DivergenceError: A loss or a parameter is no longer finite, in all replicates of a whole slot.
        """

    def rehearse(
        self, slot: SlotSpec, observations: Path, foundation: Path, *, steps: int | None = None
    ) -> None:
        """Trains a slot for a few steps while it is watched whether anything uses a label; keeps nothing.

        Args:
            slot: With one seed per replicate.
            observations: Folder of the data set.
            foundation: What all slots share.
            steps: How many, from the first on; None for a few that stand for the whole training.

        Raises:
            LabelLeakError: Something does; it names the line of the user's code.
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

    def strategies(self) -> Collection[str]:
        """Names of all strategies that a slot may have on, the user's own among them."""

    def strategy_version(self, strategy: str) -> str:
        """Hash of a strategy's source and of the training code that it stands on."""

    def audit_slot(self, strategy: str) -> SlotSpec:
        """A short training with the strategy on, and with no more beside it than it needs.

        Raises:
            SpecError: There is no such strategy.
        """

    def write_audit_data(self, root: Path, *, other_truth: bool, observations: Path | None = None) -> None:
        """Writes a small data set in which the truth lies open, in frames, seal and settings.

        Args:
            root: Folder to fill; laid out as a workspace is.
            other_truth: Whether every label and true parameter is to be another one. What was observed is
                the same either way.
            observations: A data set to take observations from; default: those of a small network.
        """

    def trace(self, slot: SlotSpec, root: Path, record: Record) -> None:
        """Trains a slot on such a data set, writes below `root` only, and records every step.

        What is recorded depends on the slot, on what lies below `root`, and on nothing else, unless a
        strategy makes it so.
        """

    def find_proxies(self, observations: Path, seal: Path, seeds: Sequence[int]) -> tuple[Proxy, ...]:
        """How well what training sees predicts the labels of a data set.

        Args:
            observations: Folder of the data set.
            seal: Its truth.
            seeds: Seeds that training knows.
        """
