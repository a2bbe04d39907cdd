"""All pictures of real small runs, with and without a seal."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from blocks.errors import DataError
from blocks.identity import folder_hash
from sim.arrays import write_arrays
from sim.artifacts import load_node, load_reaction
from sim.code_files import HERE, code_version
from sim.dataset import load_observations
from sim.pictures.run import EMBEDDING, LOSS, RATE_CONSTANTS, RESPONSES, pictures_of, shown_replicate
from sim.problem import MetabolicProblem
from sim.reaction.fit import fit_reaction
from sim.reaction.settings import FoundationSettings
from sim.reaction.table import TabulatedReaction
from sim.seal import load_seal
from sim.training.outcome import HISTORY, REFINED, TRAINED
from tests.sim.pictures.test_drawing import texts
from tests.sim.training.tiny import silent, slot

SLOT = slot("residual", lr_emb_homeo=1e-2, data_augmentation_loop=20)
ALL = {RESPONSES, EMBEDDING, RATE_CONSTANTS, LOSS}


class Site:
    """A data set, its reaction model, and a trained slot, on disk."""

    def __init__(self, root: Path, **data: Any) -> None:
        self.observations, self.seal = root / "observations", root / "sealed" / "a.seal"
        self.trained = root / "trained"
        MetabolicProblem().provide_data({"seed": 43, **data}, self.observations, self.seal)
        fit_reaction(load_observations(self.observations), FoundationSettings(), root / "fitted", silent)
        (self.foundation,) = (root / "fitted").glob("candidate-*.npz")
        MetabolicProblem().train(SLOT, self.observations, self.foundation, self.trained, silent)

    def draw(self, out: Path, *, seal: bool = True, trained: Path | None = None) -> set[str]:
        """Draws as the evaluator does; gives the names of what is there afterwards."""
        MetabolicProblem().illustrate(
            SLOT,
            self.observations,
            self.foundation,
            trained or self.trained,
            self.seal if seal else None,
            out,
        )
        return {path.name for path in out.iterdir()}

    def figures(self, *, seal: bool = True, trained: Path | None = None) -> dict[str, Figure]:
        """The same pictures, not yet written."""
        pictures = pictures_of(
            SLOT,
            load_observations(self.observations),
            load_reaction(self.foundation),
            trained or self.trained,
            load_seal(self.seal) if seal else None,
        )
        return {name: figure for name, draw in pictures.items() if (figure := draw()) is not None}

    def with_diverged(self, folder: Path, *replicates: int) -> Path:
        """A copy of the trained folder in which some replicates are NaN."""
        shutil.copytree(self.trained, folder)
        node = load_node(folder / TRAINED)
        for value in node.parameters.values():
            value[list(replicates)] = torch.nan
        write_arrays(folder / TRAINED, node.arrays())
        return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("quickstart"), preset="quickstart")


def test_every_picture_of_a_real_run_is_there_and_is_wide_enough(site: Site, tmp_path: Path) -> None:
    before = folder_hash(site.trained)
    assert site.draw(tmp_path / "pictures") == ALL
    for path in (tmp_path / "pictures").iterdir():
        head = path.read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        assert int.from_bytes(head[16:20], "big") == 1200
    assert folder_hash(site.trained) == before


def test_the_same_run_gives_the_same_bytes_whatever_the_user_set_for_matplotlib(
    site: Site, tmp_path: Path
) -> None:
    site.draw(tmp_path / "one")
    with mpl.rc_context(
        {"lines.linewidth": 9, "font.size": 30, "savefig.dpi": 30, "figure.facecolor": "red"}
    ):
        site.draw(tmp_path / "two")
    assert folder_hash(tmp_path / "one") == folder_hash(tmp_path / "two")


def test_with_a_seal_the_truth_is_drawn(site: Site) -> None:
    figures = site.figures()
    assert "true" in texts(figures[RESPONSES])
    assert "ARI" in texts(figures[EMBEDDING])
    assert "true" in texts(figures[RATE_CONSTANTS])


def test_without_a_seal_everything_is_drawn_but_the_truth(site: Site, tmp_path: Path) -> None:
    assert site.draw(tmp_path / "pictures", seal=False) == ALL
    for figure in site.figures(seal=False).values():
        said = texts(figure)
        assert not any(word in said for word in ("true", "type", "ARI", "lambda", "$R^2$"))


def test_the_replicate_shown_has_the_median_heldout_gain_and_the_picture_says_so(site: Site) -> None:
    observations = load_observations(site.observations)
    metrics = MetabolicProblem().evaluate(SLOT, site.observations, site.foundation, site.trained, site.seal)
    gains = [one["heldout_gain"] for one in metrics]
    median = gains.index(float(np.median(gains)))
    model = load_reaction(site.foundation)
    reaction = TabulatedReaction(model, observations.stoichiometry, dtype=torch.float64)
    shown = shown_replicate(SLOT, load_node(site.trained / TRAINED), observations, reaction, model=model)
    assert shown is not None
    assert shown.replicate == median
    for name in (RESPONSES, EMBEDDING):
        assert f"rep {median} (seed {SLOT.seeds[median]}): median held-out gain of 3" in texts(
            site.figures()[name]
        )


def test_a_diverged_replicate_is_not_drawn_and_is_said(site: Site, tmp_path: Path) -> None:
    trained = site.with_diverged(tmp_path / "trained", 0)
    assert site.draw(tmp_path / "pictures", trained=trained) == ALL
    said = texts(site.figures(trained=trained)[RESPONSES])
    assert "1 diverged" in said
    assert "rep 0" not in said


def test_a_run_of_which_nothing_stayed_finite_is_drawn_as_that(site: Site, tmp_path: Path) -> None:
    trained = site.with_diverged(tmp_path / "trained", 0, 1, 2)
    assert site.draw(tmp_path / "pictures", trained=trained) == ALL
    figures = site.figures(trained=trained)
    for name in (RESPONSES, EMBEDDING):
        assert "every replicate diverged" in texts(figures[name])


def test_a_missing_history_costs_the_loss_curve_alone(site: Site, tmp_path: Path) -> None:
    trained = shutil.copytree(site.trained, tmp_path / "trained")
    (trained / HISTORY).unlink()
    assert site.draw(tmp_path / "pictures", trained=trained) == ALL - {LOSS}


def test_a_picture_that_cannot_be_drawn_costs_no_other_and_is_named(site: Site, tmp_path: Path) -> None:
    trained = shutil.copytree(site.trained, tmp_path / "trained")
    (trained / HISTORY).write_text(
        '{"total": 1, "steps": [1, 2], "loss": [[1.0], [1.0, 2.0]], "diverged_at": []}'
    )
    with pytest.raises(DataError, match=r"loss\.png \(ValueError.* could not; the other ones are there"):
        site.draw(tmp_path / "pictures", trained=trained)
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == ALL - {LOSS}


def test_a_reaction_model_that_the_run_refined_is_the_one_that_is_drawn(site: Site, tmp_path: Path) -> None:
    trained = shutil.copytree(site.trained, tmp_path / "trained")
    model = load_reaction(site.foundation)
    refined = replace(model, rate_constants=model.rate_constants * 1.5)
    write_arrays(trained / REFINED, refined.arrays())
    site.draw(tmp_path / "frozen")
    site.draw(tmp_path / "refined", trained=trained)
    frozen, own = (tmp_path / name / RATE_CONSTANTS for name in ("frozen", "refined"))
    assert frozen.read_bytes() != own.read_bytes()
    observations, truth = load_observations(site.observations), load_seal(site.seal)
    draw = pictures_of(SLOT, observations, refined, trained, truth, refined=True)[RATE_CONSTANTS]
    figure = draw()
    assert figure is not None
    assert "refined by this run" in texts(figure)


def test_a_run_under_an_additive_rate_law_is_drawn(tmp_path: Path) -> None:
    site = Site(
        tmp_path, preset="homeostatic", n_metabolites=12, n_reactions=8, n_frames=200, decay=(0.01, 0.03),
        baseline=(5.0, 4.0),
    )  # fmt: skip
    assert site.draw(tmp_path / "pictures") == ALL
    assert site.draw(tmp_path / "blind", seal=False) == ALL


def test_a_network_with_a_metabolite_that_never_moves_is_drawn(site: Site) -> None:
    observations = load_observations(site.observations)
    frames = np.array(observations.frames)
    frames[:, 4, 3] = frames[0, 4, 3]
    still = replace(observations, frames=frames)
    pictures = pictures_of(SLOT, still, load_reaction(site.foundation), site.trained, load_seal(site.seal))
    figure = pictures[RESPONSES]()
    assert figure is not None
    assert "never moves" in texts(figure)


def test_a_change_of_a_picture_makes_no_run_another_one(tmp_path: Path) -> None:
    room = shutil.copytree(HERE, tmp_path / "sim", ignore=shutil.ignore_patterns("*.pyc"))
    before = code_version(room)
    code_version.cache_clear()
    (room / "pictures" / "style.py").write_text("WIDTH = 7\n")
    assert code_version(room) == before
    code_version.cache_clear()
    (room / "node.py").write_text("# another\n")
    assert code_version(room) != before
    code_version.cache_clear()


def test_trainings_share_no_code_with_pictures() -> None:
    for path in MetabolicProblem().training_sources():
        assert not path.is_relative_to(HERE / "pictures")
        assert "sim.pictures" not in path.read_text()
