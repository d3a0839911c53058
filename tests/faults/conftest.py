"""Servers for the fault tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.fleet import ServerProcess, run_server


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    """A store, on each database in turn."""
    return make_database()


@pytest.fixture
def server(tmp_path: Path, url: str) -> Iterator[ServerProcess]:
    """A running server with a store of its own."""
    with run_server(tmp_path, url) as running:
        yield running


@pytest.fixture
def hasty_server(tmp_path: Path, url: str) -> Iterator[ServerProcess]:
    """A server that waits for other programs' locks for a fifth of a second."""
    with run_server(tmp_path, url, HEADRACE_BUSY_TIMEOUT_MS="200") as running:
        yield running
