"""Parts of a slot, put together, are the slot: the same files, byte for byte, and the same failure."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from blocks.errors import DataError, DivergenceError
from blocks.slot import SlotSpec
from sim.parts import merge_parts
from sim.training.data import Reaction
from sim.training.outcome import HISTORY, TRAINED
from sim.training.trainer import train_slot
from tests.sim.training.tiny import silent, simulated, slot

SEEDS = (11, 5, 7, 2, 3)


def whole_and_merged(
    spec: SlotSpec, n: int, folder: Path, *, reaction: Reaction | None = None
) -> tuple[Path, Path]:
    """Folders of an undivided training and of one in `n` parts."""
    observations, _, exact = simulated()
    reaction = reaction or exact
    whole, merged = folder / "whole", folder / "merged"
    merged.mkdir()
    parts = [folder / f"part-{number}" for number in range(n)]
    for one, out in zip(spec.parts(n), parts, strict=True):
        train_slot(one, observations, reaction, out, silent, part=True)
    merge_parts(spec, parts, merged)
    train_slot(spec, observations, reaction, whole, silent)
    return whole, merged


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize(
    "strategies",
    [
        ("rollout",),
        ("residual", "reinitialisation"),
        ("accumulation", "amplification", "clipping", "contrastive", "multiple_shooting", "rollout"),
    ],
    ids="+".join,
)
def test_a_slot_in_parts_gives_the_files_of_an_undivided_training(
    strategies: tuple[str, ...], n: int, tmp_path: Path
):
    whole, merged = whole_and_merged(slot(*strategies, seeds=SEEDS, skip=True), n, tmp_path)
    assert contents(merged) == contents(whole)
    assert set(contents(merged)) == {TRAINED, HISTORY}


class Poisonous(Reaction):
    """Not finite from a concentration on that rollouts of some seeds reach, and others do not."""

    def __init__(self, reaction: Reaction, *, limit: float) -> None:
        self._reaction, self._limit = reaction, limit

    def rate(self, concentration: Tensor) -> Tensor:
        rate = self._reaction.rate(concentration)
        return torch.where(concentration.amax(dim=-1, keepdim=True) > self._limit, torch.inf, rate)


def explosive(*seeds: int) -> SlotSpec:
    return slot("rollout", seeds=seeds, lr_node_homeo=0.5, time_step=8, data_augmentation_loop=8)


def diverging_seeds(reaction: Reaction, folder: Path) -> tuple[list[int], list[int]]:
    """Of the first few seeds, those that diverge and those that do not."""
    observations, _, _ = simulated()
    spec = explosive(*range(1, 13))
    train_slot(spec, observations, reaction, folder, silent, part=True)
    steps = json.loads((folder / HISTORY).read_text())["diverged_at"]
    found: tuple[list[int], list[int]] = ([], [])
    for seed, step in zip(spec.seeds, steps, strict=True):
        found[step is None].append(seed)
    return found


@pytest.fixture
def poisonous() -> Poisonous:
    observations, _, exact = simulated()
    return Poisonous(exact, limit=1.0005 * float(observations.concentration.max()))


def test_a_part_in_which_all_replicates_diverged_is_no_failure_while_another_lives(
    poisonous: Poisonous, tmp_path: Path
):
    dead, living = diverging_seeds(poisonous, tmp_path / "probe")
    assert len(dead) >= 2
    assert living
    spec = explosive(*dead[:2], *living[:1])
    whole, merged = whole_and_merged(spec, 2, tmp_path, reaction=poisonous)
    assert contents(merged) == contents(whole)
    history = json.loads((merged / HISTORY).read_text())
    assert [step is None for step in history["diverged_at"]] == [False, False, True]


def test_where_all_parts_diverged_the_failure_is_that_of_an_undivided_training(
    poisonous: Poisonous, tmp_path: Path
):
    dead, _ = diverging_seeds(poisonous, tmp_path / "probe")
    spec = explosive(*dead)
    observations, _, _ = simulated()
    with pytest.raises(DivergenceError) as undivided:
        train_slot(spec, observations, poisonous, tmp_path / "whole", silent)
    with pytest.raises(DivergenceError) as divided:
        whole_and_merged(spec, 2, tmp_path, reaction=poisonous)
    assert str(divided.value) == str(undivided.value)


def test_parts_of_another_slot_are_refused(tmp_path: Path):
    observations, _, reaction = simulated()
    for seeds in ((1,), (2,)):
        train_slot(slot("rollout", seeds=seeds), observations, reaction, tmp_path / str(seeds[0]), silent)
    with pytest.raises(DataError, match=r"must have the seeds \[1, 3\], but have \[1, 2\]"):
        merge_parts(slot("rollout", seeds=(1, 3)), [tmp_path / "1", tmp_path / "2"], tmp_path)
    train_slot(slot("residual", seeds=(2,)), observations, reaction, tmp_path / "2", silent)
    with pytest.raises(DataError, match="must say the same in all parts"):
        merge_parts(slot("rollout", seeds=(1, 2)), [tmp_path / "1", tmp_path / "2"], tmp_path)


def test_a_part_without_its_files_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"history\.json: must hold a history, but cannot be read"):
        merge_parts(slot("rollout", seeds=(1, 2)), [tmp_path / "1", tmp_path / "2"], tmp_path)
