"""Company changes no bit of a replicate: not of its loss, not of its parameters."""

import pytest
import torch

from blocks.base import Value
from sim.strategies.registry import catalog
from sim.training.replicates import mean_of_each, sum_of_each
from sim.training.slots import resolve
from sim.training.trainer import train_cohort
from tests.sim.training.tiny import silent, slot, tiny_data

NAMES = tuple(catalog())
SEEDS = (1, 2, 3, 4, 5)
AWKWARD: dict[str, Value] = {"hidden_width": 13, "embedding_dim": 3, "batch_size": 5, "skip": True}
"""Sizes that are no multiple of what a processor takes at once."""


def trained(strategies: tuple[str, ...], *seeds: int, **values: Value):
    data, reaction = tiny_data()
    spec = slot(*strategies, seeds=seeds, **{"data_augmentation_loop": 2, **values})
    node, history = train_cohort(resolve(spec), data, reaction, silent, n_frames=400)
    return node.parameters, history.thinned()["loss"]


@pytest.mark.parametrize("values", [{}, AWKWARD], ids=["usual", "awkward"])
@pytest.mark.parametrize(
    "strategies",
    [("residual",), *(tuple({"rollout", name}) for name in NAMES if name != "residual"), NAMES],
    ids=lambda names: "everything" if names == NAMES else "+".join(sorted(names)),
)
def test_a_replicate_ends_with_the_same_bits_alone_and_in_any_company(
    strategies: tuple[str, ...], values: dict[str, Value]
):
    together, losses = trained(strategies, *SEEDS, **values)
    for share in (slice(0, 1), slice(1, 3), slice(2, 5)):
        part, part_losses = trained(strategies, *SEEDS[share], **values)
        assert part_losses == losses[share]
        for name, value in part.items():
            assert torch.equal(value, together[name][share]), name


def test_sums_and_means_go_over_all_but_the_replicates():
    values = torch.randn(4, 3, 5, 2, dtype=torch.float64)
    torch.testing.assert_close(mean_of_each(values, axis=1), values.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(sum_of_each(values), values.sum(dim=(1, 2, 3)))
