"""Metrics: nouns, calls, rows."""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource
from headrace.base.json import Int32, Int64, Wire

MAX_BULK_RUNS = 100


class Metric(Wire):
    """One point of a metric. `value` may be NaN or infinite; `timestamp` is in Unix milliseconds.

    Not by keyword only: histories make millions of them.
    """

    key: str
    value: float
    timestamp: Int64
    step: Int64 = 0
    model_id: str | UnsetType = UNSET
    dataset_name: str | UnsetType = UNSET
    dataset_digest: str | UnsetType = UNSET


class LogMetric(Wire, kw_only=True):
    """Parameters of runs/log-metric."""

    run_id: str = ""
    run_uuid: str = ""
    key: str
    value: float
    timestamp: Int64
    step: Int64 = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class GetHistory(Wire, kw_only=True):
    """Parameters of metrics/get-history; without `max_results` all points come at once."""

    run_id: str = ""
    run_uuid: str = ""
    metric_key: str
    page_token: str = ""
    max_results: Int32 | UnsetType = UNSET


class MetricsPage(Wire, kw_only=True):
    """Answer of metrics/get-history."""

    metrics: list[Metric] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class GetHistoryBulk(Wire, kw_only=True):
    """Parameters of metrics/get-history-bulk: `run_id` may be repeated, up to 100 times."""

    run_id: list[str]
    metric_key: str
    max_results: Int32 = 25_000


class GetHistoryBulkInterval(Wire, kw_only=True):
    """Parameters of metrics/get-history-bulk-interval: at most `max_results` points of each run, evenly spread."""

    run_ids: list[str]
    metric_key: str
    start_step: Int64 | UnsetType = UNSET
    end_step: Int64 | UnsetType = UNSET
    max_results: Int32 = 2500


class MetricWithRunId(Wire):
    """One point of a metric, with its run."""

    key: str
    value: float
    timestamp: Int64
    step: Int64
    run_id: str


class BulkHistory(Wire, kw_only=True):
    """Answer of the bulk history calls."""

    metrics: list[MetricWithRunId] | UnsetType = UNSET


LOG = Endpoint(
    "metrics.log",
    "POST",
    "/2.0/mlflow/runs/log-metric",
    LogMetric,
    Empty,
    (
        Need(Permission.EDIT, Resource.RUN, "run_id"),
        Need(Permission.EDIT, Resource.RUN, "run_uuid"),
        Need(Permission.READ, Resource.MODEL, "model_id"),
    ),
    "Log one point of a metric.",
    writes=True,
)
GET_HISTORY = Endpoint(
    "metrics.get_history",
    "GET",
    "/2.0/mlflow/metrics/get-history",
    GetHistory,
    MetricsPage,
    (Need(Permission.READ, Resource.RUN, "run_id"), Need(Permission.READ, Resource.RUN, "run_uuid")),
    "Get all points of a metric, ordered by time, step and value.",
    parts="metrics",
)
GET_HISTORY_BULK = Endpoint(
    "metrics.get_history_bulk",
    "GET",
    "/2.0/mlflow/metrics/get-history-bulk",
    GetHistoryBulk,
    BulkHistory,
    (Need(Permission.READ, Resource.RUN, "run_id"),),
    "Get the first points of a metric of several runs.",
)
GET_HISTORY_BULK_INTERVAL = Endpoint(
    "metrics.get_history_bulk_interval",
    "GET",
    "/2.0/mlflow/metrics/get-history-bulk-interval",
    GetHistoryBulkInterval,
    BulkHistory,
    (Need(Permission.READ, Resource.RUN, "run_ids"),),
    "Get points of a metric of several runs, sampled evenly over a range of steps.",
)

ROWS: tuple[Endpoint[Any, Any], ...] = (LOG, GET_HISTORY, GET_HISTORY_BULK, GET_HISTORY_BULK_INTERVAL)
