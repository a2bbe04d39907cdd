"""An audit's data sets differ in the whole truth and in nothing else; its slots train every strategy."""

from pathlib import Path
from shutil import copyfile

import numpy as np
import pytest

from blocks.user_strategy import UserStrategy
from sim.auditing.data import DATASET, FRAMES, label_pairs, write_audit_data
from sim.auditing.slots import STEPS, audit_slot, long_enough
from sim.auditing.versions import ROOM, strategy_version
from sim.dataset import LABEL, load_observations
from sim.problem import MetabolicProblem
from sim.seal import load_seal
from sim.strategies import catalog
from sim.training.slots import resolve
from sim.training.trainer import planned


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("audit")
    for name in ("first", "other"):
        write_audit_data(folder / name, other_truth=name == "other")
    return folder / "first", folder / "other"


@pytest.mark.parametrize("n_metabolites", [5, 12, 20, 100])
def test_the_two_labellings_have_nothing_in_common(n_metabolites: int) -> None:
    first, second = label_pairs(n_metabolites)
    assert (first != second).all()
    assert len(np.unique(first)) != len(np.unique(second))
    for kind in np.unique(first):
        members = set(np.flatnonzero(first == kind))
        assert all(members != set(np.flatnonzero(second == other)) for other in np.unique(second))
    for told in (np.sum, np.argmax, np.argmin, np.max):
        assert told(first) != told(second)
    assert ((first == 0) != (second == 0)).any()


def test_every_label_and_true_parameter_differs_and_nothing_that_was_observed(
    roots: tuple[Path, Path],
) -> None:
    one, other = (load_observations(root / DATASET) for root in roots)
    kept = [column for column in range(8) if column != LABEL]
    assert np.array_equal(one.frames[:, :, kept], other.frames[:, :, kept])
    assert (one.frames[:, :, LABEL] != other.frames[:, :, LABEL]).all()
    truths = [load_seal(root / "sealed" / "observations.seal") for root in roots]
    for root, truth, observed in zip(roots, truths, (one, other), strict=True):
        assert np.array_equal(observed.frames[0, :, LABEL], truth.types)
        assert load_seal(root / "datasets" / "truth.seal").types.tolist() == truth.types.tolist()
    assert (truths[0].rate_constants != truths[1].rate_constants).all()
    for name in ("decay", "baseline"):
        assert not set(getattr(truths[0], name)) & set(getattr(truths[1], name))
    texts = [(root / "exploration.yaml").read_text() for root in roots]
    assert texts[0] != texts[1]


def test_an_audit_on_data_of_ones_own_has_its_observations(roots: tuple[Path, Path], tmp_path: Path) -> None:
    like = load_observations(roots[0] / DATASET)
    write_audit_data(tmp_path / "own", other_truth=True, like=like)
    own = load_observations(tmp_path / "own" / DATASET)
    assert np.array_equal(own.frames[:, :, 3], like.frames[:FRAMES, :, 3])


@pytest.mark.parametrize("name", catalog())
def test_every_strategy_is_audited_over_enough_steps_with_no_more_company_than_it_needs(name: str) -> None:
    slot = audit_slot(name, catalog())
    assert name in slot.strategies
    assert len(slot.strategies) == (1 if catalog()[name].supplies_loss else 2)
    longer = long_enough(slot, catalog(), n_frames=FRAMES)
    assert STEPS <= planned(resolve(longer), FRAMES).steps <= 2 * STEPS


def test_a_strategys_version_follows_its_own_source(tmp_path: Path) -> None:
    for n, line in enumerate(("", "\n# edited\n")):
        folder = tmp_path / str(n)
        folder.mkdir()
        copyfile(ROOM / "strategies" / "residual.py", folder / "own.py")
        text = (folder / "own.py").read_text().replace('"residual"', '"mine"')
        (folder / "own.py").write_text(text + line)
    problems = [
        MetabolicProblem().extended([UserStrategy(tmp_path / str(n), "own.py", "Residual", f"{n}" * 64)])
        for n in (0, 1)
    ]
    one, other = (problem.strategy_version("mine") for problem in problems)
    assert one != other
    assert problems[0].strategy_version("residual") == problems[1].strategy_version("residual")
    versions = {strategy_version(name, catalog()) for name in catalog()}
    assert len(versions) == len(catalog())
