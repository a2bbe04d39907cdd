"""Blind mode: what stays sealed until an exploration is closed, and that the search must do without it."""

from collections.abc import Mapping

from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo


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
