"""Files of a run, from this process: each is safe on this machine's disk before the call returns, and is sent in the background.

The functions that begin with `put` write to a log that the caller has; the others find the run's log first. The module knows neither images nor tables.
"""

import json
import os
import posixpath
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from headrace.base.errors import InvalidParameter
from headrace.base.paths import join_key, parse_key
from headrace.base.plugins import load
from headrace.fluent.file_walk import find_files
from headrace.fluent.runs import find_open_run, get_or_start_run, resolve_run_log

if TYPE_CHECKING:
    from headrace.spool.runlog import RunLog

CHUNK_BYTES = 1 << 20
YAML_SUFFIXES = frozenset({".yml", ".yaml"})

ArtifactPath = str | PurePath


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = ..., /) -> Any:
        """Return at most so many bytes; none at the end."""


def log_artifact(local_path: str, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Log a file, or a folder with all that is in it.

    Args:
        local_path: the file or folder on this machine. It may be changed or deleted after the call.
        artifact_path: the folder of the run that it is put into, under its own name; the root unless given.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        FileNotFoundError: there is no such file.
        InvalidParameter: it is no regular file, or a name in it is not allowed.
        SpoolFull: this machine's disk is full.
    """
    put_path(open_log(run_id), Path(local_path), artifact_path)


def log_artifacts(local_dir: str, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Log all that is in a folder.

    Args:
        local_dir: the folder on this machine. Links to files in it are followed, to folders not.
        artifact_path: the folder of the run that the content is put into; the root unless given.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        FileNotFoundError: there is no such folder.
        InvalidParameter: something in it is no regular file, or a name in it is not allowed.
        SpoolFull: this machine's disk is full.
    """
    put_folder(open_log(run_id), Path(local_dir), artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Log text as a file, in UTF-8.

    Args:
        text: what is in it.
        artifact_file: its path in the run.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        InvalidParameter: the path is not allowed.
        SpoolFull: this machine's disk is full.
    """
    put_text(open_log(run_id), text, artifact_file)


def log_dict(dictionary: dict[str, Any], artifact_file: str, run_id: str | None = None) -> None:
    """Log a dictionary as a file: YAML if its name ends in ``.yml`` or ``.yaml``, else JSON, in which what JSON does not know becomes text.

    Args:
        dictionary: or anything else that can be written so.
        artifact_file: its path in the run.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        InvalidParameter: the path is not allowed.
        NotImplementedByServer: YAML is wanted, and PyYAML is not installed.
        SpoolFull: this machine's disk is full.
    """
    put_dict(open_log(run_id), dictionary, artifact_file)


def log_stream(stream: Readable, artifact_file: str, run_id: str | None = None) -> None:
    """Log what a binary stream holds, as a file.

    Args:
        stream: read to its end.
        artifact_file: its path in the run.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        InvalidParameter: the path is not allowed, or the stream gives text.
        SpoolFull: this machine's disk is full.
    """
    put_stream(open_log(run_id), stream, artifact_file)


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Return the address of the active run's artifacts, or of one of them. A run is started if there is none.

    Waits for a server if the run was started without one.

    Args:
        artifact_path: of a file or folder in the run; its root unless given.

    Raises:
        Unavailable: no server answers, so it is not known yet.
    """
    return join_uri(get_or_start_run().info.artifact_uri or "", artifact_path)


def open_log(run_id: str | None) -> "RunLog":
    """Return the log of a run, which hears its news first; see `headrace.fluent.runs.resolve_run_log`.

    Raises:
        NotStored: records of the run were refused, and it is strict.
        StopRequested: somebody asked the run to stop, and it wants to be told so.
    """
    log = resolve_run_log(run_id)
    run = find_open_run(log.run_id)
    if run is not None and run.log is log:
        run.heed()
    return log


def join_uri(root_uri: str, artifact_path: str | None) -> str:
    """Return the address of a file or folder below an artifact root; a query of the root stays at the end."""
    if artifact_path is None:
        return root_uri
    if not urlsplit(root_uri).scheme:
        return posixpath.join(root_uri, artifact_path.lstrip("/"))
    parts = urlsplit(root_uri)
    return urlunsplit(parts._replace(path=posixpath.join(parts.path, artifact_path.lstrip("/"))))


def put_path(log: "RunLog", local: Path, folder: str | None) -> None:
    """Log a file, or a folder with all that is in it; see `log_artifact`."""
    name = os.path.normpath(local).rpartition(os.sep)[2]
    if local.is_dir():
        put_folder(log, local, posixpath.join(folder or "", name))
    elif not local.exists():
        raise FileNotFoundError(f"{str(local)!r} does not exist; name a file or a folder to log.")
    else:
        _put_file(log, local, _read_folder(folder), name)


def put_folder(log: "RunLog", local: Path, folder: str | None) -> None:
    """Log all that is in a folder; see `log_artifacts`. Nothing is logged if a name in it is not allowed."""
    if not local.is_dir():
        raise FileNotFoundError(
            f"{str(local)!r} is no folder; name one whose content is to be logged, or use log_artifact for a file."
        )
    root = _read_folder(folder)
    keys = [
        (local / name, parse_key(join_key(root, name), what="artifact path")) for name in find_files(local)
    ]
    for file, key in keys:
        _put_file(log, file, *key.rpartition("/")[::2])


def put_text(log: "RunLog", text: str, artifact_file: ArtifactPath) -> None:
    """Log text as a file; see `log_text`."""
    log.add_bytes(text.encode(), read_file_path(artifact_file))


def put_dict(log: "RunLog", dictionary: Mapping[str, Any], artifact_file: ArtifactPath) -> None:
    """Log a dictionary as a file; see `log_dict`."""
    key = read_file_path(artifact_file)
    if posixpath.splitext(key)[1] in YAML_SUFFIXES:
        yaml = load("yaml", extra="yaml", purpose="log_dict to a YAML file")
        text: str = yaml.dump(dictionary, indent=2, default_flow_style=False)
    else:
        text = json.dumps(dictionary, indent=2, default=str)
    log.add_bytes(text.encode(), key)


def put_stream(log: "RunLog", stream: Readable, artifact_file: ArtifactPath) -> None:
    """Log what a stream holds; see `log_stream`."""
    with make_file(log, artifact_file) as file, file.open("wb") as out:
        while chunk := stream.read(CHUNK_BYTES):
            if isinstance(chunk, str):
                raise InvalidParameter(
                    "The stream gives text; open it in binary mode, or log its text with log_text."
                )
            out.write(chunk)


@contextmanager
def make_file(log: "RunLog", artifact_file: ArtifactPath) -> Iterator[Path]:
    """Give a place for a file, under the name that it will have; what is written there within the block is logged at its end.

    Raises:
        InvalidParameter: the path is not allowed.
        SpoolFull: this machine's disk is full.
    """
    key = read_file_path(artifact_file)
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        file = Path(folder, posixpath.basename(key))
        yield file
        log.add_file(file, key, move=True)


def read_file_path(artifact_file: ArtifactPath) -> str:
    """Return the path of a file in a run, checked.

    Raises:
        InvalidParameter: it leads out of the run, names no file, or cannot be stored everywhere.
    """
    return parse_key(posixpath.normpath(_as_text(artifact_file)), what="artifact path")


def _read_folder(folder: str | None) -> str:
    return parse_key(posixpath.normpath(_as_text(folder or ".")), what="artifact path", root=True)


def _as_text(path: ArtifactPath) -> str:
    return path.as_posix() if isinstance(path, PurePath) else str(path)


def _put_file(log: "RunLog", local: Path, folder: str, name: str) -> None:
    if not local.is_file():
        raise InvalidParameter(
            f"{str(local)!r} is no regular file (a broken link, a socket, a device) and cannot be logged."
        )
    log.add_file(local, parse_key(join_key(folder, name), what="artifact path"))
