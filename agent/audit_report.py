"""`setpoint guard audit` without its screen: certificates, and what predicts a data set's labels.

Nothing of it is stored, and no workspace is touched: what it needs lies in a folder that is gone afterwards.
A launch makes and keeps certificates of its own.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.admission import admit
from agent.auditing import Auditor
from agent.certification import enclosure
from agent.planner.base import replicate_seeds
from agent.pool import Pool
from agent.worker import find_proxies, provide_data
from blocks.certificate import Certificate, CertificateOutcome
from blocks.errors import SetpointError
from blocks.exploration import ExplorationSpec
from blocks.identity import content_hash
from blocks.installed import load_problem
from blocks.problem import Problem
from blocks.proxy import Proxy, ProxyKind
from memory import Store, Workspace

LIMIT = 600.0  # s


@dataclass(frozen=True)
class AuditReport:
    """What an audit found."""

    certificates: tuple[Certificate, ...]
    proxies: tuple[Proxy, ...] | None
    """None where the data have no labels."""

    audited_on: str
    data_title: str

    @property
    def passed(self) -> bool:
        """Whether all strategies are certified, and nothing but the science predicts a label."""
        good = all(one.outcome is CertificateOutcome.CERTIFIED for one in self.certificates)
        return good and not any(
            one.predicts for one in self.proxies or () if one.kind is ProxyKind.INCIDENTAL
        )


def audit(
    spec: ExplorationSpec,
    *,
    whole_catalog: bool,
    workers: int,
    said: Callable[[str], None] = lambda _: None,
) -> AuditReport:
    """Audits strategies, and the labels of an exploration's data.

    Args:
        spec: The exploration.
        whole_catalog: Whether to audit all strategies of its problem, on a small network; else those of the
            exploration, on its own data. Of an exploration with strategies of the user's, those alone.
        workers: Trainings at a time.
        said: Is told what happens.

    Raises:
        GuardRefusalError: The static guard refuses a user's strategy.
        SetpointError: Data or a strategy cannot be had.
    """
    problem = load_problem(spec.problem)
    with tempfile.TemporaryDirectory(prefix="setpoint-audit-") as folder:
        workspace = Workspace(Path(folder))
        workspace.prepare()
        if spec.strategies.files:
            with Store.open(workspace) as store:
                store.begin(spec, version="audit")
                spec, problem = admit(spec, problem, workspace, store, note=said)
        said(f"making the data set {problem.describe_data(spec.data)}")
        observations, seal = _data(spec, problem, workspace)
        auditor = Auditor(
            problem,
            scratch=workspace.audit,
            workers=workers,
            enclosure=enclosure(workspace, problem.seals(spec.data)),
            observations=None if whole_catalog else observations,
        )
        certificates = []
        for certificate in auditor.audit(_names(spec, problem, whole_catalog=whole_catalog)):
            said(f"{certificate.strategy} {certificate.outcome}")
            certificates.append(certificate)
        title = problem.describe_data(spec.data)
        return AuditReport(
            certificates=tuple(sorted(certificates, key=lambda one: one.strategy)),
            proxies=_proxies(spec, problem, observations, seal) if seal.exists() else None,
            audited_on="a small network" if whole_catalog else title,
            data_title=title,
        )


def _names(spec: ExplorationSpec, problem: Problem, *, whole_catalog: bool) -> Sequence[str]:
    if own := problem.user_strategies():
        return list(own)
    if whole_catalog:
        return list(problem.strategies())
    return sorted({*spec.strategies.baseline, *spec.strategies.open})


def _data(spec: ExplorationSpec, problem: Problem, workspace: Workspace) -> tuple[Path, Path]:
    """The exploration's data set under the name that it has in a workspace; the name is audited as well."""
    key = content_hash([problem.name, spec.data])[:16]
    observations, seal = workspace.dataset(key), workspace.seal(key)
    _run(problem, provide_data, problem.name, spec.data, observations, seal)
    return observations, seal


def _proxies(spec: ExplorationSpec, problem: Problem, observations: Path, seal: Path) -> tuple[Proxy, ...]:
    """In a process that may open the seal, and trains nothing."""
    seeds = (spec.seed, *replicate_seeds(spec, 1))
    found: tuple[Proxy, ...] = _run(problem, find_proxies, problem.name, observations, seal, seeds)
    return found


def _run(problem: Problem, function: Callable[..., object], *args: object) -> Any:
    pool: Pool[str] = Pool(1, preload=problem.preload())
    pool.start("audit", function, *args, timeout_s=LIMIT)
    try:
        while True:
            for _, outcome in pool.finished(wait_s=0.1):
                if isinstance(outcome.error, SetpointError):
                    raise outcome.error
                if outcome.failure is not None:
                    raise SetpointError(f"{function.__name__}: {outcome.failure.reason}")
                return outcome.value
    finally:
        pool.stop()
