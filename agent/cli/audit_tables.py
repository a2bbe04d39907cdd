"""An audit as text and as JSON."""

import json
from collections.abc import Sequence

from agent.audit_report import AuditReport
from agent.cli.tables import Column, lines
from blocks.certificate import Certificate
from blocks.proxy import LEVEL, Proxy, ProxyKind

SHOWN = 8
"""Proxies of a kind that are shown, the most telling first."""


def as_text(report: AuditReport) -> str:
    """Two tables, each with a line that says what was done."""
    n, outcomes = len(report.certificates), [str(one.outcome) for one in report.certificates]
    parts = [
        *_certificates(report.certificates),
        f"{outcomes.count('certified')} of {n} certified: trained on {report.audited_on}, every parameter at "
        "every step the same bits under two truths.",
        "",
        *_proxies(report),
    ]
    return "\n".join(parts)


def to_json(report: AuditReport) -> str:
    """Everything, for programs."""
    content = {
        "passed": report.passed,
        "audited_on": report.audited_on,
        "certificates": [one.model_dump(mode="json") for one in report.certificates],
        "data": report.data_title,
        "proxies": None
        if report.proxies is None
        else [{**one.model_dump(mode="json"), "predicts": one.predicts} for one in report.proxies],
    }
    return json.dumps(content, indent=2)


def _certificates(certificates: Sequence[Certificate]) -> list[str]:
    first = [str(one.difference) if one.difference else one.reason or "none" for one in certificates]
    return list(
        lines(
            [
                Column("strategy", [one.strategy for one in certificates], is_text=True),
                Column("version", [one.version[:12] for one in certificates], is_text=True),
                Column("verdict", [str(one.outcome) for one in certificates], is_text=True),
                Column("first difference", first, is_text=True),
                Column("steps", [str(one.steps) for one in certificates], is_text=False),
                Column("seconds", [f"{one.seconds:.1f}" for one in certificates], is_text=False),
            ],
            bold=False,
        )
    )


def _proxies(report: AuditReport) -> list[str]:
    if report.proxies is None:
        return [f"{report.data_title} has no labels, so that nothing can be a proxy of them."]
    of_kind = {kind: [one for one in report.proxies if one.kind is kind] for kind in ProxyKind}
    incidental, science = of_kind[ProxyKind.INCIDENTAL], of_kind[ProxyKind.SCIENCE]
    found = list(dict.fromkeys(one.feature for one in incidental if one.predicts))
    n = max((one.n_permutations for one in report.proxies), default=0)
    tested = sum(one.value is not None for one in incidental)
    what = f"Predicts the labels: {', '.join(found)}" if found else "None predicts the labels"
    return [
        *_table(incidental),
        f"{what}. {tested} measures of {report.data_title}, {n} permutations each, false discovery rate "
        f"below {LEVEL:g} (Benjamini-Hochberg).",
        "",
        "What was measured may predict them, and is listed for comparison:",
        *_table(science),
    ]


def _table(proxies: Sequence[Proxy]) -> list[str]:
    shown = [one for one in proxies if one.value is not None][:SHOWN]
    if not shown:
        return ["no feature varies"]
    return list(
        lines(
            [
                Column("feature", [one.feature for one in shown], is_text=True),
                Column("measure", [one.measure for one in shown], is_text=True),
                Column("value", [f"{one.value:.2f}" for one in shown], is_text=False),
                Column("chance", [f"{one.chance:.2f}" for one in shown], is_text=False),
                Column("p", [f"{one.p:.2g}" for one in shown], is_text=False),
                Column("q", [f"{one.q:.2g}" for one in shown], is_text=False),
            ],
            bold=False,
        )
    )
