"""The servers that the contract tests talk to.

Headrace runs as its own process, as a user starts it, on each database in turn. Set HEADRACE_CONTRACT_TARGET to an ``mlflow`` program to
run the same tests against the real server: what fails there is a defect of the test.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from databases import Databases

# the tools of these tests are no part of any package, and pytest's importlib mode adds no path by itself
sys.path.insert(0, str(Path(__file__).parent))

from wire.servers import Server, serve_target


@pytest.fixture(scope="session")
def server(databases: Databases, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("contract")
    with databases.lend(database, folder) as store, serve_target(folder / "shared", store) as running:
        yield running


@pytest.fixture
def fresh_server(make_database: Callable[..., str], tmp_path: Path) -> Iterator[Server]:
    with serve_target(tmp_path / "fresh", make_database(empty=True)) as running:
        yield running
