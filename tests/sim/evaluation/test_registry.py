"""The list of metrics: complete, and cheap to import."""

import subprocess
import sys

from sim.evaluation.registry import metric_infos


def test_every_metric_of_the_study_is_listed_with_each_type():
    names = metric_infos(3).keys()
    for kind in range(3):
        for metric in ("slope_ratio", "offset_ratio"):
            assert {f"{metric}_{kind}", f"{metric}_{kind}_wide"} <= names
    assert {
        "avg_slope_ratio",
        "slope_recovery",
        "embedding_cluster_acc",
        "embedding_n_clusters",
        "embedding_silhouette",
        "type_ari",
        "rate_constants_R2",
        "rate_constants_R2_identifiable",
        "alpha",
        "n_outliers",
        "heldout_gain",
    } <= names


def test_what_needs_labels_says_so():
    infos = metric_infos()
    label_free = {name for name, info in infos.items() if not info.needs_labels}
    assert label_free == {
        "heldout_gain",
        "heldout_rollout_error",
        "embedding_n_clusters",
        "embedding_silhouette",
        "response_silhouette",
        "alpha",
    }


def test_labels_of_tables_are_distinct():
    labels = [info.label for info in metric_infos(4).values()]
    assert len(set(labels)) == len(labels)


def test_the_list_needs_no_heavy_library():
    code = (
        "import sys, sim.evaluation.registry\n"
        "print(sorted({'torch', 'sklearn', 'scipy', 'numpy', 'matplotlib'} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
