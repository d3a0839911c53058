"""What servers do for leases: they mark when the store was last served; leases that could not be renewed meanwhile begin anew.

Without it all runs would be LOST after each maintenance, be it of the servers or of the database, and after each pause of the only server. All servers of a
store share one mark, which says that one of them was there, whichever. It is moved only while leases are live, and once after the last of them is over;
so it is later than the end of every lease that was lost while a server listened.

Nobody was there between two moments if the mark was not moved in between though a lease was live. A server that starts cannot know of the
latter, so it waits until the mark is so old that another would have moved it. One that runs knows by itself that it was there a second ago; if it was not, because it was
stopped, or could not reach the database, the mark tells whether another was. The mark is moved by whoever is first: it must be what was
read, so that of several that come to the same conclusion only one acts on it.
"""

import logging
import os
import platform as machine

from headrace.services.context import Platform
from headrace.store import duties, leases
from headrace.store.transaction import Transaction

log = logging.getLogger("headrace.background")

MARK_EVERY_MS = 3_000
DEAD_AFTER_MS = 6_000


class AliveMark:
    """Keeps the mark, for one server. The time is the platform's, which all servers of a store share.

    Args:
        platform: where.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._holder = f"{machine.node()[:40]}-{os.getpid()}"
        self._found: int | None = None  # the mark of the last server, while that may still live
        self._looked: int | None = None  # when this server was last there
        self._left: int | None = None  # when it began to stop

    def begin(self) -> None:
        """Before the first call is served: give leases their time back, unless another server may be alive. `look` decides that later."""
        now = self._platform.clock()
        mark, _ = self._read()
        if mark is None:
            self._platform.store.writer.call(
                lambda tx: duties.move_alive_mark(tx, self._holder, None, self._platform.clock())
            )
        elif abs(now - mark) <= DEAD_AFTER_MS:
            self._found = mark
            return
        else:
            self._move(mark, mark)
        self._looked = now

    def look(self) -> None:
        """Move the mark, if it is time to. To be called more than once in `DEAD_AFTER_MS`, or the server counts as gone."""
        if self._left is None:
            self._look(MARK_EVERY_MS, self._platform.clock())

    def leave(self) -> None:
        """The server takes no more calls from now on, and says so at its end. May be called from any thread."""
        if self._left is None:
            self._left = self._platform.clock()

    def finish(self) -> None:
        """Move the mark for the last time: to this moment, or that of `leave`."""
        now = self._platform.clock() if self._left is None else self._left
        self._look(0, now)

    def _look(self, least_ms: int, now: int) -> None:
        """Move the mark if it is so old; decide what that means for leases."""
        mark, live = self._read()
        if mark is None:  # somebody has emptied the table
            self._found = None
            self.begin()
            return
        if mark == self._found:
            if now - mark > DEAD_AFTER_MS:
                self._found = None
                self._move(mark, mark)
                self._looked = now
            return
        self._found = None
        if mark - now > DEAD_AFTER_MS or (live and now - mark >= least_ms):
            heard = mark if self._looked is None else max(mark, self._looked)
            self._move(mark, heard, self._left)
        self._looked = now

    def _read(self) -> tuple[int | None, bool]:
        """Return the mark, and whether a lease was valid then, or is now."""
        with self._platform.store.read() as conn:
            mark = duties.find_alive_mark(conn)
            return mark, mark is not None and leases.has_leases(conn, mark)

    def _move(self, mark: int, heard: int, to: int | None = None) -> None:
        """Move the mark, unless another was faster; leases get their time back if nobody was there for too long.

        Args:
            mark: what it was read to be.
            heard: since when nobody was there, as far as is known. A moment to come is that of a clock that has been set back, and tells nothing.
            to: where to; by default when it is done, which may be long after this call if the database cannot be written to.
        """

        def work(tx: Transaction) -> int:
            now = self._platform.clock() if to is None else to
            if not duties.move_alive_mark(tx, self._holder, mark, now) or now - heard <= DEAD_AFTER_MS:
                return 0
            return leases.revive(tx, heard, now)

        revived = self._platform.store.writer.call(work)
        if revived:
            log.warning("No server was there for a while: the leases of %d runs begin anew.", revived)
