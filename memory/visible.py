"""What of an exploration may be looked at: while a blind one is open, nothing that shows the truth.

Metrics that need labels never reach the store of a blind exploration before it is closed. Pictures might: a
run that took over the result of another exploration's shows that one's pictures, be they drawn in sight.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.blindness import sealed_metrics
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo

if TYPE_CHECKING:
    from memory.store import Store

KINDS = {".png": "image/png", ".svg": "image/svg+xml"}
"""Pictures by the ending of their file, with their MIME type."""


def is_sealed(store: "Store", spec: ExplorationSpec) -> bool:
    """Whether the truth of an exploration is still under seal."""
    return spec.blind and store.closed_at(spec.name) is None


def visible_metrics(
    store: "Store", spec: ExplorationSpec, metrics: Mapping[str, MetricInfo]
) -> dict[str, MetricInfo]:
    """The metrics without those that are under seal."""
    hidden = sealed_metrics(spec, metrics) if is_sealed(store, spec) else frozenset()
    return {name: info for name, info in metrics.items() if name not in hidden}


def pictures_of(store: "Store", spec: ExplorationSpec, number: int) -> list[Path]:
    """Files of a run's pictures, in the order of their names; none where one may show what is under seal."""
    exploration, run = store.origin(spec.name, number)
    if is_sealed(store, spec) and not store.spec(exploration).blind:
        return []
    folder = store.workspace.pictures(exploration, run)
    return sorted(path for path in folder.glob("*.*") if path.suffix in KINDS)
