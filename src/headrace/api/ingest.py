"""Ingest: any mix of new runs, metrics, params, tags, inputs, status and leases in one body, applied exactly once. Nouns, calls, rows.

A writer is a client that sends numbered batches, one at a time: batch n + 1 follows the answer to batch n. A batch that is sent again, to this server or
to another one of the same store, is not applied again; the answer is the one that it got. If a batch was built anew before it was sent again, it
may hold more than the one that was applied: the answer's `records` says how many records were, and the rest belongs into the next batch.

Every record of a batch has an outcome, and a bad one blocks nothing:

- stored: it is there. `late` ones are part of these: their run or experiment is in the trash, and comes back with them.
- collapsed: a later record has replaced it (a tag of the same block, the status of an earlier attempt).
- repeated: it said what was there already.
- rejected, with a reason.

The records of a block are counted in this order: start, fork, attempt, params, tags, datasets, model inputs, model outputs, environment, points, status.
Lease and acknowledgement are no records: they hold for the moment.

A body begins with its format. Format 2 has metrics as columns; format 1, still understood, has them as rows.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Endpoint, Need, Permission, Resource
from headrace.api.inputs import DatasetInput, ModelInput, ModelOutput
from headrace.api.runs import RunStatus
from headrace.base.json import Int32, Int64, Wire

FORMAT = 2
ROWS_FORMAT = 1
"""The format before: points as rows."""
FORMATS = (ROWS_FORMAT, FORMAT)

MAX_RUNS = 1000
"""Blocks of a batch."""
MAX_POINTS = 1_000_000
"""Points of a batch."""
MAX_RECORDS = 100_000
"""Records of a batch that are no points."""
MAX_SERIES = 50_000
"""Series of a batch."""
MAX_PACKAGES = 10_000
"""Packages of an environment."""
MAX_TOLD = 1000
"""Rejections that an answer tells of; the ledger has them all."""
MAX_LEASE_MS = 7 * 24 * 3600 * 1000

Format = Annotated[int, msgspec.Meta(ge=ROWS_FORMAT, le=FORMAT)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_POINTS)]
LeaseMs = Annotated[int, msgspec.Meta(ge=1, le=MAX_LEASE_MS)]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=2**62)]


class ForkRecord(Wire, kw_only=True):
    """Where a run begins that goes on from another one: with the history of `run_id` below `step`."""

    run_id: str
    step: Int64


class StartRecord(Wire, kw_only=True):
    """The beginning of a run; its id was made by the client.

    The experiment is named by id, or by name, and is made if no other has that name. A run that exists stays in its experiment; it is RUNNING again unless
    the block names an attempt that is known already. Without a time it begins now. A name is made up if there is none.
    """

    experiment_id: str = ""
    experiment_name: str = ""
    run_name: str = ""
    user_id: str = ""
    start_time: Int64 | UnsetType = UNSET
    parent_run_id: str = ""
    fork: ForkRecord | UnsetType = UNSET


class AttemptRecord(Wire, kw_only=True):
    """Which of the times that a run was launched the block belongs to, by the launcher's name for it, such as job id and restart count.

    A name that the run does not know begins an attempt. `from_step` is where it goes on; what earlier attempts logged from there on is no longer shown.
    """

    name: str
    from_step: Int64 | UnsetType = UNSET


class EnvironmentRecord(Wire, kw_only=True):
    """The interpreter of an attempt and its packages, name to version."""

    python: str = ""
    platform: str = ""
    packages: dict[str, str] = {}


class MetricSeries(Wire, kw_only=True):
    """A metric of a block, how many points of it follow, and what it was measured on."""

    key: str
    count: Count
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class MetricColumns(Wire, kw_only=True):
    """Points as columns, little endian, grouped in the order of `series`: `time` (int64, Unix milliseconds), `step` (int64), `value` (float64)."""

    series: list[MetricSeries]
    time: bytes
    step: bytes
    value: bytes


class StatusRecord(Wire, kw_only=True):
    """What a run is doing now. A run that ends without a time ends now."""

    status: RunStatus
    end_time: Int64 | UnsetType = UNSET


class RunBlock(Wire, kw_only=True):
    """What a batch says of one run. Params and tags are pairs of key and value; a point of `points` is key, value, time, step.

    `lease_ms` promises that the run is heard of again within so many milliseconds; `stop_seen` acknowledges a request to stop.
    """

    run_id: str
    start: StartRecord | UnsetType = UNSET
    attempt: AttemptRecord | UnsetType = UNSET
    params: list[tuple[str, str]] = []
    tags: list[tuple[str, str]] = []
    datasets: list[DatasetInput] = []
    model_inputs: list[ModelInput] = []
    model_outputs: list[ModelOutput] = []
    environment: EnvironmentRecord | UnsetType = UNSET
    metrics: MetricColumns | UnsetType = UNSET
    points: list[tuple[str, float, Int64, Int64]] = []
    status: StatusRecord | UnsetType = UNSET
    lease_ms: LeaseMs | UnsetType = UNSET
    stop_seen: bool = False


class Ingest(Wire, kw_only=True):
    """Parameters of ingest/send.

    `writer` is 1 to 64 letters, digits, or any of ``_ . : -``, unique among all clients. `seq` counts its batches from 1.
    """

    format: Format
    writer: str
    seq: Sequence
    runs: list[RunBlock] = []


class Application(StrEnum):
    """What became of a batch: it was applied now, or is the last one that was applied (the answer is the one given then), or an earlier one."""

    NOW = "NOW"
    BEFORE = "BEFORE"
    LONG_BEFORE = "LONG_BEFORE"


class Rejection(Wire, kw_only=True):
    """Records that were not stored. `record` is the first of them, counted over all batches of the writer; the others follow, not always at once."""

    record: int
    count: int
    run_id: str
    what: str
    reason: str


class StopNote(Wire, kw_only=True):
    """A request to a run to stop, which has not been acknowledged."""

    reason: str
    asked_at: int
    asked_by: str


class BlockAnswer(Wire, kw_only=True):
    """What a client needs to know of a run that it has written to. There is none for a run that is not there.

    `artifact_uri` is told to who begins a run or an attempt, in the answer that is given first.
    """

    run_id: str
    attempt: int
    experiment_id: str
    artifact_uri: str | UnsetType = UNSET
    stop: StopNote | UnsetType = UNSET


class IngestAnswer(Wire, kw_only=True):
    """Answer of ingest/send.

    `first` is the number of the batch's first record, `records` how many it had: stored + collapsed + repeated + rejected. Of a batch applied `LONG_BEFORE` these
    are no longer known, and are zero; go on with the batch after `last_seq`. `rejected` tells of the first 1,000 that were; the ledger has them all.
    """

    seq: int
    last_seq: int
    applied: Application
    first: int = 0
    records: int = 0
    stored: int = 0
    collapsed: int = 0
    repeated: int = 0
    late: int = 0
    rejected: list[Rejection] = []
    runs: list[BlockAnswer] = []


class GetLedger(Wire, kw_only=True):
    """Parameters of ingest/ledger: of a run, or of what one writer has sent to it."""

    run_id: str
    writer: str = ""
    max_results: Int32 = 1000
    page_token: str = ""


class WriterCounts(Wire, kw_only=True):
    """What became of one writer's records for a run. `seen_at` is when the writer was last heard of, in Unix milliseconds."""

    writer: str
    last_seq: int
    seen_at: int
    stored: int
    collapsed: int
    repeated: int
    late: int
    rejected: int


class LedgerRejection(Wire, kw_only=True):
    """Records of a writer that were not stored, and when that was, in Unix milliseconds; see `Rejection`."""

    writer: str
    record: int
    count: int
    what: str
    reason: str
    at: int


class Ledger(Wire, kw_only=True):
    """Answer of ingest/ledger: counts by writer, and a page of what was rejected, by writer and record."""

    run_id: str
    writers: list[WriterCounts] = []
    rejections: list[LedgerRejection] = []
    next_page_token: str | UnsetType = UNSET


SEND = Endpoint(
    "ingest.send",
    "POST",
    "/headrace/v1/ingest/send",
    Ingest,
    IngestAnswer,
    (
        Need(Permission.EDIT, Resource.RUN, "runs.run_id"),
        Need(Permission.EDIT, Resource.EXPERIMENT, "runs.start.experiment_id"),
        Need(Permission.EDIT, Resource.EXPERIMENT_NAME, "runs.start.experiment_name"),
        Need(Permission.READ, Resource.RUN, "runs.start.parent_run_id"),
        Need(Permission.READ, Resource.RUN, "runs.start.fork.run_id"),
        Need(Permission.READ, Resource.MODEL, "runs.model_inputs.model_id"),
        Need(Permission.READ, Resource.MODEL, "runs.model_outputs.model_id"),
        Need(Permission.READ, Resource.MODEL, "runs.metrics.series.model_id"),
    ),
    "Apply a numbered batch of records of many runs, exactly once; every record has an outcome, and a bad one blocks nothing.",
    writes=True,
    binary=True,
    prefixes=("/api",),
)
LEDGER = Endpoint(
    "ingest.ledger",
    "GET",
    "/headrace/v1/ingest/ledger",
    GetLedger,
    Ledger,
    (Need(Permission.READ, Resource.RUN, "run_id"),),
    "Get what became of the records sent for a run: counts by writer, and what was rejected and why.",
    prefixes=("/api",),
)

ROWS: tuple[Endpoint[Any, Any], ...] = (SEND, LEDGER)
