"""A statement of the working memory: one short line, and the evidence that carries it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Literal

from pydantic import Field

from blocks.base import Frozen, Value
from blocks.exploration import ExplorationSpec

STRATEGIES = "Strategies"
SIGNAL = "Signal"


class Statement(Frozen):
    """A line of the working memory, and what it rests on."""

    kind: Literal["noise", "comparison", "failure"]
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
    status: Literal["tentative"] = "tentative"
    subject: Annotated[str, Field(description="Hyperparameter or strategy that it is about.")] = ""
    better: Annotated[
        Value | None,
        Field(description="The value that did better, on or off, higher or lower; None within the noise."),
    ] = None
    other: Annotated[Value | None, Field(description="What it was compared with.")] = None
    exceeds_noise: bool = False


def show_runs(numbers: Sequence[int], *, limit: int = 6) -> str:
    """Run numbers as a suffix: r1-r4 r7 r9 and 3 more."""
    parts = []
    for _, group in groupby(enumerate(sorted(numbers)), key=lambda item: item[1] - item[0]):
        found = [number for _, number in group]
        ends = (found[0], found[-1])
        parts += [f"r{ends[0]}-r{ends[1]}"] if len(found) > 2 else [f"r{number}" for number in found]
    more = f" and {len(parts) - limit} more" if len(parts) > limit else ""
    return " ".join(parts[:limit]) + more


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
