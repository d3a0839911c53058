"""Answers that may be long: read, encoded and sent part by part, so that memory does not grow with them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.types import Receive, Send

from headrace.api.endpoint import Endpoint
from headrace.base.json import Wire, encode
from headrace.server.answers import send_bytes
from headrace.server.places import Places
from headrace.store.dialect import READERS

LONG_ANSWERS = 4
"""So many answers of more than one part are under way at once; each holds a connection, and others must stay for short ones."""

LONG_READS = 2
"""So many of them read and encode at the same moment; more would only slow ingest and one another. A client that is slow to take its answer
holds none of these."""

_JSON = [(b"content-type", b"application/json")]


class PartSender:
    """Sends answers whose list comes in parts.

    Args:
        readers: shared with all other calls that read.
    """

    def __init__(self, readers: Places) -> None:
        self._readers = readers
        self._under_way = CapacityLimiter(min(LONG_ANSWERS, READERS))
        self._long_reads = CapacityLimiter(LONG_READS)

    async def send(
        self, send: Send, receive: Receive, row: Endpoint[Any, Any], parts: Iterator[Wire]
    ) -> None:
        """Send an answer.

        Args:
            send: where to.
            receive: tells when the client is gone.
            row: the endpoint; names the list.
            parts: answers, each with a part of the list, the last with what follows it.
        """
        splicer = _Splicer(row.parts, parts)
        try:
            body = await self._readers.run(splicer.next)
            if splicer.ended:
                await send_bytes(send, 200, body)
                return
            async with self._under_way:
                await send({"type": "http.response.start", "status": 200, "headers": _JSON})
                gone = asyncio.ensure_future(receive())
                try:
                    while not gone.done():
                        more = not splicer.ended
                        await send({"type": "http.response.body", "body": body, "more_body": more})
                        if not more:
                            return
                        body = await to_thread.run_sync(splicer.next, limiter=self._long_reads)
                finally:
                    gone.cancel()
        finally:
            await to_thread.run_sync(splicer.close)


class _Splicer:
    """Turns the parts of an answer into pieces of one JSON object, looking one part ahead."""

    def __init__(self, field: str, parts: Iterator[Wire]) -> None:
        self._field = field
        self._parts = parts
        self._ahead: Wire | None = None
        self._begun = False
        self.ended = False

    def next(self) -> bytes:
        """Return the next piece; `ended` tells whether it was the last."""
        part = self._ahead or next(self._parts)
        self._ahead = next(self._parts, None)
        self.ended = self._ahead is None
        if self.ended and not self._begun:
            return encode(part)
        items = encode(getattr(part, self._field) or [])[1:-1]
        piece = (b"," if items else b"") + items if self._begun else b'{"%s":[' % self._field.encode() + items
        self._begun = True
        if not self.ended:
            return piece
        setattr(part, self._field, msgspec.UNSET)
        rest = encode(part)
        return piece + (b"]}" if rest == b"{}" else b"]," + rest[1:])

    def close(self) -> None:
        """End the snapshot, wherever the reading stopped."""
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()
