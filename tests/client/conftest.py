"""Clients of both kinds: of a server that runs as its own process, and of a database of each kind in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import KINDS, Databases
from headrace.client import Client, connect
from headrace.client.connect import open_transport, read_settings
from headrace.client.transport import Transport
from scripted_server import ScriptedServer
from serving import Server, clean_environment, start_server


@pytest.fixture(autouse=True)
def _no_settings_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # where the artifacts go if the database is no file
    with clean_environment():
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("client") / "server") as running:
        yield running


@pytest.fixture(params=["http", *KINDS])
def uri(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[str]:
    if request.param == "http":
        server: Server = request.getfixturevalue("server")
        yield server.url
    else:
        with databases.lend(request.param, tmp_path) as url:
            yield url


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
