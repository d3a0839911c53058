"""Where a spool sends to: a transport without retries, for batches and for files.

Whoever listens is told of each answer, so that a logging call costs nothing more while there is no news. The module knows neither runs nor the spool.
"""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from msgspec import UNSET

from headrace.api import runs as run_rows
from headrace.api.artifacts import PROXY_PUT, ProxyPath
from headrace.api.ingest import IngestAnswer, RunBlock
from headrace.base.errors import EndpointNotFound, HeadraceError, Unavailable
from headrace.base.ids import new_run_id
from headrace.base.paths import join_key, parse_key
from headrace.base.plugins import load
from headrace.base.uris import find_path, is_local
from headrace.client.connect import open_transport, read_settings
from headrace.client.ingest import IngestCalls
from headrace.client.transfer import find_root_key
from headrace.client.transport import Transport

MAX_ROOTS = 1000
"""Artifact roots of so many runs are remembered."""

Listener = Callable[[str], None]
"""Is called with the id of a run that has news: a rejection, a request to stop, a file that was refused."""


Preparation = Callable[["TransportDestination"], None]
"""Is called with a destination before its first batch."""


def open_destination(
    uri: str, listener: Listener, prepare: Preparation | None = None
) -> "TransportDestination":
    """Return the destination for a tracking URI.

    Args:
        uri: the address, perhaps with credentials.
        listener: is told which runs have news; called by the sender's thread.
        prepare: what has to be done before the first batch is sent, by the sender's thread; again if it raises.

    Raises:
        InvalidParameter: the address or a setting is wrong.
    """
    return TransportDestination(open_transport(uri, read_settings(retries=0)), listener, prepare)


class TransportDestination:
    """Sends over a transport. Made by `open_destination`.

    Args:
        transport: without retries; closed with the destination.
        listener: see `open_destination`.
        prepare: likewise.
    """

    def __init__(self, transport: Transport, listener: Listener, prepare: Preparation | None = None) -> None:
        self._transport = transport
        self._calls = IngestCalls(transport)
        self._listener, self._prepare = listener, prepare
        self._lock = threading.Lock()
        self._roots: dict[str, str] = {}

    @property
    def uri(self) -> str:
        """The address, without credentials."""
        return self._transport.uri

    def send(self, writer: str, seq: int, runs: Sequence[RunBlock]) -> IngestAnswer:
        """Send a batch.

        Raises:
            Unavailable: no answer came, or what answers is not a headrace server (this may change, so the batch is kept).
            HeadraceError: the batch was refused.
        """
        prepare, self._prepare = self._prepare, None
        if prepare is not None:  # what it sends comes this way, too
            try:
                prepare(self)
            except BaseException:
                self._prepare = prepare
                raise
        try:
            answer = self._calls.send(writer, seq, runs)
        except EndpointNotFound as error:
            raise Unavailable(
                f"{self.uri} does not take batches: it is no headrace server, or one that is too old ({error.message})."
            ) from None
        news = {each.run_id for each in answer.rejected} | {each.run_id for each in answer.runs if each.stop}
        for run_id in news:
            self._listener(run_id)
        for each in answer.runs:
            if each.artifact_uri is not UNSET:
                self._keep_root(each.run_id, each.artifact_uri)
        return answer

    def upload(self, run_id: str, local: Path, artifact_path: str) -> None:
        """Store a file of a run.

        Args:
            run_id: the run.
            local: the file.
            artifact_path: its full path in the run.

        Raises:
            InvalidParameter: the path is not allowed, or the run keeps its artifacts where this client cannot write.
            HeadraceError: it was refused, or no answer came.
        """
        try:
            key = parse_key(artifact_path, what="artifact_path")
            root = self._find_root(run_id)
            if is_local(root):
                _copy(local, find_path(root), key)
                return
            target = join_key(find_root_key(self._transport, root), key)
            with local.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._transport.upload(PROXY_PUT, ProxyPath(artifact_path=target), file, size)
        except HeadraceError:
            self._listener(run_id)
            raise

    def close(self) -> None:
        """Give connections back."""
        self._transport.close()

    def _find_root(self, run_id: str) -> str:
        """Return the artifact root of a run."""
        known = self._roots.get(run_id)
        if known is not None:
            return known
        root = self._transport.call(run_rows.GET, run_rows.GetRun(run_id=run_id)).run.info.artifact_uri
        self._keep_root(run_id, root)
        return root

    def _keep_root(self, run_id: str, root: str) -> None:
        with self._lock:
            if len(self._roots) >= MAX_ROOTS:
                del self._roots[next(iter(self._roots))]
            self._roots[run_id] = root


def _copy(local: Path, root: Path, key: str) -> None:
    """Copy a file below a folder of this machine, where MLflow's clients write too; it appears when all of it is there."""
    target = root.joinpath(*PurePosixPath(key).parts)
    part = target.with_name(f".{new_run_id()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        load("shutil").copyfile(local, part)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise Unavailable(f"{str(target)!r} cannot be written: {error}.") from None
