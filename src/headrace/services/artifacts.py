"""Artifacts: listings, where a run's or model's files lie, and who may reach a key.

The bytes flow in ``headrace.server``; for the calls that carry them the functions here return the `Place`. The server opens
nothing but its own root and the folder that the operator named as default root; where a user's location points elsewhere, only
clients read it. The permission on a key is that of the run or model whose folder it lies in.
"""

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from headrace.api import artifacts as rows
from headrace.api.artifacts import (
    ArtifactsPage,
    FileInfo,
    GetArtifact,
    ListArtifacts,
    ListProxy,
    PresignedUrl,
    Preview,
    PreviewArtifact,
    ProxyFiles,
    ProxyPath,
    ReadTableHead,
    TableHead,
    UploadArtifact,
)
from headrace.api.endpoint import Empty, Need, Permission, Resource
from headrace.api.logged_models import GET_FILE, GetLoggedModelFile
from headrace.base import plugins
from headrace.base.errors import (
    BadRequest,
    InvalidParameter,
    NotImplementedByServer,
    PermissionDenied,
    Unavailable,
)
from headrace.base.paths import find_location_key, join_key, parse_key
from headrace.blobs.local import LocalStore
from headrace.blobs.open import get_folder
from headrace.blobs.store import BlobInfo, BlobStore, Entry
from headrace.services import tickets
from headrace.services.context import Context, Platform
from headrace.services.validation import excerpt, get_run_id
from headrace.store import models, objects, runs
from headrace.store.objects import Origin, StoredObject
from headrace.store.transaction import Transaction

MAX_EXPIRATION_S = 7 * 24 * 3600
_PROXIED_SCHEMES = frozenset({"http", "https", "mlflow-artifacts"})
_OfRun = GetArtifact | PreviewArtifact | ReadTableHead | UploadArtifact


class Place(Struct, frozen=True):
    """A file or folder that this server may open.

    Args:
        store: the store that it is in.
        key: its key there.
        is_served: whether that is the store whose files have rows in ``hr_object``.
    """

    store: BlobStore
    key: str
    is_served: bool = True


def list_run(context: Context, request: ListArtifacts) -> ArtifactsPage:
    """List one folder of a run's artifacts."""
    run = runs.get_run(context.conn, get_run_id(request.run_id, request.run_uuid))
    return list_location(context, run.artifact_uri, request.path, what="path")


def list_location(context: Context, root_uri: str, path: str, *, what: str) -> ArtifactsPage:
    """List one folder below the artifact root of a run or model; a file, or nothing, lists as empty.

    Args:
        context: the call.
        root_uri: the run's or model's own root.
        path: the folder below it.
        what: the name of the parameter that held `path`, for a message.
    """
    folder = parse_key(path, what=what, root=True)
    place = find_place(context, Permission.READ, root_uri, folder)
    entries = place.store.list_folder(place.key)
    page = ArtifactsPage(root_uri=root_uri)
    if entries:
        page.files = [_build_file(entry, folder) for entry in entries]
    return page


def list_proxy(context: Context, request: ListProxy) -> ProxyFiles:
    """List one folder below the artifact root; the paths of the answer are relative to it."""
    place = find_proxy_place(context, Permission.READ, request.path, what="path", root=True)
    entries = place.store.list_folder(place.key)
    return ProxyFiles(files=[_build_file(entry, "") for entry in entries]) if entries else ProxyFiles()


def presign_upload(context: Context, request: PresignedUrl) -> Empty:
    """Refuse: uploads pass through this server."""
    _parse_path(request.path)
    if bool(request.run_id) == bool(request.model_id):
        raise InvalidParameter("Exactly one of run_id and model_id must be given.")
    return _refuse_presigned(context, request, "upload")


def presign_download(context: Context, request: PresignedUrl) -> Empty:
    """Refuse: downloads pass through this server."""
    get_run_id(request.run_id)
    _parse_path(request.path)
    if not 1 <= request.expiration <= MAX_EXPIRATION_S:
        raise InvalidParameter(
            f"Invalid expiration {request.expiration}: it must lie between 1 and {MAX_EXPIRATION_S} seconds."
        )
    return _refuse_presigned(context, request, "download")


def multipart_create(context: Context, request: ProxyPath) -> Empty:
    """Refuse: uploads are taken whole."""
    return _refuse_multipart(context, request)


def multipart_complete(context: Context, request: ProxyPath) -> Empty:
    """Refuse: uploads are taken whole."""
    return _refuse_multipart(context, request)


def multipart_abort(context: Context, request: ProxyPath) -> Empty:
    """Refuse: uploads are taken whole."""
    return _refuse_multipart(context, request)


def presign_proxy(context: Context, request: ProxyPath) -> Empty:
    """Refuse: files of a local folder have no addresses of their own."""
    find_proxy_place(context, Permission.READ, request.artifact_path)
    # MLflow's clients fall back to a plain transfer only if the message begins with these words.
    raise NotImplementedByServer(
        "Multipart download is not supported for the current artifact repository: download the file, or ranges of it, "
        "from mlflow-artifacts/artifacts."
    )


def table_head(context: Context, request: ReadTableHead) -> TableHead:
    """Return the first rows of a file of a run that holds a table."""
    table_heads = plugins.load("headrace.services.table_heads")
    if not 1 <= request.rows <= table_heads.MAX_ROWS:
        raise InvalidParameter(
            f"Invalid rows {request.rows}: it must lie between 1 and {table_heads.MAX_ROWS}."
        )
    place = _find_run_place(context, Permission.READ, request)
    with place.store.open_reader(place.key) as reader:
        found: TableHead = table_heads.read_head(reader, place.key.rpartition("/")[2], request.rows)
    return found


def preview(context: Context, request: PreviewArtifact) -> Preview:
    """Return an address under which a browser may show a file of a run for a while."""
    place = _find_run_place(context, Permission.READ, request)
    if place.store.stat(place.key).is_dir:
        raise InvalidParameter(f"{excerpt(request.path)} is a folder; name a file in it.")
    ticket = tickets.Ticket(get_run_id(request.run_id), context.actor.name, context.now() + tickets.LENGTH_MS)
    text = tickets.write_ticket(context.platform.ticket_key, ticket)
    return Preview(path=f"preview/{text}/{quote(_parse_path(request.path))}", expires_at=ticket.expires_at)


def get(context: Context, request: GetArtifact) -> Place:
    """Return the place of a file of a run, to be read."""
    return _find_run_place(context, Permission.READ, request)


def upload(context: Context, request: UploadArtifact) -> Place:
    """Return the place of a file of a run, to be written."""
    _check_file_name(request.path)
    return _find_run_place(context, Permission.EDIT, request)


def get_model_file(context: Context, request: GetLoggedModelFile) -> Place:
    """Return the place of a file of a logged model, to be read."""
    if not request.artifact_file_path:
        raise BadRequest("Missing value for the required parameter 'artifact_file_path'.")
    key = parse_key(request.artifact_file_path, what="artifact_file_path")
    return find_place(
        context, Permission.READ, models.get_model(context.conn, request.model_id).artifact_uri, key
    )


def proxy_get(context: Context, request: ProxyPath) -> Place:
    """Return the place of a file below the artifact root, to be read."""
    return find_proxy_place(context, Permission.READ, request.artifact_path)


def proxy_put(context: Context, request: ProxyPath) -> Place:
    """Return the place of a file below the artifact root, to be written."""
    _check_file_name(request.artifact_path)
    return find_proxy_place(context, Permission.EDIT, request.artifact_path)


def proxy_delete(context: Context, request: ProxyPath) -> Place:
    """Return the place of a file or folder below the artifact root, to be deleted."""
    return find_proxy_place(context, Permission.MANAGE, request.artifact_path)


PLACES: dict[str, Callable[[Context, Any], Place]] = {
    rows.GET.name: get,
    rows.UPLOAD.name: upload,
    rows.PROXY_GET.name: proxy_get,
    rows.PROXY_PUT.name: proxy_put,
    rows.PROXY_DELETE.name: proxy_delete,
    GET_FILE.name: get_model_file,
}
"""For each call that carries bytes, by the name of its row, the function that finds its place."""


def find_proxy_place(
    context: Context, permission: Permission, path: str, *, what: str = "artifact_path", root: bool = False
) -> Place:
    """Return the place below the artifact root that a client of the ``mlflow-artifacts`` calls names.

    Args:
        context: the call.
        permission: what is to be done there.
        path: as the client sent it, decoded once.
        what: the name of the parameter, for a message.
        root: whether the root itself may be named.

    Raises:
        InvalidParameter: the path is hostile.
        PermissionDenied: the actor lacks the permission on a run or model there.
        Unavailable: this server carries no bytes.
    """
    key = parse_key(path, what=what, root=root)
    place = Place(_get_served(context.platform), key)
    permit_place(context, permission, place)
    return place


def find_place(context: Context, permission: Permission, root_uri: str, path: str) -> Place:
    """Return the place of a key below the artifact root of a run or model.

    A user may have given an experiment a location inside another one's; the permission is therefore checked on the place itself.

    Args:
        context: the call.
        permission: what is to be done there.
        root_uri: the artifact root.
        path: a key below it, checked already.

    Raises:
        InvalidParameter: this server does not open that root.
        PermissionDenied: the place belongs to somebody else.
        Unavailable: this server carries no bytes.
    """
    place = _locate(context.platform, root_uri, path)
    if place is None:
        raise InvalidParameter(
            f"The artifacts lie at {excerpt(root_uri)}, which this server does not open. Read them with a client that "
            "can reach that place."
        )
    permit_place(context, permission, place)
    return place


def permit_place(context: Context, permission: Permission, place: Place) -> None:
    """Check that the actor may do something at a place.

    Needed is the permission on each run and model whose folder the place is or lies in; if there is none, on the server itself.

    Raises:
        PermissionDenied: a permission is missing.
    """
    policy = context.platform.policy
    if policy.grants_all(context.actor):
        return
    for resource, target in find_owners(context, place) or [(Resource.SERVER, "")]:
        if not policy.permits(context, Need(permission, resource), target):
            thing = f"{resource.value} {target}".rstrip()
            raise PermissionDenied(
                f"{context.actor.name} lacks the permission {permission.name} on {thing}, to which the artifact path "
                f"{place.key!r} belongs. Ask an administrator of this server."
            )


def find_owners(context: Context, place: Place) -> list[tuple[Resource, str]]:
    """Return the runs and models in whose folders a place lies, by the ids that stand in its key."""
    segments = place.key.split("/")
    found = [
        *((Resource.RUN, *root) for root in objects.run_roots(context.conn, segments)),
        *((Resource.MODEL, *root) for root in objects.model_roots(context.conn, segments)),
    ]
    return [(resource, target) for resource, target, uri in found if _owns(context.platform, uri, place)]


def _owns(platform: Platform, root_uri: str, place: Place) -> bool:
    root = _locate(platform, root_uri, "")
    if root is None or root.is_served != place.is_served:
        return False
    folder = root.key.removesuffix("/artifacts")
    return f"{place.key}/".startswith(f"{folder}/")


def _get_served(platform: Platform) -> BlobStore:
    if platform.artifacts.served is None:
        raise Unavailable(
            "This server was started with --no-serve-artifacts and carries no artifacts. "
            "Start it with --serve-artifacts, or let clients reach the artifact store themselves."
        )
    return platform.artifacts.served


def _locate(platform: Platform, root_uri: str, path: str) -> Place | None:
    """Return the place of a key below an artifact root, or None if the root is not the operator's."""
    key = find_location_key(root_uri)
    if key is not None:
        return Place(_get_served(platform), join_key(key, path))
    parts = urlsplit(root_uri)
    if parts.scheme not in {"", "file"} or parts.netloc:
        return None
    target = PurePosixPath(unquote(parts.path) if parts.scheme else root_uri)
    for store in _local_stores(platform):
        root = PurePosixPath(store.root.as_posix())
        if target.is_relative_to(root):
            inner = parse_key(target.relative_to(root).as_posix(), what="artifact_location", root=True)
            return Place(store, join_key(inner, path), is_served=store is platform.artifacts.served)
    return None


def _local_stores(platform: Platform) -> Iterator[LocalStore]:
    """Yield the operator's own folders: that of the served artifacts, and the default root if clients write there themselves."""
    served = platform.artifacts.served
    if isinstance(served, LocalStore):
        yield served
    if urlsplit(platform.artifacts.root_uri).scheme in {"", "file"}:
        yield LocalStore(get_folder(platform.artifacts.root_uri, what="default artifact root"))


def find_digest(context: Context, place: Place, size: int, mtime_ms: int) -> str | None:
    """Return the SHA-256 of an open file in hexadecimal if it is known of exactly this state of it.

    Args:
        context: the call.
        place: where the file lies.
        size: its size in bytes.
        mtime_ms: its time of last change in Unix milliseconds.
    """
    known = objects.find_object(context.conn, place.key) if place.is_served else None
    if known is None or (known.size, known.created_at) != (size, mtime_ms):
        return None
    return known.sha256 or None


def record(tx: Transaction, info: BlobInfo) -> None:
    """Write down size and digest of a file that this server has just stored."""
    objects.replace_object(tx, StoredObject(info.key, info.size, info.sha256, Origin.SERVER, info.mtime_ms))


def forget(tx: Transaction, key: str) -> None:
    """Remove what was written down of a file or folder that is deleted."""
    objects.delete_objects(tx, key)


def _find_run_place(context: Context, permission: Permission, request: _OfRun) -> Place:
    run_id = get_run_id(request.run_id, getattr(request, "run_uuid", ""))
    key = _parse_path(request.path)
    return find_place(context, permission, runs.get_run(context.conn, run_id).artifact_uri, key)


def _check_file_name(path: str) -> None:
    if path.endswith(("/", "/.")):
        raise InvalidParameter(f"The artifact path {excerpt(path)} must end in the name of a file.")


def _build_file(entry: Entry, folder: str) -> FileInfo:
    info = FileInfo(path=join_key(folder, entry.name), is_dir=entry.is_dir)
    if not entry.is_dir:
        info.file_size = entry.size
    return info


def _parse_path(path: str) -> str:
    if not path:
        raise InvalidParameter("Missing value for the required parameter 'path'.")
    return parse_key(path, what="path")


def _refuse_presigned(context: Context, request: PresignedUrl, verb: str) -> Empty:
    if request.run_id:
        root_uri = runs.get_run(context.conn, request.run_id).artifact_uri
    else:
        root_uri = models.get_model(context.conn, request.model_id).artifact_uri
    scheme = urlsplit(root_uri).scheme
    if scheme in _PROXIED_SCHEMES:
        raise InvalidParameter(
            f"Presigned {verb} is not supported for artifacts that pass through the server (their URI begins with {scheme}:); "
            "use the mlflow-artifacts calls."
        )
    raise NotImplementedByServer(
        f"Presigned {verb} is not supported for the current artifact repository, {excerpt(root_uri)}. "
        "Let the client reach that place with its own credentials."
    )


def _refuse_multipart(context: Context, request: ProxyPath) -> Empty:
    find_proxy_place(context, Permission.EDIT, request.artifact_path, root=True)
    # MLflow's clients fall back to a plain transfer only if the message begins with these words.
    raise NotImplementedByServer(
        "Multipart upload is not supported for the current artifact repository: send a file of any size in one PUT to "
        "mlflow-artifacts/artifacts."
    )
