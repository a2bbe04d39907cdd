"""Named networks: the values that a preset gives to the settings of a data set.

A preset is nothing but values; whatever an exploration says beside its name overrides them. What a
preset leaves out has the default of `DataSettings`.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

PresetName = Literal[
    "quickstart",
    "oscillatory_rank_20",
    "oscillatory_rank_50",
    "oscillatory_rank_70",
    "pure",
    "homeostatic",
]
"""Name of a preset."""

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    # Faster than the others, so that its few cycles turn often enough within 60 t.u.
    "quickstart": {"n_metabolites": 20, "n_reactions": 30, "n_frames": 600, "log10_k": (-1.5, -0.8)},
    "oscillatory_rank_20": {"log10_k": (-2.5, -1.0)},
    "oscillatory_rank_50": {},
    "oscillatory_rank_70": {"n_reactions": 512},
    "pure": {
        "topology": "random",
        "rate_law": "additive",
        "n_reactions": 64,
        "decay": (0.0,),
        "baseline": (0.0,),
        "flux_limit": True,  # an additive rate goes on when one substrate is used up
    },
    "homeostatic": {
        "topology": "random",
        "rate_law": "additive",
        "n_reactions": 64,
        "decay": (0.01,),
        "baseline": (5.0,),
        "flux_limit": True,
    },
}
"""Values by preset; `oscillatory_rank_50` is the one that the defaults describe."""
