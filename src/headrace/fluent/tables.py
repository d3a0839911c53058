"""Tables of a run: rows that are added call by call, and tables of many runs as one frame.

A table is one file. Whoever adds rows reads what is there and writes all of it, so that rows of several processes and attempts come together; of two processes that
do so at the same moment, the later one counts, as with MLflow. While no server can be reached, what this process has written itself is gone on with. What works on frames
is loaded with pandas.
"""

import json
import os
import posixpath
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from msgspec import Struct, field

from headrace.base.errors import InvalidParameter, NotFound, Unavailable
from headrace.base.plugins import load
from headrace.client.client import Client
from headrace.fluent import state
from headrace.fluent.artifact_trees import Spot, fetch_spot, list_spot, open_run
from headrace.fluent.artifacts import open_log, read_file_path
from headrace.fluent.experiments import get_active_experiment_id
from headrace.fluent.runs import find_open_run
from headrace.fluent.search import search_runs

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

    from headrace.spool.runlog import RunLog

LOGGED_ARTIFACTS = "mlflow.loggedArtifacts"
ENDINGS = (".json", ".parquet")
MAX_KEPT_BYTES = 64 * 2**20
"""So many bytes of a run's tables are kept at hand for the time that no server can be reached."""
THREADS = 8
_FORBIDDEN = frozenset("\"',:[]{}")


class _Written(Struct):
    """What this process has written of the tables of a run: their files, and their names. One thread at a time adds rows to them."""

    files: dict[str, bytes] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    pid: int = field(default_factory=os.getpid)


_WRITTEN: "WeakKeyDictionary[RunLog, _Written]" = WeakKeyDictionary()


def log_table(data: "dict[str, Any] | pd.DataFrame", artifact_file: str, run_id: str | None = None) -> None:
    """Add rows to a table of a run, which is made if need be.

    Images in the table (of Pillow or `Image`) become files of their own, and stand in the table by their paths.

    Args:
        data: a frame, or columns by name; a dictionary of single values is one row.
        artifact_file: the path of the table in the run; it ends in ``.json`` or ``.parquet``.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        InvalidParameter: the data is no table, or cannot be written as such a file.
        ValueError: the path, or a column with images, is not allowed.
        Unavailable: no server answers, and rows may be there that were not written here.
        NotImplementedByServer: pandas is not installed.
        SpoolFull: this machine's disk is full.
    """
    log = open_log(run_id)
    put_table(log, find_uri(log), data, artifact_file)


def load_table(
    artifact_file: str, run_ids: list[str] | None = None, extra_columns: list[str] | None = None
) -> "pd.DataFrame":
    """Return the rows of a table of many runs of the active experiment as one frame.

    Args:
        artifact_file: the path of the table in the runs.
        run_ids: of which runs; all that have the table unless given.
        extra_columns: what to add of each run, by the names of `search_runs`: ``run_id``, ``params.lr``.

    Raises:
        NotFound: no run has such a table.
        NotImplementedByServer: pandas is not installed.
    """
    return read_tables(get_active_experiment_id(), artifact_file, run_ids, extra_columns)


def read_tables(
    experiment_id: str,
    artifact_file: str,
    run_ids: list[str] | None = None,
    extra_columns: list[str] | None = None,
) -> "pd.DataFrame":
    """Return the rows of a table of many runs of an experiment as one frame; see `load_table`."""
    frames = load("headrace.fluent.table_frames", extra="pandas", purpose="load_table")
    _check_characters(artifact_file)
    wanted = f'tags.{LOGGED_ARTIFACTS} LIKE \'%"path"%:%"{artifact_file}",%"type"%:%"table"%\''
    if run_ids:
        wanted += f" and attributes.run_id IN ({','.join(map(repr, run_ids))})"
    runs = search_runs(experiment_ids=[experiment_id], filter_string=wanted)
    if runs.empty:
        raise NotFound("No runs found with the corresponding table artifact.")
    client = state.get_client()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="headrace-table") as pool:
        tables = [*pool.map(lambda run_id: _require_table(client, run_id, artifact_file), runs["run_id"])]
    joined: pd.DataFrame = frames.join_tables(tables, artifact_file, runs, extra_columns or [])
    return joined


def put_table(log: "RunLog", uri: str, data: Any, artifact_file: str) -> None:
    """Add rows to a table of a run; see `log_table`.

    Args:
        log: of the run.
        uri: the tracking URI of the run.
        data: a frame, or columns by name.
        artifact_file: the path of the table in the run.
    """
    _check_characters(artifact_file)
    if not artifact_file.endswith(ENDINGS):
        raise ValueError(
            f"Invalid artifact file path '{artifact_file}'. Please ensure the file you are trying to log as a table has a file name with either '.json' or '.parquet' extension."
        )
    frames = load("headrace.fluent.table_frames", extra="pandas", purpose="log_table")
    frame = frames.make_frame(data)
    key = read_file_path(artifact_file)
    written = _find_written(log)
    with written.lock:
        before, listed = _read_before(log, uri, key, written)
        frame = frames.store_images(log, frame, artifact_file)
        content: bytes = frames.write_table(frame, key, before)
        log.add_bytes(content, key)
        if sum(map(len, written.files.values())) + len(content) <= MAX_KEPT_BYTES:
            written.files[key] = content
        else:
            written.files.pop(key, None)
        entry = {"path": artifact_file, "type": "table"}
        if artifact_file not in written.names:
            written.names.append(artifact_file)
        if entry not in listed:
            log.set_tags([(LOGGED_ARTIFACTS, json.dumps([*listed, entry]))])


def _find_written(log: "RunLog") -> _Written:
    """Return what this process has written of a run; a forked child has written nothing."""
    written = _WRITTEN.get(log)
    if written is None or written.pid != os.getpid():
        written = _WRITTEN[log] = _Written()
    return written


def find_uri(log: "RunLog") -> str:
    """Return the tracking URI that a log's run is at."""
    run = find_open_run(log.run_id)
    return run.uri if run is not None and run.log is log else state.get_tracking_uri()


def _read_before(
    log: "RunLog", uri: str, key: str, written: _Written
) -> tuple[bytes | None, list[dict[str, str]]]:
    """Return the file of a table as it is so far, None if there is none; and what is listed in the run's note of its tables.

    Raises:
        Unavailable: no server answers, and what this process knows is not all.
    """
    ours = [{"path": name, "type": "table"} for name in written.names]
    try:
        if log.flush(state.READ_WAIT_S):
            client = state.get_client(uri)
            listed = _read_note(client, log.run_id)
            return _read_table(client, log.run_id, key), listed + [one for one in ours if one not in listed]
    except Unavailable:
        pass  # what this process knows itself may do
    run = find_open_run(log.run_id)
    is_alone = run is not None and run.log is log and not run.options.member
    if key in written.files or (is_alone and key not in map(read_file_path, written.names)):
        return written.files.get(key), ours
    raise Unavailable(
        f"No rows were added to the table {key!r}: the server does not answer, and rows may be there that were not written by this process. "
        "Try again when it does, or log the rows as a table of another name."
    )


def _read_note(client: Client, run_id: str) -> list[dict[str, str]]:
    """Return what a run's note of its tables lists; nothing if it is damaged."""
    tags = {tag.key: tag.value for tag in client.runs.get(run_id).data.tags or []}
    try:
        noted = json.loads(tags.get(LOGGED_ARTIFACTS, "[]"))
    except ValueError:
        return []
    return noted if isinstance(noted, list) else []


def _read_table(client: Client, run_id: str, key: str) -> bytes | None:
    """Return the bytes of a file of a run, or None if there is none."""
    folder = open_run(client, run_id, posixpath.dirname(key))
    if not any(info.path == key and not info.is_dir for info in list_spot(folder)):
        return None
    with tempfile.TemporaryDirectory(prefix="headrace-") as place:
        return fetch_spot(Spot(folder.tree, key), Path(place)).read_bytes()


def _require_table(client: Client, run_id: str, artifact_file: str) -> bytes:
    found = _read_table(client, run_id, read_file_path(artifact_file))
    if found is None:
        raise NotFound(f"Artifact {artifact_file} not found for run {run_id}.")
    return found


def _check_characters(artifact_file: str) -> None:
    if not isinstance(artifact_file, str):
        raise InvalidParameter(f"The path of a table is {artifact_file!r}; it must be text.")
    for found in _FORBIDDEN.intersection(artifact_file):
        raise ValueError(f"The artifact_file contains forbidden character: {found}")
