"""What the runs so far say, as short statements with their evidence.

A pure function of the runs. Each statement rests on comparisons that isolate one change, and says
whether the difference is more than the noise between replicates. None rests on a single replicate; all
are tentative, since one data set shows nothing in general.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run, show_number
from blocks.slot import show_value
from memory.statements import SIGNAL, STRATEGIES, Statement, is_number, show_runs, topic_of
from tests.plain.evidence import Comparison, Noise, comparisons, noise_of, samples_of
from tests.plain.failures import failures

__all__ = ["Statement", "findings"]

PER_TOPIC = 12
"""Statements under one heading of the working memory, at most."""


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
    label = info.label or spec.objective
    samples, left_out = samples_of(runs, spec.objective)
    noise = noise_of(samples)
    found = failures(spec, runs)
    if noise is not None:
        found.insert(0, _of_noise(noise, label, left_out))
        ordered = sorted(comparisons(spec, samples), key=_strength, reverse=True)
        found += [_of_comparison(spec, made, info) for made in ordered]
    by_topic: dict[str, list[Statement]] = defaultdict(list)
    for statement in found:
        by_topic[statement.topic].append(statement)
    return [statement for topic in by_topic.values() for statement in topic[:PER_TOPIC]]


def _strength(comparison: Comparison) -> tuple[bool, float, int]:
    threshold = comparison.threshold
    ratio = abs(comparison.effect) / threshold if threshold > 0 else abs(comparison.effect)
    return comparison.exceeds_noise(), ratio, len(comparison.pairs)


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


def _of_comparison(spec: ExplorationSpec, made: Comparison, info: MetricInfo) -> Statement:
    rises = made.effect > 0 if info.direction == "maximize" else made.effect < 0
    sign = 1 if rises else -1
    interval = made.interval
    if interval is not None and sign < 0:
        interval = (-interval[1], -interval[0])
    exceeds = made.exceeds_noise()
    strategy = not any(made.subject in pair.before.values for pair in made.pairs)
    numeric = made.pooled and is_number(spec, made.subject)
    better, other = (made.after, made.before) if rises else (made.before, made.after)
    low, high = show_value(made.before), show_value(made.after)
    if numeric:
        better, other = ("higher", "lower") if rises else ("lower", "higher")
        said = f"{str(better).capitalize()} {made.subject} beats {other}, between {low} and {high}."
        equal = f"{made.subject} between {low} and {high}: no direction shown."
    elif strategy:
        said = f"{made.subject} helps." if rises else f"{made.subject} hurts: better off."
        equal = f"{made.subject} on or off: no difference shown."
    else:
        said = f"{made.subject} {show_value(better)} beats {show_value(other)}."
        equal = f"{made.subject} {low} or {high}: no difference shown."
    return Statement(
        kind="comparison",
        topic=STRATEGIES if strategy else topic_of(spec, made.subject),
        text=said if exceeds else equal,
        evidence=_suffix(made, sign, interval),
        runs=made.runs,
        n_replicates=made.n_replicates,
        n_pairs=len(made.pairs),
        effect=sign * made.effect,
        interval=interval,
        subject=made.subject,
        better=better if exceeds else None,
        other=other if exceeds else None,
        exceeds_noise=exceeds,
    )


def _suffix(made: Comparison, sign: int, interval: tuple[float, float] | None) -> str:
    n = len(made.pairs)
    effect = _signed(sign * made.effect)
    if interval is not None:
        effect += f" ({show_number(interval[0])}..{show_number(interval[1])})"
    elif n == 2:
        both = sorted(sign * pair.difference for pair in made.pairs)
        effect += f" ({_signed(both[0])}, {_signed(both[1])})"
    sides = f", {made.counts[0][0]} vs {made.counts[0][1]} reps" if n == 1 else ""
    return f"[{n} {'pair' if n == 1 else 'pairs'}{sides}, {effect}, {show_runs(made.runs)}]"


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "") + show_number(value)
