"""Whether the destination can be reached: pauses that grow, one warning when it no longer can, one note when it can again.

The module knows nothing of what is sent.
"""

import logging
import random
import time
from collections.abc import Callable

from headrace.spool.contract import SpoolSettings

LOGGER = logging.getLogger("headrace")
_JITTER = 0.25
_MAX_DOUBLINGS = 16


class Reach:
    """What is known of a destination. Several threads may tell of it.

    Args:
        what: is sent, for messages.
        uri: its address.
        settings: the pauses.
        describe: returns what waits, for messages.
    """

    def __init__(self, what: str, uri: str, settings: SpoolSettings, describe: Callable[[], str]) -> None:
        self._what, self._uri, self._settings, self._describe = what, uri, settings, describe
        self._in_a_row = 0
        self._since_s = 0.0
        self.failures = 0
        """Failed attempts so far."""
        self.last_error = ""

    @property
    def is_up(self) -> bool:
        """Whether the last attempt succeeded; true before the first one."""
        return not self._in_a_row

    def fail(self, error: BaseException) -> float:
        """Take notice of a failed attempt; return the seconds to wait before the next one."""
        self.failures += 1
        text = str(error) or type(error).__name__
        self.last_error = text if text.endswith((".", "!", "?")) else text + "."
        doublings = min(self._in_a_row, _MAX_DOUBLINGS)
        self._in_a_row += 1
        if self._in_a_row == 1:
            self._since_s = time.monotonic()
            LOGGER.warning(
                "%s cannot be sent to %s: %s They are kept on this machine (%s) and sent as soon as that is possible.",
                self._what, self._uri, self.last_error, self._describe(),
            )  # fmt: skip
        pause = min(self._settings.first_pause_s * float(1 << doublings), self._settings.max_pause_s)
        return pause * random.uniform(1 - _JITTER, 1)  # noqa: S311 - spreads clients, no secret

    def succeed(self) -> None:
        """Take notice of an answer."""
        if self._in_a_row:
            self._in_a_row, self.last_error = 0, ""
            LOGGER.warning(
                "%s can be sent to %s again, after %.0f s; what was kept is on its way.",
                self._what, self._uri, time.monotonic() - self._since_s,
            )  # fmt: skip
