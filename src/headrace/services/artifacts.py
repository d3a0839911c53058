"""Artifacts: listings, where a run's or model's files lie, and who may reach a key.

The bytes flow in ``headrace.server``; for the calls that carry them the functions here return the `Place`. The server opens
nothing but its own root and the folder that the operator named as default root; where a user's location points elsewhere, only
clients read it. The permission on a key is that of the run or model whose folder it lies in.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from headrace.api.artifacts import (
    ArtifactsPage,
    FileInfo,
    GetArtifact,
    ListArtifacts,
    ListProxy,
    PresignedUrl,
    ProxyFiles,
    ProxyPath,
    UploadArtifact,
)
from headrace.api.endpoint import Empty, Need, Permission, Resource
from headrace.api.logged_models import GetLoggedModelFile
from headrace.base.errors import (
    BadRequest,
    InvalidParameter,
    NotFound,
    NotImplementedByServer,
    PermissionDenied,
    Unavailable,
)
from headrace.base.paths import find_location_key, join_key, parse_key
from headrace.blobs.local import LocalStore
from headrace.blobs.open import get_folder
from headrace.blobs.store import BlobInfo, BlobStore, Entry
from headrace.services.context import Context, Platform
from headrace.services.validation import excerpt, get_run_id
from headrace.store import objects, runs
from headrace.store.objects import Origin, StoredObject
from headrace.store.transaction import Transaction

MAX_EXPIRATION_S = 7 * 24 * 3600
_PROXIED_SCHEMES = frozenset({"http", "https", "mlflow-artifacts"})


@dataclass(frozen=True, slots=True)
class Place:
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
    raise NotImplementedByServer(
        "Presigned downloads are not supported: artifacts of this server pass through it. Download the file from "
        "mlflow-artifacts/artifacts."
    )


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
    return find_place(context, Permission.READ, _get_model_root(context, request.model_id), key)


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
    permit_key(context, permission, key)
    return Place(get_served(context.platform), key)


def get_served(platform: Platform) -> BlobStore:
    """Return the store that this server carries bytes for.

    Raises:
        Unavailable: it was started without.
    """
    if platform.artifacts.served is None:
        raise Unavailable(
            "This server was started with --no-serve-artifacts and carries no artifacts. "
            "Start it with --serve-artifacts, or let clients reach the artifact store themselves."
        )
    return platform.artifacts.served


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
    key = find_location_key(root_uri)
    if key is not None:
        place = Place(get_served(context.platform), join_key(key, path))
        permit_key(context, permission, place.key)
        return place
    local = _find_local_place(context.platform, root_uri, path)
    if local is None:
        raise InvalidParameter(
            f"The artifacts lie at {excerpt(root_uri)}, which this server does not open. Read them with a client that "
            "can reach that place."
        )
    if local.is_served:
        permit_key(context, permission, local.key)
    return local


def _find_local_place(platform: Platform, root_uri: str, path: str) -> Place | None:
    """Return the place of a local path that lies beneath a folder of the operator's."""
    parts = urlsplit(root_uri)
    if parts.scheme not in {"", "file"} or parts.netloc:
        return None
    target = PurePosixPath(unquote(parts.path) if parts.scheme else root_uri)
    served = platform.artifacts.served
    stores = [served] if isinstance(served, LocalStore) else []
    default = urlsplit(platform.artifacts.root_uri)
    if default.scheme in {"", "file"}:
        stores.append(LocalStore(get_folder(platform.artifacts.root_uri, what="default artifact root")))
    for store in stores:
        root = PurePosixPath(store.root.as_posix())
        if target.is_relative_to(root):
            inner = parse_key(target.relative_to(root).as_posix(), what="artifact_location", root=True)
            return Place(store, join_key(inner, path), is_served=store is served)
    return None


def permit_key(context: Context, permission: Permission, key: str) -> None:
    """Check that the actor may do something at a key below the artifact root.

    Needed is the permission on each run and model whose folder the key lies in or is; if there is none, on the server itself.

    Raises:
        PermissionDenied: a permission is missing.
    """
    policy = context.platform.policy
    if policy.grants_all(context.actor):
        return
    owners = find_owners(context, key) or [(Resource.SERVER, "")]
    for resource, target in owners:
        if not policy.permits(context, Need(permission, resource), target):
            thing = f"{resource.value} {target}".rstrip()
            raise PermissionDenied(
                f"{context.actor.name} lacks the permission {permission.name} on {thing}, to which the artifact path "
                f"{key!r} belongs. Ask an administrator of this server."
            )


def find_owners(context: Context, key: str) -> list[tuple[Resource, str]]:
    """Return the runs and models in whose folders a key lies, by the ids that stand in it."""
    segments = key.split("/")
    found = [
        *((Resource.RUN, *root) for root in objects.run_roots(context.conn, segments)),
        *((Resource.MODEL, *root) for root in objects.model_roots(context.conn, segments)),
    ]
    return [(resource, target) for resource, target, uri in found if _lies_in(key, target, uri)]


def _lies_in(key: str, target: str, root_uri: str) -> bool:
    root = find_location_key(root_uri)
    if root is None:
        return False
    folder = root.removesuffix("/artifacts")
    return folder.endswith(target) and f"{key}/".startswith(f"{folder}/")


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


def _find_run_place(context: Context, permission: Permission, request: GetArtifact | UploadArtifact) -> Place:
    run_id = get_run_id(request.run_id, request.run_uuid)
    key = _parse_path(request.path)
    return find_place(context, permission, runs.get_run(context.conn, run_id).artifact_uri, key)


def _get_model_root(context: Context, model_id: str) -> str:
    root = objects.find_model_root(context.conn, model_id)
    if root is None:
        raise NotFound(f"Logged model {excerpt(model_id)} does not exist.")
    return root


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
        root_uri = _get_model_root(context, request.model_id)
    scheme = urlsplit(root_uri).scheme
    if scheme in _PROXIED_SCHEMES:
        raise InvalidParameter(
            f"Presigned {verb} is not supported for artifacts that pass through the server (their URI begins with {scheme}:); "
            "use the mlflow-artifacts calls."
        )
    raise NotImplementedByServer(
        f"Presigned {verb} is not supported: this server signs no addresses for {excerpt(root_uri)}. "
        "Let the client reach that place with its own credentials."
    )


def _refuse_multipart(context: Context, request: ProxyPath) -> Empty:
    find_proxy_place(context, Permission.EDIT, request.artifact_path, root=True)
    raise NotImplementedByServer(
        "Multipart upload is not supported: this server takes a file of any size in one PUT to mlflow-artifacts/artifacts."
    )
