"""Group commit: one thread that runs all writing jobs of this process, many in one transaction.

A job is a function of the transaction. It is answered after the transaction that carries it has committed, so an answer means "on disk". A job that
refuses its input raises before it has written anything and disturbs nobody; if one raises later, or a statement fails, the group is rolled
back and replayed job by job. Where another server was first, the group is run again as it is; what it has asked for of runs is then locked at the
beginning, in order, so that it does not lose in the same way again. The module does not know what the jobs do.
"""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from msgspec import Struct, field

from headrace.base.errors import HeadraceError, TooManyRequests, Unavailable
from headrace.store.claims import NO_CLAIMS, Claims, lock_claims
from headrace.store.dialect import LostRace
from headrace.store.foreseen import Wanted
from headrace.store.transaction import Transaction

log = logging.getLogger("headrace.store")

MAX_GROUP = 512
MAX_WAITING = 10_000
STUCK_S = 10.0
"""While a transaction takes longer than this, in seconds, further jobs are refused: nobody can say when their turn would come."""
GATHER_S = 0.001
"""A group waits at most so long, in seconds, and no longer than the one before it took, for the callers that were there a moment ago."""
_LOOK_S = 0.0001
MAX_TRIES = 20
MAX_RESTARTS = 3
"""So many tries of a group may be given up in order to lock runs in order."""
LONGEST_PAUSE_S = 0.2
LONGEST_S = 30.0


class Job:
    """One piece of work for the writer.

    Args:
        work: what to do in the transaction; its return value is the result.
        notify: called in the writer's thread with all jobs of a group that share it, once they are decided.
        ticket: for `notify`.
        claims: what the work writes to, as far as that is known beforehand.
        foresee: tells what the work will ask for; None if that is not known.
    """

    __slots__ = ("claims", "error", "foresee", "notify", "result", "ticket", "work")

    def __init__(
        self,
        work: Callable[[Transaction], Any],
        notify: Callable[[list["Job"]], None],
        ticket: Any,
        claims: Claims = NO_CLAIMS,
        foresee: Callable[[], Wanted] | None = None,
    ) -> None:
        self.work = work
        self.foresee = foresee
        self.notify = notify
        self.ticket = ticket
        self.claims = claims
        self.result: Any = None
        self.error: BaseException | None = None


class Database(Protocol):
    """What the writer needs of the store."""

    def transact(self, work: Callable[[Transaction], None]) -> None:
        """Run `work` in one writing transaction and commit it.

        Raises:
            LostRace: nothing of it stays, and it may be run again.
        """

    def translate(self, error: Exception) -> HeadraceError | None:
        """Return the error to show for a failure of the whole database, or None."""


class _Replay(Exception):
    """A job of the group failed after it had written."""


class _AlwaysLost(Unavailable):
    """A group has lost the race each time. One of its jobs may be to blame, so that they are run one by one."""


class _Wanted(Struct):
    """What the tries of a group have asked for.

    Args:
        runs: public ids of runs; the next try locks them at once.
        tries: how often the group was begun.
    """

    runs: set[str] = field(default_factory=set)
    tries: int = 0


class Writer:
    """The writing thread of this process.

    Args:
        database: where to write.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = False
        self._begun_s: float | None = None  # when the transaction that runs was first tried
        self._expected = 0  # jobs that the next group may have: those of callers that got their answers, and those that came meanwhile
        self._until_s = 0.0  # when they are no longer waited for
        self._door = (
            threading.Lock()
        )  # no job passes between the last look at the queue and the end of the thread
        self._thread = threading.Thread(target=self._loop, name="headrace-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Run what is queued, then stop. Jobs that come later are refused."""
        with self._door:
            first = not self._closed
            self._closed = True
            if first:
                self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def submit(self, job: Job) -> None:
        """Queue a job.

        Raises:
            Unavailable: the writer is closed.
            TooManyRequests: too many jobs wait, or the database stands still.
        """
        begun_s = self._begun_s
        if begun_s is not None and time.monotonic() - begun_s > STUCK_S:
            raise TooManyRequests(
                f"The database has not let any write through for more than {STUCK_S:g} s; send the call again later."
            )
        if self._queue.qsize() >= MAX_WAITING:
            raise TooManyRequests(
                f"{MAX_WAITING} writes are waiting for the database; send the call again later."
            )
        with self._door:
            if self._closed:
                raise Unavailable("The server is stopping; send the call again to the next one.")
            self._queue.put(job)

    def call(
        self,
        work: Callable[[Transaction], Any],
        claims: Claims = NO_CLAIMS,
        foresee: Callable[[], Wanted] | None = None,
    ) -> Any:
        """Run a job from any thread and wait for its result; `claims` and `foresee` as for `Job`."""
        future: Future[Any] = Future()
        self.submit(Job(work, settle_futures, future, claims, foresee))
        return future.result()

    def _loop(self) -> None:
        while True:
            job = self._queue.get()
            if job is None:
                break
            self._gather()
            group = [job]
            last = False
            while len(group) < MAX_GROUP:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    last = True
                    break
                group.append(job)
            begun_s = time.monotonic()
            self._run_group(group)
            ended_s = time.monotonic()
            self._expected = len(group) + self._queue.qsize()
            self._until_s = ended_s + min(GATHER_S, ended_s - begun_s)
            if last:
                break

    def _gather(self) -> None:
        """Wait for callers that send one call after the other and have just got their answers.

        Otherwise many of them fall apart into two groups that take turns, each with a commit of its own. One caller alone is never made to wait.
        """
        while 1 + self._queue.qsize() < self._expected and time.monotonic() < self._until_s:
            time.sleep(_LOOK_S)

    def _run_group(self, group: list[Job]) -> None:
        self._begun_s = time.monotonic()
        wanted = _Wanted()
        try:
            self._transact(lambda tx: _run_jobs(tx, group, wanted))
        except Exception as error:  # noqa: BLE001 - the outermost frame of the writing thread
            # What is said of the whole transaction is said of each job; it may be stored already, so it is not run again. That holds
            # for refused jobs too: what they were refused for may have gone with the transaction.
            shown = error if isinstance(error, HeadraceError) else self._database.translate(error)
            if shown is not None and not (isinstance(error, _AlwaysLost) and len(group) > 1):
                for job in group:
                    job.error = shown
            else:
                for job in group:
                    self._begun_s = time.monotonic()
                    self._run_alone(job)
        self._begun_s = None
        _notify(group)

    def _run_alone(self, job: Job) -> None:
        job.result = job.error = None
        wanted = _Wanted()

        def work(tx: Transaction) -> None:
            _lock(tx, [job], wanted)
            job.result = job.work(tx)

        try:
            self._transact(work)
        except Exception as error:  # noqa: BLE001 - the outermost frame of the writing thread
            job.error = self._database.translate(error) or error

    def _transact(self, work: Callable[[Transaction], None]) -> None:
        """Run work in a transaction, again and again while other servers are faster.

        Raises:
            Unavailable: they always were; nothing is stored.
        """
        until_s = time.monotonic() + LONGEST_S
        tries = 1
        while True:
            try:
                return self._database.transact(work)
            except LostRace as race:
                is_late = time.monotonic() > until_s
                if tries >= MAX_TRIES or is_late:
                    raise (Unavailable if is_late else _AlwaysLost)(
                        f"The database did not let this call through, {tries} times in a row ({race}); nothing of it was stored. "
                        "Send it again later."
                    ) from race
            # The pause differs from server to server, so that they do not meet again.
            time.sleep(random.uniform(0, min(0.002 * 2**tries, LONGEST_PAUSE_S)))  # noqa: S311 - no secret
            tries += 1


def _lock(tx: Transaction, group: Sequence[Job], wanted: _Wanted) -> None:
    """Lock what jobs claim, and the runs that were wanted when they were run before."""
    wanted.tries += 1
    tx.may_restart = wanted.tries <= MAX_RESTARTS
    tx.expects = wanted.tries == 1
    foreseen = _foresee(tx, group)
    tx.foretold = bool(foreseen)
    lock_claims(tx, [job.claims for job in group], wanted.runs, foreseen)
    tx.wanted_runs = wanted.runs


def _foresee(tx: Transaction, group: Sequence[Job]) -> list[Wanted]:
    """Return what jobs will ask for; nothing if that is not known of one of them, which may change what others ask for."""
    asks = [job.foresee for job in group] if tx.dialect.asks_ahead else []
    return [foresee() for foresee in asks if foresee] if all(asks) else []


def _run_jobs(tx: Transaction, group: Sequence[Job], wanted: _Wanted) -> None:
    _lock(tx, group, wanted)
    for job in group:
        job.error = None
        writes = tx.writes
        try:
            job.result = job.work(tx)
        except HeadraceError as error:
            if tx.writes != writes:
                raise _Replay from error
            job.error = error


def _notify(group: list[Job]) -> None:
    by_notify: dict[Callable[[list[Job]], None], list[Job]] = {}
    for job in group:
        by_notify.setdefault(job.notify, []).append(job)
    for notify, jobs in by_notify.items():
        try:
            notify(jobs)
        except RuntimeError:  # the event loop that waited has ended; the next group still has to be written
            log.warning("%d answers came too late: whoever waited for them is gone.", len(jobs))


def settle_futures(jobs: list[Job]) -> None:
    """Resolve the `concurrent.futures.Future` that each job carries as its ticket."""
    for job in jobs:
        if job.error is None:
            job.ticket.set_result(job.result)
        else:
            job.ticket.set_exception(job.error)
