"""A statement of the working memory: one short line, and the evidence that carries it."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from blocks.base import Frozen, Value
from blocks.exploration import ExplorationSpec
from blocks.space import IntParameter, LinearParameter, LogParameter

STRATEGIES = "Strategies"
SIGNAL = "Signal"


Key = tuple[str, ...]
"""What a statement says, in words that stay the same however its numbers move.

    ("noise",)                                   the spread of replicates
    ("effect", "lr", "higher")                   of a number: `higher` or `lower` is better
    ("effect", "lr", "higher", "below")          the same, `below` or `above` the middle of its range
    ("effect", "residual", "on")                 of a strategy: better `on` or `off`
    ("better", "time_step", "32", "4")           of two values, the better one first
    ("step", "lr", "0.01", "0.1", "r3", "r7")    of two neighbouring values of a number, in one place alone
    ("instead", "residual", "rollout")           a strategy in the place of another, the better one first
    ("together", "clipping", "residual", "more") two strategies do `more` or `less` than each alone adds
    ("crossed", "residual", "time_step", "more") a strategy, or a higher number, gains `more` or `less` where
                                                 the other one is higher
    ("equal", ...)                               no difference that matters; then as above, without direction
    ("fails", "lr", "above")                     a region of failures: `above`, `below`, a value, or `on`
    ("fails", "lr", "above", "time_step 64")     the same, where another one has this value as well
"""

Status = Literal["tentative", "prior", "established", "weakened", "refuted"]
"""`prior` came from elsewhere and was met by no evidence yet; the others by the rules of memory.moving."""


class Statement(Frozen):
    """A line of the working memory, and what it rests on."""

    kind: Literal["noise", "comparison", "equivalence", "interaction", "failure"]
    topic: Annotated[str, Field(description="Heading that it stands under.")]
    text: str
    evidence: Annotated[str, Field(description="Compact suffix: pairs, effect, interval, runs.")]
    runs: tuple[int, ...]
    n_replicates: int
    n_pairs: int = 0
    effect: Annotated[
        float | None, Field(description="Mean difference of the objective, better minus other.")
    ] = None
    interval: Annotated[
        tuple[float, float] | None, Field(description="95 % interval of the effect, from three pairs on.")
    ] = None
    status: Status = "tentative"
    key: Annotated[Key, Field(description="What it says, for finding it again.")] = ()
    q: Annotated[
        float | None,
        Field(description="False discovery rate at which it would be told as established, of all tried."),
    ] = None
    networks: Annotated[int, Field(description="Networks (data sets) that it rests on.")] = 0
    since: Annotated[int | None, Field(description="Block at whose end it was given its status.")] = None
    supersedes: Annotated[tuple[Key, ...], Field(description="What it stands in the place of.")] = ()
    superseded_by: Key | None = None
    subject: Annotated[str, Field(description="Hyperparameter or strategy that it is about.")] = ""
    better: Annotated[
        Value | None,
        Field(description="The value that did better, on or off, higher or lower; None within the noise."),
    ] = None
    other: Annotated[Value | None, Field(description="What it was compared with.")] = None
    exceeds_noise: bool = False
    margin: Annotated[
        float | None, Field(description='Of "no difference": the difference that would matter.')
    ] = None


def contrary(key: Key) -> Key | None:
    """The key that says the opposite; None where there is no opposite."""
    match key:
        case ("effect", name, way, *half):
            ways = {"higher": "lower", "lower": "higher", "on": "off", "off": "on"}
            return ("effect", name, ways[way], *half) if way in ways else None
        case ("better" | "step" as kind, name, one, other, *where):
            return (kind, name, other, one, *where)
        case ("instead", one, other):
            return ("instead", other, one)
        case ("together" | "crossed" as kind, one, other, way):
            return (kind, one, other, "less" if way == "more" else "more")
    return None


def undirected(key: Key) -> Key | None:
    """The key that says that there is no difference which matters; None where there is none such."""
    match key:
        case ("effect", name, _, *half):
            return ("equal", name, *half)
        case ("better" | "instead" as kind, *names):
            return ("equal", *(names[:1] if kind == "better" else ()), *sorted(names[-2:]))
    return None


def judged(prior: Statement, found: Iterable[Statement]) -> Statement:
    """A statement that came from elsewhere, in the light of what was found here.

    Args:
        prior: Its key says what it claims.
        found: The statements of `findings`.

    Returns:
        The statement that was found, where it says the same and is more than tentative. The prior as
        refuted, with its successor, where its opposite or "no difference" is established. Else the prior.
    """
    by_key = {one.key: one for one in found}
    same = by_key.get(prior.key)
    if same is not None and same.status != "tentative":
        return same
    for key in (contrary(prior.key), undirected(prior.key)):
        other = None if key is None else by_key.get(key)
        if other is not None and other.status == "established":
            return prior.model_copy(
                update={"status": "refuted", "since": other.since, "superseded_by": other.key}
            )
    return prior


def show_runs(numbers: Sequence[int], *, limit: int = 6) -> str:
    """Run numbers as a suffix: r1-r4 r7 r9 and 3 more."""
    parts: list[tuple[int, ...]] = []  # runs that follow each other, of which two are told one by one
    ordered = sorted(numbers)
    begin = 0
    ends = [end for end, (one, next_one) in enumerate(pairwise(ordered), 1) if next_one != one + 1]
    for end in [*ends, len(ordered)]:
        if end - begin > 2:
            parts.append((ordered[begin], ordered[end - 1]))
        else:
            parts += zip(ordered[begin:end])
        begin = end
    more = f" and {len(parts) - limit} more" if len(parts) > limit else ""
    return " ".join(["-".join(f"r{number}" for number in part) for part in parts[:limit]]) + more


def plain(text: str) -> str:
    """Text on one line that cannot be taken for the marker of the notes."""
    return " ".join(text.split()).replace("<!--", "&lt;!--")


def count(n: int, noun: str) -> str:
    """1 run, 2 runs."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def topic_of(spec: ExplorationSpec, name: str) -> str:
    """Heading that a hyperparameter stands under; constants outside the space say something of the signal."""
    return spec.space[name].topic if name in spec.space else SIGNAL


def is_number(spec: ExplorationSpec, name: str) -> bool:
    """Whether a hyperparameter is a number whose order means something."""
    return name in spec.space and spec.space[name].kind in ("log", "linear", "int")


def middle_of(spec: ExplorationSpec, name: str) -> float:
    """The middle of a number's range, on the scale on which it is drawn."""
    parameter = spec.space[name]
    assert isinstance(parameter, LogParameter | LinearParameter | IntParameter)  # see `is_number`
    low, high = parameter.low, parameter.high
    return math.sqrt(low * high) if is_log(spec, name) else (low + high) / 2


def is_log(spec: ExplorationSpec, name: str) -> bool:
    """Whether a number is drawn on a logarithmic scale."""
    parameter = spec.space[name]
    return isinstance(parameter, LogParameter) or (isinstance(parameter, IntParameter) and parameter.log)
