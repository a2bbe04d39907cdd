"""Clusters of embeddings: types are found at any scale, and none are seen in a cloud."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.evaluation.clusters import clusters_of, embedding_metrics, matched_share


def blobs(*sizes: int, scale: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Tight groups a unit apart, times `scale`, in an order that says nothing."""
    rng = np.random.default_rng(seed)
    types = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    embedding = types[:, None] * [1.0, 0.0] + 0.02 * rng.standard_normal((len(types), 2))
    return scale * embedding, types


def test_separated_types_reach_every_target():
    metrics = embedding_metrics(*blobs(10, 10))
    assert metrics["embedding_n_clusters"] == 2
    assert metrics["embedding_cluster_acc"] == 1.0
    assert metrics["type_ari"] == 1.0
    assert metrics["embedding_silhouette"] == pytest.approx(0.96, abs=0.03)


@settings(max_examples=30)
@given(scale=st.sampled_from([1e-4, 1e-2, 1.0, 1e3]), seed=st.integers(0, 100), kinds=st.integers(2, 4))
def test_type_ari_knows_no_scale_and_is_not_told_the_number_of_types(scale: float, seed: int, kinds: int):
    embedding, types = blobs(*[8] * kinds, scale=scale, seed=seed)
    assert embedding_metrics(embedding, types)["type_ari"] == 1.0


def test_the_studys_rule_depends_on_scale():
    metrics = embedding_metrics(*blobs(10, 10, scale=0.05))
    assert metrics["embedding_n_clusters"] == 1
    assert metrics["embedding_silhouette"] is None
    assert metrics["embedding_cluster_acc"] == 0.5


@pytest.mark.parametrize("size", [12, 20, 100])
def test_a_cloud_is_one_cluster(size: int):
    rng = np.random.default_rng(size)
    found = [len(np.unique(clusters_of(rng.standard_normal((size, 2)))[0])) for _ in range(20)]
    assert np.mean(np.array(found) > 1) <= 0.1


def test_a_cloud_says_nothing_of_types():
    rng = np.random.default_rng(5)
    metrics = embedding_metrics(0.01 * rng.standard_normal((20, 2)), np.arange(20) % 2)
    assert metrics["type_ari"] == 0.0


def test_points_that_coincide_are_one_cluster_without_a_silhouette():
    clusters, silhouette = clusters_of(np.zeros((10, 2)))
    assert not clusters.any()
    assert silhouette is None
    assert embedding_metrics(np.zeros((10, 2)), np.arange(10) % 2)["type_ari"] == 0.0


def test_a_type_that_is_drawn_out_is_one_cluster():
    """Its ends could be cut apart, at little gain; the types are further apart than that."""
    along = np.concatenate(
        [np.linspace(-0.1, 0.1, 10), [-0.11, -0.1, -0.1, -0.09, -0.1, 0.1, 0.1, 0.09, 0.1, 0.11]]
    )
    types = np.repeat([0, 1], 10)
    embedding = np.stack([0.5 * types, along], axis=1)
    assert embedding_metrics(embedding, types)["type_ari"] == 1.0


def test_points_at_equal_distances_cannot_be_cut():
    clusters, silhouette = clusters_of(np.eye(3))
    assert not clusters.any()
    assert silhouette is None


def test_noise_counts_as_wrong():
    types = np.array([0] * 5 + [1] * 5)
    clusters = np.array([7] * 5 + [3] * 3 + [-1] * 2)
    assert matched_share(clusters, types) == pytest.approx(0.8)
    assert matched_share(np.full(10, -1), types) == 0.0


def test_a_type_split_in_two_is_matched_once():
    types = np.array([0] * 6 + [1] * 4)
    assert matched_share(np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2]), types) == pytest.approx(0.8)


def test_without_types_the_label_free_metrics_are_still_there():
    embedding, _ = blobs(10, 10)
    metrics = embedding_metrics(embedding, None)
    assert metrics["embedding_cluster_acc"] is None
    assert metrics["type_ari"] is None
    assert metrics["embedding_n_clusters"] == 2
