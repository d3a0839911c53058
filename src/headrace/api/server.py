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


INFO = Endpoint(
    "server.info",
    "GET",
    "/3.0/mlflow/server-info",
    Empty,
    ServerInfo,
    (Need(Permission.READ, Resource.SERVER),),
    "What this server offers.",
)

ROWS: tuple[Endpoint[Any, Any], ...] = (INFO,)
