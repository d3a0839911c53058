"""A store full of awkward runs, and the same runs as plain Python values, on each database in turn."""

from collections.abc import Iterator

import pytest

from databases import Databases
from headrace.store.engine import open_store
from search.model import World, make_world


@pytest.fixture(scope="session", params=[1, 2, 3], ids=lambda seed: f"seed{seed}")
def seed(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture(scope="session")
def world(
    databases: Databases, database: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with databases.lend(database, tmp_path_factory.mktemp("world")) as url:
        store = open_store(url)
        yield make_world(store, seed)
        store.close()
