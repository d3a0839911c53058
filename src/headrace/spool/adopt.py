"""Sends what other processes of this machine have left for the same destination: at the start, after crashes, from forked children that ended without a word.

It begins when the process's own records go through, and looks again now and then. What fails is left for the next time, or for ``headrace sync``.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from headrace.base.errors import HeadraceError
from headrace.spool.contract import Destination
from headrace.spool.recover import CountingHearer, list_left, send_spool

LOGGER = logging.getLogger("headrace")
LOOK_S = 10.0


class Adopter:
    """The thread that sends what others have left.

    Args:
        root: the folder of all spools.
        uri_digest: which destination.
        own: the folder of this process.
        destination: returns the destination while it can be reached, else None.
    """

    def __init__(
        self, root: Path, uri_digest: str, own: Path, destination: Callable[[], Destination | None]
    ) -> None:
        self._root, self._uri_digest, self._own, self._destination = root, uri_digest, own, destination
        self._bell = threading.Event()
        self._round = threading.Lock()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="headrace-recovery", daemon=True)

    def start(self) -> None:
        """Begin, now that the destination can be reached."""
        self._thread.start()

    def end(self) -> None:
        """Stop after the batch that is under way."""
        self._ending = True
        self._bell.set()

    def send_left(self, is_over: Callable[[], bool]) -> None:
        """Send what is there now.

        Args:
            is_over: whether to stop in the middle.
        """
        with self._round:
            for path in list_left(self._root, self._uri_digest, own=self._own):
                destination = self._destination()
                if destination is None or is_over():
                    return
                self._send(path, destination, is_over)

    def _send(self, path: Path, destination: Destination, is_over: Callable[[], bool]) -> None:
        hearer = CountingHearer()
        try:
            send_spool(path, destination, hearer, is_over)
        except (HeadraceError, OSError) as error:
            LOGGER.info("The spool %s could not be sent: %s", path, error)
        counts = hearer.counts
        if counts.sent or hearer.files:
            LOGGER.info(
                "Sent %d records and %d files that an earlier process had left in %s.", counts.sent, hearer.files, path
            )  # fmt: skip
        if hearer.refusals:
            run_id, what, reason = hearer.refusals[0]
            LOGGER.warning(
                "Of what an earlier process had left in %s, %d records were refused: %s of the run %s: %s The ledgers of its runs tell of all.",
                path, counts.rejected, what, run_id, reason,
            )  # fmt: skip

    def _run(self) -> None:
        while not self._ending:
            try:
                self.send_left(lambda: self._ending)
            except Exception:
                LOGGER.exception("Sending what others have left failed by a defect of headrace.")
            self._bell.wait(LOOK_S)
