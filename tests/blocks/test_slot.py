"""A slot's parts: its seeds in their order, shared out evenly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.slot import SlotSpec

seeds = st.lists(st.integers(0, 2**32), min_size=1, max_size=40, unique=True).map(tuple)


@given(seeds=seeds, n=st.integers(1, 60))
def test_parts_are_even_consecutive_shares_of_the_seeds_and_none_is_empty(seeds: tuple[int, ...], n: int):
    slot = SlotSpec(values={"x": 1.5}, strategies=("rollout",), seeds=seeds)
    parts = slot.parts(n)
    assert len(parts) == min(n, len(seeds))
    assert tuple(seed for part in parts for seed in part.seeds) == seeds
    sizes = [len(part.seeds) for part in parts]
    assert min(sizes) >= max(sizes) - 1
    assert min(sizes) >= 1
    assert all(part.model_copy(update={"seeds": seeds}) == slot for part in parts)


def test_a_slot_cannot_be_no_part_at_all():
    with pytest.raises(ValueError, match="at least one part, but got 0"):
        SlotSpec(values={}, strategies=(), seeds=(1,)).parts(0)
