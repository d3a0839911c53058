"""The order of things at the end of a process: what users of this package do there comes first, then what they do it with is closed.

`atexit` calls last what was registered first. What is closed here was so when this module was loaded, before anybody could register anything by it: a database
that a thread opens while the process ends already is not closed before all is stored in it.
"""

import atexit
from collections.abc import Callable

_closers: list[Callable[[], None]] = []


def call_at_exit(call: Callable[[], None]) -> None:
    """Call a function at the exit, before anything is closed that `close_at_end` was told of, then or later."""
    atexit.register(call)


def close_at_end(close: Callable[[], None]) -> None:
    """Call a function behind all that `call_at_exit` was told of."""
    _closers.append(close)


@atexit.register
def _close_all() -> None:
    for close in reversed(_closers):
        close()
