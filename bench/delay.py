"""A network between a server and its database: a TCP proxy that hands on each piece of data so many milliseconds after it came.

    python delay.py LISTEN_PORT TARGET_PORT DELAY_MS

It knows bytes alone, on loopback. The delay is one way: a round trip takes twice as long.
"""

import asyncio
import socket
import sys
from typing import cast

import uvloop


class _End(asyncio.Protocol):
    """One end of a passed connection; what it receives goes late to the other."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._loop.call_later(self._delay_s, self._hand_on, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface's signature
        self._loop.call_later(self._delay_s, self._close_other)

    def _hand_on(self, data: bytes) -> None:
        if self.other is None or self.other.transport is None:
            self._waiting.append(data)
            return
        self.other.transport.write(data)

    def _close_other(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def join(self, other: "_End") -> None:
        """Join two ends; what came before is handed on."""
        self.other = other
        for data in self._waiting:
            self._hand_on(data)
        self._waiting.clear()


class _Door(_End):
    """The end that a client connected to; it connects to the target."""

    def __init__(self, delay_s: float, target_port: int) -> None:
        super().__init__(delay_s)
        self._target_port = target_port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._task = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        _, back = await self._loop.create_connection(
            lambda: _End(self._delay_s), "127.0.0.1", self._target_port
        )
        back.join(self)
        self.join(back)


async def _serve(port: int, target_port: int, delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Door(delay_s, target_port), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Pass connections until the process is ended."""
    port, target_port, delay_ms = sys.argv[1:]
    uvloop.run(_serve(int(port), int(target_port), float(delay_ms) / 1e3))


if __name__ == "__main__":
    main()
