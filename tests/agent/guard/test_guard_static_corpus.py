"""Layer 2 on the corpus: what it catches of each family, and that it refuses no look-alike."""

from functools import cache

import pytest

from agent.guard import FileReport, Verdict, check_source
from tests.agent.guard.corpus import CLEAN, LEAKS, evaluation
from tests.agent.guard.corpus.strategy import module_of

MISSED: dict[str, frozenset[str]] = {"proxy": frozenset(LEAKS["proxy"])}
"""Leaks that this layer does not see, by family: a proxy reads no truth, the proxy audit judges it."""

REQUIRED = {family: 1.0 for family in LEAKS if family != "proxy"}
"""Share of each family that must be caught; the promise is 90 % outside of files and proxies."""


@cache
def check(snippet: str) -> FileReport:
    return check_source(module_of(snippet), "snippet.py")


@pytest.mark.parametrize("family", LEAKS)
def test_the_leaks_of_a_family_are_caught_but_for_those_that_are_named(family: str) -> None:
    missed = {name for name, snippet in LEAKS[family].items() if check(snippet).verdict is Verdict.CLEAN}
    assert missed == MISSED.get(family, frozenset())
    assert 1 - len(missed) / len(LEAKS[family]) >= REQUIRED.get(family, 0.0)


@pytest.mark.parametrize("family", CLEAN)
def test_no_look_alike_is_refused(family: str) -> None:
    refused = {
        name: report.findings for name, one in CLEAN[family].items() if (report := check(one)).findings
    }
    assert refused == {}


@pytest.mark.parametrize("family", ["direct", "alias", "slice", "container", "interprocedural", "reductions"])
def test_a_plain_read_is_called_a_leak_and_not_merely_undecidable(family: str) -> None:
    verdicts = [check(snippet).verdict for snippet in LEAKS[family].values()]
    assert verdicts.count(Verdict.LEAK) / len(verdicts) >= 0.85


def test_every_finding_says_where_what_and_what_to_write_instead() -> None:
    for family in ("direct", "view", "reflective"):
        for snippet in LEAKS[family].values():
            for finding in check(snippet).findings:
                assert finding.line > 0
                assert finding.expression in finding.source
                assert finding.what
                assert finding.remedy.endswith(".")


@pytest.mark.parametrize("module", evaluation.METRICS.values(), ids=evaluation.METRICS)
def test_evaluation_code_may_read_labels_and_the_same_text_may_not_train(module: str) -> None:
    assert check_source(module, "metric.py", is_evaluation=True).verdict is Verdict.CLEAN
    assert check_source(module, "metric.py").verdict is not Verdict.CLEAN
