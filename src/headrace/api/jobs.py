"""Counted jobs: one call that changes many runs or experiments, carried out in the background, in small steps. Nouns, calls, rows.

What a job is about is fixed when it is made: a job over a filter does not see what comes to match later, nor its own effect.
"""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Endpoint, Need, Permission, Resource, Tag
from headrace.base.json import Int32, Wire, WireEnum


class JobState(WireEnum):
    """How far a job is. The numbers are stored; those from FINISHED on are ends."""

    PENDING = "PENDING", 1
    RUNNING = "RUNNING", 2
    FINISHED = "FINISHED", 3
    FAILED = "FAILED", 4
    CANCELLED = "CANCELLED", 5


class JobFailure(Wire, kw_only=True):
    """One thing that a job could not do: the run's or experiment's id, and why."""

    id: str
    reason: str


class Job(Wire, kw_only=True):
    """A job. Times are Unix milliseconds.

    FINISHED says that everything was looked at, `failed` of it in vain; FAILED that the job could not go on, for the `reason`.
    `failures` are the first 100; `details` is what was asked for, as JSON.
    """

    job_id: str
    kind: str
    state: JobState
    total: int
    done: int
    failed: int
    failures: list[JobFailure]
    reason: str | UnsetType = UNSET
    details: str
    actor: str
    created_at: int
    updated_at: int


class MoveRuns(Wire, kw_only=True):
    """Parameters of jobs/move-runs: runs by their ids, or all active ones of experiments that match a filter."""

    to_experiment_id: str
    run_ids: list[str] = []
    experiment_ids: list[str] = []
    filter: str = ""
    include_children: bool = False
    job_id: str = ""


class MoveExperiments(Wire, kw_only=True):
    """Parameters of jobs/move-experiments: ``team/a`` to ``org/b`` renames ``team/a`` and all ``team/a/...``. An empty target is the top."""

    from_prefix: str
    to_prefix: str
    job_id: str = ""


class TagRuns(Wire, kw_only=True):
    """Parameters of jobs/tag-runs: tags to set, and keys of tags to remove."""

    run_ids: list[str] = []
    experiment_ids: list[str] = []
    filter: str = ""
    tags: list[Tag] = []
    remove: list[str] = []
    job_id: str = ""


class ChooseRuns(Wire, kw_only=True):
    """Parameters of jobs/delete-runs (active runs) and jobs/restore-runs (deleted ones)."""

    run_ids: list[str] = []
    experiment_ids: list[str] = []
    filter: str = ""
    include_children: bool = False
    job_id: str = ""


class JobById(Wire, kw_only=True):
    """Parameters of the calls that take a job's id alone."""

    job_id: str


class JobAnswer(Wire, kw_only=True):
    """A job as an answer."""

    job: Job


class ListJobs(Wire, kw_only=True):
    """Parameters of jobs/list, the newest first; no states stand for all."""

    states: list[JobState] = []
    max_results: Int32 = 100
    page_token: str = ""


class JobsPage(Wire, kw_only=True):
    """Answer of jobs/list."""

    jobs: list[Job] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


_EDIT = (
    Need(Permission.EDIT, Resource.RUN, "run_ids"),
    Need(Permission.EDIT, Resource.EXPERIMENT, "experiment_ids"),
)
_MANAGE = (
    Need(Permission.MANAGE, Resource.RUN, "run_ids"),
    Need(Permission.MANAGE, Resource.EXPERIMENT, "experiment_ids"),
)
_SEE = (Need(Permission.READ, Resource.SERVER),)

# The calls that make jobs look for the runs while others write, and pass the writer only to store the job: hence no `writes`.
MOVE_RUNS = Endpoint(
    "jobs.move_runs",
    "POST",
    "/headrace/v1/jobs/move-runs",
    MoveRuns,
    JobAnswer,
    (*_EDIT, Need(Permission.EDIT, Resource.EXPERIMENT, "to_experiment_id")),
    "Move runs to another experiment, in the background.",
    background=True,
    prefixes=("/api",),
)
MOVE_EXPERIMENTS = Endpoint(
    "jobs.move_experiments",
    "POST",
    "/headrace/v1/jobs/move-experiments",
    MoveExperiments,
    JobAnswer,
    (Need(Permission.EDIT, Resource.SERVER),),  # the service asks for each experiment as well
    "Rename all experiments below a path, in the background.",
    background=True,
    prefixes=("/api",),
)
TAG_RUNS = Endpoint(
    "jobs.tag_runs",
    "POST",
    "/headrace/v1/jobs/tag-runs",
    TagRuns,
    JobAnswer,
    _EDIT,
    "Set and remove tags of many runs, in the background.",
    background=True,
    prefixes=("/api",),
)
DELETE_RUNS = Endpoint(
    "jobs.delete_runs",
    "POST",
    "/headrace/v1/jobs/delete-runs",
    ChooseRuns,
    JobAnswer,
    _MANAGE,
    "Mark many runs as deleted, in the background.",
    background=True,
    prefixes=("/api",),
)
RESTORE_RUNS = Endpoint(
    "jobs.restore_runs",
    "POST",
    "/headrace/v1/jobs/restore-runs",
    ChooseRuns,
    JobAnswer,
    _MANAGE,
    "Bring many deleted runs back, in the background.",
    background=True,
    prefixes=("/api",),
)
GET = Endpoint(
    "jobs.get",
    "GET",
    "/headrace/v1/jobs/get",
    JobById,
    JobAnswer,
    _SEE,
    "Get a job: how far it is, and what failed.",
    background=True,
    prefixes=("/api",),
)
LIST = Endpoint(
    "jobs.list",
    "GET",
    "/headrace/v1/jobs/list",
    ListJobs,
    JobsPage,
    _SEE,
    "List jobs, the newest first, a page at a time.",
    background=True,
    prefixes=("/api",),
)
CANCEL = Endpoint(
    "jobs.cancel",
    "POST",
    "/headrace/v1/jobs/cancel",
    JobById,
    JobAnswer,
    _SEE,  # for a job of one's own; the service asks for more if it is somebody else's
    "Stop a job; what it has done stays.",
    writes=True,
    background=True,
    prefixes=("/api",),
)

ROWS: tuple[Endpoint[Any, Any], ...] = (
    MOVE_RUNS, MOVE_EXPERIMENTS, TAG_RUNS, DELETE_RUNS, RESTORE_RUNS, GET, LIST, CANCEL,
)  # fmt: skip
