"""Work that is nobody's request: sealing, counted jobs. One thread per open platform runs the duties of the table `DUTIES`.

A duty belongs to one process of a store at a time: its row in the database is taken with a lease, which runs out if the process dies. A duty is looked
at only after something has changed in the store, so that an idle server reads one row now and then, and writes nothing.
The module does not know what the duties do; they are loaded when they are first needed.
"""

import logging
import os
import platform as machine
import secrets
import threading
import time
from enum import IntEnum
from typing import Protocol

from msgspec import Struct, field

from headrace.base import plugins
from headrace.base.errors import HeadraceError, Unavailable
from headrace.services.alive import AliveMark
from headrace.services.context import Platform
from headrace.store import duties
from headrace.store.duties import Hold

log = logging.getLogger("headrace.background")

# What makes each duty when it is called without arguments, as "headrace.services.MODULE:CLASS"; loaded when the store first changes.
DUTIES: tuple[str, ...] = (
    "headrace.services.job_duty:JobDuty",
    "headrace.services.sealing_duty:SealingDuty",
)
FIRST_S = 1.0
LOOK_EVERY_S = 0.5
ALIVE_EVERY_S = 1.0
"""So often the mark of `headrace.services.alive` is looked at, which depends on its being quick."""
BLIND_S = 1.0
"""So often it looks whether the store can be seen again, for the same reason."""
LEASE_S = 20.0
PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
CLOSE_S = 10.0


class Left(IntEnum):
    """What a duty has left to do: nothing until the store changes, something when it has rested, something at once."""

    NOTHING = 0
    LATER = 1
    MORE = 2


class Duty(Protocol):
    """A piece of background work.

    Args:
        name: unique; at most 64 characters.
        every_s: how long it rests, unless there is more to do at once.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - above
    @property
    def every_s(self) -> float: ...  # noqa: D102 - above

    def run(self, platform: Platform, stop: threading.Event) -> Left:
        """Do a part of the work; a fraction of a second is a good length. Find nothing to do without writing.

        Args:
            platform: where; writes pass ``platform.store.writer``.
            stop: set when the server stops, or when the lease is about to end: return then, within a second.

        Returns:
            what is left to do.
        """


class _Stop(threading.Event):
    """What a duty looks at: set from outside, or by the end of its lease."""

    def __init__(self) -> None:
        super().__init__()
        self.deadline_s = 0.0

    def is_set(self) -> bool:
        """Tell whether the duty is to return."""
        return super().is_set() or time.monotonic() >= self.deadline_s


class _Entry(Struct):
    """What is known of a duty in this process. Moments are those of `time.monotonic`.

    Args:
        make: its address.
        duty: once it is loaded.
        due_s: not to be run before.
        seen: the change clock up to which it has found everything done; -1 while something is left for later.
        held_s: when its lease ends.
        failures: how often it has failed in a row.
    """

    make: str
    duty: Duty | None = None
    due_s: float = 0.0
    seen: int = 0
    held_s: float = 0.0
    failures: int = field(default=0)

    def get_duty(self) -> Duty:
        if self.duty is None:
            made: Duty = plugins.load_attribute(self.make)()
            self.duty = made
        return self.duty


class Background:
    """Runs the duties of one platform.

    Args:
        platform: the platform; it must stay open until `close` has returned.
        makers: addresses of the duties.
        alive: what a server does for leases; a process that only serves itself does nothing.
        lease_s: for how long a duty is taken, in seconds.
        pause_s: how long a duty rests after it has failed once, in seconds; twice as long after each further time.
    """

    def __init__(
        self,
        platform: Platform,
        *,
        makers: tuple[str, ...] | None = None,
        alive: AliveMark | None = None,
        lease_s: float = LEASE_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        self.holder = f"{machine.node()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._platform = platform
        self._entries = [_Entry(make) for make in (DUTIES if makers is None else makers)]
        self._alive = alive
        self._alive_due_s = 0.0
        self._lease_s = lease_s
        self._pause_s = pause_s
        self._stop = _Stop()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_blind = False

    def start(self) -> None:
        """Start the thread, unless it runs."""
        if self._thread is None and not self._closing.is_set():
            if self._alive is not None:
                self._alive.begin()
            self._thread = threading.Thread(target=self._loop, name="headrace-background", daemon=True)
            self._thread.start()

    def leave(self) -> None:
        """The server takes no more calls from now on, and `close` comes soon. May be called from any thread."""
        if self._alive is not None:
            self._alive.leave()

    def close(self) -> None:
        """Ask the running duty to return, wait for it, and give back what was taken. Comes before the store is closed."""
        self._closing.set()
        self._stop.set()
        if self._thread is not None:
            self._thread.join(CLOSE_S)
            if self._thread.is_alive():
                log.warning(
                    "A duty has not returned within %.0f s; it is left where it is, and goes on at the next start.",
                    CLOSE_S,
                )

    def _loop(self) -> None:
        # What has just started has other things to do, and what ends soon is not held up.
        self._closing.wait(FIRST_S)
        while not self._closing.is_set():
            try:
                self._show_life()
                more = self._look()
            except Exception as error:  # noqa: BLE001 - the outermost frame of the thread
                if self._closing.is_set():
                    break
                if not self._is_blind:
                    self._is_blind = True
                    _tell(error, "Background work cannot see the store, and waits until it can")
                self._closing.wait(BLIND_S)
                continue
            if self._is_blind:
                self._is_blind = False
                log.warning("Background work sees the store again.")
            if not more:
                self._closing.wait(LOOK_EVERY_S)
        self._release()

    def _show_life(self) -> None:
        if self._alive is not None and time.monotonic() >= self._alive_due_s:
            self._alive.look()
            self._alive_due_s = time.monotonic() + ALIVE_EVERY_S

    def _look(self) -> bool:
        """Run each duty that is due once; tell whether one has more to do at once."""
        with self._platform.store.read() as conn:
            clock = conn.rows("SELECT value FROM hr_clock")[0][0]
            waiting = [
                each for each in self._entries if each.seen != clock and each.due_s <= time.monotonic()
            ]
            held = duties.holds(conn) if waiting else {}
        more = False
        for entry in waiting:
            if self._closing.is_set():
                break
            try:
                more |= self._serve(entry, clock, held)
            except Exception as error:  # noqa: BLE001 - the outermost frame of a duty
                if self._closing.is_set() and isinstance(error, Unavailable):
                    break
                pause = min(self._pause_s * 2 ** min(entry.failures, 16), LONGEST_PAUSE_S)
                _tell(error, f"The duty {entry.make} failed; it is tried again in {pause:.0f} s")
                entry.due_s = time.monotonic() + pause
                entry.failures += 1
        return more

    def _serve(self, entry: _Entry, clock: int, held: dict[str, Hold]) -> bool:
        """Run a duty once, if this process gets it; tell whether it has more to do at once."""
        duty = entry.get_duty()
        if not self._hold(entry, duty, held.get(duty.name)):
            entry.due_s = time.monotonic() + max(duty.every_s, LOOK_EVERY_S)
            return False
        self._stop.deadline_s = entry.held_s - self._lease_s / 4
        left = duty.run(self._platform, self._stop)
        entry.failures = 0
        if left is Left.MORE:
            return True
        entry.seen = clock if left is Left.NOTHING else -1
        entry.due_s = time.monotonic() + duty.every_s
        return False

    def _hold(self, entry: _Entry, duty: Duty, hold: Hold | None) -> bool:
        """Tell whether the duty is this process's for at least half a lease, taking it if need be."""
        now_s = time.monotonic()
        if entry.held_s - now_s > self._lease_s / 2:
            return True
        now = self._platform.clock()
        if hold is not None and hold.holder != self.holder and hold.until >= now:
            return False
        length = round(self._lease_s * 1000)
        # The end is counted from before the job, so that this process lets go no later than others may take.
        taken: bool = self._platform.store.writer.call(
            lambda tx: duties.take(tx, duty.name, self.holder, now, length)
        )
        entry.held_s = now_s + self._lease_s if taken else 0.0
        return taken

    def _release(self) -> None:
        try:
            if self._alive is not None:
                self._alive.finish()
            if all(entry.held_s <= time.monotonic() for entry in self._entries):
                return
            self._platform.store.writer.call(lambda tx: duties.release(tx, self.holder))
        except HeadraceError as error:
            log.warning(
                "Duties could not be given back and stay taken for up to %.0f s: %s", self._lease_s, error
            )


def _tell(error: Exception, what: str) -> None:
    """Log that something failed: where in the code, only if that is not plain from the error."""
    if isinstance(error, HeadraceError):
        log.warning("%s: %s", what, error)
    else:
        log.error("%s.", what, exc_info=error)
