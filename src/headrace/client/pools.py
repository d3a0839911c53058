"""Pools of HTTP connections that do not harm a forked child.

A child drops the pools of its parent, and urllib3 then empties them, under a lock that a thread of the parent may have held at the fork: the child would wait for it for ever.
So it would for locks of OpenSSL's, if another thread was just beginning to speak TLS.
"""

import os
import queue
import socket
from contextlib import ExitStack
from typing import Any

import urllib3
from urllib3.connection import HTTPSConnection

from headrace.base.loading import LOADING


class _IdleConnections(queue.LifoQueue[Any]):
    """The connections of a pool that nobody uses: none, in another process than the one that has opened them."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._process = os.getpid()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if self._process != os.getpid():
            raise queue.Empty
        return super().get(block, timeout)


class _HttpsConnection(HTTPSConnection):
    """One that nobody forks in the midst of, from where it is connected to where it is encrypted."""

    def connect(self) -> None:
        with ExitStack() as self._gate:
            super().connect()

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        self._gate.enter_context(LOADING)
        return connection


class _HttpPool(urllib3.HTTPConnectionPool):
    QueueCls = _IdleConnections


class _HttpsPool(urllib3.HTTPSConnectionPool):
    QueueCls = _IdleConnections
    ConnectionCls = _HttpsConnection


def make_safe(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    """Let a manager that has no pools yet make such pools, and return it."""
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return manager
