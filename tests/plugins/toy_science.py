"""Another science, plugged in through its entry point: it trains in milliseconds and fails on demand.

The explorer, the pool, the guard and the store are the real ones; only what is explored is small. A
slot's `mode` says how its training ends.
"""

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from blocks.errors import DataError, DivergenceError, LabelLeakError, SpecError
from blocks.exploration import ExplorationSpec
from blocks.identity import content_hash
from blocks.problem import FoundationReport, Progress, Record, Report
from blocks.proxy import Proxy
from blocks.run import MetricInfo, Metrics
from blocks.slot import SlotSpec
from blocks.stopping import Course, Curve, StopRule
from blocks.user_strategy import UserStrategy

ANSWER = 0.25
DIVERGED = "loss is not finite at step 3 of 20"


class ToyProblem:
    """Find the value of `x` that the seal holds, from observations that hint at it."""

    name = "toy"
    foundation_name = "toy foundation"

    def extended(self, strategies: Sequence[UserStrategy]) -> "ToyProblem":
        raise SpecError("strategies.files: the toy has no use for strategies of your own")

    def user_strategies(self) -> Mapping[str, UserStrategy]:
        return {}

    def check(self, spec: ExplorationSpec) -> None:
        if spec.objective not in self.metrics(spec.data):
            raise SpecError(
                f"objective: must be one of {', '.join(self.metrics(spec.data))}, but got {spec.objective!r}"
            )

    def metrics(self, data: Mapping[str, Any]) -> Mapping[str, MetricInfo]:
        return {
            "closeness": MetricInfo(
                direction="maximize", needs_labels=False, meaning="1 - |x - hint|", target=1.0, label="close"
            ),
            "true_closeness": MetricInfo(
                direction="maximize",
                needs_labels=True,
                meaning="1 - |x - answer|",
                target=1.0,
                label="answer",
            ),
        }

    def default_objective(self, data: Mapping[str, Any]) -> str:
        return "closeness"

    def truth_guided_by(self, spec: ExplorationSpec) -> tuple[str, ...]:
        return ("the objective reads labels",) if spec.objective == "true_closeness" else ()

    def resolve(self, slot: SlotSpec) -> Mapping[str, Any]:
        return slot.model_dump(mode="json")

    def training_sources(self) -> tuple[Path, ...]:
        return ()

    def preload(self) -> tuple[str, ...]:
        return ("toy_science",)

    def code_version(self) -> str:
        return content_hash(os.environ.get("TOY_VERSION", "toy 1"))

    def describe_data(self, data: Mapping[str, Any]) -> str:
        return f"toy #{data['seed']}"

    def resolve_data(self, data: Mapping[str, Any], base: Path) -> Mapping[str, Any]:
        return data

    def seals(self, data: Mapping[str, Any]) -> tuple[Path, ...]:
        return tuple(Path(path) for path in data.get("own_seals", ()))

    def fresh_data(self, data: Mapping[str, Any], k: int) -> Mapping[str, Any] | None:
        return None if data.get("measured") else {**data, "seed": data["seed"] + k, "shift": 0.05 * k}

    def escalation(self, strategies: Sequence[str]) -> tuple[str, ...]:
        return tuple(strategies)

    def inspect_data(self, spec: ExplorationSpec, observations: Path) -> tuple[str, ...]:
        return ()

    def provide_data(self, data: Mapping[str, Any], observations: Path, seal: Path) -> None:
        observations.mkdir(parents=True)
        if data.get("shift", 0.0) and data.get("unlucky"):
            raise DataError("the network diverged; use another seed")
        (observations / "hint.json").write_text(json.dumps(ANSWER + 0.01 + data.get("shift", 0.0)))
        seal.parent.mkdir(parents=True, exist_ok=True)
        seal.write_text(json.dumps([ANSWER, data["seed"]]))

    def fit_foundation(
        self, settings: Mapping[str, Any], observations: Path, out: Path, report: Report
    ) -> None:
        (out / "candidate.json").write_text((observations / "hint.json").read_text())
        report(Progress(1, 1, 0.0))

    def evaluate_foundation(
        self, settings: Mapping[str, Any], observations: Path, fitted: Path, seal: Path | None
    ) -> FoundationReport:
        return FoundationReport("candidate.json", False, {}, "toy foundation laid")

    def train(
        self,
        slot: SlotSpec,
        observations: Path,
        foundation: Path,
        out: Path,
        report: Report,
        *,
        part: bool = False,
    ) -> Course | None:
        mode, steps = str(slot.values.get("mode", "good")), 20
        hint = json.loads(foundation.read_text())
        for step in range(steps):
            report(Progress(step + 1, steps, 1.0 / (step + 1)))
            time.sleep(float(slot.values.get("step_s", 0.0)))
        if mode == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif mode == "hang":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(3600)
        elif mode == "memory":
            bytearray(64 * 2**30)
        elif mode == "crash in part 2":
            if out.name == "part-2":
                os.kill(os.getpid(), signal.SIGSEGV)
            time.sleep(3600)
        elif mode == "diverge" and not part:
            raise DivergenceError(DIVERGED)
        elif mode in ("diverge over a label", "diverge over frames"):
            raise DivergenceError(DIVERGED, step=3, frames_read=True)
        elif mode == "diverge" or (mode == "diverge in part 2" and out.name == "part-2"):
            (out / "trained.json").write_text(json.dumps([None] * len(slot.seeds)))
            return None
        elif mode == "leak":
            # What a careless strategy does: it finds the seal's folder from where its data lie.
            for path in (observations.parent.parent / "sealed").iterdir():
                print(path.read_text())
        if peek := slot.values.get("peek"):
            print(Path(str(peek)).read_text())
        x = float(slot.values["x"])
        print(f"trained {len(slot.seeds)} replicates")
        closeness = [1 - abs(x - hint) + seed % 100 / 10_000 for seed in slot.seeds]
        (out / "trained.json").write_text(json.dumps(closeness))
        return None if slot.stop is None else obeyed(slot.stop, closeness, steps)

    def rehearse(
        self, slot: SlotSpec, observations: Path, foundation: Path, *, steps: int | None = None
    ) -> None:
        if slot.values.get("mode") == "diverge over a label":
            raise LabelLeakError(f"watched for {steps} steps: a label was used")

    def merge(self, slot: SlotSpec, parts: Sequence[Path], out: Path) -> None:
        found = [value for part in parts for value in json.loads((part / "trained.json").read_text())]
        if not any(found):
            raise DivergenceError(DIVERGED)
        (out / "trained.json").write_text(json.dumps(found))

    def strategies(self) -> tuple[str, ...]:
        return ("plain", "fancy", "leaky", "noisy", "broken")

    def strategy_version(self, strategy: str) -> str:
        return content_hash([strategy, os.environ.get(f"TOY_{strategy.upper()}", "1")])

    def audit_slot(self, strategy: str) -> SlotSpec:
        return SlotSpec(values={"x": 0.5}, strategies=(strategy,), seeds=(1, 2))

    def write_audit_data(self, root: Path, *, other_truth: bool, observations: Path | None = None) -> None:
        (root / "datasets").mkdir(parents=True)
        (root / "datasets" / "hint.json").write_text(json.dumps(ANSWER + 0.01))
        (root / "sealed").mkdir()
        (root / "sealed" / "answer.seal").write_text(json.dumps(0.75 if other_truth else ANSWER))

    def trace(self, slot: SlotSpec, root: Path, record: Record) -> None:
        time.sleep(float(os.environ.get("TOY_TRACE_S", "0")))
        for step in range(4):
            x = json.loads((root / "datasets" / "hint.json").read_text()) * step
            if slot.strategies == ("leaky",) and step == 2:
                x = json.loads(next(Path("../../../sealed").iterdir()).read_text())
            if slot.strategies == ("noisy",):
                x = int.from_bytes(os.urandom(4))
            if slot.strategies == ("broken",) and step == 1:
                raise ValueError("a spring broke")
            record(step, {"x": content_hash(x)})

    def find_proxies(self, observations: Path, seal: Path, seeds: Sequence[int]) -> tuple[Proxy, ...]:
        return ()

    def evaluate(
        self, slot: SlotSpec, observations: Path, foundation: Path, trained: Path, seal: Path | None
    ) -> tuple[Metrics, ...]:
        found = json.loads((trained / "trained.json").read_text())
        answer = json.loads(seal.read_text())[0] if seal else None
        true = None if answer is None else 1 - abs(float(slot.values["x"]) - answer)
        return tuple({"closeness": value, "true_closeness": true} for value in found)

    def illustrate(
        self,
        slot: SlotSpec,
        observations: Path,
        foundation: Path,
        trained: Path,
        seal: Path | None,
        out: Path,
    ) -> None:
        if slot.values.get("drawing") == "clumsy":
            (out / "first.png").write_bytes(b"drawn before it went wrong")
        if slot.values.get("drawing") in ("clumsy", "refused"):
            raise ValueError("a pencil broke")
        if slot.values.get("drawing") == "slow" and os.environ.get("TOY_PENCIL") != "fast":
            (out / "half.png").write_bytes(b"half a picture")
            time.sleep(3600)
        answer = json.loads(seal.read_text())[0] if seal else "unknown"
        (out / "answer.png").write_text(f"{slot.values['x']} of {answer}")


def obeyed(rule: StopRule, closeness: Sequence[float], total: int) -> Course:
    """The course of a training that comes closer evenly, up to where its rule ends it."""
    steps, reached = [*rule.steps(total), total], []
    for place, step in enumerate(steps):
        reached.append(tuple(value * step / total for value in closeness))
        if place < len(rule.shares) and rule.loses(place, reached[-1]):
            break
    kept = tuple(steps[: len(reached)])
    return Course(
        steps=kept[-1], planned=total, curve=Curve(measure="closeness", steps=kept, reached=tuple(reached))
    )
