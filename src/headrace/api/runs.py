"""Runs: nouns, calls, rows. Metrics and inputs of runs have files of their own."""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource, Tag
from headrace.api.experiments import ViewType
from headrace.api.inputs import RunInputs, RunOutputs
from headrace.api.metrics import Metric
from headrace.base.json import Int32, Int64, Wire, WireEnum

READ_RUN = (Need(Permission.READ, Resource.RUN, "run_id"), Need(Permission.READ, Resource.RUN, "run_uuid"))
EDIT_RUN = (Need(Permission.EDIT, Resource.RUN, "run_id"), Need(Permission.EDIT, Resource.RUN, "run_uuid"))


class RunStatus(WireEnum):
    """What a run is doing."""

    RUNNING = "RUNNING", 1
    SCHEDULED = "SCHEDULED", 2
    FINISHED = "FINISHED", 3
    FAILED = "FAILED", 4
    KILLED = "KILLED", 5


class Param(Wire, kw_only=True):
    """An input of a run: a key and its value as text."""

    key: str
    value: str = ""


class RunInfo(Wire, kw_only=True):
    """What is known of a run besides its data. Times are Unix milliseconds."""

    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: RunStatus
    start_time: int
    end_time: int | UnsetType = UNSET
    artifact_uri: str
    lifecycle_stage: str


class RunData(Wire, kw_only=True):
    """The latest value of each metric, the params and the tags of a run."""

    metrics: list[Metric] | UnsetType = UNSET
    params: list[Param] | UnsetType = UNSET
    tags: list[Tag] | UnsetType = UNSET


class Run(Wire, kw_only=True):
    """A run with all that belongs to it."""

    info: RunInfo
    data: RunData
    inputs: RunInputs
    outputs: RunOutputs | UnsetType = UNSET


class CreateRun(Wire, kw_only=True):
    """Parameters of runs/create."""

    experiment_id: str = ""
    user_id: str = ""
    run_name: str = ""
    start_time: Int64 = 0
    tags: list[Tag] = []


class RunAnswer(Wire, kw_only=True):
    """A run as an answer."""

    run: Run


class GetRun(Wire, kw_only=True):
    """Parameters of runs/get; `run_uuid` is the older name of `run_id`."""

    run_id: str = ""
    run_uuid: str = ""


class UpdateRun(Wire, kw_only=True):
    """Parameters of runs/update; what is not given stays as it is."""

    run_id: str = ""
    run_uuid: str = ""
    status: RunStatus | UnsetType = UNSET
    end_time: Int64 | UnsetType = UNSET
    run_name: str = ""


class RunInfoAnswer(Wire, kw_only=True):
    """Answer of runs/update."""

    run_info: RunInfo


class RunById(Wire, kw_only=True):
    """Parameters of runs/delete and runs/restore."""

    run_id: str


class SearchRuns(Wire, kw_only=True):
    """Parameters of runs/search."""

    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: ViewType = ViewType.ACTIVE_ONLY
    max_results: Int32 = 1000
    order_by: list[str] = []
    page_token: str = ""


class RunsPage(Wire, kw_only=True):
    """Answer of runs/search."""

    runs: list[Run] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class LogParam(Wire, kw_only=True):
    """Parameters of runs/log-parameter."""

    run_id: str = ""
    run_uuid: str = ""
    key: str
    value: str = ""


class SetTag(Wire, kw_only=True):
    """Parameters of runs/set-tag."""

    run_id: str = ""
    run_uuid: str = ""
    key: str
    value: str = ""


class DeleteTag(Wire, kw_only=True):
    """Parameters of runs/delete-tag."""

    run_id: str
    key: str


class LogBatch(Wire, kw_only=True):
    """Parameters of runs/log-batch."""

    run_id: str = ""
    metrics: list[Metric] = []
    params: list[Param] = []
    tags: list[Tag] = []


class LogModel(Wire, kw_only=True):
    """Parameters of runs/log-model (before MLflow 3): `model_json` is the text of an MLmodel file as JSON."""

    run_id: str = ""
    model_json: str = ""


_BY_ID_READ = (Need(Permission.READ, Resource.RUN, "run_id"),)
_BY_ID_EDIT = (Need(Permission.EDIT, Resource.RUN, "run_id"),)
_BY_ID_MANAGE = (Need(Permission.MANAGE, Resource.RUN, "run_id"),)

CREATE = Endpoint(
    "runs.create",
    "POST",
    "/2.0/mlflow/runs/create",
    CreateRun,
    RunAnswer,
    (Need(Permission.EDIT, Resource.EXPERIMENT, "experiment_id"),),
    "Create a run.",
    writes=True,
)
GET = Endpoint(
    "runs.get",
    "GET",
    "/2.0/mlflow/runs/get",
    GetRun,
    RunAnswer,
    READ_RUN,
    "Get a run with the latest value of each metric, deleted ones too.",
)
UPDATE = Endpoint(
    "runs.update",
    "POST",
    "/2.0/mlflow/runs/update",
    UpdateRun,
    RunInfoAnswer,
    EDIT_RUN,
    "Change a run's status, end time or name.",
    writes=True,
)
DELETE = Endpoint(
    "runs.delete",
    "POST",
    "/2.0/mlflow/runs/delete",
    RunById,
    Empty,
    _BY_ID_MANAGE,
    "Mark a run as deleted.",
    writes=True,
)
RESTORE = Endpoint(
    "runs.restore",
    "POST",
    "/2.0/mlflow/runs/restore",
    RunById,
    Empty,
    _BY_ID_MANAGE,
    "Bring a deleted run back.",
    writes=True,
)
SEARCH = Endpoint(
    "runs.search",
    "POST",
    "/2.0/mlflow/runs/search",
    SearchRuns,
    RunsPage,
    (Need(Permission.READ, Resource.EXPERIMENT, "experiment_ids"),),
    "Search runs of experiments, a page at a time.",
    parts="runs",
)
LOG_PARAM = Endpoint(
    "runs.log_param",
    "POST",
    "/2.0/mlflow/runs/log-parameter",
    LogParam,
    Empty,
    EDIT_RUN,
    "Log a param; a param cannot change its value.",
    writes=True,
)
SET_TAG = Endpoint(
    "runs.set_tag",
    "POST",
    "/2.0/mlflow/runs/set-tag",
    SetTag,
    Empty,
    EDIT_RUN,
    "Set a tag of a run.",
    writes=True,
)
DELETE_TAG = Endpoint(
    "runs.delete_tag",
    "POST",
    "/2.0/mlflow/runs/delete-tag",
    DeleteTag,
    Empty,
    _BY_ID_EDIT,
    "Delete a tag of a run.",
    writes=True,
)
LOG_BATCH = Endpoint(
    "runs.log_batch",
    "POST",
    "/2.0/mlflow/runs/log-batch",
    LogBatch,
    Empty,
    (*_BY_ID_EDIT, Need(Permission.READ, Resource.MODEL, "metrics.model_id")),
    "Log metrics, params and tags of a run, all or nothing.",
    writes=True,
)
LOG_MODEL = Endpoint(
    "runs.log_model",
    "POST",
    "/2.0/mlflow/runs/log-model",
    LogModel,
    Empty,
    _BY_ID_EDIT,
    "Note on a run that a model was logged (MLflow before 3).",
    writes=True,
)

ROWS: tuple[Endpoint[Any, Any], ...] = (
    CREATE, GET, UPDATE, DELETE, RESTORE, SEARCH, LOG_PARAM, SET_TAG, DELETE_TAG, LOG_BATCH, LOG_MODEL,
)  # fmt: skip
