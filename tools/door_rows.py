"""The public names: which module offers what, and where it lives. The table of tools/doors.py.

A door without names of its own is one more place for names that others offer.
"""

from dataclasses import dataclass, field

Names = dict[str, str]


@dataclass(frozen=True)
class Door:
    """A module that is written by tools/doors.py.

    Args:
        summary: its docstring's first line.
        names: what it offers, and where that lives: ``module:name``, or a module's name for the module itself.
    """

    summary: str
    names: Names = field(default_factory=dict)


def _of(module: str, *names: str) -> Names:
    return {name: f"{module}:{name}" for name in names}


def _pick(names: Names, *chosen: str) -> Names:
    return {name: names[name] for name in chosen}


_FLUENT = "headrace.fluent"

_EXPERIMENTS = _of(
    f"{_FLUENT}.experiments",
    "create_experiment",
    "delete_experiment",
    "delete_experiment_tag",
    "get_experiment",
    "get_experiment_by_name",
    "restore_experiment",
    "search_experiments",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
)
_RUNS = {
    **_of(f"{_FLUENT}.active_run", "ActiveRun"),
    **_of(
        f"{_FLUENT}.runs",
        "active_run",
        "delete_run",
        "end_run",
        "get_parent_run",
        "get_run",
        "last_active_run",
        "restore_run",
        "start_run",
    ),
    **_of(f"{_FLUENT}.search", "metric_histories", "search_runs"),
}
_LOGGING = {
    **_of(
        f"{_FLUENT}.logging",
        "delete_tag",
        "flush_artifact_async_logging",
        "flush_async_logging",
        "log_metric",
        "log_metrics",
        "log_param",
        "log_params",
        "set_tag",
        "set_tags",
    ),
    **_of(f"{_FLUENT}.inputs", "log_input", "log_inputs", "log_outputs"),
}
_FILES = _of(
    f"{_FLUENT}.artifacts",
    "get_artifact_uri",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_stream",
    "log_text",
)
_MEDIA = {
    **_of(f"{_FLUENT}.media", "Image", "log_figure", "log_image"),
    **_of(f"{_FLUENT}.tables", "load_table", "log_table"),
}
_MODELS = _of(
    f"{_FLUENT}.models",
    "create_external_model",
    "delete_logged_model_tag",
    "finalize_logged_model",
    "get_logged_model",
    "initialize_logged_model",
    "last_logged_model",
    "log_model_params",
    "search_logged_models",
    "set_logged_model_tags",
)
_URIS = _of(
    f"{_FLUENT}.state",
    "get_registry_uri",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "set_registry_uri",
    "set_tracking_uri",
)
_SYSTEM_METRICS = _of(
    f"{_FLUENT}.system_metrics",
    "disable_system_metrics_logging",
    "enable_system_metrics_logging",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
)
_OWN = {
    **_of("headrace.client.client", "Client"),
    **_of("headrace.client.connect", "connect"),
    **_of(f"{_FLUENT}.ledger", "get_ledger"),
    **_of(f"{_FLUENT}.pages", "ui"),
    **_of(f"{_FLUENT}.stopping", "should_stop"),
    **_of("headrace.base.errors", "StopRequested"),
    "__version__": "headrace.base.version:__version__",
    "errors": "headrace.base.errors",
}
_CLIENT = _of(f"{_FLUENT}.flat", "MlflowClient")
_ENTITIES = _of(
    "headrace.client.entities",
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
)
_EXCEPTIONS = _of(
    "headrace.base.mlflow_exception",
    "ABORTED",
    "ALREADY_EXISTS",
    "BAD_REQUEST",
    "CANCELLED",
    "CUSTOMER_UNAUTHORIZED",
    "DATA_LOSS",
    "DEADLINE_EXCEEDED",
    "ENDPOINT_NOT_FOUND",
    "ERROR_CODE_TO_HTTP_STATUS",
    "ErrorCode",
    "ExecutionException",
    "HTTP_STATUS_TO_ERROR_CODE",
    "INTERNAL_ERROR",
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "InvalidUrlException",
    "MissingConfigException",
    "MlflowException",
    "MlflowNotImplementedException",
    "NOT_FOUND",
    "NOT_IMPLEMENTED",
    "PERMISSION_DENIED",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_CONFLICT",
    "RESOURCE_DOES_NOT_EXIST",
    "RESOURCE_EXHAUSTED",
    "RestException",
    "TEMPORARILY_UNAVAILABLE",
    "UNAUTHENTICATED",
    "get_error_code",
)
_DATASETS = f"{_FLUENT}.datasets"
_DATA = {
    **_of(
        f"{_DATASETS}.constructors",
        "from_arrow",
        "from_files",
        "from_folder",
        "from_huggingface",
        "from_numpy",
        "from_pandas",
        "from_polars",
        "from_spark",
        "from_tensorflow",
        "get_source",
        "load_delta",
    ),
    **_of(f"{_DATASETS}.dataset", "Dataset"),
    **_of(f"{_DATASETS}.source", "DatasetSource"),
    **_of(f"{_DATASETS}.registry", "get_dataset_source_from_json", "get_registered_sources"),
}
_OF_DATASETS: dict[str, Names] = {
    "code_dataset_source": _of(f"{_DATASETS}.source", "CodeDatasetSource"),
    "dataset": _of(f"{_DATASETS}.dataset", "Dataset"),
    "dataset_source": _of(f"{_DATASETS}.source", "DatasetSource"),
    "delta_dataset_source": _of(f"{_DATASETS}.framework_sources", "DeltaDatasetSource"),
    "filesystem_dataset_source": _of(f"{_DATASETS}.file_sources", "FileSystemDatasetSource"),
    "http_dataset_source": _of(f"{_DATASETS}.file_sources", "HTTPDatasetSource"),
    "huggingface_dataset": {
        **_of(f"{_DATASETS}.huggingface_dataset", "HuggingFaceDataset"),
        **_pick(_DATA, "from_huggingface"),
    },
    "huggingface_dataset_source": _of(f"{_DATASETS}.framework_sources", "HuggingFaceDatasetSource"),
    "meta_dataset": _of(f"{_DATASETS}.dataset", "MetaDataset"),
    "numpy_dataset": {**_of(f"{_DATASETS}.numpy_dataset", "NumpyDataset"), **_pick(_DATA, "from_numpy")},
    "pandas_dataset": {**_of(f"{_DATASETS}.pandas_dataset", "PandasDataset"), **_pick(_DATA, "from_pandas")},
    "polars_dataset": {**_of(f"{_DATASETS}.polars_dataset", "PolarsDataset"), **_pick(_DATA, "from_polars")},
    "spark_dataset": {
        **_of(f"{_DATASETS}.spark_dataset", "SparkDataset"),
        **_pick(_DATA, "from_spark", "load_delta"),
    },
    "spark_dataset_source": _of(f"{_DATASETS}.framework_sources", "SparkDatasetSource"),
    "tensorflow_dataset": {
        **_of(f"{_DATASETS}.tensorflow_dataset", "TensorFlowDataset"),
        **_pick(_DATA, "from_tensorflow"),
    },
}
_ARTIFACTS = _of(
    f"{_FLUENT}.artifact_reads",
    "download_artifacts",
    "list_artifacts",
    "load_dict",
    "load_image",
    "load_text",
)

DOORS: dict[str, Door] = {
    "artifacts": Door("Reading artifacts, as `mlflow.artifacts` does.", _ARTIFACTS),
    "config": Door(
        "Switches of a process, as in `mlflow.config`.",
        {**_URIS, **_SYSTEM_METRICS, **_of(f"{_FLUENT}.switches", "enable_async_logging")},
    ),
    "data": Door(
        "Datasets that runs use, as in `mlflow.data`.",
        {**_DATA, **{name: f"headrace.data.{name}" for name in _OF_DATASETS}},
    ),
    **{
        f"data.{name}": Door(f"One kind of dataset or source, as in `mlflow.data.{name}`.", names)
        for name, names in _OF_DATASETS.items()
    },
    "entities": Door("The things of the tracking protocol, as in `mlflow.entities`.", _ENTITIES),
    "exceptions": Door("What is raised, as in `mlflow.exceptions`.", _EXCEPTIONS),
    "system_metrics": Door("Switches of the system metrics, as in `mlflow.system_metrics`.", _SYSTEM_METRICS),
    "tracking": Door(
        "Where runs are kept, and the client, as in `mlflow.tracking`.",
        {**_URIS, **_CLIENT, "client": "headrace.tracking.client", "fluent": "headrace.tracking.fluent"},
    ),
    "tracking.client": Door("The client, as in `mlflow.tracking.client`.", _CLIENT),
    "tracking.fluent": Door(
        "The calls about the active run, as in `mlflow.tracking.fluent`.",
        {**_EXPERIMENTS, **_RUNS, **_LOGGING, **_FILES, **_MEDIA, **_MODELS},
    ),
}

PUBLIC: Names = {
    **_OWN,
    **_CLIENT,
    **_pick(_EXCEPTIONS, "MlflowException"),
    **_EXPERIMENTS,
    **_RUNS,
    **_LOGGING,
    **_FILES,
    **_MEDIA,
    **_MODELS,
    **_URIS,
    **_SYSTEM_METRICS,
    "client": "headrace.client",
    **{name: f"headrace.{name}" for name in DOORS if "." not in name},
}
"""What `headrace` itself offers."""
