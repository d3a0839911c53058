"""The servers that the contract tests talk to.

Headrace runs as its own process, as a user starts it. Set HEADRACE_CONTRACT_TARGET to an ``mlflow`` program to
run the same tests against the real server: what fails there is a defect of the test.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# the tools of these tests are no part of any package, and pytest's importlib mode adds no path by itself
sys.path.insert(0, str(Path(__file__).parent))

from wire.servers import Server, serve_target


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_target(tmp_path_factory.mktemp("contract") / "shared") as running:
        yield running


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    with serve_target(tmp_path / "fresh") as running:
        yield running
