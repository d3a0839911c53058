"""Artifacts: nouns, calls, rows. Calls that carry bytes are served by handlers of their own."""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource
from headrace.base.json import Int32, Int64, Wire

_READ_RUN = (Need(Permission.READ, Resource.RUN, "run_id"), Need(Permission.READ, Resource.RUN, "run_uuid"))
_EDIT_RUN = (Need(Permission.EDIT, Resource.RUN, "run_id"), Need(Permission.EDIT, Resource.RUN, "run_uuid"))
_PROXY = "/2.0/mlflow-artifacts"
_PATH = f"{_PROXY}/artifacts/{{artifact_path:path}}"


class FileInfo(Wire, kw_only=True):
    """A file or a folder; `file_size` is in bytes and absent for a folder."""

    path: str
    is_dir: bool
    file_size: int | UnsetType = UNSET


class ListArtifacts(Wire, kw_only=True):
    """Parameters of artifacts/list."""

    run_id: str = ""
    run_uuid: str = ""
    path: str = ""
    page_token: str = ""


class ArtifactsPage(Wire, kw_only=True):
    """Answer of artifacts/list."""

    root_uri: str
    files: list[FileInfo] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class GetArtifact(Wire, kw_only=True):
    """Parameters of get-artifact."""

    run_id: str = ""
    run_uuid: str = ""
    path: str = ""


class UploadArtifact(Wire, kw_only=True):
    """Parameters of upload-artifact, whose body is the file (at most 10 MiB)."""

    run_id: str = ""
    run_uuid: str = ""
    path: str = ""


class PresignedUrl(Wire, kw_only=True):
    """Parameters of artifacts/presigned-upload-url and presigned-download-url; `expiration` in seconds."""

    run_id: str = ""
    path: str = ""
    expiration: Int64 = 900
    model_id: str = ""


class ProxyPath(Wire, kw_only=True):
    """The path of a file or folder below the artifact root."""

    artifact_path: str


class ListProxy(Wire, kw_only=True):
    """Parameters of mlflow-artifacts/artifacts (GET)."""

    path: str = ""


class ProxyFiles(Wire, kw_only=True):
    """Answer of mlflow-artifacts/artifacts (GET); paths are relative to the folder asked for."""

    files: list[FileInfo] | UnsetType = UNSET


class ReadTableHead(Wire, kw_only=True):
    """Parameters of artifacts/table-head: a file of a run, and how many rows are wanted, 1000 at most."""

    run_id: str
    path: str
    rows: Int32 = 100


class HeadColumn(Wire, kw_only=True):
    """A column of a file.

    Args:
        name: its name; ``column N`` where the file has none.
        type: ``integer``, ``number``, ``boolean``, ``time``, ``text`` or ``object``: what the rows of the answer hold, or the file says.
    """

    name: str
    type: str


class TableHead(Wire, kw_only=True):
    """Answer of artifacts/table-head.

    Args:
        columns: the first 1000.
        rows: of each row a text for each column, cut after 1000 characters; objects are JSON, what is missing is empty.
        total_rows: how many rows the file has; not set where that would take reading all of it.
        total_columns: how many columns it has.
    """

    columns: list[HeadColumn]
    rows: list[list[str]]
    total_rows: int | UnsetType = UNSET
    total_columns: int


class PreviewArtifact(Wire, kw_only=True):
    """Parameters of artifacts/preview: a file of a run."""

    run_id: str
    path: str


class Preview(Wire, kw_only=True):
    """Answer of artifacts/preview.

    Args:
        path: an address below the server's own, without a slash in front, where the file and those that it refers to are shown without a token. Made for a frame
            with ``sandbox="allow-scripts"``.
        expires_at: until when, in Unix milliseconds.
    """

    path: str
    expires_at: int


LIST = Endpoint(
    "artifacts.list_run",
    "GET",
    "/2.0/mlflow/artifacts/list",
    ListArtifacts,
    ArtifactsPage,
    _READ_RUN,
    "List one folder of a run's artifacts.",
)
GET = Endpoint(
    "artifacts.get",
    "GET",
    "/get-artifact",
    GetArtifact,
    Empty,
    _READ_RUN,
    "Download one artifact of a run.",
    stream=True,
    prefixes=("",),
)
UPLOAD = Endpoint(
    "artifacts.upload",
    "POST",
    "/2.0/mlflow/upload-artifact",
    UploadArtifact,
    Empty,
    _EDIT_RUN,
    "Upload one artifact of a run.",
    stream=True,
)
PRESIGN_UPLOAD = Endpoint(
    "artifacts.presign_upload",
    "POST",
    "/2.0/mlflow/artifacts/presigned-upload-url",
    PresignedUrl,
    Empty,
    (Need(Permission.EDIT, Resource.RUN, "run_id"), Need(Permission.EDIT, Resource.MODEL, "model_id")),
    "Refused: artifacts of this server pass through it.",
)
PRESIGN_DOWNLOAD = Endpoint(
    "artifacts.presign_download",
    "POST",
    "/2.0/mlflow/artifacts/presigned-download-url",
    PresignedUrl,
    Empty,
    (Need(Permission.READ, Resource.RUN, "run_id"), Need(Permission.READ, Resource.MODEL, "model_id")),
    "Refused: artifacts of this server pass through it.",
)
PROXY_LIST = Endpoint(
    "artifacts.list_proxy",
    "GET",
    f"{_PROXY}/artifacts",
    ListProxy,
    ProxyFiles,
    (Need(Permission.READ, Resource.ARTIFACT, "path"),),
    "List one folder below the artifact root.",
)
PROXY_GET = Endpoint(
    "artifacts.proxy_get",
    "GET",
    _PATH,
    ProxyPath,
    Empty,
    (Need(Permission.READ, Resource.ARTIFACT, "artifact_path"),),
    "Download a file below the artifact root; ranges are served.",
    stream=True,
    also=(("HEAD", _PATH),),
)
PROXY_PUT = Endpoint(
    "artifacts.proxy_put",
    "PUT",
    _PATH,
    ProxyPath,
    Empty,
    (Need(Permission.EDIT, Resource.ARTIFACT, "artifact_path"),),
    "Upload a file below the artifact root; it appears when it is complete.",
    stream=True,
)
PROXY_DELETE = Endpoint(
    "artifacts.proxy_delete",
    "DELETE",
    _PATH,
    ProxyPath,
    Empty,
    (Need(Permission.MANAGE, Resource.ARTIFACT, "artifact_path"),),
    "Delete a file or folder below the artifact root.",
    stream=True,
)

TABLE_HEAD = Endpoint(
    "artifacts.table_head",
    "GET",
    "/headrace/v1/artifacts/table-head",
    ReadTableHead,
    TableHead,
    (Need(Permission.READ, Resource.RUN, "run_id"),),
    "Read the first rows of a table: CSV, TSV, Parquet, JSON lines, or a logged table.",
    prefixes=("/api",),
)
PREVIEW = Endpoint(
    "artifacts.preview",
    "POST",
    "/headrace/v1/artifacts/preview",
    PreviewArtifact,
    Preview,
    (Need(Permission.READ, Resource.RUN, "run_id"),),
    "Get an address under which a browser may show a file of a run for an hour.",
    prefixes=("/api",),
)


def _multipart(step: str) -> Endpoint[ProxyPath, Empty]:
    return Endpoint(
        f"artifacts.multipart_{step}",
        "POST",
        f"{_PROXY}/mpu/{step}/{{artifact_path:path}}",
        ProxyPath,
        Empty,
        (Need(Permission.EDIT, Resource.ARTIFACT, "artifact_path"),),
        "Answers 501: a local folder takes uploads whole.",
    )


PROXY_PRESIGN = Endpoint(
    "artifacts.presign_proxy",
    "GET",
    f"{_PROXY}/presigned/{{artifact_path:path}}",
    ProxyPath,
    Empty,
    (Need(Permission.READ, Resource.ARTIFACT, "artifact_path"),),
    "Answers 501: a local folder has no addresses of its own.",
)

ROWS: tuple[Endpoint[Any, Any], ...] = (
    LIST, GET, UPLOAD, PRESIGN_UPLOAD, PRESIGN_DOWNLOAD, PROXY_LIST, PROXY_GET, PROXY_PUT, PROXY_DELETE,
    *map(_multipart, ("create", "complete", "abort")), PROXY_PRESIGN, TABLE_HEAD, PREVIEW,
)  # fmt: skip
