"""Certificates in the store, and what runs without one are worth."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from made_up_history import (
    DATA,
    METRICS,
    STRATEGIES,
    carry_out,
    certificate,
    new_store,
    plan,
    proposals,
    spec,
)

from agent.planner.tree import Tree
from blocks.certificate import CertificateOutcome
from blocks.run import Run
from memory.ended import Ended
from memory.findings import findings
from memory.queries import query_runs
from memory.store import Store

CERTIFIED = {name: number for number, name in enumerate(STRATEGIES, 1)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        yield opened


def explored(store: Store, certificates: dict[str, int]) -> list[Run]:
    """Two batches whose strategies have these certificates."""
    for batch in (1, 2):
        runs = store.plan(
            "made_up",
            block=1,
            batch=batch,
            proposals=proposals(batch),
            dataset=DATA,
            foundation="base",
            guard_check=1,
            certificates=certificates,
        )
        carry_out(store, runs, rng=Random(batch))
    return store.runs("made_up")


def test_a_run_points_to_the_certificates_of_its_strategies(store: Store) -> None:
    assert all(run.certified for run in explored(store, CERTIFIED))
    pointed = [found.strategy for found in store.certificates_of("made_up", 1)]
    assert pointed == ["amplification", "rollout"]
    assert all(run.certified for run in store.past("made_up", "gain"))
    assert query_runs(store, where="certified = 1", columns=["run"]).rows == [(n,) for n in range(1, 9)]


@pytest.mark.parametrize("outcome", [one for one in CertificateOutcome if one != "certified"])
def test_only_a_certificate_that_says_so_certifies(store: Store, outcome: CertificateOutcome) -> None:
    bad = store.record_certificate(certificate("rollout", outcome=outcome))
    runs = explored(store, CERTIFIED | {"rollout": bad.id})
    assert not any(run.certified for run in runs)
    assert bad in store.certificates_of("made_up", 1)


def test_another_strategys_certificate_certifies_nothing(store: Store) -> None:
    assert not explored(store, CERTIFIED | {"rollout": CERTIFIED["residual"]})[0].certified


def test_unverified_runs_are_no_evidence(store: Store) -> None:
    runs = explored(store, {"amplification": 1})
    assert not any(run.is_evidence for run in runs)
    assert findings(spec(), runs, metrics=METRICS) == []
    tree = Tree("gain", "maximize")
    for run in runs:
        tree.add(Ended(run))
    assert not any(node.scored for node in tree.look(exploration_constant=1.4).by_ucb(99))


def test_a_run_that_is_planned_again_rests_on_todays_certificates(store: Store) -> None:
    plan(store, proposals(1))
    bad = store.record_certificate(certificate("rollout", outcome=CertificateOutcome.UNVERIFIED))
    now = {"amplification": 1, "rollout": bad.id}
    store.replan(
        "made_up", 1, identity="i", foundation="base", guard_check=1, certificates=now, why="new code"
    )
    assert not store.run("made_up", 1).certified
    assert store.run("made_up", 2).certified


def test_the_latest_certificate_of_a_version_is_the_one_that_counts(store: Store) -> None:
    assert store.certificate("rollout", "another") is None
    again = store.record_certificate(certificate("rollout", outcome=CertificateOutcome.INTERFERES))
    found = store.certificate("rollout", "v" * 64)
    assert found == again
    assert found.line == f"c{again.id} rollout vvvvvvvvvvvv interferes: hidden at step 3"
