"""Where artifacts can be read: the files of a run, of a logged model, behind a tracking server, on this machine, on the web.

Each place is listed and read in the same way. The module knows addresses, not who wants to read there.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from msgspec import Struct

from headrace.api import artifacts as run_rows
from headrace.api import logged_models as model_rows
from headrace.api.artifacts import FileInfo, GetArtifact, ListProxy, ProxyPath
from headrace.api.logged_models import GetLoggedModelFile, LoggedModel
from headrace.base.errors import InvalidParameter, NotFound, NotImplementedByServer
from headrace.base.paths import find_location_key, join_key, parse_key
from headrace.base.plugins import load_attribute
from headrace.base.uris import find_path, is_local
from headrace.client.client import Client
from headrace.client.transfer import FileTree, download_tree

PROXY_PATH = "/api/2.0/mlflow-artifacts/artifacts/"
_MODEL_ID = "m-"

ClientOf = Callable[[str | None], Client]


class WebFile(Struct, frozen=True):
    """A file of the web.

    Args:
        url: http or https.
    """

    url: str


class Spot(Struct, frozen=True):
    """A file or folder, in a tree, on this machine or on the web.

    Args:
        tree: what it is in: a tree behind a server, or a file or folder of this machine; or a file of the web.
        path: of the file or folder in the tree; empty for all of it.
        name: what all of the tree is called where it is seen as a part of something else.
    """

    tree: FileTree | Path | WebFile
    path: str = ""
    name: str = ""


def list_spot(spot: Spot) -> list[FileInfo]:
    """Return what is directly in a folder, sorted; nothing for a file, or where nothing is. The paths begin with that of the folder."""
    if isinstance(spot.tree, FileTree):
        found = spot.tree.list_folder(spot.path)
        return [_rename(info, join_key(spot.name, info.path)) for info in found] if spot.name else found
    if isinstance(spot.tree, WebFile):
        return []
    folder = _find_below(spot.tree, spot.path)
    if not folder.is_dir():
        return []
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [_describe(file, join_key(spot.name, spot.path, file.name)) for file in files]


def fetch_spot(spot: Spot, destination: Path | None) -> Path:
    """Bring a file or folder to this machine.

    Args:
        spot: what.
        destination: the folder that it is put into, under its own name; what has no name, such as all of a run, is put into it directly. A new folder unless given; what lies on this
            machine already then stays where it is.

    Returns:
        Where it is.

    Raises:
        NotFound: there is no such file or folder.
        DataLoss: a file came otherwise than it was stored.
    """
    if isinstance(spot.tree, Path):
        return _copy(_find_below(spot.tree, spot.path), destination, spot.name)
    target = Path(tempfile.mkdtemp(prefix="headrace-")) if destination is None else destination.absolute()
    if isinstance(spot.tree, WebFile):
        target.mkdir(parents=True, exist_ok=True)
        fetched: Path = load_attribute("headrace.fluent.web_files:fetch_file")(spot.tree.url, target)
        return fetched
    parent, _, name = spot.path.rpartition("/")
    return download_tree(_shift(spot.tree, parent), name, target if name else target / spot.name)


def open_run(client: Client, run_id: str, path: str) -> Spot:
    """Return a file or folder of a run, or of a logged model that the run has made under that name.

    Args:
        client: of the server that knows the run.
        run_id: the run.
        path: in the run; empty for everything.

    Raises:
        NotFound: there is no such run.
        InvalidParameter: the path is not a plain relative one.
    """
    key = parse_key(path, what="artifact path", root=True)
    run = client.runs.get(run_id)
    tree = _open_root(client, run.info.artifact_uri, _run_tree(client, run_id))
    name, _, rest = key.partition("/")
    if not key or any(info.path == key for info in list_spot(Spot(tree, key.rpartition("/")[0]))):
        return Spot(tree, key)
    model = _find_model(client, run.info.experiment_id, run_id, name)
    return Spot(tree, key) if model is None else Spot(_open_model(client, model), rest, name)


def open_uri(client_of: ClientOf, uri: str) -> Spot:
    """Return what an address of artifacts names.

    Args:
        client_of: returns the client of a tracking URI; of the chosen one for None.
        uri: ``runs:/ID/PATH``, ``models:/m-ID/PATH``, ``mlflow-artifacts:/PATH``, an address of the web, or a path of this machine.

    Raises:
        NotFound: there is no such run, model or file.
        NotImplementedByServer: files of such a place cannot be read from here.
        InvalidParameter: it is no address.
    """
    if is_local(uri):
        return Spot(_require_local(find_path(uri), uri))
    parts = urlsplit(uri)
    first, _, rest = parts.path.strip("/").partition("/")
    if parts.scheme == "runs" and first and not parts.netloc:
        return open_run(client_of(None), first, rest)
    if parts.scheme == "models" and first.startswith(_MODEL_ID):
        client = client_of(None)
        return Spot(
            _open_model(client, client.models.get(first)), parse_key(rest, what="artifact path", root=True)
        )
    if parts.scheme == "mlflow-artifacts":
        return Spot(_proxy_tree(_client_at(client_of, parts.netloc)), find_location_key(uri) or "")
    if parts.scheme in {"http", "https"}:
        return _open_web(client_of(None), uri)
    if parts.scheme == "runs":
        raise InvalidParameter(
            f"Not a proper runs:/ URI: {uri}. Runs URIs must be of the form 'runs:/<run_id>/run-relative/path/to/artifact'"
        )
    raise NotImplementedByServer(
        f"Files at {uri} cannot be read from here: there are runs:/ID/PATH, models:/m-ID/PATH, mlflow-artifacts:/PATH, http and https, and paths of this machine. "
        "Fetch the files with the tool of that store."
    )


def _client_at(client_of: ClientOf, host: str) -> Client:
    """Return the client of the server that an ``mlflow-artifacts:`` address names."""
    chosen = client_of(None)
    if not host or host == urlsplit(chosen.uri).netloc:
        return chosen
    return client_of(f"http://{host}")


def _open_web(client: Client, uri: str) -> Spot:
    """Return a file of the web: one of the tracking server's artifacts, or any other."""
    prefix = client.uri.rstrip("/") + PROXY_PATH
    if uri.startswith(prefix):
        return Spot(
            _proxy_tree(client), find_location_key("mlflow-artifacts:/" + uri.removeprefix(prefix)) or ""
        )
    return Spot(WebFile(uri))


def _open_model(client: Client, model: LoggedModel) -> FileTree | Path:
    return _open_root(client, model.info.artifact_uri, _model_tree(client, model.info.model_id))


def _open_root(client: Client, root_uri: str, tree: FileTree) -> FileTree | Path:
    """Return the files below an artifact root: here if it is of this machine, else as the server hands them out."""
    folder = find_path(root_uri) if is_local(root_uri) else None
    if folder is not None and (folder.is_dir() or urlsplit(client.uri).scheme not in {"http", "https"}):
        return folder
    return tree


def _find_model(client: Client, experiment_id: str, run_id: str, name: str) -> LoggedModel | None:
    """Return the newest logged model of a run that has a name."""
    if "'" in name:
        return None
    found = client.models.search([experiment_id], f"name = '{name}'")
    return next((model for model in found if model.info.source_run_id == run_id), None)


def _run_tree(client: Client, run_id: str) -> FileTree:
    return FileTree(
        lambda folder: client.artifacts.list(run_id, folder),
        lambda file, offset, version: client.transport.download(
            run_rows.GET, GetArtifact(run_id=run_id, path=file), offset=offset, version=version
        ),
    )


def _model_tree(client: Client, model_id: str) -> FileTree:
    return FileTree(
        lambda folder: client.models.list_artifacts(model_id, folder),
        lambda file, offset, version: client.transport.download(
            model_rows.GET_FILE,
            GetLoggedModelFile(model_id=model_id, artifact_file_path=file),
            offset=offset,
            version=version,
        ),
    )


def _proxy_tree(client: Client) -> FileTree:
    """Return all files below the server's artifact root."""
    transport = client.transport

    def list_folder(folder: str) -> list[FileInfo]:
        found = transport.call(run_rows.PROXY_LIST, ListProxy(path=folder)).files or []
        return [_rename(info, join_key(folder, info.path)) for info in found]

    return FileTree(
        list_folder,
        lambda file, offset, version: transport.download(
            run_rows.PROXY_GET, ProxyPath(artifact_path=file), offset=offset, version=version
        ),
    )


def _shift(tree: FileTree, parent: str) -> FileTree:
    """Return what is in a folder of a tree, as a tree of its own."""
    if not parent:
        return tree

    def list_folder(folder: str) -> list[FileInfo]:
        found = tree.list_folder(join_key(parent, folder))
        return [_rename(info, info.path.removeprefix(parent + "/")) for info in found]

    return FileTree(
        list_folder, lambda file, offset, version: tree.open_file(join_key(parent, file), offset, version)
    )


def _rename(info: FileInfo, path: str) -> FileInfo:
    return FileInfo(path=path, is_dir=info.is_dir, file_size=info.file_size)


def _describe(file: Path, path: str) -> FileInfo:
    if file.is_dir():
        return FileInfo(path=path, is_dir=True)
    return FileInfo(path=path, is_dir=False, file_size=file.stat().st_size)


def _require_local(path: Path, uri: str) -> Path:
    if path.exists():
        return path.absolute()
    hint = f" Maybe you meant 'models:/{uri}'?" if uri.startswith(_MODEL_ID) else ""
    raise NotFound(f"No such artifact: {uri!r}.{hint}")


def _find_below(folder: Path, path: str) -> Path:
    return folder.joinpath(*PurePosixPath(path).parts)


def _copy(source: Path, destination: Path | None, name: str) -> Path:
    """Return a file or folder of this machine, copied into a folder if one is named."""
    if not source.exists():
        raise NotFound(f"No such artifact: {str(source)!r}.")
    if destination is None:
        return source.absolute()
    destination.mkdir(parents=True, exist_ok=True)
    target = destination.absolute() / (name or source.name)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
    return target
