"""Identity by content."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.identity import canonical_json, content_hash, folder_hash
from blocks.slot import SlotSpec

values = st.dictionaries(
    st.text(max_size=8), st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
)


@given(values)
def test_the_order_of_keys_does_not_matter(mapping: dict[str, object]) -> None:
    assert content_hash(mapping) == content_hash(dict(reversed(mapping.items())))


def test_a_slot_is_the_same_however_its_strategies_are_ordered() -> None:
    one = SlotSpec(values={"a": 1}, strategies=("rollout", "clipping"), seeds=(1, 2))
    two = SlotSpec(values={"a": 1}, strategies=("clipping", "rollout"), seeds=(1, 2))
    assert content_hash(one) == content_hash(two)


def test_another_seed_is_another_identity() -> None:
    one = SlotSpec(values={"a": 1}, strategies=(), seeds=(1, 2))
    assert content_hash(one) != content_hash(one.model_copy(update={"seeds": (1, 3)}))


def test_nan_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        canonical_json({"loss": float("nan")})


def test_a_folder_hash_sees_names_bytes_and_places(tmp_path: Path) -> None:
    for folder in ("one", "two", "three"):
        (tmp_path / folder / "deep").mkdir(parents=True)
    for folder, place, text in (("one", "a", "1"), ("two", "a", "1"), ("three", "deep/a", "1")):
        (tmp_path / folder / place).write_text(text)
    assert folder_hash(tmp_path / "one") == folder_hash(tmp_path / "two")
    assert folder_hash(tmp_path / "one") != folder_hash(tmp_path / "three")
    (tmp_path / "two" / "log.txt").write_text("said")
    assert folder_hash(tmp_path / "one") == folder_hash(tmp_path / "two", without=("log.txt",))
    (tmp_path / "two" / "a").write_text("2")
    assert folder_hash(tmp_path / "one") != folder_hash(tmp_path / "two", without=("log.txt",))
