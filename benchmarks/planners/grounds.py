"""What the landscapes are recorded of: the quickstart network, with a good and with a poor reaction model.

An exploration of the catalog with few overrides: the space is that of `quickstart`, with fewer passes over
the data, so that some hundred slots can be trained in half an hour on one core, and with more strategies to
choose from.
"""

from collections.abc import Mapping
from typing import Any, Final

from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.loading import load_exploration, validate
from blocks.slot import SlotSpec
from sim.problem import MetabolicProblem

FOUNDATIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "quickstart": {},
    "quickstart_poor": {"target_r2": 0.73},
}
"""The reaction model of each landscape, by the landscape's name."""

OPEN: Final = ("residual", "fitted_embeddings", "curriculum", "contrastive")
"""Strategies that planners may turn on. Joint refinement is left out: the poor model is to stay poor."""

PASSES: Final = {"kind": "int", "low": 10, "high": 100, "log": True}


def ground(name: str) -> ExplorationSpec:
    """The exploration that a landscape is recorded of.

    Raises:
        SpecError: There is no such landscape.
    """
    if name not in FOUNDATIONS:
        raise SpecError(f"landscape: must be among {', '.join(FOUNDATIONS)}, but got {name!r}")
    base = load_exploration("quickstart").model_dump(mode="json")
    return validate(
        ExplorationSpec,
        {
            **base,
            "name": name,
            "foundation": FOUNDATIONS[name],
            "objective": "slope_recovery",
            "space": {**base["space"], "data_augmentation_loop": PASSES},
            "baseline": {**base["baseline"], "data_augmentation_loop": 30},
            "strategies": {**base["strategies"], "open": OPEN},
        },
    )


def admitted(problem: MetabolicProblem, slot: SlotSpec) -> bool:
    """Whether the problem can train a slot."""
    try:
        problem.resolve(slot)
    except SpecError:
        return False
    return True
