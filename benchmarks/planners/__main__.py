"""`python -m benchmarks.planners`: replays explorations on the recorded landscapes, or records one."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.machine import this_machine
from benchmarks.page import command_of, earlier_report
from benchmarks.planners import docs
from benchmarks.planners.contenders import CONTENDERS, Contender
from benchmarks.planners.grounds import FOUNDATIONS, ground
from benchmarks.planners.landscape import Landscape
from benchmarks.planners.recorded import read
from benchmarks.planners.replay import Exploration, replay
from benchmarks.planners.results import DEFAULT, Checked, Ground, Played, Report
from blocks.errors import SetpointError
from blocks.slot import SlotSpec
from memory.writing import write_atomically
from sim.problem import MetabolicProblem

LANDSCAPES = Path(__file__).parent / "landscapes"

EPILOG = """\
examples:
  python -m benchmarks.planners
  python -m benchmarks.planners --json planners.json --write-docs docs/planners.md --check 5
  python -m benchmarks.planners --planners hybrid random --explorations 5
  python -m benchmarks.planners record quickstart --out benchmarks/planners/landscapes/quickstart.jsonl.gz

Exit code: 0 where the default needs few enough runs on every landscape, 1 where it does not, 2 for wrong
usage, 130 interrupted (`record` goes on from there).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        if options.what == "record":
            return _record(options)
        report = earlier_report(options.from_json, Report) if options.from_json else _measured(options, given)
    except SetpointError as error:
        print(f"planners: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("planners: interrupted", file=sys.stderr)
        return 130
    _show(report, options)
    return 0 if report.all_met else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planners",
        description="How soon each planner comes to a good configuration, on recorded landscapes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [one.name for one in CONTENDERS]
    parser.add_argument("--planners", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument(
        "--landscapes", nargs="+", choices=list(FOUNDATIONS), metavar="NAME", help=", ".join(FOUNDATIONS)
    )
    parser.add_argument("--explorations", type=int, default=20, metavar="N", help="of each (default: 20)")
    parser.add_argument(
        "--first-seed", type=int, default=1, metavar="N", help="of an exploration (default: 1)"
    )
    parser.add_argument(
        "--check",
        type=int,
        default=0,
        metavar="N",
        help="train the best of N explorations per landscape for real",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers here")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the page here, as markdown")
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="show an earlier report, play nothing")
    commands = parser.add_subparsers(dest="what", metavar="record")
    record = commands.add_parser("record", help="train the slots of a landscape (half an hour)")
    record.add_argument("landscape", choices=list(FOUNDATIONS))
    record.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .jsonl.gz file")
    record.add_argument("--slots", type=int, metavar="N", help="how many")
    return parser


def _record(options: argparse.Namespace) -> int:
    from benchmarks.planners.record import SLOTS, record

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the processes that train
    out = f"benchmarks/planners/landscapes/{options.landscape}.jsonl.gz"
    more = "" if options.slots is None else f" --slots {options.slots}"
    record(
        options.landscape,
        options.out,
        command=f"python -m benchmarks.planners record {options.landscape} --out {out}{more}",
        n_slots=options.slots or SLOTS,
        said=_said,
    )
    return 0


def _measured(options: argparse.Namespace, given: list[str]) -> Report:
    problem = MetabolicProblem()
    grounds, played, checked = [], [], []
    for name in options.landscapes or FOUNDATIONS:
        recording = read(LANDSCAPES / f"{name}.jsonl.gz")
        landscape = Landscape(recording, ground(name))
        grounds.append(
            Ground(
                name=name,
                slots=len(recording.slots),
                trainings=sum(len(slot.seeds) for slot in recording.slots),
                best=landscape.best,
                noise=landscape.noise,
                explained=landscape.explained(),
                foundation=recording.header.foundation,
            )
        )
        for contender in CONTENDERS:
            if options.planners and contender.name not in options.planners:
                continue
            one, bests = _played(contender, landscape, problem, options)
            played.append(one)
            _said(f"{name} {contender.name}: {one.final:.3f} in {one.seconds:.1f} s each")
            if contender.name == DEFAULT and options.check:
                checked += _checked(landscape, problem, bests[: options.check])
    return Report(
        command=command_of("benchmarks.planners", given),
        made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        machine=this_machine(),
        code_version=problem.code_version(),
        grounds=tuple(grounds),
        played=tuple(played),
        checked=tuple(checked),
    )


def _played(
    contender: Contender, landscape: Landscape, problem: MetabolicProblem, options: argparse.Namespace
) -> tuple[Played, list[SlotSpec]]:
    began = time.process_time()
    seeds = range(options.first_seed, options.first_seed + options.explorations)
    found: list[Exploration] = [
        replay(contender, landscape, ground(landscape.name), problem, seed=seed) for seed in seeds
    ]
    one = Played(
        landscape=landscape.name,
        contender=contender.name,
        note=contender.note,
        runs=contender.runs,
        explorations=tuple(exploration.moments for exploration in found),
        seconds=(time.process_time() - began) / len(found),
    )
    return one, [exploration.best for exploration in found if exploration.best is not None]


def _checked(landscape: Landscape, problem: MetabolicProblem, slots: list[SlotSpec]) -> list[Checked]:
    from benchmarks.planners.check import check

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the process that trains
    return check(landscape, ground(landscape.name), problem, slots, _said)


def _show(report: Report, options: argparse.Namespace) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    for one in report.grounds:
        table = Table(*docs.header(), title=f"{one.name}: best {one.best:.3f}, {one.slots} slots")
        for played in report.played:
            if played.landscape == one.name:
                table.add_row(*docs.row(played, one.best))
        console.print(table)
    for judged in report.judgements:
        ours = docs.shown(judged.default_runs, judged.default_limit)
        theirs = docs.shown(judged.other_runs, judged.other_limit)
        console.print(
            f"{judged.landscape}, true value {judged.value:.3f}: {DEFAULT} {ours} runs, {judged.against} "
            f"{theirs}; wanted {docs.wanted(judged)}: {'met' if judged.met else 'MISSED'}",
            highlight=False,
        )
    if options.json:
        write_atomically(options.json, report.model_dump_json(indent=1) + "\n")
    if options.write_docs:
        write_atomically(options.write_docs, docs.page(report))


def _said(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
