"""What MLflow's Python API has and headrace's has not, and why; and what headrace takes otherwise. Held against the installed MLflow by tests/contract/names.

The places are modules below the package (empty for the package itself), classes in them for their members, and ``MlflowClient`` for its methods.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Absent:
    """Names that are not there.

    Args:
        theme: what they are about.
        reason: why they are not there.
        names: by place.
    """

    theme: str
    reason: str
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Different:
    """A name that is there with other parameters.

    Args:
        place: where it is.
        name: a name, or a class and its member.
        reason: what differs, and why.
    """

    place: str
    name: str
    reason: str


_SOON = "not built yet"

ABSENT = (
    Absent(
        "Registered models",
        _SOON,
        {
            "": (
                "register_model",
                "search_model_versions",
                "search_registered_models",
                "set_model_version_tag",
            ),
            "MlflowClient": (
                "copy_model_version",
                "create_model_version",
                "create_registered_model",
                "delete_model_version",
                "delete_model_version_tag",
                "delete_registered_model",
                "delete_registered_model_alias",
                "delete_registered_model_tag",
                "get_latest_versions",
                "get_model_version",
                "get_model_version_by_alias",
                "get_model_version_download_uri",
                "get_model_version_stages",
                "get_registered_model",
                "rename_registered_model",
                "search_model_versions",
                "search_registered_models",
                "set_model_version_tag",
                "set_registered_model_alias",
                "set_registered_model_tag",
                "transition_model_version_stage",
                "update_model_version",
                "update_registered_model",
            ),
        },
    ),
    Absent(
        "Model flavours, autologging and the active model",
        f"{_SOON}; the model that a run's metrics belong to is chosen by MLFLOW_ACTIVE_MODEL_ID or `log_metric(model_id=)`",
        {
            "": (
                "ActiveModel",
                "autolog",
                "clear_active_model",
                "get_active_model_id",
                "import_checkpoints",
                "pyfunc",
                "set_active_model",
            )
        },
    ),
    Absent(
        "Traces and assessments",
        _SOON,
        {
            "": (
                "add_trace",
                "context",
                "delete_assessment",
                "delete_trace_tag",
                "flush_trace_async_logging",
                "get_active_trace_id",
                "get_assessment",
                "get_current_active_span",
                "get_last_active_trace_id",
                "get_trace",
                "log_assessment",
                "log_expectation",
                "log_feedback",
                "log_issue",
                "log_trace",
                "override_feedback",
                "search_sessions",
                "search_traces",
                "set_trace_tag",
                "start_span",
                "start_span_no_context",
                "trace",
                "update_assessment",
                "update_current_trace",
            ),
            "MlflowClient": (
                "delete_trace_tag",
                "delete_traces",
                "end_span",
                "end_trace",
                "get_trace",
                "link_traces_to_run",
                "search_traces",
                "set_trace_tag",
                "start_span",
                "start_trace",
                "unlink_traces_from_run",
            ),
            "entities": (
                "Assessment",
                "AssessmentError",
                "AssessmentSource",
                "AssessmentSourceType",
                "Document",
                "Expectation",
                "Feedback",
                "InferenceTableLocation",
                "Issue",
                "IssueReference",
                "IssueSeverity",
                "IssueStatus",
                "Link",
                "LiveSpan",
                "MlflowExperimentLocation",
                "NoOpSpan",
                "Session",
                "Span",
                "SpanEvent",
                "SpanLogLevel",
                "SpanStatus",
                "SpanStatusCode",
                "SpanType",
                "Trace",
                "TraceArchivalConfig",
                "TraceData",
                "TraceInfo",
                "TraceLocation",
                "TraceLocationType",
                "TraceState",
                "UCSchemaLocation",
                "UnityCatalog",
            ),
            "exceptions": (
                "MlflowTraceArchivalMalformedTrace",
                "MlflowTraceDataCorrupted",
                "MlflowTraceDataException",
                "MlflowTraceDataNotFound",
                "MlflowTracingException",
            ),
        },
    ),
    Absent(
        "Prompts",
        _SOON,
        {
            "": (
                "delete_prompt_alias",
                "load_prompt",
                "register_prompt",
                "search_prompts",
                "set_prompt_alias",
            ),
            "MlflowClient": (
                "create_prompt",
                "create_prompt_version",
                "delete_prompt",
                "delete_prompt_alias",
                "delete_prompt_tag",
                "delete_prompt_version",
                "delete_prompt_version_tag",
                "detach_prompt_from_run",
                "get_prompt",
                "get_prompt_version",
                "get_prompt_version_by_alias",
                "link_prompt_version_to_model",
                "link_prompt_version_to_run",
                "link_prompt_versions_to_trace",
                "list_logged_prompts",
                "load_prompt",
                "parse_prompt_uri",
                "register_prompt",
                "search_prompt_versions",
                "search_prompts",
                "set_prompt_alias",
                "set_prompt_tag",
                "set_prompt_version_tag",
            ),
            "entities": ("Prompt",),
        },
    ),
    Absent(
        "Evaluation",
        _SOON,
        {
            "": ("evaluate", "test", "validate_evaluation_results"),
            "data.numpy_dataset.NumpyDataset": ("to_evaluation_dataset", "to_pyfunc"),
            "data.pandas_dataset.PandasDataset": ("to_evaluation_dataset", "to_pyfunc"),
            "data.polars_dataset.PolarsDataset": (
                "PolarsDatasetConfig",
                "PolarsDatasetProfile",
                "to_evaluation_dataset",
                "to_pyfunc",
            ),
            "MlflowClient": (
                "add_dataset_to_experiments",
                "create_dataset",
                "delete_dataset",
                "delete_dataset_tag",
                "get_dataset",
                "remove_dataset_from_experiments",
                "search_datasets",
                "set_dataset_tags",
            ),
            "entities": (
                "DatasetRecord",
                "DatasetRecordSource",
                "DatasetRecordSourceType",
                "EntityAssociationType",
                "ScorerVersion",
            ),
        },
    ),
    Absent("Projects", _SOON, {"": ("run",)}),
    Absent(
        "Webhooks",
        _SOON,
        {
            "MlflowClient": (
                "create_webhook",
                "delete_webhook",
                "get_webhook",
                "list_webhooks",
                "test_webhook",
                "update_webhook",
            ),
            "entities": ("Webhook", "WebhookEvent", "WebhookStatus", "WebhookTestResult"),
        },
    ),
    Absent(
        "The gateway",
        _SOON,
        {
            "": ("gateway",),
            "entities": (
                "BudgetAction",
                "BudgetDuration",
                "BudgetDurationUnit",
                "BudgetTargetScope",
                "BudgetUnit",
                "FallbackConfig",
                "FallbackStrategy",
                "GatewayBudgetPolicy",
                "GatewayEndpoint",
                "GatewayEndpointBinding",
                "GatewayEndpointModelConfig",
                "GatewayEndpointModelMapping",
                "GatewayEndpointTag",
                "GatewayGuardrail",
                "GatewayGuardrailConfig",
                "GatewayModelDefinition",
                "GatewayModelLinkageType",
                "GatewayResourceType",
                "GatewaySecretInfo",
                "GuardrailAction",
                "GuardrailStage",
                "RoutingStrategy",
            ),
        },
    ),
    Absent(
        "MCP servers",
        "a registry of tools of language models; not planned",
        {
            "MlflowClient": (
                "create_mcp_access_endpoint",
                "create_mcp_server",
                "create_mcp_server_version",
                "delete_mcp_access_endpoint",
                "delete_mcp_server",
                "delete_mcp_server_alias",
                "delete_mcp_server_tag",
                "delete_mcp_server_version",
                "delete_mcp_server_version_tag",
                "get_latest_mcp_server_version",
                "get_mcp_access_endpoint",
                "get_mcp_server",
                "get_mcp_server_version",
                "get_mcp_server_version_by_alias",
                "refresh_mcp_server_version_tools",
                "search_mcp_access_endpoints",
                "search_mcp_server_versions",
                "search_mcp_servers",
                "set_mcp_server_alias",
                "set_mcp_server_tag",
                "set_mcp_server_version_tag",
                "update_mcp_access_endpoint",
                "update_mcp_server",
                "update_mcp_server_version",
            ),
            "entities": (
                "ConnectOptionSettings",
                "MCPAccessEndpoint",
                "MCPRemoteTransportType",
                "MCPServer",
                "MCPServerVersion",
                "MCPStatus",
                "MCPTool",
            ),
        },
    ),
    Absent(
        "Workspaces",
        "a server has one workspace; slashes in the names of experiments make a tree",
        {
            "": (
                "create_workspace",
                "delete_workspace",
                "get_workspace",
                "list_workspaces",
                "set_workspace",
                "update_workspace",
            ),
            "MlflowClient": (
                "create_workspace",
                "delete_workspace",
                "get_workspace",
                "get_workspace_store_uri",
                "list_workspaces",
                "update_workspace",
            ),
            "entities": ("Workspace", "WorkspaceDeletionMode"),
        },
    ),
    Absent(
        "Databricks, and MLflow's own inside",
        "`doctor` and `login` are about MLflow's installation and Databricks; the others are private in all but name",
        {
            "": ("doctor", "login"),
            "exceptions": ("ErrorClass", "SqlState"),
            "tracking": ("_get_artifact_repo", "_get_store"),
        },
    ),
)

DIFFERENT = (
    Different("", "ActiveRun", "is made by `start_run` alone; it needs the log that it writes to"),
    Different(
        "data.code_dataset_source.CodeDatasetSource", "load", "takes nothing, since code cannot be loaded"
    ),
)

BEHAVIOUR = (
    (
        "`log_metric` and its like",
        "waits for the store, unless `synchronous=False`",
        "is kept on this machine and goes on; `synchronous=True` waits",
    ),
    (
        "A record that the server refuses, such as a param that another process has logged otherwise",
        "raises",
        "warns at the next call of the run and at its end; raises in a run with `strict=True`, and where `synchronous=True`",
    ),
    ("No server answers", "raises after minutes", "is kept, and sent when one answers"),
    ("The default tracking URI", "`sqlite:///mlflow.db`", "`sqlite:///headrace.db`"),
    ("An infinite metric", "is stored as the greatest number", "is infinite"),
    (
        "The end of a run by an exception outside of `with`, or by SIGTERM",
        "FINISHED, or RUNNING for ever",
        "FAILED, or KILLED",
    ),
    (
        "The status of a run whose process is silent beyond its lease, in `search_runs`",
        "RUNNING",
        "LOST",
    ),
    (
        "The columns of an empty data frame of `search_runs`",
        "have the type float64 or object",
        "have the types that they have with runs",
    ),
    ("The runs that `search_runs` gives as a list", "do not have the models that they have used", "have all"),
)
"""What is asked, what MLflow does, what headrace does."""

NOT_COMPARED = (
    "Modules that MLflow does not document (`mlflow.utils`, `mlflow.protos`, `mlflow.store`) and the protobuf side of entities (`to_proto`, `from_proto`) are not there. "
    "Names of tags are texts, such as `mlflow.runName`; error codes are in `headrace.exceptions`."
)
