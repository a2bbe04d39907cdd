"""Verdicts in words: the text, the evidence and the key of a statement that was weighed."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from blocks.base import Value
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, show_number
from blocks.slot import show_value
from memory.moving import Verdict
from memory.statements import STRATEGIES, Key, Statement, contrary, show_runs, topic_of, undirected
from memory.tried import About

ORDER = ("established", "weakened", "refuted", "tentative")
"""What is told first under a heading."""


OF_TWO = ("together", "crossed")
"""Kinds of comparisons that rest on squares."""


class _Said(NamedTuple):
    key: Key
    text: str
    better: Value
    other: Value


def key_of(about: About, sign: int, *, rises: bool) -> Key:
    """The key of a direction of a comparison.

    Args:
        about: The comparison.
        sign: 1 where after exceeds before, -1 the other way, 0 for no difference.
        rises: Whether that is an improvement.
    """
    half = (about.half,) if about.half else ()
    first, second = show_value(about.first), show_value(about.second)
    match about.kind:
        case "failure":
            return ("fails", about.subject, first, *((second,) if second else ()))
        case "number" | "strategy":
            way = ("lower", "higher") if about.kind == "number" else ("off", "on")
            return ("effect", about.subject, way[rises], *half) if sign else ("equal", about.subject, *half)
        case "span":
            return ("equal", about.subject)
        case "value":
            pair = (second, first) if rises else (first, second)
            return ("better", about.subject, *pair) if sign else ("equal", about.subject, *sorted(pair))
        case "instead":
            pair = (about.subject, first) if rises else (first, about.subject)
            return ("instead", *pair) if sign else ("equal", *sorted(pair))
    # Of two factors, "no difference" is never asked.
    return (about.kind, about.subject, first, ("less", "more")[rises])


def told(spec: ExplorationSpec, verdict: Verdict, info: MetricInfo) -> Statement:
    """A verdict as a statement.

    Args:
        spec: The exploration.
        verdict: Of a comparison or of failures.
        info: The objective.
    """
    if verdict.fate is not None:
        return _of_fate(spec, verdict)
    weight, about = verdict.weight, verdict.about
    assert weight is not None  # failures alone have none
    rises = (verdict.sign > 0) == (info.direction == "maximize")
    said = _said(spec, verdict, rises, show_number(weight.noise), info.label or spec.objective)
    # Better minus other, as comparisons are told.
    turn = 1 if rises or not verdict.sign else -1
    low, high = sorted(turn * end for end in weight.interval)
    effect = f"{'+' if turn * weight.effect >= 0 else ''}{show_number(turn * weight.effect)}"
    unit = "square" if about.kind in OF_TWO else "pair"
    parts = [
        f"{weight.n} {unit}{'' if weight.n == 1 else 's'}",
        f"{effect} ({show_number(low)}..{show_number(high)})",
        f"{weight.networks} network{'' if weight.networks == 1 else 's'}",
        _q(verdict),
    ]
    if verdict.standing:
        parts[2] = verdict.standing
    if verdict.since is not None:
        parts.append(f"since block {verdict.since}")
    if verdict.runs:
        parts.append(show_runs(verdict.runs, limit=3))
    kind: Literal["interaction", "comparison", "equivalence"] = (
        "comparison" if verdict.sign else "equivalence"
    )
    of_value = about.kind in ("number", "value", "span") or (
        about.kind == "crossed" and about.subject in spec.space
    )
    return Statement(
        kind="interaction" if about.kind in OF_TWO else kind,
        topic=topic_of(spec, about.subject) if of_value else STRATEGIES,
        text=said.text,
        evidence=f"[{', '.join(parts)}]",
        runs=verdict.runs,
        n_replicates=0,
        n_pairs=weight.n,
        effect=turn * weight.effect,
        interval=(low, high),
        status=verdict.status,
        subject=about.subject,
        better=said.better if verdict.sign else None,
        other=said.other if verdict.sign else None,
        exceeds_noise=bool(verdict.sign),
        key=said.key,
        q=verdict.q,
        networks=weight.networks,
        since=verdict.since,
        margin=None if verdict.sign else weight.noise,
    )


def _said(spec: ExplorationSpec, verdict: Verdict, rises: bool, noise: str, label: str) -> _Said:
    about, name = verdict.about, verdict.about.subject
    key = key_of(about, verdict.sign, rises=rises)
    before, after = verdict.before, verdict.after
    better, other = (after, before) if rises else (before, after)
    low, high = show_value(before), show_value(after)  # type: ignore[arg-type]
    if not verdict.sign:
        what = {
            "span": f"{name} between {low} and {high}",
            "strategy": f"{name} on or off",
            "value": f"{name} {low} or {high}",
            "instead": f"{name} or {low} in its place",
        }[about.kind]
        return _Said(key, f"{what}: no difference above {noise} {label}.", "", "")
    if about.kind == "number":
        better, other = ("higher", "lower") if rises else ("lower", "higher")
        text = f"{str(better).capitalize()} {name} beats {other}, between {low} and {high}."
    elif about.kind == "strategy":
        text = f"{name} helps." if rises else f"{name} hurts: better off."
    elif about.kind == "value":
        text = f"{name} {show_value(better)} beats {show_value(other)}."  # type: ignore[arg-type]
    elif about.kind == "instead":
        text = f"{better} in the place of {other} is better."
    elif about.kind == "crossed":
        first = show_value(about.first)
        which = f"Higher {name}" if name in spec.space else name
        text = f"{which} gains more at {'higher' if rises else 'lower'} {first}, between {low} and {high}."
    else:
        way = "more" if rises else "less"
        text = f"{name} and {show_value(about.first)} do {way} together than each alone adds."
    return _Said(key, text, better, other)  # type: ignore[arg-type]


def _of_fate(spec: ExplorationSpec, verdict: Verdict) -> Statement:
    fate = verdict.fate
    assert fate is not None
    name, at = fate.subject, show_value(fate.at)
    where = {
        "above": f"{name} >= {at} fails where lower does not",
        "below": f"{name} <= {at} fails where higher does not",
        "on": f"{name} on fails where off does not",
        "off": f"Without {name} runs fail that do not with it",
    }.get(fate.place, f"{name} {at} fails where another value does not")
    if fate.where is not None:
        other, value = fate.where[0], show_value(fate.where[1])
        beside, otherwise = f"at {other} {value}", f"another {other}"
        if value in ("on", "off") and other not in spec.space:
            beside, otherwise = f"with {other}", "without it"
            if value == "off":
                beside, otherwise = f"without {other}", "with it"
        way, sense = (">=", "lower") if fate.place == "above" else ("<=", "higher")
        where = f"{name} {way} {at} fails {beside}, where {sense}, or {otherwise}, does not"
    networks = len(fate.networks)
    parts = [
        f"{fate.there} of {fate.there + fate.elsewhere} pairs with one failure",
        "significant on one network" if verdict.alone else f"{networks} networks",
        _q(verdict),
        *([f"since block {verdict.since}"] if verdict.since is not None else []),
        show_runs(fate.runs, limit=3),
    ]
    strategy = fate.place in ("on", "off") and name not in spec.space
    return Statement(
        kind="failure",
        topic=STRATEGIES if strategy else topic_of(spec, name),
        text=f"{where}.",
        evidence=f"[{', '.join(parts)}]",
        runs=fate.runs,
        n_replicates=0,
        n_pairs=fate.there + fate.elsewhere,
        status=verdict.status,
        subject=name,
        key=key_of(verdict.about, 1, rises=True),
        q=verdict.q,
        networks=networks,
        since=verdict.since,
    )


def _q(verdict: Verdict) -> str:
    return f"q {'< 0.001' if verdict.q < 0.001 else show_number(verdict.q)}"


def succession(statements: Iterable[Statement]) -> list[Statement]:
    """The same, each with what it stands in the place of.

    An established direction takes the place of its refuted contrary and of "no difference"; one that holds
    over the whole range takes that of its halves. Where failures take two factors, one alone is not told.
    """
    found = list(statements)
    established = {one.key: one for one in found if one.status == "established"}
    by: dict[Key, Key] = {}
    for one in found:
        successors = [contrary(one.key), undirected(one.key)] if one.status in ("weakened", "refuted") else []
        if one.key[:1] == ("effect",) and len(one.key) == 4:
            successors.append(one.key[:3])
        if one.key[:1] == ("fails",) and len(one.key) == 3:
            successors += [key for key in established if key[:1] == ("fails",) and _narrows(key, one.key)]
        if one.key[:1] == ("equal",):
            successors += [key for key in established if undirected(key) == one.key]
        for key in successors:
            if key in established and key != one.key:
                by[one.key] = key
                break
    return [
        one.model_copy(
            update={
                "superseded_by": by.get(one.key),
                "supersedes": tuple(old for old, new in by.items() if new == one.key),
            }
        )
        for one in found
    ]


def _narrows(key: Key, single: Key) -> bool:
    """Whether a place of two factors is part of one of a single factor."""
    _, name, place, *more = key
    return bool(more) and (single[1:] == (name, place) or f"{single[1]} {single[2]}" == more[0])
