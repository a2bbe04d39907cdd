"""`setpoint show RUN`: one run, whole."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.completing import complete_run
from agent.cli.due import catch_up
from agent.cli.facts import fact_lines
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption
from agent.cli.replicates import replicate_lines
from agent.cli.runs import truth_of
from blocks.run import Run
from blocks.slot import show_value

if TYPE_CHECKING:
    from blocks.certificate import StoredCertificate


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
    from agent.cli.inline import can_be_drawn, drawing
    from blocks.installed import load_problem
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
    has_truth = any(info.needs_labels for info in infos.values())
    facts = [*_facts(found, verdict, has_truth=has_truth), *_certificates(found, certificates)]
    facts[1:1] = [("void", line) for line in void]
    facts.append(("choices", str(truth)))
    if folder.exists():
        facts.append(("files", str(folder)))
    facts += [("" if place else "pictures", str(picture)) for place, picture in enumerate(pictures)]
    for line in fact_lines(facts, indent=12):
        typer.echo(line)
    if found.metrics:
        for line in replicate_lines(found, infos):
            typer.echo(line)
    if draw is not None:
        from rich.console import Console

        console = Console()
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
