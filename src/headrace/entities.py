"""The things of the tracking protocol, as in `mlflow.entities`. Each name is loaded when it is first used.

Written by tools/doors.py: change tools/door_rows.py.
"""

from typing import TYPE_CHECKING

from headrace.base.doors import open_door

if TYPE_CHECKING:
    from headrace.client.entities import (
        Dataset,
        DatasetInput,
        Experiment,
        ExperimentTag,
        FileInfo,
        InputTag,
        LifecycleStage,
        LoggedModel,
        LoggedModelInput,
        LoggedModelOutput,
        LoggedModelParameter,
        LoggedModelStatus,
        LoggedModelTag,
        Metric,
        Param,
        Run,
        RunData,
        RunInfo,
        RunInputs,
        RunOutputs,
        RunStatus,
        RunTag,
        SourceType,
        ViewType,
        _DatasetSummary,
    )

__all__ = [
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentTag",
    "FileInfo",
    "InputTag",
    "LifecycleStage",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOutput",
    "LoggedModelParameter",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Metric",
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
]

__getattr__, __dir__ = open_door(
    __name__,
    {
        "Dataset": "headrace.client.entities:Dataset",
        "DatasetInput": "headrace.client.entities:DatasetInput",
        "Experiment": "headrace.client.entities:Experiment",
        "ExperimentTag": "headrace.client.entities:ExperimentTag",
        "FileInfo": "headrace.client.entities:FileInfo",
        "InputTag": "headrace.client.entities:InputTag",
        "LifecycleStage": "headrace.client.entities:LifecycleStage",
        "LoggedModel": "headrace.client.entities:LoggedModel",
        "LoggedModelInput": "headrace.client.entities:LoggedModelInput",
        "LoggedModelOutput": "headrace.client.entities:LoggedModelOutput",
        "LoggedModelParameter": "headrace.client.entities:LoggedModelParameter",
        "LoggedModelStatus": "headrace.client.entities:LoggedModelStatus",
        "LoggedModelTag": "headrace.client.entities:LoggedModelTag",
        "Metric": "headrace.client.entities:Metric",
        "Param": "headrace.client.entities:Param",
        "Run": "headrace.client.entities:Run",
        "RunData": "headrace.client.entities:RunData",
        "RunInfo": "headrace.client.entities:RunInfo",
        "RunInputs": "headrace.client.entities:RunInputs",
        "RunOutputs": "headrace.client.entities:RunOutputs",
        "RunStatus": "headrace.client.entities:RunStatus",
        "RunTag": "headrace.client.entities:RunTag",
        "SourceType": "headrace.client.entities:SourceType",
        "ViewType": "headrace.client.entities:ViewType",
        "_DatasetSummary": "headrace.client.entities:_DatasetSummary",
    },
)
