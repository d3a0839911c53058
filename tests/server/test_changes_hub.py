"""The hub of followers: whom a commit wakes, what they are told, and what becomes of calls that are held."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from starlette.types import Message

from headrace.api.changes import Changes, FollowChanges
from headrace.base.errors import InvalidParameter, TooManyRequests, Unavailable
from headrace.server import following
from headrace.server.body import ClientGone
from headrace.server.following import Following, Listener
from headrace.services.context import Platform
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store.transaction import Kind, Transaction


def _touch(platform: Platform, *subjects: int, experiment: int = 1, kind: Kind = Kind.EXPERIMENT) -> None:
    def work(tx: Transaction) -> None:
        for subject in subjects:
            tx.touch(kind, subject, experiment)

    platform.store.writer.call(work)


def _clock(platform: Platform) -> int:
    with platform.store.read() as conn:
        row = conn.row("SELECT value FROM hr_clock")
    assert row is not None
    return int(row[0])


class Client:
    """Somebody whose call is held."""

    when_lost: Callable[[], None] | None = None

    def leave(self) -> None:
        assert self.when_lost is not None
        self.when_lost()


@asynccontextmanager
async def _hub(platform: Platform) -> AsyncIterator[Following]:
    hub = Following(platform)
    try:
        yield hub
    finally:
        hub.close()
        if hub._watch is not None:
            await asyncio.wait_for(hub._watch, 30)


def _follow(hub: Following, client: Client | None = None, **fields: Any) -> "asyncio.Task[Changes]":
    async def ask() -> Changes:
        request = FollowChanges(**{"wait_ms": 20_000, **fields})
        told = await hub.answer(request, client or Client())
        return msgspec.json.decode(told, type=Changes)

    return asyncio.get_running_loop().create_task(ask())


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the hub tells nobody
            await asyncio.sleep(0.005)


async def _until_held(hub: Following, count: int) -> None:
    await _until(lambda: len(hub._all()) == count)


async def _until_read(hub: Following, platform: Platform) -> None:
    await _until(lambda: hub._end.clock == _clock(platform))


async def _write(platform: Platform, *subjects: int, **more: Any) -> None:
    await asyncio.to_thread(_touch, platform, *subjects, **more)


def _run(work: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


def test_a_commit_wakes_whom_it_concerns_at_once_and_nobody_else(platform: Platform) -> None:
    async def work() -> None:
        async with _hub(platform) as hub:
            everything = [_follow(hub, cursor=_clock(platform)) for _ in range(20)]
            of_seven = [_follow(hub, experiment_ids=["7"]) for _ in range(20)]
            of_eight = [_follow(hub, experiment_ids=["8"], run_ids=["r"]) for _ in range(20)]
            await _until_held(hub, 60)
            start = time.monotonic()
            await _write(platform, 1, 2, experiment=7)
            told = await asyncio.gather(*everything, *of_seven)
            assert time.monotonic() - start < 10
            assert {(each.cursor, len(each.changes)) for each in told} == {(str(_clock(platform)), 2)}
            assert not any(each.done() for each in of_eight)
            await _write(platform, 3, experiment=8)
            told = await asyncio.gather(*of_eight)
            assert {(each.cursor, each.changes[0].id) for each in told} == {(str(_clock(platform)), "3")}
            assert hub._held == 0
            assert not hub._by_run
            assert not hub._by_experiment

    _run(work)


def test_answers_to_the_same_question_are_encoded_once(platform: Platform) -> None:
    async def work() -> None:
        async with _hub(platform) as hub:
            request = FollowChanges(wait_ms=20_000)
            tasks = [asyncio.ensure_future(hub.answer(request, Client())) for _ in range(50)]
            await _until_held(hub, 50)
            await _write(platform, 1)
            assert len({id(each) for each in await asyncio.gather(*tasks)}) == 1

    _run(work)


def test_one_read_serves_all_however_many_commits_there_are(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[float] = []
    read = Following._read

    def count(self: Following, *arguments: Any) -> Any:
        reads.append(time.monotonic())
        return read(self, *arguments)

    monkeypatch.setattr(Following, "_read", count)

    async def work() -> None:
        async with _hub(platform) as hub:
            followers = [_follow(hub, experiment_ids=["99"]) for _ in range(100)]
            await _until_held(hub, 100)
            for number in range(100):
                await _write(platform, number)
            for each in followers:
                each.cancel()
            await asyncio.gather(*followers, return_exceptions=True)

    start = time.monotonic()
    _run(work)
    assert 1 < len(reads) < 4 + (time.monotonic() - start) / following.GAP_S


def test_commits_of_another_process_are_told_within_its_poll(platform: Platform) -> None:
    other = open_platform(PlatformSettings(platform.store.address.shown, "unused"))

    async def work() -> None:
        async with _hub(platform) as hub:
            follower = _follow(hub)
            await _until_held(hub, 1)
            start = time.monotonic()
            await _write(other, 1)
            assert [each.id for each in (await follower).changes] == ["1"]
            assert time.monotonic() - start < 10 * following.POLL_S

    try:
        _run(work)
    finally:
        other.store.close()


def test_now_is_what_the_database_says_not_what_the_hub_knows(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "POLL_S", 3.0)
    other = open_platform(PlatformSettings(platform.store.address.shown, "unused"))

    async def work() -> None:
        async with _hub(platform) as hub:
            waiting = _follow(hub, experiment_ids=["99"])
            await _until_held(hub, 1)
            await _write(other, 1)
            late = _follow(hub)
            at_end = _follow(hub, cursor=_clock(platform))
            await _until_held(hub, 3)
            assert hub._end.clock < _clock(platform), "the hub has not looked yet"
            await asyncio.sleep(1.5 * following.POLL_S)
            assert not late.done()
            assert not at_end.done()
            await _write(platform, 2)
            assert [[each.id for each in told.changes] for told in await asyncio.gather(late, at_end)] == [
                ["2"],
                ["2"],
            ]
            waiting.cancel()

    try:
        _run(work)
    finally:
        other.store.close()


def test_a_follower_that_comes_back_is_served_from_memory(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with _hub(platform) as hub:
            cursor = str(_clock(platform))
            first = _follow(hub, cursor=cursor)
            await _until_held(hub, 1)
            for number in range(5):
                await _write(platform, number, experiment=number)
            await first
            await _until_read(hub, platform)
            monkeypatch.setattr(Following, "_answer", None)
            told = await _follow(hub, cursor=cursor)
            assert [each.id for each in told.changes] == ["0", "1", "2", "3", "4"]
            told = await _follow(hub, cursor=cursor, experiment_ids=["3"])
            assert [each.id for each in told.changes] == ["3"]
            told = await _follow(hub, cursor=cursor, limit=2)
            assert ([each.id for each in told.changes], told.more) == (["0", "1"], True)
            told = await _follow(hub, cursor=told.cursor, limit=2)
            assert [each.id for each in told.changes] == ["2", "3"]

    _run(work)


def test_what_memory_does_not_hold_any_more_is_read_from_the_database(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RING_ENTRIES", 10)

    async def work() -> None:
        async with _hub(platform) as hub:
            cursor = str(_clock(platform))
            keeper = _follow(hub, experiment_ids=["99"])
            await _until_held(hub, 1)
            for number in range(12):
                await _write(platform, *range(5), experiment=number)
                await _until_read(hub, platform)
            assert len(hub._ring) <= 20
            assert len(hub._ring) == len(hub._places)
            told: list[tuple[int, str]] = []
            while len(told) < 60:
                news = await _follow(hub, cursor=cursor, limit=7)
                told += [(each.clock, each.id) for each in news.changes]
                cursor = news.cursor
            assert told == sorted(set(told))
            assert not (await _follow(hub, cursor=cursor, wait_ms=50)).is_news()
            keeper.cancel()

    _run(work)


def test_a_commit_of_very_many_changes_is_told_page_by_page(platform: Platform) -> None:
    async def work() -> None:
        async with _hub(platform) as hub:
            all_of_them = _follow(hub, limit=10_000)
            few = _follow(hub, experiment_ids=["2"])
            await _until_held(hub, 2)
            await _write(platform, *range(11_000), experiment=1)
            await _write(platform, 3, experiment=2)
            told: list[str] = []
            news = await all_of_them
            while news.more:
                told += [each.id for each in news.changes]
                news = await _follow(hub, cursor=news.cursor, limit=10_000)
            told += [each.id for each in news.changes]
            assert sorted(map(int, told))[:3] == [0, 1, 2]
            assert len(told) >= 11_000
            assert [each.id for each in (await few).changes] == ["3"]

    _run(work)


def test_a_client_that_leaves_is_forgotten(platform: Platform) -> None:
    async def work() -> None:
        async with _hub(platform) as hub:
            client = Client()
            follower = _follow(hub, client, run_ids=["r"])
            await _until_held(hub, 1)
            client.leave()
            with pytest.raises(ClientGone):
                await follower
            assert hub._held == 0
            assert not hub._by_run
            await _write(platform, 1)

    _run(work)


def test_a_client_under_another_protocol_is_heard_leaving_by_asgi() -> None:
    messages = [{"type": "http.request"}, {"type": "http.disconnect"}]
    left: list[bool] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def work() -> None:
        listener = Listener(receive)
        listener.when_lost = lambda: left.append(True)
        await listener.listen()

    _run(work)
    assert left == [True]


def test_too_many_followers_are_refused_and_the_next_is_taken_when_one_leaves(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MAX_FOLLOWERS", 3)

    async def work() -> None:
        async with _hub(platform) as hub:
            client = Client()
            first = _follow(hub, client)
            others = [_follow(hub) for _ in range(2)]
            await _until_held(hub, 3)
            with pytest.raises(TooManyRequests, match="3 clients"):
                await _follow(hub)
            client.leave()
            await asyncio.gather(first, return_exceptions=True)
            others.append(_follow(hub))
            await _until_held(hub, 3)
            await _write(platform, 1)
            assert all(each.changes for each in await asyncio.gather(*others))

    _run(work)


def test_closing_answers_all_that_are_held_and_holds_none_any_more(platform: Platform) -> None:
    async def work() -> None:
        hub = Following(platform)
        held = [_follow(hub), _follow(hub, run_ids=["r"]), _follow(hub, experiment_ids=["1", "2"])]
        await _until_held(hub, 3)
        coming = _follow(hub)
        await asyncio.sleep(0)
        hub.close()
        start = time.monotonic()
        cursor = str(_clock(platform))
        for each in await asyncio.gather(*held, coming, _follow(hub), _follow(hub, cursor=0, limit=1)):
            assert each.changes or each.cursor == cursor
        assert time.monotonic() - start < 10
        assert hub._watch is not None
        await asyncio.wait_for(hub._watch, 30)

    _run(work)


def test_closing_before_the_first_look_leaves_nobody_waiting(platform: Platform) -> None:
    async def work() -> None:
        hub = Following(platform)
        follower = _follow(hub, cursor=_clock(platform))
        await asyncio.sleep(0)
        hub.close()
        assert not (await asyncio.wait_for(follower, 30)).is_news()

    _run(work)


@pytest.fixture
def broken(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Exception | None], None]]:
    """A function that breaks the hub's reading, or mends it."""
    read = Following._read

    def set_error(error: Exception | None) -> None:
        def fail(self: Following, *arguments: Any) -> Any:
            if error is not None:
                raise error
            return read(self, *arguments)

        monkeypatch.setattr(Following, "_read", fail)

    return set_error


@pytest.mark.parametrize("error", [Unavailable("locked"), ValueError("a defect")])
def test_a_database_that_cannot_be_read_is_told_to_all_and_the_next_follower_tries_again(
    platform: Platform, broken: Callable[[Exception | None], None], error: Exception
) -> None:
    async def work() -> None:
        async with _hub(platform) as hub:
            held = [_follow(hub), _follow(hub, experiment_ids=["1"])]
            await _until_held(hub, 2)
            broken(error)
            await _write(platform, 1)
            for each in held:
                with pytest.raises(type(error)):
                    await each
            with pytest.raises(type(error)):
                await _follow(hub)
            broken(None)
            again = _follow(hub)
            await _until_held(hub, 1)
            await _write(platform, 2)
            assert [each.id for each in (await again).changes] == ["2"]

    _run(work)


def test_a_log_that_was_trimmed_or_replaced_under_the_hub_sends_all_back_to_ask(platform: Platform) -> None:
    async def work() -> None:
        async with _hub(platform) as hub:
            for number in range(5):
                await _write(platform, number)
            cursor = str(_clock(platform))
            held = [_follow(hub, cursor=cursor), _follow(hub, cursor=cursor, experiment_ids=["9"])]
            await _until_held(hub, 2)
            await asyncio.to_thread(
                platform.store.writer.call, lambda tx: tx.change("UPDATE hr_clock SET value = value - 3")
            )
            for each in await asyncio.gather(*held):
                assert (each.cursor, each.is_news()) == (cursor, False)
            assert (await _follow(hub, cursor=cursor)).reset

    _run(work)


def test_an_idle_hub_stops_looking_and_starts_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LINGER_S", 0.05)
    monkeypatch.setattr(following, "POLL_S", 0.02)

    async def work() -> None:
        async with _hub(platform) as hub:
            first = await _follow(hub, wait_ms=20)
            assert hub._watch is not None
            await asyncio.wait_for(hub._watch, 30)
            assert platform.store.commits._listeners == ()
            await _write(platform, 1)
            told = await _follow(hub, cursor=first.cursor)
            assert [each.id for each in told.changes] == ["1"]

    _run(work)


def test_a_follower_that_comes_while_the_hub_is_about_to_stop_is_served(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LINGER_S", 0.05)
    monkeypatch.setattr(following, "POLL_S", 0.3)

    async def work() -> None:
        async with _hub(platform) as hub:
            await _follow(hub, wait_ms=10)
            await asyncio.sleep(0.15)  # the hub is between two looks, and would end at the next
            late = _follow(hub)
            await asyncio.sleep(0.4)
            await _write(platform, 1)
            assert [each.id for each in (await asyncio.wait_for(late, 30)).changes] == ["1"]

    _run(work)


def test_followers_of_many_places_miss_nothing_while_the_ring_turns(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Followers with all kinds of limits and filters, some slow, beside a busy writer: each is told its part once and in order."""
    monkeypatch.setattr(following, "RING_ENTRIES", 25)
    commits = 150

    async def follow(hub: Following, pause_s: float, start: int, **fields: Any) -> list[tuple[int, str]]:
        told: list[tuple[int, str]] = []
        cursor: str | int = start
        while not told or told[-1] != (start + commits, "4"):
            news = await _follow(hub, cursor=cursor, **fields)
            assert not news.reset
            told += [(each.clock, each.id) for each in news.changes]
            cursor = news.cursor
            await asyncio.sleep(pause_s)
        return told

    async def work() -> None:
        async with _hub(platform) as hub:
            start = _clock(platform)
            plans: list[tuple[float, dict[str, Any]]] = [
                (0, {}), (0, {"limit": 1}), (0.01, {"limit": 7}), (0.2, {"limit": 60}), (0, {"experiment_ids": ["0"]}),
                (0.05, {"experiment_ids": ["0"], "limit": 3}), (0.001, {"experiment_ids": ["0", "1", "2"], "limit": 4}),
            ]  # fmt: skip
            tasks = [
                asyncio.ensure_future(follow(hub, pause_s, start, **fields)) for pause_s, fields in plans
            ]
            for number in range(1, commits + 1):
                await _write(platform, *range(5), experiment=(commits - number) % 3)
            everything = [
                (start + number, str(subject)) for number in range(1, commits + 1) for subject in range(5)
            ]
            of_zero = [each for each in everything if (commits - (each[0] - start)) % 3 == 0]
            for told, (_, fields) in zip(await asyncio.gather(*tasks), plans, strict=True):
                assert told == (of_zero if fields.get("experiment_ids") == ["0"] else everything)

    _run(work)


def test_a_request_is_checked_before_it_is_held(platform: Platform) -> None:
    async def work() -> None:
        async with _hub(platform) as hub:
            with pytest.raises(InvalidParameter):
                await _follow(hub, limit=0)
            assert hub._held == 0

    _run(work)
