"""Following what is committed, from the client's side."""

import time
from collections.abc import Iterator, Sequence
from typing import Self

from headrace.api import changes as rows
from headrace.api.changes import Changes, FollowChanges
from headrace.base.errors import TooManyRequests, Unavailable
from headrace.client.transport import Transport
from headrace.client.values import read_list

WAIT_MS = 30_000
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0


class Following(Iterator[Changes]):
    """The news of a server, one answer after the other; waits where there is none yet. Used by one thread.

    It goes on by itself where the server was away for a while. `cursor` is where it stands: another follower that begins there, perhaps in
    another process, is told all that this one has not given yet, and nothing twice.

    Args:
        transport: what carries the calls.
        request: the first question; its cursor is moved on.
        patience_s: how long the server may be away, in seconds; None for ever.
    """

    def __init__(self, transport: Transport, request: FollowChanges, patience_s: float | None) -> None:
        self._transport = transport
        self._request = request
        self._patience_s = patience_s

    @property
    def cursor(self) -> str:
        """Where the follower stands."""
        return str(self._request.cursor)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Changes:
        while True:
            news = self._ask()
            self._request.cursor = news.cursor
            if news.is_news():
                return news

    def _ask(self) -> Changes:
        """Return the next answer, from a server that may be away for a while."""
        pause_s, away_since_s = FIRST_PAUSE_S, 0.0
        while True:
            try:
                return self._transport.call(rows.FOLLOW, self._request)
            except (TooManyRequests, Unavailable):
                away_since_s = away_since_s or time.monotonic()
                if self._patience_s is not None and time.monotonic() - away_since_s >= self._patience_s:
                    raise
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


class ChangeLog:
    """Calls that tell what has changed.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def read(
        self,
        cursor: str | int = "",
        *,
        experiment_ids: Sequence[str] = (),
        run_ids: Sequence[str] = (),
        wait_ms: int = 0,
        limit: int = 1000,
    ) -> Changes:
        """Return what has been committed since a cursor, by one call.

        Args:
            cursor: of an earlier answer, or a clock; empty for now, which gives nothing but a cursor to begin with.
            experiment_ids: tell only of these experiments and what is in them.
            run_ids: tell only of these runs (and of those experiments).
            wait_ms: milliseconds to wait if there is nothing to tell, at most 60,000.
            limit: changes at most, 1 to 10,000; `more` tells that there are further ones.

        Raises:
            InvalidParameter: a value is not allowed.
        """
        request = FollowChanges(
            cursor=cursor,
            wait_ms=wait_ms,
            experiment_ids=list(read_list(experiment_ids, "experiment_ids")),
            run_ids=list(read_list(run_ids, "run_ids")),
            limit=limit,
        )
        return self._transport.call(rows.FOLLOW, request)

    def follow(
        self,
        cursor: str | int = "",
        *,
        experiment_ids: Sequence[str] = (),
        run_ids: Sequence[str] = (),
        wait_ms: int = WAIT_MS,
        limit: int = 1000,
        patience_s: float | None = None,
    ) -> Following:
        """Return an iterator over all news, which never ends: every commit once and in order.

        An answer whose `reset` is true says that the log does not reach back to the cursor: read everything again, and go on.

        Args:
            cursor: where to begin: that of an earlier answer or follower, or a clock; empty for the moment of this call.
            experiment_ids: tell only of these experiments and what is in them.
            run_ids: tell only of these runs (and of those experiments).
            wait_ms: milliseconds that one call waits, at most 60,000.
            limit: changes in one answer, 1 to 10,000.
            patience_s: how long the server may be away before `Unavailable` is raised, in seconds; None for ever.

        Raises:
            InvalidParameter: a value is not allowed.
        """
        if cursor == "":
            cursor = self.read(experiment_ids=experiment_ids, run_ids=run_ids, limit=limit).cursor
        request = FollowChanges(
            cursor=cursor,
            wait_ms=wait_ms,
            experiment_ids=list(read_list(experiment_ids, "experiment_ids")),
            run_ids=list(read_list(run_ids, "run_ids")),
            limit=limit,
        )
        return Following(self._transport, request, patience_s)
