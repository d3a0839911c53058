"""A server for the tests of each file, and a folder for each test."""

import time
from collections.abc import Iterator

import pytest

from server.artifacts.running import Server, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def folder(server: Server) -> str:
    """A folder of its own beneath the artifact root."""
    return f"t{time.time_ns()}"
