"""Servers for the fault tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.fleet import ServerProcess, run_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A running server with a store of its own."""
    with run_server(tmp_path) as running:
        yield running


@pytest.fixture
def hasty_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that waits for other programs' locks for a fifth of a second."""
    with run_server(tmp_path, HEADRACE_BUSY_TIMEOUT_MS="200") as running:
        yield running
