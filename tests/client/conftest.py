"""Clients of both kinds: of a server that runs as its own process, and of a database in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.client import Client, connect
from headrace.client.connect import open_transport, read_settings
from headrace.client.transport import Transport
from scripted_server import ScriptedServer
from serving import Server, clean_environment, start_server


@pytest.fixture(autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    with clean_environment():
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("client") / "server") as running:
        yield running


@pytest.fixture(params=["http", "sqlite"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "http":
        server: Server = request.getfixturevalue("server")
        return server.url
    return f"sqlite:///{tmp_path / 'local.db'}"


@pytest.fixture
def client(uri: str) -> Iterator[Client]:
    with connect(uri) as connected:
        yield connected


@pytest.fixture
def transport(uri: str) -> Iterator[Transport]:
    opened = open_transport(uri, read_settings(retries=0))
    yield opened
    opened.close()


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running
