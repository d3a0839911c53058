"""Run control: whether a run is heard of, requests to it to stop, its attempts. Headrace's own; MLflow's wire has nothing like it.

Times are Unix milliseconds of the server's clock.
"""

from enum import StrEnum
from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Endpoint, Need, Permission, Resource
from headrace.base.json import Wire


class RunState(StrEnum):
    """What a run is doing: MLflow's words, and LOST for one that is RUNNING while its lease is over."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    LOST = "LOST"


class RunLease(Wire, kw_only=True):
    """Until when a run has promised to be heard of, and for how many milliseconds it last asked."""

    until: int
    length_ms: int


class StopRequest(Wire, kw_only=True):
    """A request to a run to stop. `seen_at` is when the run said that it had heard; it is not there before."""

    asked_at: int
    asked_by: str
    reason: str
    seen_at: int | UnsetType = UNSET


class RunAttempt(Wire, kw_only=True):
    """One of the times that a run was launched, by the launcher's name for it. `from_step` is where it went on, if the launcher said so."""

    attempt: int
    name: str
    from_step: int | UnsetType = UNSET
    started_at: int


class RunFork(Wire, kw_only=True):
    """The run whose history below a step is the beginning of this one's."""

    run_id: str
    step: int


class PastParam(Wire, kw_only=True):
    """What a param was before a later attempt changed it. `attempt` is the last one with this value."""

    key: str
    value: str
    attempt: int


class RunControl(Wire, kw_only=True):
    """What is known of a run's life. `attempt` is the current one, counted from 0."""

    run_id: str
    state: RunState
    attempt: int
    lease: RunLease | UnsetType = UNSET
    stop: StopRequest | UnsetType = UNSET
    attempts: list[RunAttempt] = []
    fork: RunFork | UnsetType = UNSET
    past_params: list[PastParam] = []


class RequestStop(Wire, kw_only=True):
    """Parameters of control/request-stop; the reason is shown to the run, and to people."""

    run_id: str
    reason: str = ""


class ControlledRun(Wire, kw_only=True):
    """Parameters of the other calls."""

    run_id: str


_EDIT = (Need(Permission.EDIT, Resource.RUN, "run_id"),)

REQUEST_STOP = Endpoint(
    "control.request_stop",
    "POST",
    "/headrace/v1/control/request-stop",
    RequestStop,
    RunControl,
    _EDIT,
    "Ask a run to stop; it hears of it with its next batch. A second request changes nothing.",
    writes=True,
    prefixes=("/api",),
)
CANCEL_STOP = Endpoint(
    "control.cancel_stop",
    "POST",
    "/headrace/v1/control/cancel-stop",
    ControlledRun,
    RunControl,
    _EDIT,
    "Take the request to stop back.",
    writes=True,
    prefixes=("/api",),
)
ACKNOWLEDGE = Endpoint(
    "control.acknowledge",
    "POST",
    "/headrace/v1/control/acknowledge",
    ControlledRun,
    RunControl,
    _EDIT,
    "Say, as the run, that the request to stop has been heard; without one nothing happens.",
    writes=True,
    prefixes=("/api",),
)
GET = Endpoint(
    "control.get",
    "GET",
    "/headrace/v1/control/get",
    ControlledRun,
    RunControl,
    (Need(Permission.READ, Resource.RUN, "run_id"),),
    "Get a run's state (LOST too), lease, request to stop, attempts, fork, and params that attempts have changed.",
    prefixes=("/api",),
)

ROWS: tuple[Endpoint[Any, Any], ...] = (REQUEST_STOP, CANCEL_STOP, ACKNOWLEDGE, GET)
