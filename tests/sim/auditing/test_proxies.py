"""What gives types away by accident is found, and the generator of ours gives nothing away."""

from pathlib import Path

import numpy as np
import pytest

from blocks.proxy import Proxy, ProxyKind
from sim.auditing.proxies import find_proxies
from sim.dataset import Observations, load_observations
from sim.networks.settings import DataSettings
from sim.seal import load_seal
from sim.simulate import simulate_dataset

N_PERMUTATIONS = 4999


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Observations, np.ndarray]:
    folder = tmp_path_factory.mktemp("data")
    settings = DataSettings(preset="oscillatory_rank_50", seed=42, n_frames=40)
    simulate_dataset(settings, observations=folder / "observations", seal=folder / "truth.seal")
    observed = load_observations(folder / "observations")
    return folder / "observations", observed, load_seal(folder / "truth.seal").types


def predicting(rows: tuple[Proxy, ...], kind: ProxyKind = ProxyKind.INCIDENTAL) -> set[str]:
    return {row.feature for row in rows if row.kind is kind and row.predicts}


def test_our_generator_gives_no_type_away(data: tuple[Path, Observations, np.ndarray]) -> None:
    folder, observed, types = data
    rows = find_proxies(observed, types, folder, n_permutations=N_PERMUTATIONS)
    assert predicting(rows) == set()
    looked_at = {row.feature for row in rows}
    assert {
        "column 0 (index)",
        "column 4 (external input)",
        "storage order",
        "concentration, mean",
    } <= looked_at
    assert any("embedding" in name for name in looked_at)
    assert all(row.value is None for row in rows if row.feature.startswith("column 5"))


def test_types_in_index_order_are_found_in_column_0(data: tuple[Path, Observations, np.ndarray]) -> None:
    folder, observed, types = data
    rows = find_proxies(observed, np.sort(types), folder, n_permutations=N_PERMUTATIONS)
    assert "column 0 (index)" in predicting(rows)
    assert not any("concentration" in name for name in predicting(rows))
    (area,) = [row for row in rows if row.feature == "column 0 (index)" and row.measure == "AUC"]
    assert area.value == 1
    assert area.p == pytest.approx(1 / (N_PERMUTATIONS + 1))


def test_types_that_alternate_are_found_though_no_order_tells_them(
    data: tuple[Path, Observations, np.ndarray],
) -> None:
    folder, observed, types = data
    rows = find_proxies(observed, np.arange(len(types)) % 2, folder, n_permutations=N_PERMUTATIONS)
    assert {"storage order modulo 2", "storage order"} <= predicting(rows)


def test_types_drawn_from_a_known_seed_are_found(data: tuple[Path, Observations, np.ndarray]) -> None:
    folder, observed, types = data
    drawn = np.random.default_rng(7).permutation(len(types)) < len(types) // 2
    rows = find_proxies(observed, drawn.astype(np.int64), folder, seeds=(7,), n_permutations=N_PERMUTATIONS)
    assert predicting(rows) == {"order drawn from seed 7"}


def test_what_was_measured_may_predict_a_type_and_is_told_apart(
    data: tuple[Path, Observations, np.ndarray],
) -> None:
    folder, observed, _ = data
    mean = observed.concentration.mean(axis=0)
    rows = find_proxies(
        observed, (mean > np.median(mean)).astype(np.int64), folder, n_permutations=N_PERMUTATIONS
    )
    assert "concentration, mean" in predicting(rows, ProxyKind.SCIENCE)
    assert predicting(rows) == set()
