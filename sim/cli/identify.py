"""`setpoint identify`: what a data set can determine, before anything is paid for. No label is read."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from sim.identified import Identified

WORST = 8
"""Metabolites in the table of those whose regulation is hardest to determine."""

EXPLAINED = {
    "empty": "no entry in S: the reaction changes nothing",
    "never active": "its rate is 0 in every frame, or cannot be told from regulation",
    "same substrates": "equal rates, dependent columns of S: only combinations of these constants show",
    "collinear": "this trajectory moves these together: another one may tell them apart",
}


def identify(
    dataset: Annotated[
        Path,
        typer.Argument(
            help="What `setpoint simulate` wrote, an observations folder, or a workspace's datasets/KEY."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """Say which rate constants a data set cannot determine and why, and how well it determines regulation.

    Nothing is trained, and no label is read. Example: `setpoint identify quickstart-42`.
    """
    from sim.folders import find_data
    from sim.identified import identify_data

    found = find_data(dataset)
    identified = identify_data(found.observations)
    if as_json:
        json.dump({"data_set": str(found.observations), **identified.record()}, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    from rich.console import Console

    # Piped somewhere, a line is as long as it needs to be; only a screen has an edge.
    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=1000, highlight=False)
    _print_size(console, found.name, identified)
    _print_constants(console, identified)
    _print_regulation(console, identified)


def _print_size(console: "Console", name: str, identified: "Identified") -> None:
    n_frames, n_metabolites = identified.shape
    console.print(f"[bold]{name}[/bold]", end="  ", markup=True)
    console.print(
        f"{n_metabolites} metabolites, {identified.n_reactions} reactions, {n_frames} frames, "
        f"dt {identified.dt:g} t.u.; numbered from 0"
    )


def _print_constants(console: "Console", identified: "Identified") -> None:
    verdict, total = identified.constants, identified.n_reactions
    open_ones = verdict.n_undetermined
    console.print("\n[bold]Rate constants[/bold]")
    assumed = "(substrates taken to enter as c^E)"
    if not open_ones:
        console.print(f"all {total} are determined {assumed}")
        return
    console.print(
        f"{total - open_ones} of {total} are determined, {open_ones} {'is' if open_ones == 1 else 'are'} not "
        f"{assumed}"
    )
    for cause, groups in identified.undetermined().items():
        count = sum(map(len, groups))
        console.print(f"\n  {cause} ({count}): {EXPLAINED[cause]}")
        width = max(len(str(reaction)) for group in groups for reaction in group)
        for group in groups:
            for place, reaction in enumerate(group):
                mark = (
                    " " if len(group) == 1 else "┌" if place == 0 else "└" if place + 1 == len(group) else "│"
                )
                console.print(
                    f"    {mark} {reaction:>{width}}  {identified.formulas[reaction]}", markup=False
                )
    directions = f"{verdict.n_open} direction{'' if verdict.n_open == 1 else 's'} of {total}"
    console.print(
        f"\n  R2 of log10 k over all reactions, at best:\n"
        f"    {verdict.r2_ceiling:.3f}  to be expected, since the data leave {directions} open\n"
        f"    {verdict.r2_of_guesses:.3f}  with the mean of the others for each that is not determined\n"
        f"    1.000  over the determined ones alone"
    )


def _print_regulation(console: "Console", identified: "Identified") -> None:
    from rich.table import Table

    from blocks.run import show_number

    regulation = identified.regulation
    console.print(
        "\n[bold]Regulation[/bold]  slope (-lambda) and offset (lambda * baseline) of each metabolite"
    )
    for cause, metabolites in identified.unregulated().items():
        named = ", ".join(f"m{metabolite}" for metabolite in metabolites)
        console.print(f"  not determinable, {cause}: {named}", soft_wrap=True)
    order = identified.worst_first()
    if not order:
        console.print("  no metabolite's regulation can be determined")
        return
    console.print("  standard errors for noise of 1 c.u. per t.u. on dc/dt; they grow with it\n")
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 2))
    for column in ("", "slope, 1 / t.u.", "offset, c.u. / t.u.", "x known k"):
        table.add_column(column, justify="left" if not column else "right")
    quantities = (regulation.slope, regulation.offset, regulation.inflation)
    for label, values in identified.quantiles(*quantities).items():
        table.add_row(label, *map(show_number, values))
    table.add_section()
    table.add_row("", "", "", "")
    for metabolite in order[:WORST]:
        cells = [show_number(float(quantity[metabolite])) for quantity in quantities]
        table.add_row(f"m{metabolite}", *cells)
    console.print(table)
    shown = min(WORST, len(order))
    console.print(
        f"\n  single metabolites: the {shown} of {len(order)} with the largest error of the slope\n"
        "  x known k: the slope's error over that with all rate constants known",
        style="dim",
    )
