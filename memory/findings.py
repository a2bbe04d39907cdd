"""What the runs so far say, as short statements with their evidence.

A pure function of the runs. Each statement rests on comparisons that isolate one change, and says
whether the difference is more than the noise between replicates. None rests on a single replicate; all
are tentative, since one data set shows nothing in general.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run, show_number
from blocks.slot import show_value
from memory.comparison import Comparison
from memory.evidence import Evidence
from memory.failures import Endings, Region, of_region
from memory.past import Past
from memory.samples import Noise, Samples, noise_of
from memory.statements import SIGNAL, STRATEGIES, Statement, is_number, show_runs, topic_of

__all__ = ["Claim", "Statement", "claims", "findings"]

PER_TOPIC = 12
"""Statements under one heading of the working memory, at most."""


class Claim(NamedTuple):
    """What a statement says is better, without its evidence: all that planning needs."""

    subject: str
    better: Value
    other: Value
    text: str
    effect: float | None = None
    """Size of the difference, in units of the objective; None where it was never measured."""


def findings(
    spec: ExplorationSpec, runs: Sequence[Run], *, metrics: Mapping[str, MetricInfo]
) -> list[Statement]:
    """Statements about an exploration's runs, by topic and strongest first.

    Args:
        spec: The exploration; its objective is what is compared.
        runs: Its runs in any state; what has not ended says nothing.
        metrics: What the problem says of its metrics.

    Returns:
        The noise floor, failures, and comparisons; at most `PER_TOPIC` under a topic.
    """
    info = metrics[spec.objective]
    found = []
    for told in _told(spec, Past.of(runs)):
        if isinstance(told, Samples):
            noise = noise_of(told)
            assert noise is not None  # it is told of samples alone
            found.append(_of_noise(noise, info.label or spec.objective, told.left_out))
        elif isinstance(told, Region):
            found.append(of_region(told))
        else:
            found.append(_of_comparison(spec, told, info))
    return found


def claims(spec: ExplorationSpec, runs: Sequence[Run], *, metrics: Mapping[str, MetricInfo]) -> list[Claim]:
    """Of the same statements, in the same order, those that say that something is better."""
    told = [one for one in _told(spec, Past.of(runs)) if isinstance(one, Comparison) and one.exceeds_noise()]
    return [_claim(made, metrics[spec.objective]) for made in told]


def _told(spec: ExplorationSpec, past: Past) -> list[Samples | Region | Comparison]:
    """What there is to tell: the noise of the samples, failures, and comparisons."""
    numbers = frozenset(name for name in spec.space.names() if is_number(spec, name))
    evidence = past.derive(Evidence, spec.objective, numbers)
    found: list[tuple[str, Samples | Region | Comparison]] = []
    if len(evidence.samples):
        found.append((SIGNAL, evidence.samples))
    found += [(region.topic, region) for region in past.derive(Endings, numbers).regions(spec)]
    ordered = sorted(evidence.comparisons(), key=lambda made: made.strength, reverse=True)
    found += [(_topic(spec, made), made) for made in ordered]
    by_topic: dict[str, list[Samples | Region | Comparison]] = defaultdict(list)
    for topic, one in found:
        by_topic[topic].append(one)
    return [one for topic in by_topic.values() for one in topic[:PER_TOPIC]]


def _topic(spec: ExplorationSpec, made: Comparison) -> str:
    return STRATEGIES if made.kind == "strategy" else topic_of(spec, made.subject)


def _of_noise(noise: Noise, label: str, left_out: Sequence[int]) -> Statement:
    text = f"Replicates of one slot do not differ in {label}."
    if noise.sd > 0:
        text = (
            f"Replicates of one slot differ by {show_number(noise.sd)} {label} "
            f"(sd of the median slot; {show_number(noise.smallest)} to {show_number(noise.largest)} over "
            f"{noise.n_slots} slots)."
        )
    if left_out:
        text += f" Left out, for want of 2 finite replicates: {show_runs(left_out)}."
    return Statement(
        kind="noise",
        topic=SIGNAL,
        text=text,
        evidence=f"[{noise.n_replicates} reps, {show_runs(noise.runs)}]",
        runs=noise.runs,
        n_replicates=noise.n_replicates,
    )


def _claim(made: Comparison, info: MetricInfo) -> Claim:
    """Which side did better, and how that is said."""
    rises = _rises(made, info)
    better, other = (made.after, made.before) if rises else (made.before, made.after)
    if made.kind == "number":
        better, other = ("higher", "lower") if rises else ("lower", "higher")
        low, high = show_value(made.before), show_value(made.after)
        said = f"{str(better).capitalize()} {made.subject} beats {other}, between {low} and {high}."
    elif made.kind == "strategy":
        said = f"{made.subject} helps." if rises else f"{made.subject} hurts: better off."
    else:
        said = f"{made.subject} {show_value(better)} beats {show_value(other)}."
    return Claim(made.subject, better, other, said, abs(made.effect))


def _rises(made: Comparison, info: MetricInfo) -> bool:
    return made.effect > 0 if info.direction == "maximize" else made.effect < 0


def _of_comparison(spec: ExplorationSpec, made: Comparison, info: MetricInfo) -> Statement:
    sign = 1 if _rises(made, info) else -1
    interval = made.interval
    if interval is not None and sign < 0:
        interval = (-interval[1], -interval[0])
    exceeds = made.exceeds_noise()
    claim = _claim(made, info)
    low, high = show_value(made.before), show_value(made.after)
    equal = {
        "number": f"{made.subject} between {low} and {high}: no direction shown.",
        "strategy": f"{made.subject} on or off: no difference shown.",
    }.get(made.kind, f"{made.subject} {low} or {high}: no difference shown.")
    return Statement(
        kind="comparison",
        topic=_topic(spec, made),
        text=claim.text if exceeds else equal,
        evidence=_suffix(made, sign, interval),
        runs=made.runs,
        n_replicates=made.n_replicates,
        n_pairs=len(made),
        effect=sign * made.effect,
        interval=interval,
        subject=made.subject,
        better=claim.better if exceeds else None,
        other=claim.other if exceeds else None,
        exceeds_noise=exceeds,
    )


def _suffix(made: Comparison, sign: int, interval: tuple[float, float] | None) -> str:
    n = len(made)
    effect = _signed(sign * made.effect)
    if interval is not None:
        effect += f" ({show_number(interval[0])}..{show_number(interval[1])})"
    elif n == 2:
        both = sorted(sign * pair.difference for pair in made.pairs)
        effect += f" ({_signed(both[0])}, {_signed(both[1])})"
    sides = ""
    if n == 1:
        before, after = made.pairs[0]
        sides = f", {len(before.objective)} vs {len(after.objective)} reps"
    return f"[{n} {'pair' if n == 1 else 'pairs'}{sides}, {effect}, {show_runs(made.runs)}]"


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "") + show_number(value)
