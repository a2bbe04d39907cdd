"""What an exploration is: the question, the data, the space, and the rules of the search."""

import difflib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from blocks.base import Frozen, Value
from blocks.identity import content_hash
from blocks.planning import PlannerSpec
from blocks.space import CategoricalParameter, PerSlotParameter, SearchSpace


class BlockSpec(Frozen):
    """The shape of a block: after each one the working memory is rewritten."""

    batches: Annotated[PositiveInt, Field(description="Batches, run one after the other.")] = 2
    slots: Annotated[PositiveInt, Field(description="Slots of a batch, run side by side.")] = 4


class StrategyChoice(Frozen):
    """Which strategies the first block uses, and which are open to the planner from the second."""

    baseline: Annotated[tuple[str, ...], Field(min_length=1, description="On in block 1.")]
    open: Annotated[tuple[str, ...], Field(description="May be turned on from block 2.")] = ()
    escalation: Annotated[
        tuple[str, ...] | None,
        Field(
            description="Open strategies in the order in which they are turned on when the search is stuck; "
            "left out: all, in the problem's order; []: none."
        ),
    ] = None
    files: Annotated[
        tuple[str, ...],
        Field(description="The user's own, like my_strategy.py:Name; open unless named under baseline."),
    ] = ()

    @model_validator(mode="after")
    def _apart(self) -> "StrategyChoice":
        if both := sorted(set(self.baseline) & set(self.open)):
            raise ValueError(f"a strategy is either baseline or open, but {', '.join(both)} is in both")
        if closed := [name for name in self.escalation or () if name not in self.open]:
            raise ValueError(f"escalation: must name open strategies only, but got {', '.join(closed)}")
        return self


class MemorySpec(Frozen):
    """What the working memory says from the start."""

    context: Annotated[tuple[str, ...], Field(description="Why this exploration is run.")] = ()
    key_open_problem: Annotated[str, Field(description="The question that it is to answer.")] = ""
    open_questions: Annotated[tuple[str, ...], Field(description="What else is not known.")] = ()


class Limits(Frozen):
    """What a run, and a launch, may cost. They do not enter a run's identity."""

    timeout_s: Annotated[PositiveFloat, Field(description="Wall-clock limit of one run, s.")] = 600
    memory_gib: Annotated[PositiveFloat, Field(description="Memory limit of one worker, GiB.")] = 4
    workers: Annotated[PositiveInt | None, Field(description="Worker processes; default: one per core.")] = (
        None
    )
    max_runs: Annotated[
        PositiveInt | None, Field(description="Runs of the exploration in all, counting those that are done.")
    ] = None
    max_hours: Annotated[
        PositiveFloat | None, Field(description="Wall-clock time of one launch, h; what would not fit waits.")
    ] = None


class ExplorationSpec(Frozen):
    """An exploration, as its YAML file says it."""

    name: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="Letters, digits, _ . and -.")
    ]
    title: Annotated[str, Field(description="One line for lists.")] = ""
    problem: Annotated[str, Field(description="The science: an installed problem.")] = "metabolism"
    data: Annotated[dict[str, Any], Field(description="Which data set; the problem checks it.")]
    foundation: Annotated[
        dict[str, Any], Field(description="What all slots share, fitted once; the problem checks it.")
    ] = Field(default_factory=dict)
    objective: Annotated[
        str, Field(description="The metric that is searched for; left out: the problem's own for such data.")
    ] = "slope_recovery"
    blind: Annotated[
        bool, Field(description="Keep all metrics that need labels sealed until `setpoint close`.")
    ] = False
    truth_guided: Annotated[
        bool, Field(description="Whether choices may read ground truth where the data are not simulated.")
    ] = False
    space: SearchSpace
    baseline: Annotated[
        dict[str, Value],
        Field(description="Values of the first batch; names outside the space are constants."),
    ]
    sweep: Annotated[
        dict[str, tuple[Value, ...]],
        Field(description="Later batches of block 1: one parameter, a value per slot."),
    ] = Field(default_factory=dict)
    strategies: StrategyChoice
    planner: PlannerSpec = PlannerSpec()
    block: BlockSpec = BlockSpec()
    blocks: Annotated[PositiveInt, Field(description="Blocks of one launch.")] = 1
    replicates: Annotated[int, Field(ge=1, le=64, description="Seeds per slot.")] = 3
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="Seed of planning and of replicates.")] = 1
    memory: MemorySpec = MemorySpec()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _consistent(self) -> "ExplorationSpec":
        for name, parameter in self.space.root.items():
            if isinstance(parameter, PerSlotParameter):
                if len(parameter.values) != self.block.slots:
                    raise ValueError(
                        f"space.{name}.values: must have one value per slot ({self.block.slots}), "
                        f"but got {len(parameter.values)}"
                    )
                if name in self.baseline:
                    raise ValueError(f"baseline.{name}: is fixed per slot in the space; leave it out here")
            elif name not in self.baseline:
                meant = difflib.get_close_matches(name, self.baseline.keys() - self.space.root.keys(), n=1)
                raise ValueError(
                    f"baseline.{name}: is missing; the first batch needs a value ({parameter.allowed})"
                    + "".join(f", or space.{name} is to be space.{other}" for other in meant)
                )
            elif not parameter.contains(self.baseline[name]):
                raise ValueError(
                    f"baseline.{name}: must be {parameter.allowed}, but got {self.baseline[name]!r}"
                )
        for name, values in self.sweep.items():
            if name not in self.space.tunable:
                raise ValueError(
                    f"sweep.{name}: must be a tunable parameter ({', '.join(self.space.tunable)}), "
                    f"but got {name!r}"
                )
            if len(values) != self.block.slots:
                raise ValueError(
                    f"sweep.{name}: must have one value per slot ({self.block.slots}), but got {len(values)}"
                )
            for value in values:
                if not self.space[name].contains(value):
                    raise ValueError(f"sweep.{name}: must be {self.space[name].allowed}, but got {value!r}")
        self._check_resource()
        return self

    def _check_resource(self) -> None:
        if self.planner.name != "halving":
            return
        name, reduction = self.planner.resource, self.planner.reduction
        parameter = self.space.tunable.get(name)
        if parameter is None or isinstance(parameter, CategoricalParameter):
            tunable = self.space.tunable.items()
            numbers = [known for known, one in tunable if not isinstance(one, CategoricalParameter)]
            raise ValueError(
                f"planner.resource: must be a tunable number ({', '.join(numbers)}), but got {name!r}"
            )
        low, high = float(parameter.low), float(parameter.high)
        if low <= 0 or high < low * reduction:
            raise ValueError(
                f"space.{name}: must span a factor of {reduction} above 0 for halving "
                f"(planner.reduction), but got {low:g} .. {high:g}; widen it, or lower planner.reduction"
            )

    def identity(self) -> str:
        """Hash of what the search depends on.

        How long it runs and what a run may cost are left out, and so is where a thing lies that is known by
        its content: an exploration goes on where its folder was moved to.
        """
        kept = self.model_dump(mode="json", exclude={"blocks", "limits", "title", "memory"})
        kept["strategies"]["files"] = [Path(reference).name for reference in self.strategies.files]
        if "sha256" in kept["data"]:
            kept["data"].pop("folder", None)
        return content_hash(kept)
