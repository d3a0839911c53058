import asyncio
import threading
from functools import partial

import pytest

from headrace.base.errors import TooManyRequests
from headrace.server.places import Places


def test_calls_beyond_those_that_may_wait_are_told_to_come_later() -> None:
    async def scenario() -> list[object]:
        places = Places(1, max_waiting=2)
        begun, go = threading.Event(), threading.Event()

        def work(number: int) -> int:
            begun.set()
            go.wait()
            return number

        calls = [asyncio.ensure_future(places.run(partial(work, 0)))]
        await asyncio.to_thread(begun.wait)
        calls += [asyncio.ensure_future(places.run(partial(work, number))) for number in (1, 2, 3)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        go.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    *answered, refused = asyncio.run(scenario())
    assert answered == [0, 1, 2]
    assert isinstance(refused, TooManyRequests)


def test_a_call_that_waits_too_long_is_told_to_come_later_and_leaves_no_trace() -> None:
    async def scenario() -> int:
        places = Places(1, longest_wait_s=0.05)
        begun, go = threading.Event(), threading.Event()

        def hold() -> None:
            begun.set()
            go.wait()

        holding = asyncio.ensure_future(places.run(hold))
        await asyncio.to_thread(begun.wait)
        with pytest.raises(TooManyRequests, match=r"more than 0\.05 s"):
            await places.run(lambda: 1)
        go.set()
        await holding
        return await places.run(lambda: 2)

    assert asyncio.run(scenario()) == 2


def test_a_call_that_fails_gives_its_place_back() -> None:
    async def scenario() -> int:
        places = Places(1)
        with pytest.raises(ZeroDivisionError):
            await places.run(lambda: 1 // 0)
        return await places.run(lambda: 3)

    assert asyncio.run(scenario()) == 3
