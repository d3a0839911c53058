"""Whole files and folders, up and down: bounded memory, checked digests, downloads that go on where they broke.

Both transports are served by the same code: it knows how to list a folder and to open a file, not who answers.
"""

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import urlsplit

from msgspec import Struct

from headrace.api.artifacts import PROXY_DELETE, PROXY_PUT, FileInfo, ProxyPath
from headrace.base.errors import DataLoss, InternalError, InvalidParameter, Unavailable
from headrace.base.paths import find_location_key, join_key, parse_key
from headrace.client.transport import Download, Transport

CHUNK_BYTES = 1 << 20
MAX_BREAKS = 5
"""So many times in a row a download may break without a single new byte."""
PAUSE_S = 0.2


class FileTree(Struct, frozen=True):
    """The files of a run or a model.

    Args:
        list_folder: returns what is directly in a folder; nothing for a file.
        open_file: begins to read a file, at an offset, of a version.
    """

    list_folder: Callable[[str], list[FileInfo]]
    open_file: Callable[[str, int, str], Download]


def download_tree(tree: FileTree, path: str, destination: Path) -> Path:
    """Download a file, or a folder with all that is in it.

    Args:
        tree: where from.
        path: of the file or folder in the tree; empty for everything.
        destination: the folder that `path` is put into, made if need be.

    Returns:
        Where the file or folder is now: `destination` / `path`.

    Raises:
        NotFound: there is no such file.
        DataLoss: a file came otherwise than it was stored; it is not kept.
        OSError: this machine cannot store it.
    """
    key = parse_key(path, what="path", root=True)
    target = destination.joinpath(*PurePosixPath(key).parts)
    entries = tree.list_folder(key)
    if key and not entries:
        target.parent.mkdir(parents=True, exist_ok=True)
        _download_file(tree, key, target)
        return target
    target.mkdir(parents=True, exist_ok=True)
    for info in _walk(tree, key, entries):
        file = destination.joinpath(*PurePosixPath(info.path).parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        _download_file(tree, info.path, file)
    return target


def _walk(tree: FileTree, folder: str, entries: list[FileInfo]) -> Iterator[FileInfo]:
    """Yield all files below a folder. What the other end says of paths is checked: it must not lead elsewhere."""
    for info in entries:
        try:
            is_inside = join_key(folder, PurePosixPath(parse_key(info.path, what="path")).name) == info.path
        except InvalidParameter:
            is_inside = False
        if not is_inside:
            raise InternalError(
                f"The listing of the folder {folder!r} names {info.path!r}, which is not in it; nothing further is downloaded."
            )
        if info.is_dir:
            yield from _walk(tree, info.path, tree.list_folder(info.path))
        else:
            yield info


def _download_file(tree: FileTree, key: str, target: Path) -> None:
    """Download a file under a name of its own beside its target, then put it in place."""
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as out:
            _receive(tree, key, out)
        part.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            part.unlink()
        raise


def _receive(tree: FileTree, key: str, out: BinaryIO) -> None:
    """Write a file's bytes, in as many attempts as the connection needs."""
    digest, done, breaks, version = hashlib.sha256(), 0, 0, ""
    while True:
        before = done
        try:
            with tree.open_file(key, done, version) as download:
                if download.offset != done:  # it has changed, or cannot be continued
                    digest, done = hashlib.sha256(), 0
                    if download.offset:
                        raise InternalError(
                            f"The download of {key!r} began at byte {download.offset}, which nobody asked for."
                        )
                    out.seek(0)
                    out.truncate()
                version = download.version
                while data := download.read(CHUNK_BYTES):
                    out.write(data)
                    digest.update(data)
                    done += len(data)
                _check(key, download, done, digest.hexdigest())
                return
        except Unavailable:
            breaks = 0 if done > before else breaks + 1
            if breaks > MAX_BREAKS or not done:  # before the first byte the transport has tried often enough
                raise
            time.sleep(PAUSE_S * breaks)


def _check(key: str, download: Download, size: int, sha256: str) -> None:
    if download.size not in {-1, size}:
        raise DataLoss(
            f"The artifact {key!r} has {download.size} bytes, but {size} came; nothing of it was kept."
        )
    if download.sha256 not in {None, sha256}:
        raise DataLoss(
            f"The artifact {key!r} is damaged: its SHA-256 should be {download.sha256}, but is {sha256}; nothing of it was kept. "
            "Download it again; if that does not help, the file in the server's store has been changed."
        )


def upload_tree(transport: Transport, root_uri: str, source: Path, path: str) -> list[str]:
    """Upload a file, or all that is in a folder.

    Args:
        transport: where to.
        root_uri: the artifact root of the run or model.
        source: a file, which keeps its name, or a folder, whose content is uploaded. Links to files are followed, to folders not.
        path: the folder below the root that it is put into; empty for the root.

    Returns:
        The paths of the uploaded files, relative to the root.

    Raises:
        InvalidParameter: the source does not exist, a name in it is not allowed, or this client cannot write to the root.
        DataLoss: a file arrived otherwise than it was sent.
    """
    folder = parse_key(path, what="path", root=True)
    root = find_root_key(transport, root_uri)
    files = [(file, parse_key(join_key(folder, name), what="path")) for file, name in _find_files(source)]
    for file, key in files:
        _upload_file(transport, join_key(root, key), file)
    return [key for _, key in files]


def delete_path(transport: Transport, root_uri: str, path: str) -> None:
    """Delete a file, or a folder with all that is in it, below an artifact root; nothing happens if it is not there."""
    key = join_key(find_root_key(transport, root_uri), parse_key(path, what="path"))
    transport.call(PROXY_DELETE, ProxyPath(artifact_path=key))


def find_root_key(transport: Transport, root_uri: str) -> str:
    """Return the key of an artifact root that the other end carries the bytes of.

    Raises:
        InvalidParameter: it lies elsewhere.
    """
    key = find_location_key(root_uri)
    host = urlsplit(root_uri).netloc
    if key is None or host not in {"", urlsplit(transport.uri).netloc}:
        raise InvalidParameter(
            f"The artifacts lie at {root_uri!r}, not with {transport.uri}. This client writes only what the server carries "
            "(mlflow-artifacts:); copy the files there yourself, or use an experiment without an artifact location of its own."
        )
    return key


def _find_files(source: Path) -> list[tuple[Path, str]]:
    """Return files with their names relative to a folder, sorted; a file stands for itself."""
    if source.is_dir():
        found = []
        for folder, folders, names in os.walk(source, onerror=_raise):
            folders.sort()
            found += [Path(folder, name) for name in sorted(names)]
        return [(_require_file(file), file.relative_to(source).as_posix()) for file in found]
    if not source.exists():
        raise InvalidParameter(f"{str(source)!r} does not exist; name a file or a folder to upload.")
    return [(_require_file(source), source.name)]


def _raise(error: OSError) -> None:
    raise error


def _require_file(path: Path) -> Path:
    if not path.is_file():
        raise InvalidParameter(
            f"{str(path)!r} is no regular file (a broken link, a socket, a device) and cannot be uploaded."
        )
    return path


def _upload_file(transport: Transport, key: str, path: Path) -> None:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        transport.upload(PROXY_PUT, ProxyPath(artifact_path=key), file, size)
