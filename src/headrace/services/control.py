"""Run control: what state a run is in, and requests to it to stop."""

from msgspec import UNSET

from headrace.api.control import (
    ControlledRun,
    PastParam,
    RequestStop,
    RunAttempt,
    RunControl,
    RunFork,
    RunLease,
    RunState,
    StopRequest,
)
from headrace.api.runs import RunStatus
from headrace.base.errors import InvalidState
from headrace.services.context import Context
from headrace.services.runs import get_active
from headrace.services.validation import check_value, get_run_id
from headrace.store import leases, run_past, runs, stops
from headrace.store.stops import Stop
from headrace.store.transaction import RunRef

MAX_REASON = 1000
MAX_ACTOR = 250
_LIVE = {RunStatus.RUNNING.number, RunStatus.SCHEDULED.number}


def request_stop(context: Context, request: RequestStop) -> RunControl:
    """Ask a run to stop."""
    run = get_active(context, request.run_id)
    reason = check_value(request.reason, "reason", MAX_REASON)
    status, end_time = run_past.get_status(context.conn, run)
    if status not in _LIVE:
        ended = "" if end_time is None else f" at {end_time}"
        raise InvalidState(
            f"The run {run.run_id!r} has ended{ended}, as {leases.STATUS_NAMES[status]}: there is nothing to stop."
        )
    stops.ask(context.tx, run, Stop(context.now(), context.actor.name[:MAX_ACTOR], reason, None))
    return _describe(context, run)


def cancel_stop(context: Context, request: ControlledRun) -> RunControl:
    """Take the request to stop back."""
    run = get_active(context, request.run_id)
    stops.cancel(context.tx, run)
    return _describe(context, run)


def acknowledge(context: Context, request: ControlledRun) -> RunControl:
    """Note that the run has heard of the request to stop."""
    run = get_active(context, request.run_id)
    stops.acknowledge(context.tx, run, context.now())
    return _describe(context, run)


def get(context: Context, request: ControlledRun) -> RunControl:
    """Return what is known of a run's life, deleted ones too."""
    return _describe(context, runs.get_run(context.conn, get_run_id(request.run_id)))


def _describe(context: Context, run: RunRef) -> RunControl:
    conn = context.conn
    status, _ = run_past.get_status(conn, run)
    lease = leases.find_lease(conn, run)
    if status == RunStatus.RUNNING.number and lease is not None and lease.until < context.now():
        status = leases.LOST
    stop = stops.find(conn, run)
    fork = run_past.find_fork(conn, run)
    return RunControl(
        run_id=run.run_id,
        state=RunState(leases.STATUS_NAMES[status]),
        attempt=run.attempt,
        lease=UNSET if lease is None else RunLease(until=lease.until, length_ms=lease.length),
        stop=UNSET if stop is None else _build_stop(stop),
        attempts=[
            RunAttempt(
                attempt=number, name=name, from_step=UNSET if step is None else step, started_at=started_at
            )
            for number, name, step, started_at in run_past.attempts(conn, run)
        ],
        fork=UNSET if fork is None else RunFork(run_id=fork[0], step=fork[1]),
        past_params=[
            PastParam(key=key, value=value, attempt=attempt)
            for key, value, attempt in run_past.past_params(conn, run)
        ],
    )


def _build_stop(stop: Stop) -> StopRequest:
    return StopRequest(
        asked_at=stop.asked_at,
        asked_by=stop.asked_by,
        reason=stop.reason,
        seen_at=UNSET if stop.seen_at is None else stop.seen_at,
    )
