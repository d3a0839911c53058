"""A store full of awkward runs, and the same runs as plain Python values."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.store.engine import open_store
from search.model import World, make_world


@pytest.fixture(scope="session", params=[1, 2, 3], ids=lambda seed: f"seed{seed}")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("world")
    store = open_store(f"sqlite:///{folder / 'world.db'}")
    yield make_world(store, request.param)
    store.close()
