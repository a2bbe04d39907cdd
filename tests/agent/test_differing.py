"""Two folders of a training's files: the first difference is named, with its size."""

import json
from pathlib import Path

import numpy as np
import pytest

from agent.differing import first_difference


def _write(folder: Path, *, gain: float = 1.0, dtype: str = "float32", loss: float = 0.5) -> Path:
    folder.mkdir()
    arrays = {"a": np.zeros(3), "b": np.array([1.0, gain, np.nan], dtype=dtype)}
    np.savez(folder / "trained.npz", **arrays)
    (folder / "history.json").write_text(json.dumps({"seeds": [1, 2], "loss": [[0.75, loss]]}))
    (folder / "log.txt").write_text(str(gain))
    return folder


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"gain": 1.5}, "trained.npz: array b differs in 1 of 3 elements, by 0.5 at most"),
        ({"dtype": "float64"}, "trained.npz: array b was float32 (3,), and is float64 (3,)"),
        (
            {"loss": 0.25, "gain": 2.0},
            "history.json: loss[0][1] was 0.5, and is 0.25, a difference of 0.25",
        ),
    ],
)
def test_the_first_difference_is_named(changed: dict[str, float], said: str | None, tmp_path: Path) -> None:
    stored, again = _write(tmp_path / "stored"), _write(tmp_path / "again", **changed)  # type: ignore[arg-type]
    assert first_difference(stored, again, without=("log.txt",)) == said


def test_a_file_that_is_gone_or_new_or_damaged_is_named(tmp_path: Path) -> None:
    stored, again = _write(tmp_path / "stored"), _write(tmp_path / "again")
    (again / "extra.bin").write_bytes(b"1")
    assert first_difference(stored, again) == "extra.bin was not there before"
    (stored / "extra.bin").write_bytes(b"12")
    assert first_difference(stored, again) == "extra.bin: byte 1 differs (2 bytes before, 1 now)"
    (again / "extra.bin").unlink()
    assert first_difference(stored, again) == "extra.bin is not written any more"
