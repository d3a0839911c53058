"""What this server is and offers, and how it is."""

import platform as machine

from headrace.api.endpoint import Empty
from headrace.api.jobs import JobState
from headrace.api.server import DutyState, ServerInfo, ServerState
from headrace.base.version import __version__
from headrace.blobs.local import LocalStore
from headrace.services.context import Context, Platform
from headrace.store import duties, jobs, store_state
from headrace.store.run_counts import count_by_scope


def info(context: Context, request: Empty) -> ServerInfo:  # noqa: ARG001 - every service function has this shape
    """Return what this server offers, in MLflow's words."""
    return ServerInfo(features_enabled={"gateway": False})


def state(context: Context, request: Empty) -> ServerState:  # noqa: ARG001 - likewise
    """Return how this server is."""
    conn, platform, now = context.conn, context.platform, context.now()
    active = {scope: count for scope, count in count_by_scope(conn, now).items() if not scope & 1}
    open_jobs = jobs.count_open(conn)
    return ServerState(
        version=__version__,
        python=machine.python_version(),
        database=platform.store.address.shown,
        database_version=store_state.read_database_version(conn),
        schema=store_state.read_schema_revision(conn),
        artifact_root=_name_artifact_root(platform),
        serves_artifacts=platform.artifacts.served is not None,
        started_at=platform.started_at,
        uptime_ms=max(0, now - platform.started_at),
        experiments=store_state.count_active_experiments(conn),
        runs=sum(count.runs for count in active.values()),
        running=sum(count.running for count in active.values()),
        jobs_pending=open_jobs[JobState.PENDING],
        jobs_running=open_jobs[JobState.RUNNING],
        duties=[
            DutyState(name=name, holder=hold.holder, until=hold.until)
            for name, hold in sorted(duties.holds(conn).items())
            if name != duties.ALIVE
        ],
        needs_token=platform.needs_token,
    )


def _name_artifact_root(platform: Platform) -> str:
    """Return the place itself, where clients see only that artifacts pass through the server."""
    served = platform.artifacts.served
    return str(served.root) if isinstance(served, LocalStore) else platform.artifacts.root_uri
