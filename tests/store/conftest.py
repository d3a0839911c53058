"""A real store in a file of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.store import runs
from headrace.store.engine import Store, open_store
from headrace.store.transaction import RunRef


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def make_run() -> Callable[..., RunRef]:
    """A function that inserts a run: make_run(store, "r1", experiment=1)."""

    def make(store: Store, run_id: str = "r1", experiment: int = 1) -> RunRef:
        row = (run_id, experiment, "name", "user", 1_000, "mlflow-artifacts:/1")
        ref: RunRef = store.writer.call(lambda tx: runs.insert_run(tx, row))
        return ref

    return make
