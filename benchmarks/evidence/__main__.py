"""`python -m benchmarks.evidence`: how often what is established is false, and how much is found."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.evidence.scenarios import Row, measure
from benchmarks.machine import Machine, this_machine
from benchmarks.page import command_of, earlier_report, machine_lines, markdown_table
from blocks.base import Frozen
from blocks.errors import SetpointError
from memory.writing import write_atomically

N_HISTORIES = 200


class Report(Frozen):
    """What `--json` writes."""

    command: str
    made_at: str
    machine: Machine
    rows: tuple[Row, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        report = earlier_report(options.from_json, Report) if options.from_json else _measured(options, given)
        if options.json:
            write_atomically(options.json, report.model_dump_json(indent=1) + "\n")
        if options.write_docs:
            write_atomically(options.write_docs, "\n".join(page(report)) + "\n")
    except SetpointError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return error.exit_code
    return 0 if all(row.met for row in report.rows) else 1


def _measured(options: argparse.Namespace, given: Sequence[str]) -> Report:
    rows = []
    for row in measure(options.histories):
        print(" | ".join(_cells(row)), *row.examples, sep="\n  ")
        rows.append(row)
    return Report(
        command=command_of("benchmarks.evidence", given),
        made_at=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=this_machine(),
        rows=tuple(rows),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.evidence",
        description="Statements on made-up histories whose truth is known.",
        epilog="Exit code: 0 where every target was met, 1 where one was missed, 2 for wrong usage.",
    )
    parser.add_argument(
        "--histories", type=int, default=N_HISTORIES, metavar="N", help="default: %(default)s"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers here")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the page here, as markdown")
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="use an earlier report, run nothing")
    return parser


def page(report: Report) -> Iterable[str]:
    """The page, line by line."""
    yield "# How far the working memory can be believed"
    yield ""
    yield "<!-- generated; do not edit -->"
    yield ""
    yield f"    {report.command} --write-docs docs/evidence.md"
    yield ""
    yield "Histories are made up, so the truth is known. They are planned as explorations are: by a greedy"
    yield "planner that changes the best run so far, and by the planner of a launch; so what was lucky is"
    yield "built upon. Noise is normal, of heavy tails (t with three degrees of freedom), or of another"
    yield "spread in each slot, a thousand times the usual one in every twentieth. Slots have 2, 3 or 5"
    yield "replicates, some fail, and there are two or three networks."
    yield "How it is done: [decision 12](decisions/0012-evidence.md)."
    yield ""
    header = ("what", "histories", "value", "of", "target", "", "s")
    yield from markdown_table(header, (_cells(row) for row in report.rows))
    yield ""
    for row in report.rows:
        for example in row.examples:
            yield f"- {row.scenario.split(':')[0]}: {example}"
    yield ""
    code = report.machine.versions.get("setpoint", "")
    yield from machine_lines(report.machine, made_at=report.made_at, code_version=code)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.scenario,
        str(row.histories),
        f"{row.value:.3f}",
        str(row.of),
        row.target,
        "met" if row.met else "missed",
        f"{row.seconds:.0f}",
    )


if __name__ == "__main__":
    sys.exit(main())
