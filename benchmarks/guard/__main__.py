"""`python -m benchmarks.guard`: the corpus through every layer, judged, and the page that tells it."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmarks.guard.measure import measure
from benchmarks.guard.page import page
from benchmarks.guard.results import Report
from benchmarks.machine import this_machine
from benchmarks.page import command_of, earlier_report
from blocks.errors import SetpointError
from blocks.installed import load_problem
from memory.writing import write_atomically


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        report = earlier_report(options.from_json, Report) if options.from_json else _measured(given)
        if options.json:
            write_atomically(options.json, report.model_dump_json(indent=1) + "\n")
        if options.write_docs:
            write_atomically(options.write_docs, page(report))
    except SetpointError as error:
        print(f"guard: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("guard: interrupted", file=sys.stderr)
        return 130
    for target in report.targets():
        print(
            f"{'met' if target.met else 'missed':7s}{target.what}: {target.found} (wanted: {target.wanted})"
        )
    return 0 if all(target.met for target in report.targets()) else 1


def _measured(given: Sequence[str]) -> Report:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        rows, costs = measure(Path(folder))
    return Report(
        command=command_of("benchmarks.guard", given),
        made_at=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=this_machine(),
        code_version=load_problem("metabolism").code_version(),
        rows=tuple(rows),
        costs=tuple(costs),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.guard",
        description="What each layer of the guard catches of the corpus, and what it refuses wrongly.",
        epilog="Exit code: 0 where every target was met, 1 where one was missed, 2 for wrong usage.",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all verdicts here")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the page here, as markdown")
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="use an earlier report, run nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
