"""`setpoint show RUN`: one run, whole."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.completing import complete_run
from agent.cli.due import catch_up
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption
from agent.cli.runs import truth_of
from blocks.run import Run, show_number
from blocks.slot import show_value

if TYPE_CHECKING:
    from rich.table import Table

    from blocks.certificate import StoredCertificate
    from blocks.run import MetricInfo


def show(
    run: Annotated[int, typer.Argument(min=1, help="Number of the run.", autocompletion=complete_run)],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    exploration: ExplorationOption = None,
    drawn: Annotated[
        bool | None,
        typer.Option(
            "--pictures/--no-pictures",
            help="Pictures in the terminal, or their paths; default: pictures where the terminal can.",
        ),
    ] = None,
) -> None:
    """Show one run: what was tried and why, its replicates, the guard's verdict, its files and pictures."""
    from rich.console import Console

    from agent.cli.inline import can_be_drawn, drawing
    from blocks.problem import load_problem
    from memory import Store, Workspace
    from memory.visible import pictures_of
    from memory.void import why_void

    draw = drawing(drawn)

    catch_up(workspace)
    with Store.open(Workspace(workspace), create=False) as store:
        name = store.resolve(exploration)
        spec = store.spec(name)
        found = store.run(name, run)
        verdict = store.guard_verdict(name, run)
        certificates = store.certificates_of(name, run)
        void = why_void(store.retractions(), name, run)
        problem = load_problem(spec.problem)
        infos = dict(problem.metrics(spec.data))
        truth = truth_of(store, spec, infos, problem.truth_guided_by(spec))
        origin = store.origin(name, run)
        folder, pictures = store.workspace.run(*origin), pictures_of(store, spec, run)
    # Piped somewhere, a line is as long as it needs to be; only a screen has an edge.
    console = Console() if sys.stdout.isatty() else Console(width=1000)
    has_truth = any(info.needs_labels for info in infos.values())
    facts = [*_facts(found, verdict, has_truth=has_truth), *_certificates(found, certificates)]
    facts[1:1] = [("void", line) for line in void]
    for label, text in [*facts, ("choices", str(truth))]:
        console.print(f"[bold]{label:<12}[/bold]", end="")
        console.print(text, markup=False, highlight=False)
    if folder.exists():
        console.print(f"[bold]{'files':<12}[/bold]", end="")
        console.print(str(folder), markup=False, highlight=False, soft_wrap=True)
    for place, picture in enumerate(pictures):
        console.print(f"[bold]{'' if place else 'pictures':<12}[/bold]", end="")
        console.print(str(picture), markup=False, highlight=False, soft_wrap=True)
    if found.metrics:
        console.print(_replicates(found, infos))
    if draw is not None:
        for picture in filter(can_be_drawn, pictures):
            try:
                image = draw(picture)
            except OSError:  # damaged, or no picture at all: its path stands above
                continue
            console.print(f"\n[bold]{picture.stem.replace('_', ' ')}[/bold]")
            console.print(image)


def _facts(run: Run, verdict: str, *, has_truth: bool) -> list[tuple[str, str]]:
    proposal, network = run.proposal, run.proposal.network
    state = run.stopped or run.state.value
    if run.failure is not None:
        state = f"failed: {run.failure.kind.value}: {run.failure.reason}"
    values = ", ".join(f"{name} {show_value(value)}" for name, value in sorted(proposal.spec.values.items()))
    facts = [
        ("run", f"{run.number} · block {run.block}, batch {run.batch}, slot {proposal.slot} · {state}"),
        ("role", f"{proposal.role.value}: {proposal.reason}"),
        ("parent", f"run {proposal.parent}: {proposal.change}" if proposal.parent else "none"),
        ("values", values),
        ("strategies", ", ".join(proposal.spec.strategies)),
        ("seeds", ", ".join(map(str, proposal.spec.seeds))),
        ("data set", run.dataset[:12] + (f" (fresh network {network})" if network else "")),
        ("identity", run.identity[:12]),
        ("guard", verdict),
    ]
    if run.train_s is not None:
        steps = f", {run.trained_steps} of {run.planned_steps} steps" if run.trained_steps is not None else ""
        facts.append(("trained in", f"{run.train_s:.1f} s{steps}"))
    facts += _early_stop(run)
    if run.trained_hash is not None and run.stopped:
        facts.append(
            ("parameters", f"{run.trained_hash[:12]} (not evaluated, as its training was cut short)")
        )
    elif run.trained_hash is not None:
        order = "the truth was opened" if has_truth else "they were evaluated; these data have no truth"
        facts.append(("parameters", f"{run.trained_hash[:12]} (stored before {order})"))
    return facts


def _early_stop(run: Run) -> list[tuple[str, str]]:
    """The rule by which the training could end, with what it rests on, and the learning curve."""
    rule, curve = run.proposal.spec.stop, run.curve
    facts = []
    if rule is not None:
        limits = [
            f"{limit:.3g} at {share:.0%}" for share, limit in zip(rule.shares, rule.limits, strict=False)
        ]
        said = f"below {', '.join(limits)}, {rule.why}" if limits else f"only looked at: {rule.why}"
        facts.append(("early stop", said))
    if curve is not None:
        points = zip(curve.steps, curve.middles, strict=True)
        told = [
            f"{'-' if middle is None else format(middle, '.3g')} at step {step}" for step, middle in points
        ]
        facts.append(("curve", f"{curve.measure} {', '.join(told)}"))
    return facts


def _certificates(run: Run, certificates: "list[StoredCertificate]") -> list[tuple[str, str]]:
    """Whether the run is evidence, and what that rests on: a line per strategy."""
    state = "certified" if run.certified else "unverified: no evidence, since a strategy has no certificate"
    return [
        ("" if place else "evidence", text)
        for place, text in enumerate([state, *(one.line for one in certificates)])
    ]


def _replicates(run: Run, infos: "dict[str, MetricInfo]") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    table.add_column("metric", no_wrap=True)
    for replicate in range(len(run.metrics)):
        table.add_column(f"rep {replicate}", justify="right")
    table.add_column("median ± sd", justify="right")
    table.add_column("meaning", style="dim", no_wrap=True, overflow="ellipsis", ratio=1)
    names = [name for name in infos if any(name in metrics for metrics in run.metrics)]
    # What the problem does not name for these data is shown where it has a value.
    more = {name for metrics in run.metrics for name, value in metrics.items() if value is not None}
    names += sorted(more - set(names))
    for name in names:
        cells = [metrics.get(name) for metrics in run.metrics]
        spread = run.spread(name)
        table.add_row(
            name,
            *("-" if cell is None else show_number(cell) for cell in cells),
            "-" if spread is None else str(spread),
            infos[name].meaning if name in infos else "",
        )
    return table
