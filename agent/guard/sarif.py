"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines.

The format: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from agent.guard.findings import Finding, GuardReport, Verdict

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"

_RULES: Final = {
    Verdict.LEAK: ("label-leak", "Training code uses ground truth."),
    Verdict.UNDECIDABLE: ("label-undecidable", "Training code may use ground truth; it cannot be told."),
}


def to_sarif(report: GuardReport) -> str:
    """One run with all findings; paths are as they were given, lines and columns count from 1."""
    rules = [
        {
            "id": name,
            "shortDescription": {"text": text},
            "help": {"text": "See docs/guard.md."},
            "defaultConfiguration": {"level": "error"},
        }
        for name, text in _RULES.values()
    ]
    driver = {
        "name": "setpoint-guard",
        "version": version("setpoint"),
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _result(finding: Finding) -> dict[str, Any]:
    places = list(_RULES)
    text = ". ".join([f"{finding.expression}: {finding.what}", *filter(None, ["; ".join(finding.trail)])])
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endColumn": finding.column + max(finding.width, 1),
        "snippet": {"text": finding.source},
    }
    return {
        "ruleId": _RULES[finding.verdict][0],
        "ruleIndex": places.index(finding.verdict),
        "level": "error",
        "message": {"text": f"{text}. {finding.remedy}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": Path(finding.path).as_posix()},
                    "region": region,
                }
            }
        ],
    }
