"""The corpus in short trainings: what the certificate alone finds, and what becomes of it without a truth.

Trainings of two steps, many to a process: what is tested here is whether two truths can be told apart in the
parameters, and what NaN and the fence stop; an audit's processes are tested elsewhere.
"""

from collections import Counter

import pytest

from benchmarks.guard.cases import PROXY, Case, Said, cases
from benchmarks.guard.trainings import Grounds
from blocks.certificate import CertificateOutcome

pytestmark = pytest.mark.slow

FINITE = {"direct", "computed", "container", "numpy_pandas", "reductions", "special", "files_configuration"}
"""Families in which a few take NaN for a number like others: they learn nothing, and go on."""


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Grounds:
    return Grounds(tmp_path_factory.mktemp("grounds"))


def test_the_certificate_finds_every_leak_that_changes_a_training_and_refuses_no_look_alike(
    grounds: Grounds,
) -> None:
    # Proxies do not depend on the truth; finding them is the proxy audit's part.
    leaks = {case: grounds.certificate(case) for case in cases(leaks=True) if case.family != PROXY}
    # What fails alike under both truths changes nothing; it is unverified, and so no evidence either.
    able = {case: one for case, one in leaks.items() if one is not CertificateOutcome.UNVERIFIED}
    assert _named(able, but=CertificateOutcome.INTERFERES) == []
    assert len(able) >= 500
    assert len(leaks) - len(able) <= 6
    clean = {case: grounds.certificate(case) for case in cases(leaks=False)}
    assert _named(clean, but=CertificateOutcome.CERTIFIED) == []


def test_without_a_truth_most_leaks_are_stopped_by_the_fence_or_by_nan_and_no_look_alike_is(
    grounds: Grounds,
) -> None:
    known = [case for leaks in (True, False) for case in cases(leaks=leaks) if case.family != PROXY]
    # All that reaches for files, and some of the others; `python -m benchmarks.guard` takes all.
    chosen = [case for n, case in enumerate(known) if n % 5 == 0 or case.family == "files_configuration"]
    said = dict(grounds.absence(chosen))
    assert list(said) == chosen
    assert _named({case: one for case, one in said.items() if not case.leaks}, but=Said.PASSED) == []
    passed = Counter(case.family for case, one in said.items() if case.leaks and one is Said.PASSED)
    assert set(passed) <= FINITE
    assert passed.total() <= 8
    named = [one for case, one in said.items() if case.leaks and one is Said.LEAK]
    assert len(named) >= 120


def _named(said: dict[Case, object], *, but: object) -> list[tuple[Case, object]]:
    return [(case, one) for case, one in said.items() if one is not but]
