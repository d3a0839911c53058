"""The event loop of a server: it wakes when it is told to stop, by whomever."""

import socket
import threading

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from headrace.server import run

PATIENCE_S = 30


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    pytest.fail("nobody calls")


def test_a_server_that_is_told_to_stop_does_not_wait_for_its_next_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "_TICK_SECONDS", 3_600)
    ticked, left = threading.Event(), threading.Event()

    class Server(run._Server):
        async def on_tick(self, counter: int) -> bool:
            ticked.set()
            return await super().on_tick(counter)

    config = uvicorn.Config(_answer, lifespan="off", ws="none", log_config=None)
    server = Server(config, "ready", None, lambda _: None, left.set)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert ticked.wait(PATIENCE_S)
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert left.is_set()
