"""The threads of a spool: one sends what the log holds, one uploads files, one sends what others have left. None of them lives through a fork.

The log is looked at several times a second; nobody who appends has to tell. Leases and acknowledgements ride on the batches, or make one of their own.
"""

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence

from headrace.api.ingest import IngestAnswer, Rejection, RunBlock
from headrace.base.errors import HeadraceError
from headrace.base.loading import LOADING
from headrace.spool.batches import Batch, Limits
from headrace.spool.contract import Counts, Destination, SpoolSettings
from headrace.spool.delivery import Delivery
from headrace.spool.folder import Folder
from headrace.spool.log import LiveLog
from headrace.spool.place import BEGINNING, Place
from headrace.spool.reach import Reach
from headrace.spool.runlog import RunLog
from headrace.spool.uploads import Uploads

LOGGER = logging.getLogger("headrace")
_LEASE_PARTS = 3
_REST, _LONGEST = 400, 10
"""It rests so many times as long as it has worked, but no longer than so many times the pace."""
_PATIENCE = 3


class Watched:
    """The runs of this process that the destination's answers are told to, and those with a lease.

    Args:
        find: returns the log of a run, if somebody still has it.
        listener: is called with the id of a run whose log has just been told of a refusal or a request to stop.
    """

    def __init__(self, find: Callable[[str], RunLog | None], listener: Callable[[str], None] | None) -> None:
        self._find, self._listener = find, listener
        self._watched: dict[str, RunLog] = {}
        self.counts = Counts()

    def watch(self, log: RunLog) -> None:
        """Look at a log's lease and acknowledgement from now on."""
        self._watched[log.run_id] = log

    def is_due(self) -> bool:
        """Tell whether a run has something to say that is no record."""
        now = time.monotonic()
        return any(_is_due(log, now) for log in list(self._watched.values()))

    def due_in_s(self) -> float:
        """Return how long it is until a run has to be heard of, in seconds."""
        now = time.monotonic()
        return min(
            (log.renew_at_s - now for log in list(self._watched.values()) if log.lease_ms is not None),
            default=math.inf,
        )

    def add_to(self, blocks: list[RunBlock]) -> None:
        """Put leases and acknowledgements into a batch."""
        now = time.monotonic()
        last = {block.run_id: block for block in blocks}
        for run_id, log in list(self._watched.items()):
            block = last.get(run_id)
            if log.lease_ms is None and not log.stop_seen:
                self._watched.pop(run_id, None)
                continue
            if block is None:
                if not _is_due(log, now):
                    continue
                block = RunBlock(run_id=run_id)
                if log.attempt is not None and not log.is_quiet:
                    block.attempt = log.attempt
                blocks.append(block)
            if log.stop_seen:
                block.stop_seen, log.stop_seen = True, False
            if log.lease_ms is not None:
                block.lease_ms = log.lease_ms
                log.renew_at_s = now + log.lease_ms / 1000 / _LEASE_PARTS

    def take_answer(self, batch: Batch, answer: IngestAnswer) -> None:
        """See `headrace.spool.delivery.Hearer`."""
        rejected = answer.records - answer.stored - answer.collapsed - answer.repeated
        counts = self.counts
        counts.sent += answer.records
        counts.stored += answer.stored
        counts.collapsed += answer.collapsed
        counts.repeated += answer.repeated
        counts.late += answer.late
        counts.rejected += rejected
        for each in answer.runs:
            log = self._find(each.run_id)
            if log is not None:
                log.take_block(each)
                if each.stop and self._listener is not None:
                    self._listener(each.run_id)
        for refused in answer.rejected:
            self._tell(refused)
        untold = rejected - sum(each.count for each in answer.rejected)
        if untold > 0:
            runs = {block.run_id for block in batch.blocks}
            for run_id in runs:
                reason = f"A batch of {len(runs)} runs had {untold} more records that were refused; the ledgers of these runs tell of them."
                self._tell(
                    Rejection(
                        record=answer.first,
                        count=untold,
                        run_id=run_id,
                        what="further records",
                        reason=reason,
                    )
                )

    def take_refusal(self, runs: Sequence[str], records: int, reason: str) -> None:
        """See `headrace.spool.delivery.Hearer`."""
        self.counts.sent += records
        self.counts.rejected += records
        LOGGER.error("%d records of the runs %s cannot be stored: %s", records, ", ".join(runs), reason)
        for run_id in runs:
            self._tell(
                Rejection(record=-1, count=records, run_id=run_id, what="records too large", reason=reason)
            )

    def take_file_refusal(self, run_id: str, artifact_path: str, reason: str) -> None:
        """See `headrace.spool.uploads.FileHearer`."""
        self._tell(
            Rejection(record=-1, count=1, run_id=run_id, what=f"artifact {artifact_path!r}", reason=reason)
        )

    def take_file(self) -> None:
        """See `headrace.spool.uploads.FileHearer`."""

    def _tell(self, rejection: Rejection) -> None:
        log = self._find(rejection.run_id)
        if log is not None:
            log.add_rejection(rejection)
            if self._listener is not None:
                self._listener(rejection.run_id)


def _is_due(log: RunLog, now_s: float) -> bool:
    """Tell whether a run that the destination knows has a lease to renew, or an acknowledgement to make."""
    return log.is_known and (log.stop_seen or (log.lease_ms is not None and now_s >= log.renew_at_s))


class Sender:
    """Sends the log and the files of a folder, until it is told to end. Its threads begin at `start`.

    Args:
        folder: the folder; given back, or removed if all of it was sent, when the threads end.
        log: its records.
        uploads: its files.
        open_destination: opens the destination; called by the sender's thread.
        watched: is told of answers.
        reach: is told of failures with records.
        file_reach: is told of failures with files.
        settings: pace and limits.
    """

    def __init__(
        self,
        folder: Folder,
        log: LiveLog,
        uploads: Uploads,
        open_destination: Callable[[], Destination],
        watched: Watched,
        reach: Reach,
        file_reach: Reach,
        settings: SpoolSettings,
    ) -> None:
        self._folder, self._log, self._uploads = folder, log, uploads
        self._open, self._watched, self._settings = open_destination, watched, settings
        self._reach, self._file_reach = reach, file_reach
        self._delivery = Delivery(folder, log, watched, Limits(points=settings.batch_points))
        self._is_local = not folder.note.is_remote
        self._changed = threading.Condition()
        self._bell, self._file_bell = threading.Event(), threading.Event()
        self._waiters = 0
        self._asked = 0
        self._ending = False
        self._threads: list[threading.Thread] = []
        self._destination: Destination | None = None
        self._tell: Callable[[], None] | None = None
        self.progress = 0
        """Changes with everything that was sent."""
        self.place = BEGINNING
        """Everything before it has been answered for."""

    def start(self, tell: Callable[[], None] | None) -> None:
        """Begin to send.

        Args:
            tell: is called once, when the first answer has come.
        """
        self._tell = tell
        thread = threading.Thread(target=self._run, name="headrace-sender", daemon=True)
        self._threads.append(thread)
        thread.start()

    def start_files(self) -> None:
        """Begin to upload; called when a file was added."""
        self._file_bell.set()
        if len(self._threads) == 1:
            thread = threading.Thread(target=self._run_files, name="headrace-uploads", daemon=True)
            self._threads.append(thread)
            thread.start()

    @property
    def destination(self) -> Destination | None:
        """The destination, once an answer has come from it."""
        return self._destination if self.progress and self._reach.is_up else None

    def hurry(self) -> None:
        """Send without waiting for the next time to look."""
        self._bell.set()

    def wait(self, target: Place, file: int, timeout_s: float | None) -> bool:
        """Wait until the log is answered for up to a place, and files are dealt with up to a number.

        Returns:
            False on timeout, and when several attempts in a row have failed, or the first one if the one before had failed.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            limits = [
                (reach, reach.failures + (_PATIENCE if reach.is_up else 1))
                for reach in (self._reach, self._file_reach)
            ]
            self._waiters += 1
            self._asked += 1
            self._uploads.retry_now()
            self._bell.set()
            self._file_bell.set()
            try:
                while not (self.place >= target and self._uploads.is_done(file)):
                    left = None if until is None else until - time.monotonic()
                    if left is not None and left <= 0:
                        return False
                    if any(reach.failures >= allowed for reach, allowed in limits):
                        return False
                    self._changed.wait(left)
            finally:
                self._waiters -= 1
        return True

    def end(self, timeout_s: float) -> None:
        """Let the threads end; what is being sent may take until the timeout, and goes on alone after it."""
        self._ending = True
        until = time.monotonic() + timeout_s
        self._bell.set()
        self._file_bell.set()
        for thread in reversed(self._threads):
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        try:
            self._repeat(self._send_some, self._bell, self._reach)
        finally:
            for thread in self._threads[1:]:
                thread.join()
            self._clean_up()

    def _run_files(self) -> None:
        self._repeat(self._upload_some, self._file_bell, self._file_reach)

    def _repeat(self, work: Callable[[], float], bell: threading.Event, reach: Reach) -> None:
        """Work until the end; after a failure only when its pause is over, or somebody waits who has not waited before."""
        while not self._ending:
            asked, failed = self._asked, False
            try:
                pause_s = work()
            except (HeadraceError, OSError) as error:
                failed, pause_s = True, reach.fail(error)
            except Exception as error:
                LOGGER.exception("Sending to %s failed by a defect of headrace.", self._folder.note.uri)
                failed, pause_s = True, reach.fail(error)
            if failed:
                with self._changed:
                    self._changed.notify_all()
            until = time.monotonic() + pause_s
            while not self._ending:
                bell.wait(until - time.monotonic())
                bell.clear()
                if not failed or self._asked != asked or time.monotonic() >= until:
                    break

    def _note_progress(self, reach: Reach) -> None:
        if reach is self._reach or not self._uploads.is_troubled:
            reach.succeed()
        with self._changed:
            self.progress += 1
            self.place = self._delivery.place
            self._changed.notify_all()
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()

    def _send_some(self) -> float:
        """Send batches while there is something to say and time for it; return for how long to rest."""
        delivery, begun, is_behind = self._delivery, time.monotonic(), False
        while not self._ending:
            stop = self._log.tail()
            if not (stop > delivery.place or delivery.is_under_way or self._watched.is_due()):
                break
            before = delivery.place
            # What a destination needs is loaded when it is opened, or by its first call.
            with contextlib.nullcontext() if self.progress else LOADING:
                is_answered = delivery.send_next(self._get_destination(), stop, self._watched.add_to)
            if is_answered:
                self._note_progress(self._reach)
                self._file_bell.set()
            elif delivery.place > before:
                with self._changed:
                    self.place = delivery.place
                    self._changed.notify_all()
            is_behind = delivery.place < stop and delivery.place > before
            if not (is_behind or self._waiters) or (self._is_local and not self._waiters):
                break
        pace_s = self._settings.pace_s
        if is_behind:
            return pace_s
        # Each batch costs this process and the server something, however small it is: so who sends slowly, sends less often.
        rest_s = min((time.monotonic() - begun) * _REST, pace_s * _LONGEST, self._watched.due_in_s())
        return max(pace_s, rest_s)

    def _upload_some(self) -> float:
        """Upload the files that may go."""
        pause_s = self._settings.max_pause_s
        while not self._ending and (waiting := self._uploads.waiting):
            if waiting[0].after > self.place:
                return self._settings.pace_s
            has_sent = self._uploads.send_ready(
                self._get_destination(),
                lambda: self.place,
                pause_s,
                is_over=lambda: self._ending,
                tell=lambda: self._note_progress(self._file_reach),
            )
            if not has_sent:
                return self._settings.pace_s
        return pause_s

    def _get_destination(self) -> Destination:
        if self._destination is None:
            with LOADING, self._changed:
                if self._destination is None:
                    self._destination = self._open()
        return self._destination

    def _clean_up(self) -> None:
        """Give everything back, and remove the folder if nothing is left in it."""
        is_empty = self._delivery.place >= self._log.tail() and not self._delivery.is_under_way
        self._delivery.close()
        if self._destination is not None:
            with contextlib.suppress(HeadraceError, OSError):
                self._destination.close()
        try:
            if is_empty and not self._uploads.waiting:
                self._folder.remove()
        except OSError as error:
            LOGGER.warning("The empty spool %s could not be removed: %s", self._folder.path, error)
        finally:
            self._folder.release()
