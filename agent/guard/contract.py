"""What the guard knows of the science it guards: where frames come from, and which modules hold the truth.

Names of variables mean nothing. A value is a frame because a hook of a strategy is given it, because an
annotation says so, or because it is the attribute `frames` of something whose type is not known.
"""

from typing import Final

LABEL: Final = 6
"""Column of a frame that holds the ground truth, unless other columns are named."""

N_COLUMNS: Final = 8

CONSTANTS: Final = {"sim.dataset.LABEL": LABEL, "sim.dataset.CONCENTRATION": 3, "sim.dataset.N_COLUMNS": 8}
"""Constants of the frame's layout, by their full names."""

FOLLOWED: Final = frozenset(("sim", "blocks"))
"""Installed packages whose functions are read where they are called; others count as libraries."""

SCIENCE: Final = "sim"

STRATEGIES: Final = "sim.strategies"
"""A class whose base lies here is a strategy: its hooks are what training calls."""

HOOKS: Final[dict[str, tuple[str, ...]]] = {
    "configure": ("TrainingPlan",),
    "initialise": ("NodeCohort", "TrainingData", "Generators"),
    "latents": ("TrainingPlan", "TrainingData", "Generators"),
    "refine": ("ReactionModel", "Trajectory", "Report"),
    "loss": ("Batch",),
    "gradients": ("NodeCohort",),
    "horizon": ("int", "int", "int"),
    "schedule": ("int", "int"),
}
"""Types of what each hook is given, in order."""

HOLDS: Final[dict[str, dict[str, int | str]]] = {
    "Batch": {"frames": 4, "data": "TrainingData", "node": "NodeCohort"},
    "TrainingData": {"frames": 3},
    "Observations": {"frames": 3},
    "NodeCohort": {},
    "TrainingPlan": {},
    "Trajectory": {},
    "Recorded": {},
    "ReactionModel": {},
    "Generators": {},
    "Report": {},
}
"""By type: attributes that are frames, with their number of axes, or lead to another type.

The column axis is the last one. Other attributes of these types hold nothing of a frame.
"""

HARMLESS: Final = frozenset(
    ("concentration", "residual", "windows", "spread", "ordered", "weight", "embedding")
)
"""Attributes that hold nothing of a frame, also where the type of their object is not known."""

TRUTH_MODULES: Final = (
    *("sim.networks.generate", "sim.networks.presets", "sim.networks.settings", "sim.seal", "sim.simulate"),
    *("sim.evaluation", "sim.problem", "sim.cli", "sim.folders", "sim.generated", "sim.sources"),
    *("agent", "memory"),
)
"""Modules that hold or lead to ground truth."""

TRUTH_NAMES: Final = frozenset(
    (
        "Truth",
        "Network",
        "load_seal",
        "read_seal",
        "open_seal",
        "_read_seal",
        "load_sealed_settings",
        "seal_hash",
    )
)
"""What other modules of the science hold of it."""
