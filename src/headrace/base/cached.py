"""`functools.cached_property`, without the lock that it has in Python 3.11.

That lock is one for all objects of a class, and held while the value is made: threads would wait for each other, and a forked child for a thread that is not in it.
"""

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

T = TypeVar("T")


class cached_property(functools.cached_property[T]):  # noqa: N801 - as the one that it stands for
    """See `functools.cached_property`. Threads that come at the same time may each make the value; one of them is kept."""

    def __init__(self, func: Callable[[Any], T]) -> None:
        super().__init__(func)
        self.lock = nullcontext()
