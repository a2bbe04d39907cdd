"""Do the embeddings tell types apart? Clusters by the study's rule, and by one that knows no scale.

DBSCAN with eps 0.1 is the study's; it depends on how far embeddings happened to travel. `clusters_of`
takes no scale and is not told the number of types: average linkage, cut into the fewest clusters whose
silhouette is nearly the best, and a single cluster where no cut is clear.
"""

from typing import Final

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.metrics.cluster import contingency_matrix

from sim.evaluation.numbers import Metrics, finite

EPS: Final = 0.1
MIN_SAMPLES: Final = 5
NOISE: Final = -1

MAX_CLUSTERS: Final = 8
CLEAR_SILHOUETTE: Final = 0.6
"""Cuts of structureless clouds of points stay below this."""

TOLERATED: Final = 0.1
"""Silhouette that fewer clusters may cost: a type whose embeddings are drawn out is still one type."""


def density_clusters(embedding: Float[ndarray, "metabolite coordinate"]) -> Int64[ndarray, " metabolite"]:
    """DBSCAN cluster of each metabolite, -1 for noise."""
    labels: Int64[ndarray, " metabolite"] = DBSCAN(eps=EPS, min_samples=MIN_SAMPLES).fit_predict(embedding)
    return labels


def clusters_of(points: Float[ndarray, "item coordinate"]) -> tuple[Int64[ndarray, " item"], float | None]:
    """Clusters without labels, scale or count.

    Args:
        points: Finite coordinates.

    Returns:
        Cluster of each item, all 0 where no cut is clear, and the best silhouette found (None where
        nothing can be cut).

    Source: average linkage of Sokal and Michener 1958; silhouettes of Rousseeuw 1987.
    """
    one = np.zeros(len(points), dtype=np.int64)
    # Points that differ by rounding alone are one point, and have no silhouette.
    if len(np.unique(np.round(points / (np.abs(points).max() or 1.0), 9), axis=0)) < 3:
        return one, None
    tree = linkage(points, method="average")
    cuts = [
        fcluster(tree, t=count, criterion="maxclust").astype(np.int64) - 1
        for count in range(2, MAX_CLUSTERS + 1)
    ]
    scored = [
        (cut, float(silhouette_score(points, cut))) for cut in cuts if 2 <= len(np.unique(cut)) < len(points)
    ]
    if not scored:  # all distances are tied
        return one, None
    best = max(score for _, score in scored)
    enough = max(CLEAR_SILHOUETTE, best - TOLERATED)
    chosen = next((cut for cut, score in scored if score >= enough), one)
    return chosen, best


def embedding_metrics(
    embedding: Float[ndarray, "metabolite coordinate"], types: Int64[ndarray, " metabolite"] | None
) -> Metrics:
    """Metrics of one replicate's embeddings; those that need types are None without them."""
    dense = density_clusters(embedding)
    kept = dense != NOISE
    n_clusters = len(np.unique(dense[kept]))
    separable = 2 <= n_clusters < kept.sum()
    return {
        "embedding_n_clusters": float(n_clusters),
        "embedding_silhouette": finite(silhouette_score(embedding[kept], dense[kept])) if separable else None,
        "embedding_cluster_acc": None if types is None else matched_share(dense, types),
        "type_ari": None if types is None else finite(adjusted_rand_score(types, clusters_of(embedding)[0])),
    }


def matched_share(clusters: Int64[ndarray, " item"], types: Int64[ndarray, " item"]) -> float:
    """Share of items whose cluster is the one matched to their type, by the best one-to-one matching.

    Noise (-1) belongs to no cluster and counts as wrong.
    """
    kept = clusters != NOISE
    if not kept.any():
        return 0.0
    table = contingency_matrix(types[kept], clusters[kept])
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / len(types))
