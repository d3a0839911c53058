"""Places for calls that read: so many are served at once, so many wait, and who comes after that is told to come later."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, WouldBlock, fail_after, to_thread

from headrace.base.errors import TooManyRequests

MAX_WAITING = 512
LONGEST_WAIT_S = 30.0

T = TypeVar("T")


class Places:
    """Runs calls in threads: a bounded number at once, and a bounded number behind them.

    Args:
        size: so many run at once.
        max_waiting: so many may wait.
        longest_wait_s: and for so long, in seconds.
    """

    def __init__(
        self, size: int, max_waiting: int = MAX_WAITING, longest_wait_s: float = LONGEST_WAIT_S
    ) -> None:
        self._places = CapacityLimiter(size)
        self._threads = CapacityLimiter(size)
        self._max_waiting = max_waiting
        self._longest_wait_s = longest_wait_s
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Run a function in a thread as soon as there is a place, and return its result.

        Raises:
            TooManyRequests: too many wait already, or no place came free in time.
        """
        borrower = object()
        try:
            self._places.acquire_on_behalf_of_nowait(borrower)
        except WouldBlock:
            await self._wait(borrower)
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._places.release_on_behalf_of(borrower)

    async def _wait(self, borrower: object) -> None:
        if self._waiting >= self._max_waiting:
            raise TooManyRequests(
                f"{self._waiting} calls that read are waiting already; send this one again later."
            )
        self._waiting += 1
        try:
            with fail_after(self._longest_wait_s):
                await self._places.acquire_on_behalf_of(borrower)
        except TimeoutError:
            raise TooManyRequests(
                f"The calls before this one took more than {self._longest_wait_s:g} s; send it again later."
            ) from None
        finally:
            self._waiting -= 1
