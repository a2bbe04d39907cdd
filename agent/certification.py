"""Every strategy that an exploration may use has a certificate before a slot is trained.

Certificates are kept by the hash of what they speak of, so that only what is new is audited: a second launch
pays nothing. Those that do not certify are audited again each time, and a strategy into which the truth, or
chance, gets stops the launch.
"""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from agent.auditing import Auditor, Enclosure, refusal
from agent.guard import FileId
from agent.session import Session
from blocks.certificate import CertificateOutcome, StoredCertificate
from blocks.errors import GuardRefusalError
from memory import Workspace


def certify(session: Session, *, workers: int) -> dict[str, int]:
    """Certificates of all strategies that are on, or open.

    Args:
        session: The launch.
        workers: Trainings at a time.

    Returns:
        The id of each strategy's certificate, by name. One whose outcome is `unverified` certifies no run.

    Raises:
        GuardRefusalError: A strategy's training depends on the truth, or on chance.
    """
    choice, store = session.spec.strategies, session.store
    known = {name: _known(session, name) for name in sorted({*choice.baseline, *choice.open})}
    fresh = [name for name, certificate in known.items() if certificate is None]
    found = {name: certificate.id for name, certificate in known.items() if certificate is not None}
    if not fresh:
        return found
    store.plan_audit(session.name, fresh)
    auditor = Auditor(
        session.problem,
        scratch=session.workspace.audit,
        workers=workers,
        enclosure=enclosure(session.workspace, session.problem.seals(session.spec.data)),
    )
    session.listener.stage(f"guard: certifying {_count(fresh)}")
    with closing(auditor.audit(fresh, session.listener.tick)) as certificates:
        for certificate in certificates:
            stored = store.record_certificate(certificate)
            if (reason := refusal(stored)) is not None:
                raise GuardRefusalError(f"{reason}; no slot was trained")
            if stored.outcome is CertificateOutcome.UNVERIFIED:
                session.listener.note(
                    f"{stored.strategy} could not be certified ({stored.reason}): its runs are no evidence"
                )
            found[stored.strategy] = stored.id
    return found


def enclosure(workspace: Workspace, seals_elsewhere: Iterable[Path] = ()) -> Enclosure:
    """What an audit's trainings must not reach: the whole workspace, and the user's own seals."""
    seals = [workspace.sealed, *workspace.sealed.iterdir(), *seals_elsewhere]
    return Enclosure(FileId.of(workspace.root), frozenset(FileId.of(path) for path in seals))


def _known(session: Session, name: str) -> StoredCertificate | None:
    """The certificate of a strategy as it is now, where it has one that certifies."""
    found = session.store.certificate(name, session.problem.strategy_version(name))
    return found if found is not None and found.outcome is CertificateOutcome.CERTIFIED else None


def _count(names: list[str]) -> str:
    return f"{len(names)} {'strategy' if len(names) == 1 else 'strategies'}"
