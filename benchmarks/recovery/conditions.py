"""The conditions of the table, as data: what is overridden, and what must be reached.

A condition changes the data set (and where it says so the reaction model, strategies and values) of the
exploration `recovery`; a target is a range that a metric must be in, in every network. What has no
target is reported and never judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.targets import Target
from blocks.base import Value


@dataclass(frozen=True)
class Variant:
    """One way of training under a condition; most conditions have a single one without a name."""

    name: str = ""
    title: str = ""
    exploration: str = "recovery"
    """Catalog file that strategies, values and space come from."""

    strategies: tuple[str, ...] | None = None
    """None: those of the exploration."""

    more_strategies: tuple[str, ...] = ()
    """Added to those."""

    values: Mapping[str, Value] = field(default_factory=dict)
    """Override the baseline."""

    targets: tuple[Target, ...] = ()
    """Beside those of the condition."""

    most_networks: int | None = None
    """Where fewer networks than the seeds given are trained: rollouts at four time steps take minutes."""


@dataclass(frozen=True)
class Condition:
    """A row of the table."""

    name: str
    title: str
    data: Mapping[str, Any] = field(default_factory=dict)
    foundation: Mapping[str, Any] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    variants: tuple[Variant, ...] = (Variant(),)
    oracle_window: int = 1
    """Frames over which the oracle's integral form goes."""

    most_networks: int | None = None
    """Where fewer networks than the seeds given are asked for."""

    sized: bool = False
    """Whether it is about the size of the network, so that a small version says nothing."""


def _r2(low: float) -> Target:
    return Target(metric="rate_constants_R2_identifiable", label="R2 identifiable", low=low)


def _slope(low: float, high: float) -> Target:
    return Target(metric="slope_ratio_<type>", label="slope of each type", low=low, high=high)


def _ari(low: float) -> Target:
    return Target(metric="type_ari", label="type ARI", low=low)


_CURVE = Target(metric="response_error_<type>", label="response error of each type", high=0.05)
_PHASE_1 = Target(metric="phase1_s", label="Phase 1", high=15, below=True)
_PHASE_2 = Target(metric="phase2_s", label="Phase 2", high=60, below=True)
_FROZEN = Target(metric="foundation_R2", label="R2 as frozen", low=0.70, high=0.87)

CONDITIONS: Final = (
    Condition(
        "noise_free",
        "noise-free, 2 types",
        targets=(_r2(0.9999), _PHASE_1, _slope(0.98, 1.02), _PHASE_2, _ari(1.0)),
    ),
    Condition(
        "noise_0.1",
        "measurement noise 0.1 %",
        {"noise": 0.001},
        targets=(_r2(0.9999), _slope(0.95, 1.05), _ari(0.95)),
        oracle_window=32,
    ),
    Condition(
        "noise_1",
        "measurement noise 1 %",
        {"noise": 0.01},
        targets=(_r2(0.998), _slope(0.85, 1.15), _ari(0.6)),
        oracle_window=64,
    ),
    Condition(
        "noise_5",
        "measurement noise 5 %",
        {"noise": 0.05},
        targets=(_r2(0.98), _slope(0.6, 1.4)),
        oracle_window=128,
    ),
    Condition(
        "four_types",
        "4 types, number not told",
        {"decay": [0.001, 0.002, 0.004, 0.008], "baseline": [4, 6, 5, 3]},
        targets=(_r2(0.9999), _slope(0.95, 1.05), _ari(0.95)),
    ),
    Condition(
        "imbalance",
        "80/20 imbalance",
        {"type_fractions": [0.8, 0.2]},
        targets=(_r2(0.9999), _slope(0.95, 1.05), _ari(1.0)),
    ),
    Condition(
        "saturating_regulation",
        "saturating regulation",
        {"regulation": "saturating"},
        targets=(_r2(0.999), _CURVE, _ari(0.9)),
    ),
    Condition(
        "saturating_substrate",
        "substrates enter as c/(1+c/5), not told",
        {"substrate": "saturating"},
        targets=(_r2(0.999), _slope(0.95, 1.05), _ari(1.0)),
    ),
    Condition(
        "random_reactions",
        "random reactions, exponents 1 and 2, up to 4 substrates, flux limit",
        {"topology": "random", "exponents": [1, 2], "max_substrates": 4, "flux_limit": True},
        targets=(_r2(0.99), _slope(0.9, 1.1), _ari(0.95)),
    ),
    Condition(
        "seed_regime",
        "frozen reaction model stopped early",
        foundation={"target_r2": 0.78},
        variants=(
            Variant(
                "joint",
                "joint refinement allowed",
                more_strategies=("joint_refinement",),
                targets=(_FROZEN, _slope(0.8, 1.2)),
            ),
            Variant(
                "rollout",
                "rollout alone, as the seed did it",
                exploration="phase2_homeostasis",
                most_networks=1,
            ),
            Variant("residual", "residual alone", strategies=("reinitialisation", "residual")),
        ),
    ),
    Condition(
        "large",
        "200 metabolites, 512 reactions",
        {"n_metabolites": 200, "n_reactions": 512},
        targets=(_r2(0.9999), _slope(0.95, 1.05), _ari(1.0)),
        sized=True,
    ),
    Condition(
        "unobserved",
        "10 % of the metabolites unobserved (judged: those with an equation)",
        {"unobserved": 0.1},
        most_networks=1,
    ),
)

BY_NAME: Final[Mapping[str, Condition]] = {condition.name: condition for condition in CONDITIONS}

QUICK: Final = ("noise_free", "noise_1", "imbalance")
"""Conditions of `--quick` where none are named."""

QUICK_DATA: Final[Mapping[str, Any]] = {"preset": "quickstart"}

QUICK_VALUES: Final[Mapping[str, Value]] = {"data_augmentation_loop": 200}
"""More passes over fewer frames: about as many optimiser steps as the full size has."""
