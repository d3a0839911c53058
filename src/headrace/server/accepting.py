"""Taking connections from a socket that several processes listen on, so that each of them gets its part.

An event loop of its own takes all that wait, at once: of clients that come together one process would get all, for as long as they stay. Here a process
hesitates before it takes one, for as many milliseconds as its number of connections has binary digits. So one that has half as many is faster.
The module does not know what a connection carries.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Sized
from contextlib import suppress

log = logging.getLogger("headrace.server")

PAUSE_S = 1.0
"""So long no connection is taken after one could not be: the process has too many open files, say."""
_HESITATION_S = 0.001
_MORE_PER = 16


class Accepting:
    """Takes connections, from its begin to `close`. To be made and used in an event loop; to uvicorn it is one of asyncio's servers.

    Args:
        listening: the socket; closed by `close`.
        make_protocol: makes what serves a connection.
        connections: those that are open.
    """

    def __init__(
        self, listening: socket.socket, make_protocol: Callable[[], asyncio.Protocol], connections: Sized
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._make_protocol = make_protocol
        self._connections = connections
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        listening.setblocking(False)
        self._wait()

    def close(self) -> None:
        """Take what waits, and then no more connections: it would be cut off if this process is the last that listens."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._listening)
            with suppress(OSError):
                while True:
                    self._take_one()
            self._listening.close()

    async def wait_closed(self) -> None:
        """Wait until all that was taken has been handed over."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _wait(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listening, self._hesitate)

    def _hesitate(self) -> None:
        """Let others come first, if they have fewer connections."""
        self._loop.remove_reader(self._listening)
        self._loop.call_later(len(self._connections).bit_length() * _HESITATION_S, self._take)

    def _take(self) -> None:
        """Take a connection if there is one still; some at a time where there are many, so that a crowd is not kept waiting."""
        if self._closed:
            return
        for _ in range(1 + len(self._connections) // _MORE_PER):
            try:
                self._take_one()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):  # another process was faster
                break
            except OSError as error:
                log.error("No connection can be taken for %.0f s: %s", PAUSE_S, error)  # noqa: TRY400 - it is the system's
                self._loop.call_later(PAUSE_S, self._wait)
                return
        self._wait()

    def _take_one(self) -> None:
        """Take a connection.

        Raises:
            OSError: none waits, or there is no room for it.
        """
        connection, _ = self._listening.accept()
        task = self._loop.create_task(self._hand_over(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand_over(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        with suppress(OSError):  # the client is gone
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._make_protocol, connection)
