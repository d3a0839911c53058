"""The wall clock, in one place so that a context can carry another one."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the time as Unix milliseconds."""


def now_ms() -> int:
    """Return the time as Unix milliseconds."""
    return time.time_ns() // 1_000_000
