"""Launches as a user makes them: Phase 1, full recovery from nothing, and how much of a block is training."""

import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.speed.bench import PRESET, fitted
from benchmarks.speed.exploring import Launched, launch, moment
from benchmarks.speed.results import Figure, Timing
from benchmarks.targets import Target
from sim.dataset import load_observations
from sim.evaluation.foundation import evaluate_reaction
from sim.networks.settings import DataSettings
from sim.seal import load_seal
from sim.simulate import simulate_dataset

SECTION: Final = "Launches, default preset, 2 cores"
REPEATS: Final = 5
NETWORKS: Final = (1, 2, 3, 4, 5)


def measure(quick: bool) -> Iterable[Figure]:
    """All figures of the section."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        networks = NETWORKS[:1] if quick else NETWORKS
        data = {"preset": "quickstart"} if quick else {}
        yield _phase_1(root / "phase1", networks, PRESET if not quick else "quickstart")
        yield _recovery(root / "recovery", networks, data)
        yield _share(root / "block", data)


def _phase_1(root: Path, networks: tuple[int, ...], preset: str) -> Figure:
    """Each network once; the slowest counts, and none where a fit is not as good as it must be."""
    times, r2 = [], []
    for seed in networks:
        folder = root / str(seed)
        settings = DataSettings.model_validate({"preset": preset, "seed": seed})
        simulate_dataset(settings, observations=folder / "observations", seal=folder / "seal")
        observations = load_observations(folder / "observations")
        model, seconds = fitted(observations, folder / "fit")
        found = evaluate_reaction(model, observations, load_seal(folder / "seal"))
        times.append(seconds)
        r2.append(found["rate_constants_R2_identifiable"] or 0.0)
    return Figure(
        section=SECTION,
        what=f"Phase 1 to R2 >= 0.9999, the slowest of {len(networks)} networks",
        value=max(times) if min(r2) >= 0.9999 else None,
        unit="s",
        target=Target(metric="phase1", label="Phase 1", high=8),
        timings={"Phase 1": _timing(times)},
        details={"lowest R2 identifiable": f"{min(r2):.7f}"},
    )


def _recovery(root: Path, networks: tuple[int, ...], data: dict[str, str]) -> Figure:
    """`setpoint launch recovery` on an empty workspace; judged only where it recovers everything."""
    times, slopes, aris = [], [], []
    for seed in networks:
        launched = launch(
            "recovery", root / str(seed), {"name": f"recovery-{seed}", "data": {**data, "seed": seed}}
        )
        times.append(launched.seconds)
        (run,) = launched.runs
        for name in ("slope_ratio_0", "slope_ratio_1"):
            spread = run.spread(name)
            slopes.append(abs(spread.median - 1) if spread is not None else 1.0)
        ari = run.spread("type_ari")
        aris.append(ari.median if ari is not None else 0.0)
    recovered = max(slopes) <= 0.05 and min(aris) == 1
    return Figure(
        section=SECTION,
        what=f"launch to full label-free recovery, 3 replicates, median of {len(networks)} networks",
        value=median(times) if recovered else None,
        unit="s",
        target=Target(metric="launch", label="launch", high=30),
        timings={"setpoint launch recovery": _timing(times)},
        details={"largest error of a slope": max(slopes), "lowest ARI": min(aris)},
        note="from the command to its end: simulation, Phase 1, training, evaluation, memory, pictures",
    )


def _share(root: Path, data: dict[str, str]) -> Figure:
    """The part of a block's wall-clock in which no worker trained."""
    launched = launch("phase2_homeostasis", root, {"data": data, "blocks": 1})
    (block,) = launched.rows("SELECT opened_at, closed_at FROM blocks WHERE exploration = :name")
    whole = moment(block["closed_at"]) - moment(block["opened_at"])
    idle = whole - _covered(launched)
    return Figure(
        section=SECTION,
        what="share of a block's wall-clock that is not training, phase2_homeostasis, block 1",
        value=100 * idle / whole,
        unit="%",
        target=Target(metric="share", label="not training", high=3),
        details={"block, s": whole.total_seconds(), "not training, s": idle.total_seconds()},
    )


def _covered(launched: Launched) -> timedelta:
    """How long at least one run was in training."""
    rows = launched.rows(
        "SELECT started_at, trained_at FROM runs WHERE exploration = :name AND trained_at IS NOT NULL"
    )
    spans = sorted((moment(row["started_at"]), moment(row["trained_at"])) for row in rows)
    covered, until = timedelta(), None
    for begin, end in spans:
        since = begin if until is None else max(begin, until)
        covered += max(end - since, timedelta())
        until = end if until is None else max(until, end)
    return covered


def _timing(times: list[float]) -> Timing:
    return Timing(seconds=median(times), low=min(times), high=max(times), repeats=len(times))
