"""What the static layer says: one finding per use of the label, and a verdict per file and in all.

Undecidable is refused like a leak; its remedy says what would make it decidable.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What is said of a use, a file or a whole check."""

    CLEAN = "clean"
    LEAK = "leak"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True)
class Finding:
    """A place that reads ground truth, or may do so."""

    path: str
    line: int
    column: int
    """Both count from 1."""

    verdict: Verdict
    expression: str
    what: str
    trail: tuple[str, ...]
    """How the value got there, step by step."""

    remedy: str
    source: str
    """The line of the file, for people."""

    width: int
    """Characters of the expression on that line."""


@dataclass(frozen=True)
class FileReport:
    """What was found in one file, in the order of its lines."""

    path: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)


@dataclass(frozen=True)
class GuardReport:
    """What was found in all the files of a check."""

    files: tuple[FileReport, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for file in self.files for finding in file.findings)

    @property
    def leaks(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.LEAK)

    @property
    def undecidable(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.UNDECIDABLE)

    @property
    def n_files(self) -> int:
        return len(self.files)

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)


def worst(findings: tuple[Finding, ...]) -> Verdict:
    """Leak before undecidable before clean."""
    verdicts = {finding.verdict for finding in findings}
    return next((v for v in (Verdict.LEAK, Verdict.UNDECIDABLE) if v in verdicts), Verdict.CLEAN)
