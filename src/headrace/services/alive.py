"""What a server does for leases: it marks when it was last alive, and after a pause in which none was, gives every lease that was valid then its whole length again.

Without it all runs would be LOST after each maintenance. The mark is moved only while leases are live, and once after the last of them is over; so it
is later than the end of every lease that was lost while a server listened. Whether another server is alive shows in a mark that moves.
"""

import logging
import os
import platform as machine

from headrace.services.context import Platform
from headrace.store import duties, leases
from headrace.store.transaction import Transaction

log = logging.getLogger("headrace.background")

MARK_EVERY_MS = 2_000
DEAD_AFTER_MS = 6_000


class AliveMark:
    """Keeps the mark of one server.

    Args:
        platform: where.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._holder = f"{machine.node()[:40]}-{os.getpid()}"
        self._found: int | None = None  # the last server's mark, while it may still live

    def begin(self) -> None:
        """Before the first call is served: give leases their time back, unless another server may be alive. `look` decides that later."""
        with self._platform.store.read() as conn:
            self._found = duties.find_alive_mark(conn)
        if self._found is None:
            self._platform.store.writer.call(
                lambda tx: duties.move_alive_mark(tx, self._holder, None, self._platform.clock())
            )
        else:
            self._decide(self._found)

    def look(self) -> None:
        """Move the mark, if it is time to."""
        with self._platform.store.read() as conn:
            mark = duties.find_alive_mark(conn)
            live = mark is not None and leases.has_leases(conn, mark)
        if self._found is not None and mark == self._found:
            self._decide(mark)
            return
        self._found = None
        if live and mark is not None and self._platform.clock() - mark >= MARK_EVERY_MS:
            self._mark(mark)

    def finish(self) -> None:
        """Move the mark for the last time."""
        with self._platform.store.read() as conn:
            mark = duties.find_alive_mark(conn)
            live = mark is not None and leases.has_leases(conn, mark)
        if live and mark is not None and mark != self._found:
            self._mark(mark)

    def _mark(self, mark: int) -> None:
        self._platform.store.writer.call(
            lambda tx: duties.move_alive_mark(tx, self._holder, mark, self._platform.clock())
        )

    def _decide(self, mark: int) -> None:
        """Give leases their time back, if whoever set the mark is dead."""
        if self._platform.clock() - mark <= DEAD_AFTER_MS:
            return

        def work(tx: Transaction) -> int:
            now = self._platform.clock()
            return leases.revive(tx, mark, now) if duties.move_alive_mark(tx, self._holder, mark, now) else 0

        self._found = None
        revived = self._platform.store.writer.call(work)
        if revived:
            log.warning("No server was there for a while: the leases of %d runs begin anew.", revived)
