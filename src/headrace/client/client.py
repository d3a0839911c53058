"""The client: one group of calls for each resource."""

from types import TracebackType
from typing import Self

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
from headrace.client.transport import Transport
from headrace.client.views import Views


class Client:
    """Calls a tracking server, or a database in this process. Made by `headrace.client.connect`.

    It may be used by many threads at once, and by forked children. The values that it takes and gives are the structs of
    `headrace.api`; a field that an answer does not have is `msgspec.UNSET`, which counts as false.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.experiments = Experiments(transport)
        self.runs = Runs(transport)
        self.metrics = Metrics(transport)
        self.datasets = Datasets(transport)
        self.models = Models(transport)
        self.artifacts = Artifacts(transport)
        self.changes = ChangeLog(transport)
        self.control = Control(transport)
        self.ingest = IngestCalls(transport)
        self.jobs = Jobs(transport)
        self.tables = Tables(transport)
        self.views = Views(transport)
        self.series = Series(transport)
        self.server = Server(transport)

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
