"""The hub of followers: holds their calls, reads the log of changes once for all of them, and answers those that a commit concerns.

Commits of this process ring it; while somebody follows, it looks once a second for those of others. Reads come at most every few dozen
milliseconds, however many commits there are. What it has read stays in memory for a while, so that a follower that comes back with its
cursor is served from there. The hub lives in the server's event loop; only the bell is rung from elsewhere.
"""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

from anyio import CapacityLimiter, to_thread
from msgspec.structs import replace
from starlette.types import Receive

from headrace.api.changes import Change, Changes, FollowChanges
from headrace.base.errors import HeadraceError, TooManyRequests
from headrace.base.json import encode
from headrace.server.body import ClientGone
from headrace.services import changes
from headrace.services.changes import OF_RUNS, PAGE_ENTRIES, Filter, Question
from headrace.services.context import Platform
from headrace.store.changes import Place, read_clock, read_entries, read_extent

log = logging.getLogger("headrace.server")

MAX_FOLLOWERS = 10_000
POLL_S = 1.0
GAP_S = 0.025
GAP_EACH_S = 25e-6
"""Reads are so far apart, in seconds, and farther for each follower that the last one woke: answering them takes that long."""

LINGER_S = 5.0
"""So long the hub goes on when the last follower is gone: it may be on its way back."""

RING_ENTRIES = 20_000
LOOKERS = 2
"""So many followers at once look into the database for what is too old to be remembered here."""

_WAKE_AT_ONCE = 100
_NOWHERE = Place(-1)

Found = tuple[Place, Change]


class Connection(Protocol):
    """What the hub needs of a client's connection; `headrace.server.protocol.BoundedProtocol` has it.

    Args:
        when_lost: called in the event loop when the client closes it.
    """

    when_lost: Callable[[], None] | None


class Listener:
    """A connection under another protocol, which tells by ASGI alone that the client has left.

    Args:
        receive: tells so.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.when_lost: Callable[[], None] | None = None

    async def listen(self) -> None:
        """Call `when_lost` when the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self.when_lost is not None:
            self.when_lost()


class Follower:
    """A call that is held.

    Args:
        question: what it asks.
        place: what it has been told, or was found not to concern it, reaches to here.
        answer: what it is waiting for.
    """

    __slots__ = ("answer", "place", "question", "told")

    def __init__(self, question: Question, place: Place, answer: asyncio.Future[bytes]) -> None:
        self.question = question
        self.place = place
        self.answer = answer
        self.told = b""  # its answer, once there is one


class Following:
    """The hub.

    Args:
        platform: its store is followed.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._reader, self._lookers = CapacityLimiter(1), CapacityLimiter(LOOKERS)
        self._held = 0
        self._everything: set[Follower] = set()
        self._by_experiment: dict[str, set[Follower]] = {}
        self._by_run: dict[str, set[Follower]] = {}
        self._ring: list[Found] = []
        self._places: list[Place] = []
        self._begin = self._end = _NOWHERE
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell = asyncio.Event()
        self._ready: asyncio.Future[None]
        self._rung = self._closed = False
        self._watch: asyncio.Task[None] | None = None

    async def answer(self, request: FollowChanges, connection: Connection) -> bytes:
        """Return the answer to a follower as JSON, after a wait if there is nothing to tell.

        Args:
            request: what it asks.
            connection: tells when the client is gone.

        Raises:
            InvalidParameter: the request is wrong.
            TooManyRequests: too many follow already.
            ClientGone: the client has not waited.
        """
        question = changes.read_question(request)
        if self._held >= MAX_FOLLOWERS:
            raise TooManyRequests(
                f"{MAX_FOLLOWERS} clients follow the changes of this server already; try again later."
            )
        self._held += 1
        try:
            told = await self._find(question)
            if isinstance(told, Changes):
                return encode(told)
            return await self._hold(question, told, connection)
        finally:
            self._held -= 1

    def close(self) -> None:
        """Answer all that are held with what there is, and hold none any more. Called in the event loop."""
        self._closed = True
        for follower in self._all():
            self._give_up(follower)
        self._bell.set()

    async def _find(self, question: Question) -> Changes | Place:
        """Return what can be told at once, or the place that the follower has been told everything before."""
        if not question.wait_s or self._closed:
            return await self._look_up(question)
        await self._wake()
        place = question.place
        # The hub may not know yet of a commit that the follower does, and "now" is what the database says.
        while place is None or place > self._end or place < self._begin:
            told = await self._look_up(replace(question, place=place))
            if told.is_news():
                return told
            place = changes.read_cursor(told.cursor)
            assert place is not None
            if place > self._end:
                break
        passing = self._recall(place, question.wanted)
        if passing:
            return changes.tell(passing, question.limit, self._end)
        return max(place, self._end)

    async def _look_up(self, question: Question) -> Changes:
        """Return what the database says at this moment."""
        return await to_thread.run_sync(self._answer, question, limiter=self._lookers)

    def _answer(self, question: Question) -> Changes:
        with self._platform.store.read() as conn:
            return changes.answer(conn, question)

    def _recall(self, place: Place, wanted: Filter) -> list[Found]:
        """Return what the hub remembers behind a place that a follower wants to hear of."""
        first = bisect_right(self._places, place)
        return [each for each in self._ring[first:] if wanted.passes(each[1])]

    async def _hold(self, question: Question, place: Place, connection: Connection) -> bytes:
        """Return the answer to a follower that has been told everything, when there is one or its time is over."""
        loop = asyncio.get_running_loop()
        follower = Follower(question, place, loop.create_future())
        if self._closed:
            self._give_up(follower)
        self._enter(follower)
        timer = loop.call_later(question.wait_s, self._give_up, follower)
        connection.when_lost = partial(_settle, follower, b"")
        try:
            told = await follower.answer
        finally:
            self._leave(follower)
            timer.cancel()
            connection.when_lost = None
        if not told:
            raise ClientGone
        return told

    def _give_up(self, follower: Follower) -> None:
        """Answer a follower whose time is over."""
        end = max(follower.place, self._end)
        _settle(follower, follower.told or encode(changes.tell((), follower.question.limit, end)))

    def _enter(self, follower: Follower) -> None:
        for room in self._rooms(follower.question.wanted):
            room.add(follower)

    def _leave(self, follower: Follower) -> None:
        wanted = follower.question.wanted
        for room in self._rooms(wanted):
            room.discard(follower)
        for names, rooms in ((wanted.experiments, self._by_experiment), (wanted.runs, self._by_run)):
            for name in names:
                if not rooms.get(name, True):
                    del rooms[name]

    def _rooms(self, wanted: Filter) -> list[set[Follower]]:
        """Return where a follower is found by what it wants to hear of."""
        if wanted.is_open:
            return [self._everything]
        return [
            *(self._by_experiment.setdefault(name, set()) for name in wanted.experiments),
            *(self._by_run.setdefault(name, set()) for name in wanted.runs),
        ]

    def _all(self) -> set[Follower]:
        return self._everything.union(*self._by_experiment.values(), *self._by_run.values())

    async def _wake(self) -> None:
        """See to it that the log is watched, in the event loop of this moment."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop or self._watch is None or self._watch.done():
            self._loop, self._bell, self._ready = loop, asyncio.Event(), loop.create_future()
            self._reader, self._lookers = CapacityLimiter(1), CapacityLimiter(LOOKERS)
            self._forget(_NOWHERE)
            self._watch = loop.create_task(self._keep_watch())
            self._watch.add_done_callback(partial(self._end_watch, self._ready))
        await asyncio.shield(self._ready)

    def _forget(self, end: Place) -> None:
        self._ring, self._places = [], []
        self._begin = self._end = end

    async def _keep_watch(self) -> None:
        """Read the log again and again while somebody follows."""
        loop, commits = asyncio.get_running_loop(), self._platform.store.commits
        commits.listen(self._ring_bell)
        seen_s = loop.time()
        try:
            while not self._closed and (self._held or loop.time() - seen_s < LINGER_S):
                begun_s = loop.time()
                more, woken = await self._read_on()
                if self._held:
                    seen_s = loop.time()
                if not more:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._bell.wait(), POLL_S)
                    self._bell.clear()
                await asyncio.sleep(max(0, begun_s + GAP_S + GAP_EACH_S * woken - loop.time()))
        finally:
            commits.leave(self._ring_bell)

    def _end_watch(self, ready: "asyncio.Future[None]", watch: "asyncio.Task[None]") -> None:
        """Tell all that wait if the watch has ended with an error; the next follower begins another."""
        error = None if watch.cancelled() else watch.exception()
        if error is not None:
            shown = None if isinstance(error, HeadraceError) else error
            log.warning("The changes cannot be read: %s", error, exc_info=shown)
            self._fail(error)
        if not ready.done():  # closed before the first look
            ready.set_result(None)

    def _fail(self, error: BaseException) -> None:
        """Tell all that wait why nothing can be told."""
        if not self._ready.done():
            self._ready.set_exception(error)
        for follower in self._all():
            if not follower.answer.done():
                follower.answer.set_exception(error)

    def _ring_bell(self) -> None:
        """Have the log read soon; called in the writer's thread."""
        if not self._rung and self._loop is not None:
            self._rung = True
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._bell.set)

    async def _read_on(self) -> tuple[bool, int]:
        """Read what is new in the log and wake whom it concerns; return whether there is more, and how many were woken."""
        self._rung = False
        found, end, more = await to_thread.run_sync(self._read, self._end, limiter=self._reader)
        if found is None:
            # The first look; else the log was trimmed past the hub, or the database is another one.
            self._forget(end)
            if not self._ready.done():
                self._ready.set_result(None)
            woken = self._all()
            for follower in woken:  # each asks again and is told what became of its cursor
                follower.told = encode(changes.tell((), follower.question.limit, follower.place))
        else:
            self._remember(found, end)
            woken = self._tell(found, more=more)
        for number, follower in enumerate(woken, 1):
            _settle(follower, follower.told)
            if not number % _WAKE_AT_ONCE:
                await asyncio.sleep(0)
        return more, len(woken)

    def _read(self, after: Place) -> tuple[list[Found] | None, Place, bool]:
        """Return what is in the log behind a place, None if it does not reach back there; to where that is; whether there is more."""
        with self._platform.store.read() as conn:
            clock = read_clock(conn)
            end = Place(clock)
            if after == end:
                return [], end, False
            if after.clock > clock or after < Place(read_extent(conn).begin):
                return None, end, False
            entries = read_entries(conn, after, PAGE_ENTRIES)
        more = len(entries) == PAGE_ENTRIES
        return changes.describe(entries), entries[-1].place if more else end, more

    def _remember(self, found: list[Found], end: Place) -> None:
        self._ring += found
        self._places += [place for place, _ in found]
        self._end = end
        if len(self._ring) > 2 * RING_ENTRIES:
            self._begin = self._places[-RING_ENTRIES - 1]
            del self._ring[:-RING_ENTRIES], self._places[:-RING_ENTRIES]

    def _tell(self, found: list[Found], *, more: bool) -> set[Follower]:
        """Note for each follower whom entries concern what it is to be told, and return these."""
        woken = set(self._everything) if found else set()
        index = _Index(found)
        for names, rooms in ((index.experiments, self._by_experiment), (index.runs, self._by_run)):
            for name in names.keys() & rooms.keys():
                woken |= rooms[name]
        answers: dict[tuple[Filter, int], bytes] = {}
        for follower in list(woken):
            wanted, limit = follower.question.wanted, follower.question.limit
            if follower.place > found[0][0]:  # it knows a part of this from the database
                passing = [each for each in index.pick(wanted) if each[0] > follower.place]
                told = (
                    encode(changes.tell(passing, limit, max(self._end, follower.place), more=more))
                    if passing
                    else b""
                )
            else:
                told = answers.get((wanted, limit), b"")
                if not told:
                    told = answers[wanted, limit] = encode(
                        changes.tell(index.pick(wanted), limit, self._end, more=more)
                    )
            if follower.answer.done() or not told:
                woken.discard(follower)
            else:
                follower.told = told
        return woken


class _Index:
    """Entries of the log by what they belong to.

    Args:
        found: the entries, in order.
    """

    def __init__(self, found: list[Found]) -> None:
        self._found = found
        self.experiments: dict[str, list[int]] = {}
        self.runs: dict[str, list[int]] = {}
        for number, (_, change) in enumerate(found):
            self.experiments.setdefault(change.experiment_id, []).append(number)
            if change.kind in OF_RUNS:
                self.runs.setdefault(change.id, []).append(number)

    def pick(self, wanted: Filter) -> list[Found]:
        """Return the entries that pass a filter, in order."""
        if wanted.is_open:
            return self._found
        numbers = {
            number
            for names, known in ((wanted.experiments, self.experiments), (wanted.runs, self.runs))
            for name in names
            for number in known.get(name, ())
        }
        return [self._found[number] for number in sorted(numbers)]


def _settle(follower: Follower, told: bytes) -> None:
    if not follower.answer.done():
        follower.answer.set_result(told)
