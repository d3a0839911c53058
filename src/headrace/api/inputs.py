"""What goes into a run and comes out of it: datasets and models. Nouns, calls, rows."""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource, Tag
from headrace.base.json import Int64, Wire

MAX_SEARCH_EXPERIMENTS = 20
MAX_SUMMARIES = 1000


class Dataset(Wire, kw_only=True):
    """A dataset, known within an experiment by its name and digest."""

    name: str
    digest: str = ""
    source_type: str = ""
    source: str = ""
    schema: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET


class DatasetInput(Wire, kw_only=True):
    """A dataset that a run has used, with tags such as ``mlflow.data.context``."""

    tags: list[Tag] | UnsetType = UNSET
    dataset: Dataset


class ModelInput(Wire, kw_only=True):
    """A logged model that a run has used."""

    model_id: str


class ModelOutput(Wire, kw_only=True):
    """A logged model that a run has made, and at which step."""

    model_id: str
    step: Int64


class RunInputs(Wire, kw_only=True):
    """All that a run has used."""

    dataset_inputs: list[DatasetInput] | UnsetType = UNSET
    model_inputs: list[ModelInput] | UnsetType = UNSET


class RunOutputs(Wire, kw_only=True):
    """All that a run has made."""

    model_outputs: list[ModelOutput] | UnsetType = UNSET


class LogInputs(Wire, kw_only=True):
    """Parameters of runs/log-inputs."""

    run_id: str
    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []


class LogOutputs(Wire, kw_only=True):
    """Parameters of runs/outputs."""

    run_id: str
    models: list[ModelOutput] = []


class SearchDatasets(Wire, kw_only=True):
    """Parameters of experiments/search-datasets."""

    experiment_ids: list[str] = []


class DatasetSummary(Wire, kw_only=True):
    """A dataset that some run of an experiment has used."""

    experiment_id: str
    name: str
    digest: str
    context: str | UnsetType = UNSET


class DatasetSummaries(Wire, kw_only=True):
    """Answer of experiments/search-datasets."""

    dataset_summaries: list[DatasetSummary] | UnsetType = UNSET


LOG_INPUTS = Endpoint(
    "inputs.log_inputs",
    "POST",
    "/2.0/mlflow/runs/log-inputs",
    LogInputs,
    Empty,
    (
        Need(Permission.EDIT, Resource.RUN, "run_id"),
        Need(Permission.READ, Resource.MODEL, "models.model_id"),
    ),
    "Note which datasets and models a run has used.",
    writes=True,
)
LOG_OUTPUTS = Endpoint(
    "inputs.log_outputs",
    "POST",
    "/2.0/mlflow/runs/outputs",
    LogOutputs,
    Empty,
    (
        Need(Permission.EDIT, Resource.RUN, "run_id"),
        Need(Permission.READ, Resource.MODEL, "models.model_id"),
    ),
    "Note which models a run has made.",
    writes=True,
)
SEARCH_DATASETS = Endpoint(
    "inputs.search_datasets",
    "POST",
    "/2.0/mlflow/experiments/search-datasets",
    SearchDatasets,
    DatasetSummaries,
    (Need(Permission.READ, Resource.EXPERIMENT, "experiment_ids"),),
    "List the datasets that runs of experiments have used.",
)

ROWS: tuple[Endpoint[Any, Any], ...] = (LOG_INPUTS, LOG_OUTPUTS, SEARCH_DATASETS)
