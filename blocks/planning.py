"""What a planner is told: which one it is, how bold, what confirming may cost, and when runs end early."""

from typing import Annotated, Final, Literal

from pydantic import Field, PositiveFloat, model_validator

from blocks.base import Frozen


class ConfirmationSpec(Frozen):
    """What it takes to be called best: fresh seeds, then fresh networks. Its price is part of the plan."""

    seeds: Annotated[int, Field(ge=2, le=64, description="Fresh seeds of a confirmation run.")] = 5
    slots: Annotated[
        int,
        Field(
            ge=0,
            description="Slots of a block's last batch that may confirm, from block 2 on: one by fresh "
            "seeds, the others on fresh networks; 0: nothing is ever confirmed.",
        ),
    ] = 2
    networks: Annotated[
        int, Field(ge=0, le=16, description="Fresh networks on which what is called best is run as well.")
    ] = 1


class ReplicationSpec(Frozen):
    """What it takes to hold beyond one network: both sides of a pair once more, on another one."""

    slots: Annotated[
        int,
        Field(
            ge=0,
            le=64,
            description="Slots of a block's first batch, from block 3 on, that may repeat pairs of runs on "
            "fresh networks; 0: no statement is ever tested on another network.",
        ),
    ] = 2
    networks: Annotated[
        int,
        Field(ge=1, le=16, description="Fresh networks to be used, those of confirmation first."),
    ] = 1


PlannerName = Literal["hybrid", "ucb", "sweep", "random", "halving", "tpe"]


class PlannerSpec(Frozen):
    """Which planner proposes slots, and how bold it is."""

    name: Annotated[PlannerName, Field(description="Name of the planner.")] = "hybrid"
    exploration_constant: Annotated[PositiveFloat, Field(description="c of the UCB score.")] = 1.414
    reward: Annotated[
        Literal["rank", "objective"],
        Field(
            description="Reward of a node: rank of its objective, or place between the worst and the best."
        ),
    ] = "rank"
    boldness: Annotated[
        float,
        Field(
            ge=0,
            le=10,
            description="How much it counts for a slot that the model is unsure of it; 1 is usual.",
        ),
    ] = 1.0
    points: Annotated[int, Field(ge=2, le=100, description="Values of a parameter that a sweep tries.")] = 5
    resource: Annotated[str, Field(description="The parameter that makes a run long.")] = (
        "data_augmentation_loop"
    )
    reduction: Annotated[
        int, Field(ge=2, le=16, description="One of so many runs goes on to a run so many times as long.")
    ] = 3
    early_stop: Annotated[
        bool | None,
        Field(
            description="Whether a run ends early where its learning curve, label-free, is below those of "
            "runs as long (`resource`) that did well. Runs that may end so stand in no comparison of the "
            "working memory. Left out: with halving only."
        ),
    ] = None
    confirmation: ConfirmationSpec = ConfirmationSpec()
    replication: ReplicationSpec = ReplicationSpec()
    control: Annotated[
        bool, Field(description="Whether one slot of each batch from block 2 on repeats the incumbent.")
    ] = False

    @property
    def stops_early(self) -> bool:
        """Whether runs get a rule by which they may end early."""
        return self.name == "halving" if self.early_stop is None else self.early_stop

    @model_validator(mode="after")
    def _only_its_own(self) -> "PlannerSpec":
        for option, owners in _OWNERS.items():
            if self.name not in owners and getattr(self, option) != type(self).model_fields[option].default:
                raise ValueError(
                    f"{option}: is for the planner {' or '.join(owners)}, but the planner is {self.name}; "
                    "leave it out, or name that planner"
                )
        return self


_OWNERS: Final = {
    "exploration_constant": ("ucb",),
    "reward": ("ucb",),
    "boldness": ("hybrid",),
    "points": ("sweep",),
    "resource": ("halving",),
    "reduction": ("halving",),
}
"""Which planners an option is for."""
