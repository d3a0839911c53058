"""The server itself: what it is and what it can do. Health and version are open to all and stand in ``headrace.server``."""

from typing import Any

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource
from headrace.base.json import Wire


class ServerInfo(Wire, kw_only=True):
    """Answer of server-info, in MLflow's words."""

    store_type: str = "SqlStore"
    workspaces_enabled: bool = False
    trace_archival_enabled: bool = False
    multipart_uploads_enabled: bool = False
    multipart_downloads_enabled: bool = False
    presigned_upload_run_id_supported: bool = False
    presigned_upload_model_id_supported: bool = False
    features_enabled: dict[str, bool] = {}


class DutyState(Wire, kw_only=True):
    """A piece of background work: which process does it, and until when it is that one's if nothing more is heard of it (Unix milliseconds)."""

    name: str
    holder: str
    until: int


class ServerState(Wire, kw_only=True):
    """Answer of server/state.

    Args:
        version: of headrace.
        python: the version of Python.
        database: its address, without a password.
        database_version: as the database says it.
        schema: the revision of its schema.
        artifact_root: where artifacts are kept; clients see another address if they pass through this server.
        serves_artifacts: whether they do.
        started_at: when the process that answers began to serve, in Unix milliseconds.
        uptime_ms: how long that is ago.
        experiments: how many there are, deleted ones left out.
        runs: likewise.
        running: how many of them run now.
        jobs_pending: how many jobs wait.
        jobs_running: how many are under way.
        duties: what is done in the background, by name.
        needs_token: whether callers must show a token.
    """

    version: str
    python: str
    database: str
    database_version: str
    schema: str
    artifact_root: str
    serves_artifacts: bool
    started_at: int
    uptime_ms: int
    experiments: int
    runs: int
    running: int
    jobs_pending: int
    jobs_running: int
    duties: list[DutyState]
    needs_token: bool


INFO = Endpoint(
    "server.info",
    "GET",
    "/3.0/mlflow/server-info",
    Empty,
    ServerInfo,
    (Need(Permission.READ, Resource.SERVER),),
    "What this server offers.",
)
STATE = Endpoint(
    "server.state",
    "GET",
    "/headrace/v1/server/state",
    Empty,
    ServerState,
    (Need(Permission.READ, Resource.SERVER),),
    "How this server is: versions, database, how much is in it, what goes on in the background.",
    prefixes=("/api",),
)

ROWS: tuple[Endpoint[Any, Any], ...] = (INFO, STATE)
