"""A platform at a moment that the test sets, calls on it, and looks into its database."""

import json
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from databases import query
from headrace.api.endpoints import ENDPOINTS
from headrace.base.json import convert, encode
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.store.transaction import Transaction

ROWS = {row.name: row for row in ENDPOINTS}
START = 1_700_000_000_000


class World:
    """A platform at a moment that the test sets.

    Args:
        platform: the platform; its clock is replaced.
        url: its database.
    """

    def __init__(self, platform: Platform, url: str) -> None:
        self.now = START
        self.url = url
        self.sent = 0
        self.platform = replace(platform, clock=lambda: self.now)

    def __call__(self, endpoint: str, **request: Any) -> Any:
        """Make a call and return its answer as plain values."""
        row = ROWS[endpoint]
        answer = dispatch.call(self.platform, Actor("ann"), row, convert(request, row.request))
        return json.loads(encode(answer))

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        """Run a writing job."""
        return self.platform.store.writer.call(work)

    def make_run(self, name: str = "run", lease_ms: int | None = None) -> str:
        """Make a run in experiment 0, with a lease from now if one is wanted, and return its id."""
        run_id: str = self("runs.create", experiment_id="0", run_name=name, start_time=self.now)["run"][
            "info"
        ]["run_id"]
        if lease_ms is not None:
            self.beat(run_id, lease_ms)
        return run_id

    def beat(self, run_id: str, lease_ms: int) -> None:
        """Let a run be heard of, by a batch that asks for a lease."""
        self.send(run_id, lease_ms=lease_ms)

    def send(self, run_id: str, **block: Any) -> Any:
        """Send the next batch of a writer: one block, of a run. Return what its answer says of that run."""
        self.sent += 1
        answer = self(
            "ingest.send", format=2, writer="writer", seq=self.sent, runs=[{"run_id": run_id, **block}]
        )
        assert answer["rejected"] == []
        return answer["runs"][0]

    def state(self, run_id: str) -> str:
        """Return a run's state in headrace's own API."""
        found: str = self("control.get", run_id=run_id)["state"]
        return found

    def wire(self, run_id: str) -> tuple[str, int | None]:
        """Return a run's status and end on MLflow's wire."""
        info = self("runs.get", run_id=run_id)["run"]["info"]
        return info["status"], info.get("end_time")

    def find(self, text: str = "", *order_by: str) -> list[str]:
        """Return the names of the runs that a search on MLflow's wire gives."""
        page = self("runs.search", experiment_ids=["0"], filter=text, order_by=list(order_by))
        return [run["info"]["run_name"] for run in page.get("runs", [])]

    def query(self, statement: str, *values: Any) -> list[Any]:
        """Look into the database from outside."""
        return query(self.url, statement, *values)
