"""Every snippet through every layer."""

import gc
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.guard import Verdict, check_source
from benchmarks.guard.cases import PROXY, Case, Said, cases
from benchmarks.guard.proxies import told
from benchmarks.guard.results import Cost, Row
from benchmarks.guard.trainings import CALLED, Grounds
from benchmarks.guard.watched import Watched

READ = {Verdict.LEAK: Said.LEAK, Verdict.UNDECIDABLE: Said.STOPPED, Verdict.CLEAN: Said.PASSED}


def static(case: Case) -> Said:
    """What the static layer says."""
    return READ[check_source(case.source, "snippet.py").verdict]


def measure(root: Path) -> tuple[list[Row], list[Cost]]:
    """What each layer says of each snippet, and what it costs.

    Args:
        root: An empty folder, for workspaces.
    """
    chosen = [*cases(leaks=True), *cases(leaks=False)]
    own = [case for case in chosen if case.family != PROXY or not case.leaks]
    said: dict[Case, dict[str, Said]] = {case: {} for case in chosen}
    costs: list[Cost] = []

    def layer(name: str, snippets: list[Case], ask: Callable[[], Any]) -> None:
        print(f"guard: {name}, {len(snippets)} snippets", file=sys.stderr, flush=True)
        begin = sum(os.times()[:4])
        for case, one in ask():
            said[case][name] = one
        costs.append(Cost(layer=name, snippets=len(snippets), seconds=sum(os.times()[:4]) - begin))

    layer("static", chosen, lambda: ((case, static(case)) for case in chosen))
    watched = Watched(root / "watched")
    layer("runtime", chosen, lambda: ((case, watched.said(case)) for case in chosen))
    grounds = Grounds(root / "grounds")
    layer("absence", chosen, lambda: grounds.absence(chosen))
    layer("certificate", own, lambda: ((case, CALLED[grounds.certificate(case)]) for case in own))
    proxies = [case for case in chosen if case.family == PROXY and case.leaks]
    answers = {}

    def audit() -> Any:
        for one in told(proxies, root / "proxies"):
            answers[one.case] = one
            if one.said is not None:
                yield one.case, one.said

    layer("proxy audit", proxies, audit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # files that careless authors left open
    rows = [
        Row(
            family=case.family,
            name=case.name,
            leaks=case.leaks,
            said=said[case],
            tells_types=case not in answers or answers[case].said is not None,
        )
        for case in chosen
    ]
    return rows, costs
