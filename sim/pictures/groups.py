"""By what metabolites are coloured: by their true type where the evaluator knows it, else by cluster.

The clusters are those that the embeddings form by themselves, and so may be drawn without any truth.
"""

from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
from jaxtyping import Bool, Float, Int64
from numpy import ndarray
from sklearn.metrics import adjusted_rand_score

from sim.evaluation.clusters import clusters_of
from sim.evaluation.numbers import finite
from sim.networks.network import Truth
from sim.pictures.style import colours


@dataclass(frozen=True)
class Groups:
    """Every metabolite in one group."""

    label: Int64[ndarray, " metabolite"]
    names: tuple[str, ...]
    """One per group: `type 0`, or `cluster A`."""

    cluster: Int64[ndarray, " metabolite"]
    """The label-free cluster, whether or not it is what colours."""

    ari: float | None
    """Adjusted Rand index of clusters against true types; None where no truth is known."""

    @property
    def colours(self) -> list[str]:
        """One per group."""
        return colours(len(self.names))

    def members(self, group: int) -> Bool[ndarray, " metabolite"]:
        """Who is in a group."""
        return np.asarray(self.label == group)

    def described(self, group: int) -> str:
        """Name and size: `type 0 (50)`."""
        return f"{self.names[group]} ({int(self.members(group).sum())})"


def grouped(embedding: Float[ndarray, "metabolite coordinate"], truth: Truth | None) -> Groups:
    """Groups of the metabolites.

    Args:
        embedding: Finite embeddings of one replicate.
        truth: The opened seal; None where there is none.
    """
    cluster = clusters_of(embedding)[0]
    if truth is None:
        names = tuple(cluster_name(number) for number in range(int(cluster.max()) + 1))
        return Groups(cluster, names, cluster, None)
    names = tuple(f"type {kind}" for kind in range(truth.n_types))
    return Groups(truth.types, names, cluster, finite(adjusted_rand_score(truth.types, cluster)))


def cluster_name(number: int) -> str:
    """`cluster A` for 0."""
    return f"cluster {ascii_uppercase[number]}"
