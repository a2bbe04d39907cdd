"""`setpoint best`: what is best, how that is known, and its configuration, ready to go on from."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.due import catch_up
from agent.cli.facts import fact_lines
from agent.cli.options import DEFAULT_WORKSPACE, ExplorationOption, WorkspaceOption

if TYPE_CHECKING:
    from blocks.exploration import ExplorationSpec
    from blocks.run import Run
    from memory.best import Best


def best(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    exploration: ExplorationOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Say what is best, how it is known, where its parameters lie, and what is still to be confirmed.

    Its configuration follows as YAML, for the `baseline` and `strategies` of another exploration's file.
    """
    from blocks.errors import QueryError
    from blocks.installed import load_problem
    from memory import Store, Workspace
    from memory.best import best as best_of

    catch_up(workspace)
    with Store.open(Workspace(workspace), create=False) as store:
        name = store.resolve(exploration)
        spec = store.spec(name)
        problem = load_problem(spec.problem)
        metrics = problem.metrics(spec.data)
        found = best_of(spec, store.past(name, spec.objective), metrics)
        if found is None:
            raise QueryError(
                f"{name}: must have a run that ended well with as many replicates as make a spread, but has "
                "none yet; see `setpoint status`"
            )
        folders = {
            one.number: store.workspace.run(*store.origin(name, one.number)) for one in (found.run, *found.by)
        }
    open_ = still_open(spec, found, has_fresh_networks=problem.fresh_data(spec.data, 1) is not None)
    label = metrics[spec.objective].label or spec.objective
    if as_json:
        json.dump(_record(spec, found, folders, open_), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    state = "confirmed" if found.confirmed else "not yet confirmed"
    typer.echo(f"{name} · best: run {found.run.number} · {state}")
    for line in fact_lines(_facts(found, label, folders, open_), indent=13):
        typer.echo(line)
    typer.echo(f"\n{fragment(spec, found.run)}", nl=False)


def still_open(spec: "ExplorationSpec", found: "Best", *, has_fresh_networks: bool) -> list[str]:
    """What is still to be confirmed, a line each; empty where all is done that was asked for."""
    asked = spec.planner.confirmation
    if not asked.slots:
        return ["nothing is confirmed in this exploration: planner.confirmation.slots is 0"]
    lines = []
    if not found.confirmed:
        lines.append(
            f"fresh seeds: {asked.seeds} of them, in the last batch of a block from block 2 on; until then "
            "its value is that of the runs that selected it, which overstates"
        )
    if found.challenger is not None:
        lines.append(f"run {found.challenger.number} leads by now, and is confirmed next")
    networks = asked.networks if has_fresh_networks else 0
    if (done := len(found.elsewhere)) < networks:
        lines.append(f"fresh networks: {done} of {networks}")
    if not has_fresh_networks:
        lines.append("on another network: cannot be told, since there is no other network like these data")
    return lines


def fragment(spec: "ExplorationSpec", run: "Run") -> str:
    """The configuration of a run as YAML: `baseline` and `strategies` of an exploration's file.

    What is fixed per slot stands as a comment: the space names it, and a baseline must not.
    """
    from io import StringIO

    from ruamel.yaml import YAML

    from blocks.slot import show_value
    from blocks.space import PerSlotParameter

    chosen, choice = run.proposal.spec, spec.strategies
    fixed = [name for name, one in spec.space.root.items() if isinstance(one, PerSlotParameter)]
    lines = [f"# run {run.number} of {spec.name}"]
    lines += [
        f"# {name} {show_value(chosen.values[name])} was fixed by its slot: name it under space.{name}.values"
        for name in fixed
        if name in chosen.values
    ]
    strategies: dict[str, Any] = {"baseline": list(chosen.strategies)}
    known = dict.fromkeys((*choice.baseline, *choice.open))
    if rest := [name for name in known if name not in chosen.strategies]:
        strategies["open"] = rest
    if choice.files:
        strategies["files"] = list(choice.files)
    values = {name: value for name, value in chosen.values.items() if name not in fixed}
    stream = StringIO()
    for part, flow in (({"baseline": values}, False), ({"strategies": strategies}, None)):
        yaml: Any = YAML(typ="safe", pure=True)
        yaml.default_flow_style = flow
        yaml.sort_base_mapping_type_on_output = False  # in the order in which people wrote them
        yaml.width = 100
        yaml.dump(part, stream)
    return "\n".join([*lines, stream.getvalue()])


def _facts(
    found: "Best", label: str, folders: dict[int, Path], open_: Sequence[str]
) -> list[tuple[str, str]]:
    value, seeds = found.estimate, found.run.proposal.spec.seeds
    if found.confirmed:
        by = ", ".join(f"run {run.number}" for run in found.by)
        seeds = found.by[-1].proposal.spec.seeds
        facts = [(label, f"{value} over {value.n} fresh seeds ({by})")]
        if found.rounds > 1:
            facts.append(("", f"of round {found.rounds} alone: the earlier ones helped to choose it"))
    else:
        facts = [(label, f"{value} over {value.n} replicates that selected it, and so overstate it")]
    facts.append(("seeds", ", ".join(map(str, seeds))))
    facts.append(("networks", f"{found.n_networks}" + ("" if found.elsewhere else ": its own")))
    facts += [("", f"fresh network {one}: {label} {there}") for one, there in found.elsewhere.items()]
    facts += [("", f"fresh network {one}: its runs there failed") for one in found.failed_on if one]
    for place, (number, folder) in enumerate(folders.items()):
        gone = "" if folder.is_dir() else " (not there any more)"
        facts.append(("" if place else "parameters", f"run {number}: {folder}{gone}"))
    facts += [("" if place else "to confirm", line) for place, line in enumerate(open_ or ["nothing more"])]
    return facts


def _record(
    spec: "ExplorationSpec", found: "Best", folders: dict[int, Path], open_: Sequence[str]
) -> dict[str, Any]:
    chosen = found.run.proposal.spec
    return {
        "exploration": spec.name,
        "objective": spec.objective,
        "run": found.run.number,
        "confirmed": found.confirmed,
        "value": found.estimate.value,
        "sd": found.estimate.sd,
        "seeds": found.estimate.n,
        "by": [run.number for run in found.by],
        "rounds": found.rounds,
        "networks": found.n_networks,
        "fresh_networks": {one: there._asdict() for one, there in found.elsewhere.items()},
        "failed_on": list(found.failed_on),
        "challenger": None if found.challenger is None else found.challenger.number,
        "values": chosen.values,
        "strategies": list(chosen.strategies),
        "parameters": {number: str(folder) for number, folder in folders.items()},
        "to_confirm": list(open_),
    }
