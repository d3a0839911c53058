"""The things of the tracking protocol in MLflow's Python shape: thin views of the structs of `headrace.api`. Knows no transport."""

from headrace.client.entities.experiment import Experiment
from headrace.client.entities.logged_model import LoggedModel
from headrace.client.entities.paged_list import FoundList, PagedList
from headrace.client.entities.pairs import (
    Dataset,
    DatasetInput,
    ExperimentTag,
    FileInfo,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelTag,
    Metric,
    Param,
    RunTag,
    _DatasetSummary,
)
from headrace.client.entities.run import Run, RunData, RunInfo, RunInputs, RunOutputs
from headrace.client.entities.words import (
    LifecycleStage,
    LoggedModelStatus,
    RunStatus,
    SourceType,
    ViewType,
    read_view,
)

__all__ = [
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentTag",
    "FileInfo",
    "FoundList",
    "InputTag",
    "LifecycleStage",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOutput",
    "LoggedModelParameter",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Metric",
    "PagedList",
    "Param",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOutputs",
    "RunStatus",
    "RunTag",
    "SourceType",
    "ViewType",
    "_DatasetSummary",
    "read_view",
]
