"""The client: one group of calls for each resource, loaded when it is first used: a program that only logs needs few of them."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from headrace.base.loading import LOADING
from headrace.base.plugins import load_attribute
from headrace.client.transport import Transport

if TYPE_CHECKING:
    from headrace.client.artifacts import Artifacts
    from headrace.client.changes import ChangeLog
    from headrace.client.control import Control
    from headrace.client.datasets import Datasets
    from headrace.client.experiments import Experiments
    from headrace.client.ingest import IngestCalls
    from headrace.client.jobs import Jobs
    from headrace.client.metrics import Metrics
    from headrace.client.models import Models
    from headrace.client.runs import Runs
    from headrace.client.series import Series
    from headrace.client.server import Server
    from headrace.client.tables import Tables
    from headrace.client.views import Views

GROUPS = {
    "experiments": "headrace.client.experiments:Experiments",
    "runs": "headrace.client.runs:Runs",
    "metrics": "headrace.client.metrics:Metrics",
    "datasets": "headrace.client.datasets:Datasets",
    "models": "headrace.client.models:Models",
    "artifacts": "headrace.client.artifacts:Artifacts",
    "changes": "headrace.client.changes:ChangeLog",
    "control": "headrace.client.control:Control",
    "ingest": "headrace.client.ingest:IngestCalls",
    "jobs": "headrace.client.jobs:Jobs",
    "tables": "headrace.client.tables:Tables",
    "views": "headrace.client.views:Views",
    "series": "headrace.client.series:Series",
    "server": "headrace.client.server:Server",
}
"""Where each group of calls lives."""


class Client:
    """Calls a tracking server, or a database in this process. Made by `headrace.client.connect`.

    It may be used by many threads at once, and by forked children. The values that it takes and gives are the structs of
    `headrace.api`; a field that an answer does not have is `msgspec.UNSET`, which counts as false.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    if TYPE_CHECKING:
        experiments: Experiments
        runs: Runs
        metrics: Metrics
        datasets: Datasets
        models: Models
        artifacts: Artifacts
        changes: ChangeLog
        control: Control
        ingest: IngestCalls
        jobs: Jobs
        tables: Tables
        views: Views
        series: Series
        server: Server

    def __getattr__(self, name: str) -> Any:
        """Return a group of calls."""
        address = GROUPS.get(name)
        if address is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with LOADING:
            group = load_attribute(address)(self.transport)
        return self.__dict__.setdefault(name, group)

    def __dir__(self) -> list[str]:
        """Return all names, with those of the groups."""
        return sorted({*super().__dir__(), *GROUPS})

    @property
    def uri(self) -> str:
        """The address, without credentials."""
        return self.transport.uri

    def close(self) -> None:
        """Give connections back. Calls after it are refused; closing twice does nothing."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.uri!r})"
