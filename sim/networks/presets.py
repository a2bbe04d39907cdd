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
    # So many reactions over-consume substrates within a step: without the limit, 3 of 10 seeds diverge.
    "oscillatory_rank_70": {"n_reactions": 512, "flux_limit": True},
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

LADDER: Final = 8
"""Most types that `type_ladder` gives; each further lambda would double on."""

_BASELINES: Final = (4.0, 6.0, 5.0, 3.0)  # c.u.


def type_ladder(n_types: int, *, first: float = 0.001) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """lambda (1 per t.u.) and baseline (c.u.) of several types: doubling, and 4, 6, 5, 3, 4, ...

    Args:
        n_types: How many, up to `LADDER`.
        first: lambda of the first type.
    """
    decay = tuple(first * 2.0**kind for kind in range(n_types))
    return decay, tuple(_BASELINES[kind % len(_BASELINES)] for kind in range(n_types))
