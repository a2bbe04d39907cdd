"""The certificate, on strategies that users might bring, trained in processes of their own."""

from pathlib import Path

import pytest

from agent.auditing import Auditor, Enclosure, refusal
from agent.guard import FileId
from blocks.certificate import Certificate, CertificateOutcome
from blocks.installed import load_problem
from tests.agent.guard.audited import CHANCE, CLEAN, LEAKS, own_strategies, write

pytestmark = pytest.mark.slow

WHERE = {
    "a term of the loss": ("embedding", 1),
    "a term without a gradient": ("loss", 1),
    "where embeddings start": ("embedding", 0),
    "a latent": ("latent offset", 0),
    "when training stops": ("number of steps", None),
    "how many steps there are": ("number of steps", 0),
    "a true parameter from a file": (None, 8),
    "a setting from a file": ("embedding", None),
    "gradients of one metabolite": ("embedding", None),
}
"""Parameter and step that the certificate must name, where the leak decides which they are."""


def test_strategies_are_told_apart_by_what_gets_into_their_training(tmp_path: Path) -> None:
    """One audit for all of them: what costs time is processes."""
    problem, names = own_strategies(tmp_path, {**LEAKS, **CHANCE, **CLEAN})
    auditor = Auditor(problem, scratch=tmp_path / "scratch", workers=2)
    found = {names[one.strategy]: one for one in auditor.audit(list(names))}
    assert not (tmp_path / "scratch").exists()
    assert {what: found[what].outcome.value for what in LEAKS} == dict.fromkeys(LEAKS, "interferes")
    assert {what: found[what].outcome.value for what in CHANCE} == dict.fromkeys(CHANCE, "nondeterministic")
    assert {what: found[what].outcome.value for what in CLEAN} == dict.fromkeys(CLEAN, "certified")
    for what in LEAKS:
        names_parameter_and_step(found[what], *WHERE.get(what, (None, None)))
    for what in CHANCE:
        assert "batch.generators" in str(refusal(found[what])), what
    for what in CLEAN:
        assert refusal(found[what]) is None
        assert found[what].steps >= 12
    assert len({one.data_hash for one in found.values()}) == 1


def names_parameter_and_step(certificate: Certificate, parameter: str | None, step: int | None) -> None:
    difference = certificate.difference
    assert difference is not None
    assert difference.step is not None
    assert parameter in (None, difference.parameter)
    assert step in (None, difference.step)
    assert f"{difference.parameter!r} differs{difference.where}" in str(refusal(certificate))


def test_what_reaches_for_the_real_workspace_is_stopped_and_unverified(tmp_path: Path) -> None:
    seal = tmp_path / "workspace" / "sealed" / "real.seal"
    seal.parent.mkdir(parents=True)
    seal.write_text("truth")
    strategy = write(
        tmp_path / "own",
        "from pathlib import Path\nfrom sim.strategies.base import Strategy\n\n\nclass Own(Strategy):\n"
        "    name = 'curious'\n    summary = 'reads the seal'\n    reference = 'none'\n\n"
        f"    def configure(self, plan):\n        Path({str(seal)!r}).read_text()\n        return plan\n",
    )
    problem = load_problem("metabolism", [strategy])
    closed = Enclosure(FileId.of(tmp_path / "workspace"), frozenset({FileId.of(seal)}))
    scratch = tmp_path / "workspace" / "audit"
    (certificate,) = Auditor(problem, scratch=scratch, workers=1, enclosure=closed).audit(["curious"])
    assert certificate.outcome is CertificateOutcome.UNVERIFIED
    assert "label leak" in certificate.reason
