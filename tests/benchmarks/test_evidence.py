"""The benchmark of the evidence, in small: what it asks holds for a few histories."""

import pytest

from benchmarks.evidence.__main__ import Report, page
from benchmarks.evidence.scenarios import _found, _noise_alone, _planted, at_home, reversal
from benchmarks.machine import this_machine


def test_a_few_histories_with_planted_effects_establish_no_more_than_is_true() -> None:
    row = _planted(6)
    assert row.met
    assert row.of > 20


def test_noise_alone_establishes_no_effect() -> None:
    assert _noise_alone(4).value == 0


@pytest.mark.slow
def test_most_effects_on_eight_pairs_are_found() -> None:
    assert _found(20).met


def test_a_reversal_is_seen() -> None:
    assert list(dict.fromkeys(reversal(0))) == ["tentative", "established", "weakened", "refuted"]


@pytest.mark.parametrize("index", [17, 24, 32, 35])
def test_what_one_network_has_and_the_other_has_not_is_not_established(index: int) -> None:
    assert set(at_home(index)) == {"tentative"}


def test_the_page_holds_every_row() -> None:
    row = _noise_alone(2)
    report = Report(command="c", made_at="2026-01-01", machine=this_machine(), rows=(row,))
    assert row.scenario in "\n".join(page(report))
