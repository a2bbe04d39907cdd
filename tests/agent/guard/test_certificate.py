"""The certificate, on strategies that users might bring, trained in processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.auditing import Auditor, Enclosure, refusal
from agent.guard import FileId
from blocks.certificate import Certificate, CertificateOutcome
from blocks.problem import load_problem
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


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Certificate]]:
    """Certificates of all modules, from one audit."""
    folder = tmp_path_factory.mktemp("own")
    problem, names = own_strategies(folder, {**LEAKS, **CHANCE, **CLEAN})
    auditor = Auditor(problem, scratch=folder / "scratch", workers=2)
    yield {names[one.strategy]: one for one in auditor.audit(list(names))}
    assert not (folder / "scratch").exists()


@pytest.mark.parametrize("what", LEAKS)
def test_a_strategy_into_which_the_truth_gets_interferes(what: str, found: dict[str, Certificate]) -> None:
    certificate = found[what]
    assert certificate.outcome is CertificateOutcome.INTERFERES, certificate.reason
    difference, reason = certificate.difference, refusal(certificate)
    assert difference is not None
    assert reason is not None
    parameter, step = WHERE.get(what, (None, None))
    assert parameter in (None, difference.parameter)
    assert step in (None, difference.step)
    assert difference.step is not None
    assert f"{difference.parameter!r} differs{difference.where}" in reason


@pytest.mark.parametrize("what", CHANCE)
def test_a_strategy_that_leans_on_chance_is_nondeterministic(
    what: str, found: dict[str, Certificate]
) -> None:
    assert found[what].outcome is CertificateOutcome.NONDETERMINISTIC
    assert "batch.generators" in str(refusal(found[what]))


@pytest.mark.parametrize("what", CLEAN)
def test_a_strategy_without_either_is_certified(what: str, found: dict[str, Certificate]) -> None:
    assert found[what].outcome is CertificateOutcome.CERTIFIED, found[what]
    assert refusal(found[what]) is None
    assert found[what].steps >= 12
    assert len({one.data_hash for one in found.values()}) == 1


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
