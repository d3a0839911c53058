"""Logged models: nouns, calls, rows."""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.artifacts import ArtifactsPage
from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource, Tag
from headrace.base.json import Int32, Int64, Wire, WireEnum

_READ = (Need(Permission.READ, Resource.MODEL, "model_id"),)
_EDIT = (Need(Permission.EDIT, Resource.MODEL, "model_id"),)
_MANAGE = (Need(Permission.MANAGE, Resource.MODEL, "model_id"),)


class LoggedModelStatus(WireEnum):
    """How far a model's upload is."""

    UNSPECIFIED = "LOGGED_MODEL_STATUS_UNSPECIFIED", 0
    PENDING = "LOGGED_MODEL_PENDING", 1
    READY = "LOGGED_MODEL_READY", 2
    UPLOAD_FAILED = "LOGGED_MODEL_UPLOAD_FAILED", 3


class LoggedModelParam(Wire, kw_only=True):
    """A param of a logged model."""

    key: str
    value: str = ""


class LoggedModelRegistration(Wire, kw_only=True):
    """A registered version made from a logged model."""

    name: str
    version: str


class LoggedModelInfo(Wire, kw_only=True):
    """What is known of a logged model besides its data. Times are Unix milliseconds."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: LoggedModelStatus
    model_type: str | UnsetType = UNSET
    source_run_id: str | UnsetType = UNSET
    status_message: str | UnsetType = UNSET
    tags: list[Tag] | UnsetType = UNSET
    registrations: list[LoggedModelRegistration] | UnsetType = UNSET


class LoggedModelMetric(Wire, kw_only=True):
    """The latest point of a metric that a run has logged for a model (on a dataset, where one was named)."""

    key: str
    value: float
    timestamp: Int64
    step: Int64
    model_id: str
    dataset_name: str | UnsetType = UNSET
    dataset_digest: str | UnsetType = UNSET
    run_id: str


class LoggedModelData(Wire, kw_only=True):
    """The params and metrics of a logged model."""

    params: list[LoggedModelParam] | UnsetType = UNSET
    metrics: list[LoggedModelMetric] | UnsetType = UNSET


class LoggedModel(Wire, kw_only=True):
    """A model that a run, or a user without a run, has made."""

    info: LoggedModelInfo
    data: LoggedModelData


class CreateLoggedModel(Wire, kw_only=True):
    """Parameters of logged-models (POST)."""

    experiment_id: str
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: list[LoggedModelParam] = []
    tags: list[Tag] = []


class LoggedModelAnswer(Wire, kw_only=True):
    """A logged model as an answer."""

    model: LoggedModel


class LoggedModelById(Wire, kw_only=True):
    """Parameters of the calls that take a model's id alone."""

    model_id: str


class FinalizeLoggedModel(Wire, kw_only=True):
    """Parameters of logged-models/{model_id} (PATCH)."""

    model_id: str
    status: LoggedModelStatus


class SearchDataset(Wire, kw_only=True):
    """A dataset that the metrics of a search must have been measured on."""

    dataset_name: str
    dataset_digest: str = ""


class LoggedModelOrder(Wire, kw_only=True):
    """One key of an order of logged models: an attribute, or ``metrics.<key>``, perhaps on one dataset."""

    field_name: str
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class SearchLoggedModels(Wire, kw_only=True):
    """Parameters of logged-models/search."""

    experiment_ids: list[str] = []
    filter: str = ""
    datasets: list[SearchDataset] = []
    max_results: Int32 = 50
    order_by: list[LoggedModelOrder] = []
    page_token: str = ""


class LoggedModelsPage(Wire, kw_only=True):
    """Answer of logged-models/search."""

    models: list[LoggedModel] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class SetLoggedModelTags(Wire, kw_only=True):
    """Parameters of logged-models/{model_id}/tags (PATCH)."""

    model_id: str
    tags: list[Tag] = []


class DeleteLoggedModelTag(Wire, kw_only=True):
    """Parameters of logged-models/{model_id}/tags/{tag_key} (DELETE)."""

    model_id: str
    tag_key: str


class LogLoggedModelParams(Wire, kw_only=True):
    """Parameters of logged-models/{model_id}/params (POST)."""

    model_id: str
    params: list[LoggedModelParam] = []


class ListLoggedModelArtifacts(Wire, kw_only=True):
    """Parameters of logged-models/{model_id}/artifacts/directories."""

    model_id: str
    artifact_directory_path: str = ""
    page_token: str = ""


class GetLoggedModelFile(Wire, kw_only=True):
    """Parameters of logged-models/{model_id}/artifacts/files."""

    model_id: str
    artifact_file_path: str = ""


CREATE = Endpoint(
    "logged_models.create",
    "POST",
    "/2.0/mlflow/logged-models",
    CreateLoggedModel,
    LoggedModelAnswer,
    (
        Need(Permission.EDIT, Resource.EXPERIMENT, "experiment_id"),
        Need(Permission.EDIT, Resource.RUN, "source_run_id"),
    ),
    "Create a logged model; its files are uploaded next.",
    writes=True,
)
GET = Endpoint(
    "logged_models.get",
    "GET",
    "/2.0/mlflow/logged-models/{model_id}",
    LoggedModelById,
    LoggedModelAnswer,
    _READ,
    "Get a logged model.",
)
FINALIZE = Endpoint(
    "logged_models.finalize",
    "PATCH",
    "/2.0/mlflow/logged-models/{model_id}",
    FinalizeLoggedModel,
    LoggedModelAnswer,
    _EDIT,
    "Say that a model's files are complete, or that their upload failed.",
    writes=True,
)
DELETE = Endpoint(
    "logged_models.delete",
    "DELETE",
    "/2.0/mlflow/logged-models/{model_id}",
    LoggedModelById,
    Empty,
    _MANAGE,
    "Mark a logged model as deleted.",
    writes=True,
)
SEARCH = Endpoint(
    "logged_models.search",
    "POST",
    "/2.0/mlflow/logged-models/search",
    SearchLoggedModels,
    LoggedModelsPage,
    (Need(Permission.READ, Resource.EXPERIMENT, "experiment_ids"),),
    "Search logged models of experiments, a page at a time.",
)
SET_TAGS = Endpoint(
    "logged_models.set_tags",
    "PATCH",
    "/2.0/mlflow/logged-models/{model_id}/tags",
    SetLoggedModelTags,
    Empty,
    _EDIT,
    "Set tags of a logged model.",
    writes=True,
)
DELETE_TAG = Endpoint(
    "logged_models.delete_tag",
    "DELETE",
    "/2.0/mlflow/logged-models/{model_id}/tags/{tag_key:path}",
    DeleteLoggedModelTag,
    Empty,
    _EDIT,
    "Delete a tag of a logged model.",
    writes=True,
)
LOG_PARAMS = Endpoint(
    "logged_models.log_params",
    "POST",
    "/2.0/mlflow/logged-models/{model_id}/params",
    LogLoggedModelParams,
    Empty,
    _EDIT,
    "Log params of a logged model; a param cannot change its value.",
    writes=True,
)
LIST_ARTIFACTS = Endpoint(
    "logged_models.list_artifacts",
    "GET",
    "/2.0/mlflow/logged-models/{model_id}/artifacts/directories",
    ListLoggedModelArtifacts,
    ArtifactsPage,
    _READ,
    "List one folder of a logged model's files.",
)
GET_FILE = Endpoint(
    "logged_models.get_file",
    "GET",
    "/2.0/mlflow/logged-models/{model_id}/artifacts/files",
    GetLoggedModelFile,
    Empty,
    _READ,
    "Download one file of a logged model.",
    stream=True,
)

ROWS: tuple[Endpoint[Any, Any], ...] = (
    CREATE, SEARCH, GET, FINALIZE, DELETE, SET_TAGS, DELETE_TAG, LOG_PARAMS, LIST_ARTIFACTS, GET_FILE,
)  # fmt: skip
