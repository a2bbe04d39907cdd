"""A wrong key, value or unit gives one line that names file, key, value and what is allowed."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from blocks.errors import SpecError
from blocks.loading import catalog, load_exploration, parse_exploration

QUICKSTART = catalog()["quickstart"].read_text(encoding="utf-8")


def quickstart_with(path: str, value: Any) -> str:
    """The quickstart's YAML with one key changed, or removed where the value is `...`."""
    document = YAML(typ="safe", pure=True).load(QUICKSTART)
    place = document
    *keys, last = path.split("/")
    for key in keys:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    from io import StringIO

    stream = StringIO()
    YAML(typ="safe", pure=True).dump(document, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", sorted(catalog()))
def test_every_exploration_of_the_catalog_loads_under_its_own_name(name: str) -> None:
    assert load_exploration(name).name == name


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            "space/lr_node_homeo/low",
            0,
            "space.lr_node_homeo.low: must be above 0 on a log scale, but got 0. Try 1e-4.",
        ),
        ("space/lr_node_homeo/low", "fast", "space.lr_node_homeo.low: must be a number, but got 'fast'"),
        ("space/lr_node_homeo/lo", 1, "space.lr_node_homeo.lo: is not a known key; did you mean low?"),
        ("space/lr_node_homeo/low", 5, "`low < high` must hold, but got (low=5, high=0.1)"),
        ("space/lr_node_homeo/low", 0.09999999, "low and high must differ in the digits"),
        ("space/lr_node_homeo/high", 1e308, "lr_node_homeo: low and high must be so near"),
        (
            "space/amplification.gain/choices",
            [1, 10.0, True],
            "space.amplification.gain.choices: must differ from each other, but got True twice",
        ),
        ("space/batch_size/high", 10**400, "space.batch_size.high: must be"),
        ("space/lr_node_homeo/kind", "logarithmic", "must be given with `kind:` one of 'log', 'linear'"),
        ("space/lr_nodes", {"kind": "log", "low": 0.1, "high": 1}, "baseline.lr_nodes: is missing"),
        ("replicates", 0, "replicates: must be 1 .. 64, but got 0"),
        ("replicates", "3 seeds", "replicates: must be a whole number 1 .. 64, but got '3 seeds'"),
        ("replicats", 3, "replicats: is not a known key; did you mean replicates?"),
        (
            "limits/timeout_s",
            "10 min",
            "limits.timeout_s: must be a number above 0, but got '10 min' (Wall-clock limit of one run, s)",
        ),
        ("limits/timeout_min", 10, "limits.timeout_min: is not a known key; did you mean timeout_s?"),
        ("name", "a name with spaces", "name: must be of the form"),
        ("name", ..., "name: is missing"),
        ("block/slots", 3, "space.time_step.values: must have one value per slot (3), but got 4"),
        ("baseline/lr_node_homeo", 5, "baseline.lr_node_homeo: must be 0.0001 .. 0.1 (log), but got 5"),
        ("baseline/lr_node_homeo", [1], "baseline.lr_node_homeo: must be a single value"),
        ("baseline/lr_node", 0.1, "baseline.lr_node: is not a known hyperparameter"),
        ("sweep/lr_node_homeo", [0.1], "sweep.lr_node_homeo: must have one value per slot (4), but got 1"),
        ("strategies/open", ["contrastive_with_labels"], "strategies.open: must be among"),
        ("strategies/open", ["rollout"], "a strategy is either baseline or open, but rollout is in both"),
        ("objective", "accuracy", "objective: must be one of"),
        ("problem", "astronomy", "problem: must be one of metabolism, but got 'astronomy'"),
        ("planner", {"name": "genius"}, "planner.name: must be one of"),
        ("data/preset", "oscillatory", "data.preset: must be one of"),
        ("data/noise", -1, "data.noise: must be 0 .. 1, but got -1"),
        ("data/seed", "42 s", "data.seed: must be a whole number"),
        ("space/time_step/values", [0, 16, 32, 64], "space.time_step.values: must be"),
        ("foundation", {"target_r2": 2}, "foundation.target_r2: must be"),
        ("block", 3, "block: must be a mapping of keys to values, but got 3"),
    ],
)
def test_a_broken_rule_names_file_key_value_and_what_is_allowed(path: str, value: Any, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_exploration(quickstart_with(path, value), source="my.yaml")
    message = str(caught.value)
    assert message.startswith("my.yaml, ")
    assert said in message
    assert "\n" not in message


def test_invalid_yaml_names_line_and_column() -> None:
    with pytest.raises(SpecError, match=r"my\.yaml: line 2, column \d+: is not valid YAML"):
        parse_exploration("name: a\n  data: [\n", source="my.yaml")


@pytest.mark.parametrize("text", ["a: " + "[" * 500, f"seed: {'9' * 5000}", "5: 6"])
def test_a_file_that_python_cannot_hold_is_one_clear_line(text: str) -> None:
    with pytest.raises(SpecError, match=r"^my\.yaml[:,] [^\n]*$"):
        parse_exploration(text, source="my.yaml")


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="duplicate key"):
        parse_exploration(QUICKSTART + "\nseed: 3\n", source="my.yaml")


def test_a_misspelt_parameter_is_answered_with_the_one_that_the_baseline_has() -> None:
    text = QUICKSTART.replace("lr_emb_homeo:", "lr_emb_hoemo:", 1)
    with pytest.raises(SpecError, match=r"baseline\.lr_emb_hoemo: is missing.*space\.lr_emb_homeo"):
        parse_exploration(text, source="my.yaml")


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(SpecError, match="must be a mapping of keys to values, but holds nothing"):
        parse_exploration("", source="my.yaml")


def test_numbers_may_be_written_as_people_write_them() -> None:
    text = QUICKSTART.replace("lr_emb_homeo: 1e-2", "lr_emb_homeo: 2e-3")
    assert parse_exploration(text, source="my.yaml").baseline["lr_emb_homeo"] == 0.002


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(SpecError, match="Did you mean quickstart"):
        load_exploration("quikstart")


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load_exploration(str(tmp_path / "none.yaml"))


def test_a_binary_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(SpecError, match="must be UTF-8 text"):
        load_exploration(str(path))
