"""`python -m benchmarks.recovery`: launches what is not finished, then judges and prints all of it."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.machine import this_machine
from benchmarks.page import command_of, earlier_report
from benchmarks.recovery.cells import cells_of
from benchmarks.recovery.conditions import BY_NAME, CONDITIONS, QUICK
from benchmarks.recovery.docs import page
from benchmarks.recovery.lanes import rows_of
from benchmarks.recovery.results import Report
from benchmarks.recovery.table import WIDE, networks_table, targets_table
from blocks.errors import SetpointError
from blocks.installed import load_problem
from memory.writing import write_atomically

EPILOG = """\
examples:
  python -m benchmarks.recovery --quick
  python -m benchmarks.recovery --seeds 1 2 3 4 5 --json recovery.json --write-docs docs/recovery.md
  python -m benchmarks.recovery --conditions noise_free noise_1 --seeds 1
  python -m benchmarks.recovery --from-json recovery.json

Exit code: 0 where every target was met in every network, 1 where one was missed or a cell did not
come to its end, 2 for wrong usage, 130 interrupted (the same command goes on from there).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        report = earlier_report(options.from_json, Report) if options.from_json else _measured(options, given)
    except SetpointError as error:
        print(f"recovery: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("recovery: interrupted; the same command goes on from there", file=sys.stderr)
        return 130
    _show(report, options)
    return 0 if report.all_met else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recovery",
        description="What is recovered of a network, per condition and network, against targets and a bound.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", metavar="N", help="network seeds (default: 1 2 3 4 5)"
    )
    parser.add_argument(
        "--conditions", nargs="+", choices=list(BY_NAME), metavar="NAME", help=f"among {', '.join(BY_NAME)}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small networks, one seed, few conditions; nothing is judged"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers here")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the page here, as markdown")
    parser.add_argument(
        "--workspace",
        type=Path,
        metavar="DIR",
        default=Path("setpoint-workspace/recovery"),
        help="kept; finished cells are not run twice (default: %(default)s)",
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="conditions side by side (default: 1)"
    )
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="show an earlier report, run nothing")
    return parser


def _measured(options: argparse.Namespace, given: list[str]) -> Report:
    names = options.conditions or (QUICK if options.quick else [one.name for one in CONDITIONS])
    seeds = options.seeds or ([1] if options.quick else [1, 2, 3, 4, 5])
    cells = cells_of(list(names), list(dict.fromkeys(seeds)), quick=options.quick, root=options.workspace)
    return Report(
        command=command_of("benchmarks.recovery", given),
        made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        quick=options.quick,
        machine=this_machine(),
        code_version=load_problem("metabolism").code_version(),
        rows=tuple(rows_of(cells, workers=max(1, options.workers))),
    )


def _show(report: Report, options: argparse.Namespace) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    console.print(networks_table(report, width=console.width))
    if any(row.judgements for row in report.rows):
        console.print(targets_table(report))
    if options.json:
        write_atomically(options.json, report.model_dump_json(indent=1) + "\n")
    if options.write_docs:
        write_atomically(options.write_docs, page(report))


if __name__ == "__main__":
    sys.exit(main())
