"""What each picture shows, read from its artists: no pixel is looked at."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure

from sim.evaluation.rate_constants import rate_constant_metrics
from sim.identifiability import Cause
from sim.networks.network import Truth
from sim.pictures.embedding import draw_embedding, plane_of
from sim.pictures.groups import Groups, grouped
from sim.pictures.loss import draw_loss, read_history
from sim.pictures.rate_constants import draw_against_truth, draw_in_order
from sim.pictures.responses import draw_responses, true_curves
from sim.pictures.style import colours, house_style, save


def texts(figure: Figure) -> str:
    """Everything that can be read in a picture."""
    (axes,) = figure.axes
    legend = [text.get_text() for one in figure.legends for text in one.get_texts()]
    return "\n".join(
        [*(text.get_text() for text in axes.texts), axes.get_xlabel(), axes.get_ylabel(), *legend]
    )


def scattered(figure: Figure) -> dict[str, np.ndarray]:
    """Points by the name of their group, without counts."""
    (axes,) = figure.axes
    return {
        str(one.get_label()).rpartition(" (")[0] or str(one.get_label()): np.asarray(one.get_offsets())
        for one in axes.collections
        if isinstance(one, PathCollection)
    }


CAUSES = (None, Cause.SAME_SUBSTRATES, None, Cause.NEVER_ACTIVE, Cause.SAME_SUBSTRATES, None)
TRUE_K = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])
LEARNED_K = np.array([0.01, 0.07, 0.03, -0.001, 0.0005, 0.061])


def test_rate_constants_that_cannot_be_determined_are_marked_by_their_cause() -> None:
    figure = draw_against_truth(LEARNED_K, TRUE_K, CAUSES, model="frozen")
    points = scattered(figure)
    assert points["identifiable"].tolist() == [[0.01, 0.01], [0.03, 0.03], [0.06, 0.061]]
    assert points["undetermined:\nsame substrates"].tolist() == [[0.02, 0.07], [0.05, 0.0005]]
    said = texts(figure)
    assert "same substrates (2)" in said
    assert "never active (1)" in said
    assert "collinear" not in said
    assert "3 of 6 cannot be determined" in said
    r2 = rate_constant_metrics(LEARNED_K, TRUE_K, np.array([cause is None for cause in CAUSES]))
    assert (
        f"{r2['rate_constants_R2_identifiable']:.5f} identifiable, {r2['rate_constants_R2']:.3f} all" in said
    )


def test_causes_differ_in_marker_and_colour() -> None:
    figure = draw_against_truth(TRUE_K, TRUE_K, [None, *Cause, None], model="frozen")
    looks = {
        (one.get_paths()[0].vertices.tobytes(), tuple(one.get_edgecolor()[0]))
        for one in figure.axes[0].collections
        if isinstance(one, PathCollection) and len(one.get_offsets())
    }
    assert len(looks) == 1 + len(Cause)


def test_a_constant_that_is_not_positive_stands_at_the_lower_edge_and_is_said() -> None:
    figure = draw_against_truth(LEARNED_K, TRUE_K, CAUSES, model="frozen")
    (axes,) = figure.axes
    low = axes.get_ylim()[0]
    at_edge = [
        one.get_offsets().tolist()
        for one in axes.collections
        if isinstance(one, PathCollection) and len(one.get_offsets()) and one.get_offsets()[0][1] == low
    ]
    assert at_edge == [[[0.04, low]]]
    assert r"$k \leq 0$ (1 of these)" in texts(figure)


def test_without_truth_learned_constants_stand_in_order_with_the_same_marks() -> None:
    figure = draw_in_order(LEARNED_K, CAUSES, model="frozen")
    points = scattered(figure)
    assert points["identifiable"].tolist() == [[3, 0.01], [4, 0.03], [5, 0.061]]
    assert points["undetermined: same substrates"].tolist() == [[6, 0.07], [2, 0.0005]]
    assert "true" not in texts(figure)


def test_constants_none_of_which_was_recovered_can_be_drawn() -> None:
    for figure in (
        draw_against_truth(-TRUE_K, TRUE_K, CAUSES, model="frozen"),
        draw_in_order(-TRUE_K, CAUSES, model="frozen"),
    ):
        assert r"$k \leq 0$ (6 of these)" in texts(figure)


def truth_of(n_types: int, n_metabolites: int = 24, **shape: str) -> Truth:
    return Truth(
        rate_constants=np.ones(3),
        types=np.arange(n_metabolites) % n_types,
        decay=0.001 * np.arange(1, n_types + 1),
        baseline=np.linspace(3, 6, n_types),
        **shape,  # type: ignore[arg-type]
    )


def visited(n_metabolites: int = 24) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.linspace(rng.uniform(0, 3, n_metabolites), rng.uniform(5, 20, n_metabolites), 50)


def responses(truth: Truth | None, points: np.ndarray, *, others: tuple[int, ...] = (1,)) -> Figure:
    known = truth_of(2) if truth is None else truth
    curves = np.stack([known.response(points), np.full(points.shape, 1e6)])
    embedding = np.random.default_rng(2).normal(size=(points.shape[1], 2))
    return draw_responses(
        points,
        curves,
        shown=0,
        others=others,
        groups=grouped(embedding, truth),
        true=[] if truth is None else true_curves(points, truth),
        which="rep 0",
    )


@pytest.mark.parametrize("regulation", ["linear", "saturating"])
def test_the_true_curve_of_each_type_is_its_response_over_all_that_its_members_visit(regulation: str) -> None:
    truth, points = truth_of(3, regulation=regulation), visited()
    found = true_curves(points, truth)
    assert [one.kind for one in found] == [0, 1, 2]
    for one in found:
        mine = points[:, truth.types == one.kind]
        assert (one.concentration[0], one.concentration[-1]) == (mine.min(), mine.max())
        distance = one.concentration - truth.baseline[one.kind]
        expected = -truth.decay[one.kind] * distance
        if regulation == "saturating":
            expected = expected / (1 + np.abs(distance) / 5)
        np.testing.assert_allclose(one.response, expected)
    drawn = {str(line.get_label()): line for line in responses(truth, points).axes[0].lines}
    for one in found:
        np.testing.assert_array_equal(drawn[one.label].get_ydata(), one.response)


def test_a_type_without_members_has_no_curve() -> None:
    truth = truth_of(3)
    truth.types[truth.types == 1] = 0
    assert [one.kind for one in true_curves(visited(), truth)] == [0, 2]
    assert "type 1" not in texts(responses(truth, visited()))


def test_learned_curves_have_the_colour_of_their_group() -> None:
    truth, points = truth_of(2), visited()
    figure = responses(truth, points, others=())
    (bundle,) = [one for one in figure.axes[0].collections if isinstance(one, LineCollection)]
    seen = [tuple(colour[:3]) for colour in bundle.get_colors()]
    assert len(set(seen)) == 2
    assert all(
        (seen[i] == seen[j]) == (truth.types[i] == truth.types[j]) for i in range(24) for j in range(24)
    )


def test_without_truth_curves_are_coloured_by_cluster_and_no_true_curve_is_drawn() -> None:
    said = texts(responses(None, visited()))
    assert "cluster A" in said
    assert "true" not in said
    assert "type" not in said


def test_a_wild_replicate_in_the_background_does_not_flatten_the_others() -> None:
    low, high = responses(truth_of(2), visited()).axes[0].get_ylim()
    assert -1 < low < high < 1


def test_a_metabolite_that_never_moves_is_a_dot() -> None:
    points = visited()
    points[:, 5] = 7.0
    figure = responses(truth_of(2), points, others=())
    (dots,) = [one for one in figure.axes[0].collections if isinstance(one, PathCollection)]
    (bundle,) = [one for one in figure.axes[0].collections if isinstance(one, LineCollection)]
    assert dots.get_offsets()[0][0] == 7.0
    assert len(bundle.get_segments()) == 23
    assert "never moves" in texts(figure)
    everybody_still = np.full((50, 24), 4.0)
    assert "never moves" in texts(responses(truth_of(2), everybody_still))


@pytest.mark.parametrize("count", [1, 2, 6, 9, 30])
def test_any_number_of_types_has_that_many_colours(count: int, tmp_path: Path) -> None:
    assert len(set(colours(count))) == count
    with house_style():
        save(responses(truth_of(count, 60), visited(60)), tmp_path / "many.png")
    assert (tmp_path / "many.png").stat().st_size > 0


def two_clouds(coordinates: int = 2) -> np.ndarray:
    rng = np.random.default_rng(3)
    middle = np.repeat([[0.0], [5.0]], 12, axis=0)
    return (middle + rng.normal(scale=0.1, size=(24, coordinates))).astype(np.float32)


def test_embeddings_are_coloured_by_type_and_shaped_by_cluster() -> None:
    truth = truth_of(2)
    truth.types[:] = np.repeat([0, 1], 12)
    truth.types[0] = 1
    groups = grouped(two_clouds(), truth)
    figure = draw_embedding(two_clouds(), groups=groups, which="rep 0")
    first, second = (int(groups.cluster[one]) for one in (0, 23))
    assert first != second
    sizes = {name: len(points) for name, points in scattered(figure).items()}
    names = [f"cluster {'AB'[one]}" for one in (first, second)]
    assert sizes == {f"type 0, {names[0]}": 11, f"type 1, {names[0]}": 1, f"type 1, {names[1]}": 12}
    assert groups.ari is not None
    assert f"2 clusters found without labels, ARI {groups.ari:.2f}" in texts(figure)


def test_without_truth_embeddings_are_coloured_by_cluster_and_no_score_is_given() -> None:
    groups = grouped(two_clouds(), None)
    said = texts(draw_embedding(two_clouds(), groups=groups, which="rep 0"))
    assert groups.ari is None
    assert "ARI" not in said
    assert "type" not in said
    assert "cluster A (12)" in said
    assert "cluster B (12)" in said


def test_more_than_two_coordinates_are_turned_to_show_their_spread() -> None:
    points = two_clouds(5)
    plane = plane_of(points)
    assert plane.place.shape == (24, 2)
    assert plane.place[:, 0].std() > 5 * plane.place[:, 1].std()
    # A reflection of the data is one of the picture, and turning twice changes nothing.
    np.testing.assert_array_equal(plane.place, plane_of(points.copy()).place)
    assert "% of the variance" in plane.axes[0]


def test_one_coordinate_is_drawn_over_the_metabolites() -> None:
    plane = plane_of(two_clouds(1))
    np.testing.assert_array_equal(plane.place[:, 0], np.arange(24))


def test_embeddings_that_coincide_are_one_cluster() -> None:
    same = np.zeros((6, 2), dtype=np.float32)
    groups: Groups = grouped(same, None)
    assert "1 cluster found" in texts(draw_embedding(same, groups=groups, which="rep 0"))


HISTORY = {
    "total": 40,
    "steps": [10, 20, 30, 40],
    "loss": [[3.0, 2.0, 1.0, 0.5], [3.0, 9.0, None, None], [1.0, 0.0, -1.0, 0.1]],
    "diverged_at": [None, 23, None],
}


def test_a_loss_has_one_line_per_replicate_and_a_diverged_one_says_where() -> None:
    figure = draw_loss(HISTORY, (11, 12, 13))
    (axes,) = figure.axes
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in axes.lines}
    assert list(lines) == ["rep 0 (seed 11)", "rep 1 (seed 12), diverged at step 23", "rep 2 (seed 13)"]
    np.testing.assert_array_equal(lines["rep 1 (seed 12), diverged at step 23"], [3, 9, np.nan, np.nan])
    np.testing.assert_array_equal(lines["rep 2 (seed 13)"], [1, np.nan, np.nan, 0.1])
    assert axes.get_yscale() == "log"
    assert "3 replicates, 1 diverged" in texts(figure)


def test_a_loss_that_was_never_finite_can_be_drawn(tmp_path: Path) -> None:
    history = {"total": 2, "steps": [1, 2], "loss": [[None, None]], "diverged_at": [1]}
    with house_style():
        figure = draw_loss(history, (1,))
        save(figure, tmp_path / "loss.png")
    assert "1 diverged" in texts(figure)


def test_a_history_that_is_missing_or_damaged_is_none(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    assert read_history(path) is None
    for text in (
        "",
        "[]",
        "null",
        '{"loss": []}',
        '{"steps": [1], "loss": 3, "diverged_at": [], "total": 1}',
    ):
        path.write_text(text)
        assert read_history(path) is None
    path.write_text(json.dumps(HISTORY))
    assert read_history(path) == HISTORY
