"""What the store gives back of everything but runs: small frozen models, detached from the database."""

from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from blocks.base import Frozen
from blocks.exploration import ExplorationSpec
from blocks.run import Metrics
from memory.schema import BlockState, DatasetState, FoundationState


class RunKey(NamedTuple):
    """Where a run belongs."""

    exploration: str
    number: int


class VoidRun(NamedTuple):
    """A run that a retraction makes void."""

    run: RunKey
    ancestor: RunKey | None
    """The run that it descends from and that matched; None where it matched itself."""


class Retraction(Frozen):
    """Runs that were found to be no evidence."""

    id: int
    exploration: Annotated[str, Field(description="Whose runs were asked about.")]
    condition: Annotated[str, Field(description="The SQL expression that they matched.")]
    reason: str
    at: datetime
    undone_at: datetime | None
    runs: Annotated[tuple[VoidRun, ...], Field(description="All that are void by it, in any exploration.")]


class ExplorationInfo(Frozen):
    """An exploration and how far it is."""

    name: str
    spec: ExplorationSpec
    created_at: datetime
    n_runs: Annotated[int, Field(description="Runs in any state.")]
    n_done: int
    n_failed: int
    n_void: Annotated[int, Field(description="Runs that a retraction is in force on, whatever their state.")]
    blocks_closed: int


class BlockRecord(Frozen):
    """A block of an exploration."""

    number: int
    state: BlockState
    opened_at: datetime | None
    closed_at: datetime | None


class StatementRecord(Frozen):
    """What was held of a statement after a block."""

    block: int
    status: str
    text: str
    effect: float | None
    interval: tuple[float, float] | None
    q: float | None
    n: Annotated[int, Field(description="Pairs, or squares of four.")]
    networks: int
    superseded_by: tuple[str, ...] | None


class DatasetRecord(Frozen):
    """A data set. Its hashes are known once it is ready."""

    key: str
    name: str
    state: DatasetState
    observations_hash: str | None
    seal_hash: Annotated[str | None, Field(description="None where no truth exists.")]
    created_at: datetime


class FoundationRecord(Frozen):
    """What all slots of an exploration share."""

    key: str
    dataset: str
    settings: dict[str, Any]
    state: FoundationState
    fitted_hash: str | None
    chosen: Annotated[str | None, Field(description="File name of the candidate that slots use.")]
    chosen_by_truth: bool | None
    metrics: Metrics | None
    summary: str | None
    failure: str | None
    fit_s: Annotated[float | None, Field(description="Wall-clock time of the fit, s.")]
    created_at: datetime
    fitted_at: datetime | None
    ended_at: datetime | None


class GuardCheckRecord(Frozen):
    """What the guard said of the training code."""

    id: int
    code_hash: str
    verdict: str
    files: int
    findings: list[Any]
    at: datetime


class Event(Frozen):
    """A change of state. Of two events the one with the larger id happened later."""

    id: int
    at: datetime
    exploration: str | None
    run: int | None
    what: str
    detail: str
