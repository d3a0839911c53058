"""The face of the spool: one for each destination of a process. What is logged is on the disk when the call returns, and is sent in the background.

A forked child goes on with spools of its own: the same objects begin anew at their next use, with another folder and other threads. Nothing here is done before the first run is
opened.
"""

import os
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from headrace.api.ingest import AttemptRecord, StartRecord
from headrace.spool.adopt import Adopter
from headrace.spool.contract import Backlog, Counts, Destination, SpoolSettings
from headrace.spool.folder import Folder, digest_of, find_root, plain_uri
from headrace.spool.log import LiveLog
from headrace.spool.place import BEGINNING
from headrace.spool.reach import Reach
from headrace.spool.recover import measure
from headrace.spool.room import Room
from headrace.spool.runlog import RunLog, check_lease
from headrace.spool.sender import Sender, Watched
from headrace.spool.uploads import Uploads

_CHILD_WAIT_S = 10.0
_CHILD_PRIORITY = 100


class Spool:
    """The records of this process for one destination. Any number of threads may use it. Made by `open_spool`.

    Args:
        uri: the destination's address, perhaps with credentials, which are not written down.
        open_destination: opens it, in the sender's thread; once in each process.
        settings: limits and pace.
        listener: see `open_spool`.
    """

    def __init__(
        self,
        uri: str,
        open_destination: Callable[[], Destination],
        settings: SpoolSettings,
        listener: Callable[[str], None] | None,
    ) -> None:
        self._listener = listener
        self.uri = plain_uri(uri)
        self._open_destination, self._settings = open_destination, settings
        self._runs: weakref.WeakValueDictionary[str, RunLog] = weakref.WeakValueDictionary()
        self._begin()
        room = Room(settings, self._used_bytes, self._progress, self._hurry)
        self._room = room
        self._log = LiveLog(uri, settings, room, self._take_folder)

    def _begin(self) -> None:
        """Set what a process has for itself."""
        self._watched = Watched(self._runs.get, self._listener)
        self._reach = Reach("Records", self.uri, self._settings, self._describe)
        self._file_reach = Reach("Files", self.uri, self._settings, self._describe)
        self._sender: Sender | None = None
        self._uploads: Uploads | None = None
        self._adopter: Adopter | None = None
        self._is_closed = False

    def open_run(
        self,
        run_id: str,
        start: StartRecord | None,
        attempt: AttemptRecord | None = None,
        *,
        lease_ms: int | None,
    ) -> RunLog:
        """Open a run: it is in the log when this returns, whether the destination can be reached or not.

        Args:
            run_id: the run.
            start: its beginning; None for a run that is there already.
            attempt: the attempt that is written to; a run that is started without one gets `headrace.spool.runlog.FIRST_ATTEMPT`.
            lease_ms: so soon the destination hears of the run again, or it counts as lost; None for no such promise.

        Raises:
            InvalidParameter: something is not what it should be.
            SpoolFull: there is no room on the disk.
            ClientError: the spool is closed, or its folder cannot be used.
        """
        check_lease(lease_ms)
        run = RunLog(self, self._log, run_id, start, attempt, lease_ms)
        self._log.open(run)
        self._runs[run_id] = run
        if lease_ms is not None:
            self.watch(run)
        return run

    def watch(self, log: RunLog) -> None:
        """Look at a run's lease and acknowledgement from now on."""
        self._watched.watch(log)
        self._hurry()

    def add_file(self, log: RunLog, source: Path | bytes, artifact_path: str, *, move: bool) -> None:
        """Take a file of a run; see `RunLog.add_file`."""
        end = self._log.enter(log)
        after = BEGINNING if log.is_known else end
        uploads, sender = self._uploads, self._sender
        assert uploads is not None
        assert sender is not None
        uploads.add(log.run_id, source, artifact_path, after, self._room, move=move)
        sender.start_files()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything that was logged before now is stored or refused, and all files are uploaded.

        Args:
            timeout_s: how long at most; None for as long as it goes on.

        Returns:
            whether all of it is. False on timeout, and while the destination cannot be reached: after three failed attempts in a row, or one if the one
            before had failed too.
        """
        sender, uploads = self._sender, self._uploads
        if sender is None or uploads is None:
            return True
        return sender.wait(self._log.tail(), uploads.last_number(), timeout_s)

    def close(self, timeout_s: float) -> Backlog:
        """Take nothing more, send what there is, and end the threads. What is left stays on the disk, for a later process or ``headrace sync``.

        Args:
            timeout_s: how long at most.
        """
        until = time.monotonic() + timeout_s
        self._room.is_over = True  # who waits for room waits no longer
        self._log.close()
        if not self._is_closed and self._sender is not None:
            self._is_closed = True
            self.flush(timeout_s)
            if self._adopter is not None:
                self._adopter.end()
                self._adopter.send_left(lambda: time.monotonic() >= until)
            backlog = self.backlog
            self._sender.end(max(until - time.monotonic(), 0.0))
            return backlog
        return self.backlog

    @property
    def backlog(self) -> Backlog:
        """What waits at this moment."""
        sender, uploads, folder = self._sender, self._uploads, self._log.folder
        if sender is None or uploads is None or folder is None:
            return Backlog()
        place = sender.place
        records, size = measure(place, self._log.tail(), self._log.find_end, self._log.path_of)
        files = uploads.waiting
        oldest = 0
        if records:
            oldest = self._log.created_ms(max(place.segment, 1))
        return Backlog(
            records=records,
            bytes=size + uploads.used_bytes(),
            files=len(files),
            oldest_ms=oldest,
            reachable=self._reach.is_up and self._file_reach.is_up,
            last_error=self._reach.last_error or self._file_reach.last_error,
            folder=folder.path,
        )

    @property
    def counts(self) -> Counts:
        """What became of the records of this process."""
        return self._watched.counts

    def forget(self) -> None:
        """Begin anew in a forked child: folder, threads and destination are the parent's."""
        self._log.forget()
        self._room.forget()
        self._begin()

    def _take_folder(self, folder: Folder) -> None:
        """Begin to send a folder that was just made."""
        uploads = Uploads(folder, self._watched)
        sender = Sender(
            folder,
            self._log,
            uploads,
            self._open_destination,
            self._watched,
            self._reach,
            self._file_reach,
            self._settings,
        )
        self._uploads, self._sender = uploads, sender
        if self._settings.adopt:
            root = find_root(self._settings.root)
            self._adopter = Adopter(root, digest_of(self.uri), folder.path, lambda: sender.destination)
        sender.start(self._adopter.start if self._adopter else None)
        _close_with_child(self)

    def _used_bytes(self) -> int:
        uploads = self._uploads
        return self._log.used_bytes() + (uploads.used_bytes() if uploads else 0)

    def _progress(self) -> int:
        return self._sender.progress if self._sender else 0

    def _hurry(self) -> None:
        if self._sender is not None:
            self._sender.hurry()

    def _describe(self) -> str:
        folder = self._log.folder
        return str(folder.path) if folder else ""


_SPOOLS: weakref.WeakSet[Spool] = weakref.WeakSet()


def open_spool(
    uri: str,
    open_destination: Callable[[], Destination],
    settings: SpoolSettings | None = None,
    listener: Callable[[str], None] | None = None,
) -> Spool:
    """Return the spool of a destination. A process has one for each; nothing is read or written yet.

    Args:
        uri: the destination's address, perhaps with credentials, which are not written down.
        open_destination: opens it, in a thread of the spool's; in a forked child again.
        settings: limits and pace.
        listener: is called with the id of a run whose log has just been told of a refusal or a request to stop; by a thread of the spool's.
    """
    spool = Spool(uri, open_destination, settings or SpoolSettings(), listener)
    _SPOOLS.add(spool)
    return spool


def _forget_parent() -> None:
    """Let the spools that a forked child has inherited begin anew."""
    for spool in list(_SPOOLS):
        spool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)


def _close_with_child(spool: Spool) -> None:
    """Let a child of `multiprocessing` close its spool: such a process ends without running what `atexit` holds."""
    processes = sys.modules.get("multiprocessing.process")
    finalizers = sys.modules.get("multiprocessing.util")
    if processes is None or finalizers is None or processes.parent_process() is None:
        return
    finalizers.Finalize(spool, _close, args=(weakref.ref(spool),), exitpriority=_CHILD_PRIORITY)


def _close(reference: "weakref.ref[Spool]") -> None:
    spool = reference()
    if spool is not None:
        spool.close(_CHILD_WAIT_S)
