"""What a report is made of: plain values, so that a page needs neither a store nor a launch."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from blocks.base import Frozen
from blocks.exploration import ExplorationSpec
from blocks.run import MetricInfo, Run
from memory.best import Best


class GuardLine(Frozen):
    """A row of the guard's table."""

    what: str
    verdict: str
    detail: str
    runs: Annotated[int, Field(description="Runs that rest on it.")]
    anchor: Annotated[str, Field(description="By which a statement leads to it: `c3`.")] = ""


class RetractionLine(Frozen):
    """A retraction that holds, or held, runs of the exploration."""

    number: int
    reason: str
    condition: Annotated[str, Field(description="The SQL expression that runs matched.")]
    at: datetime
    undone_at: datetime | None = None
    runs: Annotated[tuple[int, ...], Field(description="Numbers of the runs here that it makes void.")]
    descended: Annotated[int, Field(description="How many of them descend from one that matched.")] = 0


class Picture(Frozen):
    """A picture of the best run."""

    name: str
    data: bytes
    kind: Annotated[str, Field(description="MIME type.")]


class ReportView(Frozen):
    """All that a report is made of; equal views give equal bytes."""

    spec: ExplorationSpec
    runs: Annotated[tuple[Run, ...], Field(description="All of them, void ones as well.")]
    metrics: Annotated[dict[str, MetricInfo], Field(description="Those that may be seen.")]
    data_title: str
    memory: Annotated[str, Field(description="The working memory, markdown.")]
    best: Annotated[Best | None, Field(description="By memory.best: confirmed, or said not to be.")] = None
    choices: Annotated[str, Field(description="How far choices read the truth, and how often.")] = ""
    blind_cost: Annotated[
        tuple[str, ...], Field(description="Of a blind exploration that is closed: what blindness cost.")
    ] = ()
    void: Annotated[dict[int, str], Field(description="Void runs, and why.")] = Field(default_factory=dict)
    retractions: tuple[RetractionLine, ...] = ()
    guard: tuple[GuardLine, ...] = ()
    pictures: tuple[Picture, ...] = ()
    version: str = ""
    refresh_s: Annotated[
        float | None, Field(description="Ask for a newer page so often, s; None: never.")
    ] = None

    @property
    def label(self) -> str:
        """Short name of the objective."""
        return self.metrics[self.spec.objective].label or self.spec.objective

    @property
    def best_text(self) -> str:
        """What is best, in one line; empty where nothing is."""
        return "" if self.best is None else self.best.said(self.label)
