"""What the runs so far say, as short statements with their evidence and their status.

A pure function of the runs: given those up to the end of a block, it says what was held then. Each statement
rests on comparisons that isolate one change, and says whether the difference is more than the noise between
replicates. Its status, corrected for all that was compared and for every look, is given by memory.verdicts.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run, show_number
from blocks.slot import show_value
from memory.comparison import Comparison, Strength
from memory.evidence import Evidence
from memory.failures import Region, of_region
from memory.moving import Verdict
from memory.past import Past
from memory.samples import Noise, Samples, noise_of
from memory.statements import (
    SIGNAL,
    STRATEGIES,
    Key,
    Statement,
    is_log,
    is_number,
    middle_of,
    show_runs,
    topic_of,
)
from memory.telling import OF_TWO, ORDER, key_of, succession, told
from memory.tried import About

__all__ = ["Claim", "Statement", "claims", "findings", "observed"]

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
    """Statements about an exploration's runs, by topic, what was established first, then strongest first.

    Args:
        spec: The exploration; its objective is what is compared.
        runs: Its runs in any state; what has not ended says nothing. Those up to the end of a block give
            what was held at that time.
        metrics: What the problem says of its metrics.

    Returns:
        The noise floor, failures, comparisons, interactions and equivalences; at most `PER_TOPIC` under a
        topic, save that everything is told that was ever established.
    """
    info = metrics[spec.objective]
    past = Past.of(runs)
    evidence = evidence_of(spec, past)
    verdicts = {(one.about, one.sign): one for one in evidence.verdicts()}
    found: list[Statement] = []
    for one in _told(spec, past):
        about = _about(one)
        spanned = verdicts.get((About("span", about.subject), 0))
        flat = isinstance(one, Comparison) and one.kind == "number" and not one.exceeds_noise()
        if flat and spanned is not None and spanned.status == "established":
            continue  # "no difference" is told, which says more than "no direction"
        moved = [v for sign in (1, -1, 0) if (v := verdicts.get((about, sign))) and v.status != "tentative"]
        for verdict in moved:
            del verdicts[about, verdict.sign]
        if moved and not isinstance(one, Samples):
            found += [told(spec, verdict, info) for verdict in moved]
        elif isinstance(one, Samples):
            statement = _of_samples(one, info, spec)
            found.append(statement.model_copy(update={"networks": len(evidence.networks)}))
        else:
            found.append(_with_q(_stated(spec, one, info), one, verdicts, info))
    found += [told(spec, verdict, info) for verdict in verdicts.values() if _worth_telling(verdict)]
    by_topic: dict[str, list[Statement]] = defaultdict(list)
    for statement in succession(found):
        by_topic[statement.topic].append(statement)
    return [statement for topic in by_topic.values() for statement in _bounded(topic)]


def observed(
    spec: ExplorationSpec, runs: Sequence[Run], *, metrics: Mapping[str, MetricInfo]
) -> list[Statement]:
    """The noise floor, failures and comparisons as they stand, without any verdict: all of it tentative."""
    info = metrics[spec.objective]
    return [_stated(spec, one, info) for one in _told(spec, Past.of(runs))]


def claims(spec: ExplorationSpec, runs: Sequence[Run], *, metrics: Mapping[str, MetricInfo]) -> list[Claim]:
    """What is observed to be better, strongest first: what planning acts on at once, and puts to the test."""
    seen = [one for one in _told(spec, Past.of(runs)) if isinstance(one, Comparison) and one.exceeds_noise()]
    return [_claim(made, metrics[spec.objective]) for made in seen]


def evidence_of(spec: ExplorationSpec, past: Past) -> Evidence:
    """All comparisons of a past, kept up to date with it."""
    return past.derive(Evidence, spec.objective, *_scales(spec))


_KNOWN: list[tuple[ExplorationSpec, "_Scales"]] = []
"""The exploration that was asked about last, since it is asked about again and again."""


class _Scales(NamedTuple):
    """What `Evidence` is to know of numbers."""

    numbers: frozenset[str]
    middles: frozenset[tuple[str, float]]
    logs: frozenset[str]


def _scales(spec: ExplorationSpec) -> _Scales:
    for known, scales in _KNOWN:
        if known is spec:
            return scales
    numbers = frozenset(name for name in spec.space.names() if is_number(spec, name))
    middles = frozenset((name, middle_of(spec, name)) for name in numbers)
    found = _Scales(numbers, middles, frozenset(name for name in numbers if is_log(spec, name)))
    _KNOWN[:] = [(spec, found)]
    return found


def _told(spec: ExplorationSpec, past: Past) -> list[Samples | Region | Comparison]:
    """What there is to tell: the noise of the samples, failures, and comparisons."""
    evidence = evidence_of(spec, past)
    found: list[tuple[str, Samples | Region | Comparison]] = []
    if len(evidence.samples):
        found.append((SIGNAL, evidence.samples))
    found += [(region.topic, region) for region in evidence.endings.regions(spec)]
    topics: dict[tuple[bool, str], str] = {}
    for made in sorted(evidence.comparisons(), key=_strength, reverse=True):
        named = made.kind == "strategy", made.subject
        if named not in topics:
            topics[named] = _topic(spec, made)
        found.append((topics[named], made))
    by_topic: dict[str, list[Samples | Region | Comparison]] = defaultdict(list)
    for topic, one in found:
        by_topic[topic].append(one)
    return [one for topic in by_topic.values() for one in topic[:PER_TOPIC]]


def _strength(made: Comparison) -> Strength:
    return made.strength


def _about(one: Samples | Region | Comparison) -> About:
    """The comparison or region that a verdict would be about."""
    if isinstance(one, Samples):
        return About("noise", "")
    if isinstance(one, Region):
        return About("failure", one.subject, one.place)
    ends = (one.before, one.after) if one.kind in ("value", "step") else ("", "")
    return About(one.kind, one.subject, *ends)


def _with_q(
    statement: Statement,
    one: Region | Comparison,
    verdicts: Mapping[tuple[About, int], Verdict],
    info: MetricInfo,
) -> Statement:
    """A tentative statement with its key, and with what is known of its significance."""
    about = _about(one)
    sign = 1 if isinstance(one, Region) or one.effect > 0 else -1
    rises = (sign > 0) == (info.direction == "maximize")
    key = (
        _of_step(one, rises)
        if isinstance(one, Comparison) and one.kind == "step"
        else key_of(about, sign, rises=rises)
    )
    verdict = verdicts.get((about, sign))
    if verdict is None:
        # One step of a number by itself is told, and never weighed; so is a place without matched pairs.
        return statement.model_copy(update={"key": key, "networks": 1})
    if verdict.fate is not None:
        networks = len(verdict.fate.networks)
    else:
        networks = verdict.weight.networks if verdict.weight is not None else 1
    note = f", {verdict.standing}" if verdict.standing else ""
    return statement.model_copy(
        update={
            "key": key,
            "q": verdict.q,
            "networks": networks,
            "evidence": f"{statement.evidence[:-1]}{note}]",
        }
    )


def _of_step(step: Comparison, rises: bool) -> Key:
    """Steps with equal ends in other surroundings are other statements."""
    low, high = show_value(step.before), show_value(step.after)
    ends = (high, low) if rises else (low, high)
    return ("step", step.subject, *ends, *(f"r{side.runs[0]}" for side in step.pairs[0]))


def _worth_telling(verdict: Verdict) -> bool:
    """Whether to tell what no plain comparison tells: halves, two strategies at once, "no difference"."""
    about = verdict.about
    unseen = about.kind in ("instead", *OF_TWO) or (about.kind == "failure" and about.second != "")
    return verdict.status != "tentative" or (verdict.alone and unseen)


def _bounded(topic: Sequence[Statement]) -> list[Statement]:
    ordered = sorted(topic, key=lambda one: (one.kind != "noise", ORDER.index(one.status)))
    moved = sum(one.status != "tentative" for one in ordered)
    return ordered[: max(PER_TOPIC, moved + 1)]


def _stated(spec: ExplorationSpec, one: Samples | Region | Comparison, info: MetricInfo) -> Statement:
    if isinstance(one, Samples):
        return _of_samples(one, info, spec)
    return of_region(one) if isinstance(one, Region) else _of_comparison(spec, one, info)


def _of_samples(samples: Samples, info: MetricInfo, spec: ExplorationSpec) -> Statement:
    noise = noise_of(samples)
    assert noise is not None  # it is told of samples alone
    return _of_noise(noise, info.label or spec.objective, samples.left_out)


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
        key=("noise",),
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
    claim, runs = _claim(made, info), made.runs
    low, high = show_value(made.before), show_value(made.after)
    equal = {
        "number": f"{made.subject} between {low} and {high}: no direction shown.",
        "strategy": f"{made.subject} on or off: no difference shown.",
    }.get(made.kind, f"{made.subject} {low} or {high}: no difference shown.")
    return Statement(
        kind="comparison",
        topic=_topic(spec, made),
        text=claim.text if exceeds else equal,
        evidence=_suffix(made, sign, interval, runs),
        runs=runs,
        n_replicates=made.n_replicates,
        n_pairs=len(made),
        effect=sign * made.effect,
        interval=interval,
        subject=made.subject,
        better=claim.better if exceeds else None,
        other=claim.other if exceeds else None,
        exceeds_noise=exceeds,
    )


def _suffix(made: Comparison, sign: int, interval: tuple[float, float] | None, runs: tuple[int, ...]) -> str:
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
    return f"[{n} {'pair' if n == 1 else 'pairs'}{sides}, {effect}, {show_runs(runs)}]"


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "") + show_number(value)
