"""`python -m benchmarks.speed`: measures section by section, judges, prints, and writes the page."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.machine import this_machine
from benchmarks.page import command_of, earlier_report
from benchmarks.speed.results import Figure, Report
from benchmarks.speed.table import page, table
from blocks.errors import DataError, SetpointError
from blocks.installed import load_problem
from memory.writing import write_atomically

SECTIONS: Final = ("steps", "slots", "launches", "commands", "store", "optuna")
"""Modules of this package, each with `measure(quick)`; in the order of the page."""

EPILOG = """\
examples:
  python -m benchmarks.speed --quick
  python -m benchmarks.speed --json speed.json --write-docs docs/performance.md
  python -m benchmarks.speed --only steps store

Exit code: 0 where every target was met, 1 where one was missed, 2 for wrong usage, 130 interrupted.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        report = _together(options.from_json) if options.from_json else _measured(options, given)
    except SetpointError as error:
        print(f"speed: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("speed: interrupted", file=sys.stderr)
        return 130
    console = Console()
    if not console.is_terminal:
        console = Console(width=180)
    console.print(table(report))
    if options.json:
        write_atomically(options.json, report.model_dump_json(indent=1) + "\n")
    if options.write_docs:
        write_atomically(options.write_docs, page(report))
    return 0 if report.all_met else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description="How fast training, store and planner are, against the obvious way and the limit.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=f"among {', '.join(SECTIONS)}"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing is judged")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers here")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the page here, as markdown")
    parser.add_argument(
        "--from-json",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="run nothing, show earlier reports: sections of the same code that were measured one by one",
    )
    return parser


def _measured(options: argparse.Namespace, given: list[str]) -> Report:
    return Report(
        command=command_of("benchmarks.speed", given),
        made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        quick=options.quick,
        machine=this_machine(),
        code_version=load_problem("metabolism").code_version(),
        figures=tuple(_figures(options.only or SECTIONS, quick=options.quick)),
    )


def _figures(sections: Sequence[str], *, quick: bool) -> Iterable[Figure]:
    for name in sections:
        print(f"speed: {name}", file=sys.stderr, flush=True)
        measure: Callable[[bool], Iterable[Figure]] = import_module(f"benchmarks.speed.{name}").measure
        for figure in measure(quick):
            yield figure.model_copy(update={"target": None}) if quick else figure


def _together(paths: Sequence[Path]) -> Report:
    """One report of all sections, in the order of the page."""
    reports = [earlier_report(path, Report) for path in paths]
    if len({(report.code_version, report.quick) for report in reports}) > 1:
        raise DataError("--from-json: must be reports of the same code and size, but these differ")
    figures = [figure for report in reports for figure in report.figures]
    measured = list(dict.fromkeys(figure.section for figure in figures))
    return reports[-1].model_copy(
        update={
            "command": "\n    ".join(report.command for report in reports),
            "figures": tuple(sorted(figures, key=lambda figure: measured.index(figure.section))),
        }
    )


if __name__ == "__main__":
    sys.exit(main())
