"""A report of the static layer as text for people and as JSON for programs."""

import json
from dataclasses import asdict
from typing import Any

from agent.guard.findings import Finding, GuardReport


def to_text(report: GuardReport) -> str:
    """Each finding with its source line, carets, the way the value took, and what to write instead."""
    lines = [line for finding in report.findings for line in _lines(finding)]
    leaks, unsure, files = len(report.leaks), len(report.undecidable), report.n_files
    lines.append(
        f"{leaks} leak{'s' * (leaks != 1)}, {unsure} undecidable in {files} file{'s' * (files != 1)}"
    )
    return "\n".join(lines)


def to_json(report: GuardReport) -> str:
    """`{verdict, n_files, findings: [...]}`, indented."""
    document: dict[str, Any] = {
        "verdict": report.verdict,
        "n_files": report.n_files,
        "leaks": len(report.leaks),
        "undecidable": len(report.undecidable),
        "findings": [asdict(finding) for finding in report.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _lines(finding: Finding) -> list[str]:
    text = finding.source.expandtabs(1)
    code = text.lstrip()
    offset = max(finding.column - 1 - (len(text) - len(code)), 0)
    lines = [
        f"{finding.path}:{finding.line}:{finding.column}  {finding.verdict}  {finding.what}",
        f"    {code}",
        f"    {' ' * offset}{'^' * max(finding.width, 1)}",
    ]
    if finding.trail:
        lines.append(f"    {'; '.join(finding.trail)}")
    lines.append(f"    {finding.remedy}")
    return lines
