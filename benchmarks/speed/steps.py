"""An optimiser step: against the obvious loop, against what the arithmetic costs, and how it grows."""

from collections.abc import Callable, Iterable
from itertools import product
from typing import Final

import numpy as np
import torch

from agent.pool import available_cores
from benchmarks.speed.bench import PRESET, Setting, setting
from benchmarks.speed.obvious import ObviousTraining
from benchmarks.speed.results import Figure, Timing, ratio_of
from benchmarks.speed.shared import SharedSteps
from benchmarks.speed.timing import ONCE, growth_exponent, side_by_side
from benchmarks.targets import Target

SECTION: Final = "Optimiser step, 8 windows x 32 Euler steps, hidden width 64"
WINDOWS, STEPS, WIDTH, MANY = 8, 32, 64, 8
SIZES: Final = (100, 200, 400, 800)
TIME_STEPS: Final = (4, 8, 16, 32, 64)


def measure(quick: bool) -> Iterable[Figure]:
    """All figures of the section."""
    preset, steps = ("quickstart", 8) if quick else (PRESET, STEPS)
    here = setting(preset=preset)
    cores = available_cores()
    shared = SharedSteps(cores, replicates=-(-MANY // cores), time_step=steps, preset=preset)
    with shared as in_processes:
        timings = _contenders(here, steps, in_processes, repeats=ONCE if quick else 7)
    yield Figure(
        section=SECTION,
        what="1 replicate, against the obvious loop",
        value=ratio_of(timings, "obvious loop", "1 replicate"),
        unit="times faster",
        target=Target(metric="one", label="faster", low=12),
        timings={name: timings[name] for name in ("obvious loop", "1 replicate")},
    )
    yield Figure(
        section=SECTION,
        what=f"{MANY} replicates together, per replicate, against the obvious loop",
        value=ratio_of(timings, "obvious loop", f"{MANY} replicates"),
        unit="times faster",
        target=Target(metric="many", label="faster", low=25),
        timings={name: timings[name] for name in ("obvious loop", f"{MANY} replicates")},
        details={"one process alone, ms": timings["one process"].seconds * 1e3},
        note="best of one process, with one thread or all, and of a process per core, as idle workers train",
    )
    yield _distance(here, steps, ONCE if quick else 9)
    yield from _growth(quick=quick)


def _contenders(
    here: Setting, steps: int, in_processes: Callable[[], None], *, repeats: int
) -> dict[str, Timing]:
    """Every contender at 1 thread and at all of them, taking turns; the better number of threads counts."""
    obvious = ObviousTraining(
        here.model,
        here.observations.stoichiometry,
        concentration=here.data.concentration,
        spread=here.data.spread,
        dt=here.data.dt,
        windows=WINDOWS,
        steps=steps,
        width=WIDTH,
    )
    calls: dict[str, Callable[[], object]] = {
        "obvious loop": obvious.step,
        "1 replicate": here.steps(replicates=1, time_step=steps),
        "one process": here.steps(replicates=MANY, time_step=steps),
    }
    before = torch.get_num_threads()
    threads = sorted({1, before})
    each = {f"{name}@{n}": _with_threads(call, n) for (name, call), n in product(calls.items(), threads)}
    per = {f"one process@{n}": MANY for n in threads} | {"processes": MANY}
    found = side_by_side({**each, "processes": in_processes}, repeats=repeats, per=per)
    torch.set_num_threads(before)
    best = {}
    for name in calls:
        number = min(threads, key=lambda n: found[f"{name}@{n}"].seconds)
        best[name] = found[f"{name}@{number}"].model_copy(update={"threads": number})
    apart = found["processes"].model_copy(update={"threads": available_cores()})
    best[f"{MANY} replicates"] = min(best["one process"], apart, key=lambda timing: timing.seconds)
    return best


def _with_threads(call: Callable[[], object], number: int) -> Callable[[], object]:
    def timed() -> None:
        torch.set_num_threads(number)
        call()

    return timed


def _distance(here: Setting, steps: int, repeats: int) -> Figure:
    """The step against its arithmetic alone, on one thread: matrix products and tanh of MLP_node."""
    rows = WINDOWS * steps * here.data.concentration.shape[1]
    # Forward, back to the concentration, and to the weights: each layer's product three times over.
    flops = 3 * 2 * rows * (3 * WIDTH + WIDTH * WIDTH + WIDTH)
    tanhs = 2 * rows * WIDTH
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    a, b, c = torch.randn(1024, 1024), torch.randn(1024, 1024), torch.empty(1024, 1024)
    layer = torch.randn(800, WIDTH)
    array = layer.numpy()
    single = _with_threads(here.steps(replicates=1, time_step=steps), 1)
    found = side_by_side(
        {
            "matmul": lambda: torch.mm(a, b, out=c),
            "tanh of numpy": lambda: np.tanh(array, out=array),
            "tanh of torch": lambda: torch.tanh(layer),
            "step": single,
        },
        repeats=repeats,
    )
    torch.set_num_threads(before)
    rate = 2 * 1024**3 / found["matmul"].seconds
    per_tanh = {name: found[f"tanh of {name}"].seconds / layer.numel() for name in ("numpy", "torch")}
    limit = {name: flops / rate + tanhs * cost for name, cost in per_tanh.items()}
    return Figure(
        section=SECTION,
        what="1 replicate on one thread, against the arithmetic of MLP_node alone",
        value=found["step"].seconds / limit["numpy"],
        unit="times the limit",
        target=Target(metric="distance", label="distance", high=2.5),
        timings={"step": found["step"]},
        details={
            "GFLOP": flops / 1e9,
            "GFLOP/s of matmul": rate / 1e9,
            "limit with numpy's tanh, ms": limit["numpy"] * 1e3,
            "with torch's tanh, ms": limit["torch"] * 1e3,
            "times the limit with torch's tanh": found["step"].seconds / limit["torch"],
        },
        note="judged by the faster tanh",
    )


def _growth(*, quick: bool) -> Iterable[Figure]:
    """Exponents of the time of a step in the number of metabolites, and in time_step."""
    sizes = SIZES[:2] if quick else SIZES
    repeats = ONCE if quick else 5
    networks = {size: setting(size, size * 256 // 100) for size in sizes}
    yield _exponent(
        f"growth with metabolites, {sizes[0]} .. {sizes[-1]}, reactions in proportion",
        {size: one.steps(replicates=1, time_step=8 if quick else STEPS) for size, one in networks.items()},
        repeats,
    )
    base = networks[sizes[0]]
    yield _exponent(
        f"growth with time_step, {TIME_STEPS[0]} .. {TIME_STEPS[-1]}",
        {time_step: base.steps(replicates=1, time_step=time_step) for time_step in TIME_STEPS},
        repeats,
    )


def _exponent(what: str, calls: dict[int, Callable[[], object]], repeats: int) -> Figure:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    timings = side_by_side({str(size): call for size, call in calls.items()}, repeats=repeats)
    torch.set_num_threads(before)
    return Figure(
        section=SECTION,
        what=what,
        value=growth_exponent({float(size): timing.seconds for size, timing in timings.items()}),
        unit="(exponent)",
        target=Target(metric="exponent", label="exponent", high=1.0),
        timings=timings,
    )
