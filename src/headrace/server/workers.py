"""Several processes that serve one address: a supervisor starts them, replaces those that die, and ends them together.

All accept from one socket, which the supervisor keeps open: while a worker dies or is replaced, the others take what comes, and what waits in the
socket's queue is not lost. Workers share nothing but the database, as servers on several machines do. uvicorn has a supervisor as well; it makes
the server itself, starts one that dies again and again without a pause, and has neither a limit of time nor a second Ctrl-C for its end.

Not for Windows, whose processes cannot be told to end in good order. The module does not know what is served.
"""

import logging
import math
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType

from msgspec import Struct, field

from headrace.base import plugins
from headrace.base.errors import HeadraceError, StoreError
from headrace.server.run import (
    FORCED_NOTE,
    FORCED_STATUS,
    STOP_SECONDS,
    ServerSettings,
    handling,
    listen,
    serve_on,
    start_logging,
)
from headrace.services.platform import open_platform
from headrace.store.column_cache import MAX_MIB_VARIABLE, read_max_bytes

log = logging.getLogger("headrace.server")

LIVED_S = 10.0
"""A worker that ends sooner has failed: the next one in its place waits, longer each time."""
PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
READY_S = 120.0
KILL_AFTER_S = STOP_SECONDS + 15.0
"""A worker that was told to end is killed after so long: it answers what is under way, ends its background work, and closes the store."""

_CONTEXT = multiprocessing.get_context("spawn")
_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_LOOK_S = 0.5


def serve(settings: ServerSettings) -> None:
    """Run `settings.workers` processes until SIGTERM or Ctrl-C. SIGHUP replaces them, one after the other.

    Raises:
        HeadraceError: they cannot start; the message names the remedy.
    """
    start_logging()
    listening = listen(settings.address)
    with ExitStack() as stack:
        stack.callback(listening.close)
        # Here the schema is made and checked once, and what is wrong with it is said once.
        open_platform(settings.platform).store.close()
        folder = None
        if settings.metrics:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="headrace-metrics-"))
        share = Share(divide_memory(read_max_bytes() // 2**20, settings.workers), folder)
        Supervisor(settings, listening, share).run()


def divide_memory(whole_mib: int, workers: int) -> int:
    """Return a worker's part of some memory; nothing at all only if there is nothing to divide."""
    return max(min(1, whole_mib), whole_mib // workers)


class Share(Struct, frozen=True):
    """What one worker gets of the whole.

    Args:
        table_cache_mib: memory for columns of run tables.
        metrics_folder: where all of them count; None without metrics.
    """

    table_cache_mib: int
    metrics_folder: str | None


def work(settings: ServerSettings, listening: socket.socket, share: Share, pipe: Connection) -> None:
    """Be a worker: what a process of the supervisor does from its begin to its end."""
    # Read by the store and by prometheus_client, which know of no other way.
    os.environ[MAX_MIB_VARIABLE] = str(share.table_cache_mib)
    if share.metrics_folder is not None:
        os.environ[_FOLDER_VARIABLE] = share.metrics_folder
    threading.Thread(target=_end_with_parent, name="headrace-parent", daemon=True).start()
    try:
        serve_on(
            settings,
            listening,
            metrics_folder=share.metrics_folder,
            say=lambda line: _tell(pipe, _Ready(line)),
        )
    except HeadraceError as error:
        _tell(pipe, _Problem(error.message))
        sys.exit(1)


def _end_with_parent() -> None:
    """End in good order when the supervisor is gone: nobody else would, and the address stayed taken."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(pipe: Connection, message: "_Ready | _Problem") -> None:
    with suppress(OSError):  # the supervisor is gone
        pipe.send(message)


class _Ready(Struct, frozen=True):
    """A worker takes calls."""

    line: str


class _Problem(Struct, frozen=True):
    """A worker cannot start."""

    text: str


class _Worker(Struct, eq=False):
    """A process. Moments are those of `time.monotonic`.

    Args:
        place: which of the workers it is, from 0.
        process: the process.
        pipe: what it says comes from here.
        started_s: since when it is.
        is_ready: whether it takes calls.
        problem: why it cannot start.
        kill_s: when it is killed if it has not ended by itself.
    """

    place: int
    process: SpawnProcess
    pipe: Connection
    started_s: float
    is_ready: bool = False
    problem: str = ""
    kill_s: float = math.inf

    @property
    def is_ending(self) -> bool:
        return self.kill_s < math.inf

    def end(self) -> None:
        """Tell it to end in good order."""
        if not self.is_ending:
            self.kill_s = time.monotonic() + KILL_AFTER_S
            self.process.terminate()


class _Place(Struct):
    """One of the places that a worker is to have. Moments are those of `time.monotonic`.

    Args:
        worker: who serves there, or is to.
        failures: how many in a row ended soon after their start.
        due_s: no other one is started before.
    """

    worker: _Worker | None = None
    failures: int = 0
    due_s: float = field(default=-math.inf)


class Supervisor:
    """Keeps workers running.

    Args:
        settings: what each of them serves.
        listening: what they listen on; closed when they are told to end.
        share: what each of them gets.
    """

    def __init__(self, settings: ServerSettings, listening: socket.socket, share: Share) -> None:
        self._settings = settings
        self._listening = listening
        self._share = share
        self._places = [_Place() for _ in range(settings.workers)]
        self._workers: list[_Worker] = []
        self._replacing: deque[int] = deque()
        self._fresh: _Worker | None = None  # is to take over a place
        self._line = ""
        self._is_up = self._is_stopping = self._is_forced = self._is_renewing = False
        self._failure: HeadraceError | None = None
        self._bell: socket.socket | None = None

    def run(self) -> None:
        """Start the workers, and return when all have ended.

        Raises:
            HeadraceError: one of the first cannot start.
        """
        with self._taking_signals():
            try:
                while not self._is_stopping:
                    self._fill_places()
                    self._replace()
                    self._listen()
                self._listening.close()  # or clients that come now would wait for the end of the last worker
                for worker in self._workers:
                    worker.end()
                while self._workers and not self._is_forced:
                    self._listen()
            finally:
                self._kill_all()
        if self._is_forced:
            os.write(sys.stderr.fileno(), FORCED_NOTE)
            sys.exit(FORCED_STATUS)
        if self._failure is not None:
            raise self._failure

    def _start(self, place: int) -> _Worker:
        ours, theirs = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(
            target=work,
            args=(self._settings, self._listening, self._share, theirs),
            name=f"headrace-worker-{place + 1}",
        )
        # What a terminal sends to all processes is the supervisor's to answer; a signal that is ignored stays so in a new program.
        with _ignoring(signal.SIGINT, signal.SIGHUP):
            process.start()
        theirs.close()
        worker = _Worker(place, process, ours, time.monotonic())
        self._workers.append(worker)
        return worker

    def _fill_places(self) -> None:
        """Start a worker wherever one is missing and due."""
        for number, place in enumerate(self._places):
            if place.worker is None and time.monotonic() >= place.due_s:
                place.worker = self._start(number)

    def _replace(self) -> None:
        """Go on replacing workers, if that is asked for: the next one is told to end when there is another in its place, and not before."""
        if self._is_renewing and self._is_up and not self._replacing:
            self._is_renewing = False
            self._replacing = deque(range(len(self._places)))
            log.warning("The workers are replaced, one after the other.")
        if not self._replacing or any(worker.is_ending for worker in self._workers):
            return
        if self._fresh is None:
            self._fresh = self._start(self._replacing[0])
        elif self._fresh.is_ready:
            place = self._places[self._fresh.place]
            self._replacing.popleft()
            old, place.worker, self._fresh = place.worker, self._fresh, None
            if old is not None:
                old.end()
        elif time.monotonic() - self._fresh.started_s > READY_S:
            self._fresh.problem = f"it was not ready within {READY_S:.0f} s"
            self._fresh.process.kill()

    def _listen(self) -> None:
        """Wait until something happens, for a moment at most, and take it in."""
        assert self._bell is not None
        sources: list[Connection | socket.socket | int] = [self._bell]
        for worker in self._workers:
            sources.append(worker.process.sentinel)
            if not worker.is_ready:
                sources.append(worker.pipe)
        happened = wait(sources, _LOOK_S)
        if self._bell in happened:
            with suppress(BlockingIOError):
                self._bell.recv(4096)
        for worker in list(self._workers):
            if worker.pipe in happened:
                self._hear(worker)
            if worker.process.sentinel in happened:
                self._bury(worker)
            elif time.monotonic() >= worker.kill_s:
                log.warning(
                    "Worker %d has not ended within %.0f s, and is killed.", worker.place + 1, KILL_AFTER_S
                )
                worker.process.kill()
                worker.kill_s = time.monotonic() + KILL_AFTER_S
        if not self._is_up and all(place.worker and place.worker.is_ready for place in self._places):
            self._is_up = True
            print(self._line, flush=True)  # noqa: T201 - the line that tells users and scripts where to go

    def _hear(self, worker: _Worker) -> None:
        """Take in what a worker says."""
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):  # it ends
            return
        if isinstance(message, _Ready):
            worker.is_ready, self._line = True, message.line
        else:
            worker.problem = message.text

    def _bury(self, worker: _Worker) -> None:
        """Take note that a worker has ended, and decide what becomes of its place."""
        if worker.pipe.poll():
            self._hear(worker)
        how = self._forget(worker)
        if self._is_stopping:
            return
        place = self._places[worker.place]
        if worker is self._fresh:
            self._fresh = None
            self._replacing.clear()
            log.error("The workers are not replaced, for a new one did not start: %s", how)
        elif place.worker is worker:
            place.worker = None
            if self._is_up:
                self._postpone(place, worker, how)
            else:
                self._is_stopping = True
                self._failure = StoreError(worker.problem or f"A worker did not start: {how}.")

    def _forget(self, worker: _Worker) -> str:
        """Remove a process that has ended; return how it did."""
        worker.process.join()
        self._workers.remove(worker)
        if self._share.metrics_folder is not None and worker.process.pid is not None:
            forget: Callable[[str, int], None] = plugins.load_attribute(
                "headrace.server.prometheus:forget_process"
            )
            forget(self._share.metrics_folder, worker.process.pid)
        how = worker.problem or _tell_end(worker.process.exitcode)
        worker.process.close()
        worker.pipe.close()
        return how

    def _postpone(self, place: _Place, worker: _Worker, how: str) -> None:
        """Decide when another worker is started in the place of one that has ended by itself."""
        lived_s = time.monotonic() - worker.started_s
        place.failures = 0 if worker.is_ready and lived_s >= LIVED_S else place.failures + 1
        pause_s = min(PAUSE_S * 2 ** min(place.failures - 1, 16), LONGEST_PAUSE_S) if place.failures else 0.0
        place.due_s = time.monotonic() + pause_s
        when = f"in {pause_s:.0f} s" if pause_s else "now"
        log.error("Worker %d has ended: %s. Another one starts %s.", worker.place + 1, how, when)

    def _kill_all(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()

    @contextmanager
    def _taking_signals(self) -> Iterator[None]:
        """Let SIGTERM and Ctrl-C end all, a second Ctrl-C at once, and SIGHUP replace the workers."""

        def take(number: int, _frame: FrameType | None) -> None:
            if number == signal.SIGHUP:
                self._is_renewing = True
            elif self._is_stopping and number == signal.SIGINT:
                self._is_forced = True
            else:
                self._is_stopping = True

        self._bell, rung = socket.socketpair()
        with self._bell, rung:
            for end in (self._bell, rung):
                end.setblocking(False)
            woken = signal.set_wakeup_fd(rung.fileno(), warn_on_full_buffer=False)
            numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
            try:
                with handling(numbers, take):
                    yield
            finally:
                signal.set_wakeup_fd(woken)


@contextmanager
def _ignoring(*numbers: int) -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_end(status: int | None) -> str:
    if status is not None and status < 0:
        with suppress(ValueError):
            return f"it was killed by {signal.Signals(-status).name}"
    return f"its exit status was {status}"
