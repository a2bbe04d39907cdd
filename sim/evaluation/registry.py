"""Every metric of an evaluation: which way is better, whether it needs truth, and what it means.

Light: no tensor library is imported, since tables and planners read this as well.
"""

from blocks.run import MetricInfo

HELDOUT_ROLLOUT_STEPS = 16
"""Euler steps of the rollouts of `heldout_rollout_error`, the same for every slot."""


def metric_infos(n_types: int = 2) -> dict[str, MetricInfo]:
    """Name to meaning of every metric, those that matter first.

    Args:
        n_types: Metabolite types of the data set, 0 where it has no labels; each has five metrics.
    """
    infos = {**_LEADING}
    for kind in range(n_types):
        infos |= _of_type(kind)
    return infos | _REST


def _truth(meaning: str, *, target: float, label: str, direction: str = "maximize") -> MetricInfo:
    return MetricInfo.model_validate(
        {"direction": direction, "needs_labels": True, "meaning": meaning, "target": target, "label": label}
    )


def _label_free(meaning: str, *, target: float, label: str, direction: str = "maximize") -> MetricInfo:
    return MetricInfo.model_validate(
        {"direction": direction, "needs_labels": False, "meaning": meaning, "target": target, "label": label}
    )


def _of_type(kind: int) -> dict[str, MetricInfo]:
    visited, wide = "over the range that each metabolite visits (5-95 %)", "over 0 .. 40 c.u."
    return {
        f"slope_ratio_{kind}": _truth(
            f"learned / true slope of type {kind} {visited}", target=1.0, label=f"slope {kind}"
        ),
        f"offset_ratio_{kind}": _truth(
            f"learned / true response at 0 c.u. (lambda * baseline) of type {kind}, by the line {visited}",
            target=1.0,
            label=f"offset {kind}",
        ),
        f"response_error_{kind}": _truth(
            f"rms of learned - true response over rms of the true one, type {kind}, {visited}",
            target=0.0,
            label=f"error {kind}",
            direction="minimize",
        ),
        f"slope_ratio_{kind}_wide": _truth(
            f"learned / true slope of type {kind} {wide}", target=1.0, label=f"slope {kind} wide"
        ),
        f"offset_ratio_{kind}_wide": _truth(
            f"learned / true response at 0 c.u. (lambda * baseline) of type {kind}, by the line {wide}",
            target=1.0,
            label=f"offset {kind} wide",
        ),
    }


_LEADING = {
    "slope_recovery": _truth(
        "mean over types of max(0, 1 - |slope_ratio - 1|), over visited concentrations",
        target=1.0,
        label="recovery",
    ),
    "heldout_gain": _label_free(
        "share of the scaled residual dc/dt - reaction that MLP_node explains on held-out frames",
        target=1.0,
        label="gain",
    ),
    "type_ari": _truth(
        "adjusted Rand index of label-free clusters of the embeddings, at any scale, against types",
        target=1.0,
        label="ari",
    ),
}

_REST = {
    "avg_slope_ratio": _truth(
        "mean over types of slope_ratio over 0 .. 40 c.u., as the study had it; one shared slope can fool it",
        target=1.0,
        label="avg slope",
    ),
    "avg_slope_ratio_visited": _truth(
        "mean over types of slope_ratio over visited concentrations; one shared slope can fool it",
        target=1.0,
        label="avg slope visited",
    ),
    "embedding_cluster_acc": _truth(
        "share of metabolites whose DBSCAN cluster (eps 0.1, 5 neighbours) is matched to their type",
        target=1.0,
        label="cluster acc",
    ),
    "embedding_n_clusters": _label_free(
        "DBSCAN clusters of the embeddings (eps 0.1, 5 neighbours)", target=2.0, label="clusters"
    ),
    "embedding_silhouette": _label_free(
        "silhouette of the DBSCAN clusters of the embeddings, without noise", target=1.0, label="silhouette"
    ),
    "response_silhouette": _label_free(
        "silhouette of label-free clusters of the learned response curves",
        target=1.0,
        label="resp. silhouette",
    ),
    "heldout_rollout_error": _label_free(
        f"error of {HELDOUT_ROLLOUT_STEPS}-step rollouts through held-out frames over that without MLP_node",
        target=0.0,
        label="rollout error",
        direction="minimize",
    ),
    "rate_constants_R2": _truth("R2 of log10 k of the reaction model, all reactions", target=1.0, label="R2"),
    "rate_constants_R2_identifiable": _truth(
        "R2 of log10 k of the reaction model, over reactions whose k the data determine",
        target=1.0,
        label="R2 ident.",
    ),
    "alpha": _label_free("MLP_sub(1, 1) of the reaction model", target=1.0, label="alpha"),
    "n_outliers": _truth(
        "rate constants off by more than a factor of 2 (0.3 in log10), or not positive",
        target=0.0,
        label="outliers",
        direction="minimize",
    ),
}
