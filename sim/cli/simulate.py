"""`setpoint simulate`: a data set of its own, observations and truth apart, with a picture."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from blocks.errors import DataError


def simulate(
    preset: Annotated[
        str,
        typer.Argument(
            help="quickstart, oscillatory_rank_20, oscillatory_rank_50, oscillatory_rank_70, pure or "
            "homeostatic."
        ),
    ],
    seed: Annotated[int, typer.Option(help="Seed of network and noise.")] = 42,
    noise: Annotated[
        float | None, typer.Option(help="Measurement noise, relative to the concentration: 0.01 is 1 %.")
    ] = None,
    types: Annotated[
        int | None,
        typer.Option(
            help="Number of metabolite types. Without --decay, lambda doubles from type to type; without "
            "--baseline, baselines go 4, 6, 5, 3, 4, ..."
        ),
    ] = None,
    decay: Annotated[str | None, typer.Option(help="lambda of each type, 1 per t.u.: 0.001,0.002.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Baseline of each type, c.u.: 4,6.")] = None,
    fractions: Annotated[str | None, typer.Option(help="Share of each type: 0.8,0.2. Default: even.")] = None,
    frames: Annotated[int | None, typer.Option(help="Number of frames.")] = None,
    regulation: Annotated[str | None, typer.Option(help="linear or saturating.")] = None,
    substrate: Annotated[str | None, typer.Option(help="power or saturating.")] = None,
    flux_limit: Annotated[
        bool | None,
        typer.Option("--flux-limit/--no-flux-limit", help="No substrate is over-consumed in one step."),
    ] = None,
    process_noise: Annotated[
        float | None, typer.Option(help="Relative noise of the dynamics, per square root of t.u.")
    ] = None,
    assign: Annotated[
        list[str] | None, typer.Option("--set", help="Any other setting: n_metabolites=50, dt=0.05.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to make; default: ./PRESET-SEED.")] = None,
) -> None:
    """Simulate a data set into a folder: observations without labels, the truth sealed apart, a picture.

    Examples: `setpoint simulate quickstart`, `setpoint simulate oscillatory_rank_50 --types 4 --noise 0.01`.
    """
    from sim.cli.settings import settings_from

    options = {
        "preset": preset,
        "seed": seed,
        "noise": noise,
        "decay": decay,
        "baseline": baseline,
        "type_fractions": fractions,
        "n_frames": frames,
        "regulation": regulation,
        "substrate": substrate,
        "flux_limit": flux_limit,
        "process_noise": process_noise,
    }
    settings = settings_from(options, types=types, assignments=assign or ())
    folder = Path(f"{settings.preset}-{settings.seed}") if out is None else out
    _refuse_what_is_there(folder)
    from sim.generated import generate_folder

    try:
        made = generate_folder(settings, folder)
    except OSError as error:
        raise DataError(
            f"{folder}: must be a folder that can be written, but is not ({error.strerror or error}); "
            "give another one with --out"
        ) from error
    kinds = "1 metabolite type" if settings.n_types == 1 else f"{settings.n_types} metabolite types"
    regulated = any(settings.decay)
    for label, text in (
        ("data set", f"{folder}"),
        (
            "size",
            f"{settings.n_metabolites} metabolites, {settings.n_reactions} reactions, "
            f"{settings.n_frames} frames, dt {settings.dt:g} t.u.",
        ),
        (
            "truth",
            f"{folder / 'truth.seal'}: {kinds}; who is of which, and all constants, are in there alone",
        ),
        ("activity rank", f"{made.activity_rank} of {settings.n_metabolites}"),
        (
            "rms terms",
            f"reactions {made.reaction_rms:.3g}, homeostasis {made.homeostasis_rms:.3g} c.u. per t.u."
            + (f" ({made.reaction_rms / made.homeostasis_rms:.0f} : 1)" if made.homeostasis_rms else "")
            + ("" if regulated else " (this preset has none)"),
        ),
        ("picture", f"{folder / 'trajectories.png'}"),
        ("next", shlex.join(["setpoint", "identify", str(folder)])),
        ("", f"in an exploration's file, `data: {{folder: {folder}}}`, then setpoint launch"),
    ):
        typer.echo(f"{label:<15}{text}")


def _refuse_what_is_there(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        what = "holds files" if folder.is_dir() else "is a file"
        raise DataError(
            f"{folder}: must not exist yet, but {what}; remove it, or give another one with --out"
        )
