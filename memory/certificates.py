"""Certificates of strategies in the store, and which of them a run rests on.

One is written when its trainings are over, so that a killed audit leaves nothing behind, and is done again.
Whether a run is certified is decided here, from what is stored, and by nobody who plans.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, cast

from sqlalchemy import Table, select

from blocks.certificate import Certificate, CertificateOutcome, Difference, StoredCertificate
from blocks.slot import SlotSpec
from memory.database import Database
from memory.prepared import Cursor, Prepared, cursor_of
from memory.rows import row_of
from memory.schema import CertificateRow, RunRow

NONE: Final[Mapping[str, int]] = MappingProxyType({})
"""No certificates."""

_TABLE = cast(Table, CertificateRow.__table__)
_OUTCOMES = Prepared(select(_TABLE.c.id, _TABLE.c.strategy, _TABLE.c.outcome))


class Rests(NamedTuple):
    """What a run rests on."""

    ids: tuple[int, ...]
    certified: bool
    """Whether every strategy has a certificate that says so."""


def certified_by(
    cursor: Cursor,
    slots: Sequence[SlotSpec],
    certificates: Mapping[str, int],
    *,
    known: dict[int, str | None],
) -> list[Rests]:
    """The certificates of each slot's strategies, and whether they certify it.

    Args:
        cursor: Within a transaction.
        slots: The slots.
        certificates: Id of the certificate of each strategy that has one.
        known: The strategy that a certificate certifies, by its id, and None where it does not; it grows. A
            certificate stays as it was written.
    """
    if not known.keys() >= set(certificates.values()):
        for key, name, outcome in _OUTCOMES.run(cursor).fetchall():
            known[key] = name if outcome == CertificateOutcome.CERTIFIED.value else None
    return [_rests(slot, certificates, known) for slot in slots]


def _rests(slot: SlotSpec, certificates: Mapping[str, int], known: Mapping[int, str | None]) -> Rests:
    chosen = {name: certificates[name] for name in slot.strategies if name in certificates}
    certified = bool(chosen) and all(known.get(chosen.get(name, 0)) == name for name in slot.strategies)
    return Rests(tuple(sorted(chosen.values())), certified=certified)


class Certificates:
    """The part of the store that holds certificates."""

    _database: Database

    def plan_audit(self, exploration: str, strategies: Sequence[str]) -> None:
        """Announces that strategies are about to be audited."""
        with self._database.recording() as cursor:
            detail = ", ".join(strategies)
            self._database.note(cursor, "audit planned", exploration=exploration, detail=detail)

    def record_certificate(self, certificate: Certificate) -> StoredCertificate:
        """Stores the outcome of an audit; an earlier one of the same version stays as it was."""
        with self._database.writing() as session:
            row = CertificateRow(
                strategy=certificate.strategy,
                version=certificate.version,
                data_hash=certificate.data_hash,
                outcome=certificate.outcome,
                difference=None
                if certificate.difference is None
                else certificate.difference.model_dump(mode="json"),
                composition=list(certificate.composition),
                steps=certificate.steps,
                reason=certificate.reason,
                seconds=certificate.seconds,
                at=self._database.clock(),
            )
            session.add(row)
            session.flush()
            found = certificate_of(row)
            self._database.note(cursor_of(session), "certificate", detail=found.line)
            return found

    def certificate(self, strategy: str, version: str) -> StoredCertificate | None:
        """The latest certificate of a version of a strategy; None where it was never audited."""
        query = (
            select(CertificateRow)
            .where(CertificateRow.strategy == strategy, CertificateRow.version == version)
            .order_by(CertificateRow.id.desc())
            .limit(1)
        )
        with self._database.reading() as session:
            row = session.scalar(query)
            return None if row is None else certificate_of(row)

    def certificates_of(self, exploration: str, number: int) -> list[StoredCertificate]:
        """The certificates that a run points to, oldest first."""
        with self._database.reading() as session:
            ids = row_of(session, exploration, number).certificates or []
            query = select(CertificateRow).where(CertificateRow.id.in_(ids)).order_by(CertificateRow.id)
            return [certificate_of(row) for row in session.scalars(query)]

    def certificates_used(self, exploration: str) -> list[int]:
        """Ids of the certificates that runs of an exploration point to, in order."""
        query = select(RunRow.certificates).where(RunRow.exploration == exploration).distinct()
        with self._database.reading() as session:
            return sorted({key for ids in session.scalars(query) for key in ids or ()})

    def runs_by_certificate(self, exploration: str) -> dict[int, int]:
        """How many runs of an exploration rest on each certificate."""
        query = select(RunRow.certificates).where(RunRow.exploration == exploration)
        with self._database.reading() as session:
            return dict(Counter(key for ids in session.scalars(query) for key in ids or ()))

    def certificates(self) -> list[StoredCertificate]:
        """All certificates, oldest first."""
        with self._database.reading() as session:
            return [
                certificate_of(row)
                for row in session.scalars(select(CertificateRow).order_by(CertificateRow.id))
            ]


def certificate_of(row: CertificateRow) -> StoredCertificate:
    """The certificate that a row holds."""
    return StoredCertificate(
        id=row.id,
        strategy=row.strategy,
        version=row.version,
        data_hash=row.data_hash,
        outcome=row.outcome,
        difference=None if row.difference is None else Difference.model_validate(row.difference),
        composition=tuple(row.composition),
        steps=row.steps,
        reason=row.reason,
        seconds=row.seconds,
        at=row.at,
    )
