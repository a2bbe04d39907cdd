"""The corpus is what it says: leaks depend on the truth, look-alikes do not, and all of it can be trained."""

import gc
import warnings
from collections.abc import Iterator

import pytest
import torch

from benchmarks.guard.cases import PROXY, cases
from benchmarks.guard.worlds import N_REPLICATES, Worlds
from tests.agent.guard.corpus import CLEAN, LEAKS


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    yield Worlds(tmp_path_factory.mktemp("truth"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # files that careless authors left open


@pytest.mark.parametrize("family", [family for family in LEAKS if family != PROXY])
def test_every_leak_depends_on_the_truth(family: str, worlds: Worlds) -> None:
    chosen = [case for case in cases(leaks=True) if case.family == family]
    alike = [case.name for case in chosen if torch.equal(*_values(case.snippet, worlds))]
    assert alike == []


@pytest.mark.parametrize("family", CLEAN)
def test_no_look_alike_depends_on_the_truth(family: str, worlds: Worlds) -> None:
    for case in cases(leaks=False):
        if case.family == family:
            some, others = _values(case.snippet, worlds)
            assert torch.equal(some, others), case.name
            assert torch.isfinite(some).all(), case.name


def test_proxies_can_be_trained_and_read_no_label(worlds: Worlds) -> None:
    for case in cases(leaks=True):
        assert case.family != PROXY or torch.equal(*_values(case.snippet, worlds)), case.name


@pytest.mark.parametrize("family", LEAKS)
def test_a_snippet_becomes_a_strategy_whose_loss_follows_the_hint(family: str, worlds: Worlds) -> None:
    snippet = next(iter(LEAKS[family].values()))
    losses = _values(snippet, worlds, "Snippet().loss(batch)")
    assert all(loss.shape == (N_REPLICATES,) for loss in losses)
    assert torch.equal(*losses) is (family == PROXY)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert sum(map(len, LEAKS.values())) >= 550
    assert sum(map(len, CLEAN.values())) >= 190


def _values(
    snippet: str, worlds: Worlds, of: str = "_factor(hint(batch))"
) -> tuple[torch.Tensor, torch.Tensor]:
    some, others = (worlds.value(snippet, name, of) for name in worlds.runs)
    return some, others
