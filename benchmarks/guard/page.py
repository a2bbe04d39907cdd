"""docs/guard.md: the text of template.md with the measured tables in it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.guard.results import LAYERS, Report, Row, caught, families
from benchmarks.page import machine_lines, markdown_table

TEMPLATE: Final = Path(__file__).with_name("template.md")


def page(report: Report) -> str:
    """The page as markdown."""
    read = next((cost for cost in report.costs if cost.layer == "static"), None)
    static_ms = "" if read is None else f"{1000 * read.seconds / max(1, read.snippets):.0f} ms"
    measured = "\n".join(_measured(report))
    text = TEMPLATE.read_text(encoding="utf-8")
    return text.replace("{static_ms}", static_ms).replace("{measured}", measured)


def _measured(report: Report) -> Iterable[str]:
    yield "## Measured"
    yield ""
    yield f"    {report.command} --write-docs docs/guard.md"
    yield ""
    yield "runs every snippet of the corpus (tests/agent/guard/corpus) through every layer:"
    yield f"{len(report.leaks)} leaks, each shown to depend on the truth, and"
    yield f"{len(report.clean)} look-alikes that do not."
    yield "*Caught* is called a leak, or stopped for want of certainty."
    yield "*Absence* is a training behind the fence, with NaN for labels: what is caught there reached for"
    yield "the answer key, or met NaN and was replayed. What is not caught there came to its end in a process"
    yield "that held no truth, so it learned nothing; the other layers say so by name."
    yield "The certificate leaves unverified what fails alike under both truths; that counts as caught too."
    yield ""
    targets = [(one.what, one.wanted, one.found, "met" if one.met else "missed") for one in report.targets()]
    yield from markdown_table(("what", "wanted", "found", ""), targets)
    yield ""
    yield "### Leaks, by family"
    yield ""
    yield from markdown_table(("family", "leaks", *LAYERS, "any layer"), _by_family(report.leaks))
    yield ""
    yield "Empty: the layer does not apply. A proxy reads no truth, so the certificate has nothing to find."
    yield "The proxy audit looks at data and not at code: for each proxy, types are made of what it says, and"
    yield "it is asked whether something predicts them. What it does not try are draws from a seed in other"
    yield "ways than its own, and types that somebody knows by heart."
    yield from _no_leaks(report)
    yield ""
    yield "### Look-alikes that are refused"
    yield ""
    layers = LAYERS[:-1]
    cells = [caught(report.clean, layer) for layer in layers]
    yield from markdown_table(("look-alikes", *layers), [(str(len(report.clean)), *cells)])
    yield ""
    yield "### Misses, by name"
    yield ""
    yield from _misses(report)
    yield ""
    costs = ", ".join(f"{one.layer} {one.seconds:.0f} s for {one.snippets}" for one in report.costs)
    yield f"Processor time, one core: {costs} snippets."
    yield ""
    yield from machine_lines(report.machine, made_at=report.made_at, code_version=report.code_version)


def _by_family(leaks: Sequence[Row]) -> Iterable[Sequence[str]]:
    for family, rows in {**families(leaks), "all": list(leaks)}.items():
        any_layer = sum(bool(row.caught_by) for row in rows)
        cells = [caught(rows, layer) for layer in LAYERS]
        yield (_title(family), str(len(rows)), *cells, str(any_layer))


def _no_leaks(report: Report) -> Iterable[str]:
    silent = [row.name for row in report.rows if row.leaks and not row.tells_types]
    if silent:
        yield "Proxies that say the same of every metabolite tell no types apart and are not counted: "
        yield f"{'; '.join(silent)}."


def _misses(report: Report) -> Iterable[str]:
    known = families(report.leaks)
    for layer in LAYERS:
        missed = families(row for row in report.leaks if layer in row.said and layer not in row.caught_by)
        named = [
            f"all {len(rows)} of {_title(family)}"
            if len(rows) == len(known[family])
            else f"{_title(family)}: {'; '.join(row.name for row in rows)}"
            for family, rows in missed.items()
        ]
        yield f"- **{layer}** {sum(map(len, missed.values()))}{': ' if named else ''}{'. '.join(named)}"
    unseen = [f"{_title(row.family)}: {row.name}" for row in report.leaks if not row.caught_by]
    yield f"- **every layer** {len(unseen)}{': ' if unseen else ''}{'; '.join(unseen)}"


def _title(family: str) -> str:
    return family.replace("_", ", ")
