"""Metrics of the server itself in Prometheus' text form: how many calls, how long they took, how many are under way.

Loaded only when ``--expose-prometheus`` asks for it. Calls are labelled with the name of their endpoint, never with what a client
sent, so that the number of series stays small. Processes that serve together count in files of one folder, and each of them shows the sums,
what ended ones counted among them. The module does not know what a call does.

prometheus_client decides when it is first imported whether it counts in memory or in files: in files if the environment names `FOLDER_VARIABLE`.
"""

from importlib.metadata import version
from time import perf_counter

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ENDPOINT = "none"
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class PrometheusMetrics:
    """Counts the calls of one application and shows the counts.

    Args:
        folder: where all processes that serve together count; it must be what the environment names. None if this process is alone.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._registry = CollectorRegistry()
        if folder is None:
            ProcessCollector(registry=self._registry)
            PlatformCollector(registry=self._registry)
            GCCollector(registry=self._registry)
            Info("headrace", "The server.", registry=self._registry).info({"version": version("headrace")})
        else:  # what only one process knows of itself would be one's or another's by chance
            Gauge(
                "headrace_info",
                "The server.",
                ["version"],
                registry=self._registry,
                multiprocess_mode="livemax",
            ).labels(version("headrace")).set(1)
            Gauge(
                "headrace_workers",
                "Processes that serve together.",
                registry=self._registry,
                multiprocess_mode="livesum",
            ).set(1)
        self._calls = Counter(
            "headrace_http_requests",
            "Calls that were answered, refused ones included.",
            ["endpoint", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "headrace_http_request_duration_seconds",
            "From the first byte of a call to the last of its answer.",
            ["endpoint"],
            buckets=_BUCKETS_SECONDS,
            registry=self._registry,
        )
        self._under_way = Gauge(
            "headrace_http_requests_in_progress",
            "Calls that are not answered yet.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def measure(self, app: ASGIApp) -> ASGIApp:
        """Return an application that does what `app` does, and counts."""

        async def measured(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status = 0

            async def note_status(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            start = perf_counter()
            self.begin()
            try:
                await app(scope, receive, note_status)
            finally:
                found = scope.get("headrace.endpoint")
                endpoint = found[0].name if found else _NO_ENDPOINT
                method = scope["method"] if scope["method"] in _METHODS else "OTHER"
                self.end(endpoint, method, status, perf_counter() - start)

        return measured

    def begin(self) -> None:
        """Note that a call is under way."""
        self._under_way.inc()

    def end(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Note how a call ended; a status of 0 if there was no answer."""
        self._under_way.dec()
        self._calls.labels(endpoint, method, str(status or "aborted")).inc()
        self._seconds.labels(endpoint).observe(seconds)

    async def answer(self, _request: Request) -> Response:
        """Answer a call for the metrics."""
        registry = self._registry
        if self._folder is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def forget_process(folder: str, pid: int) -> None:
    """Take out what was going on in a process that has ended; what it counted stays.

    Args:
        folder: as for `PrometheusMetrics`.
        pid: the process's id.
    """
    mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
