"""A real store, on each database in turn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from databases import Databases
from headrace.services.context import Platform
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import arrivals, runs
from headrace.store.engine import Store, open_store
from headrace.store.transaction import RunRef


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    return make_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def platform(url: str, tmp_path: Path) -> Iterator[Platform]:
    """A server's platform on the database."""
    opened = open_platform(PlatformSettings(url, str(tmp_path / "artifacts")))
    yield opened
    opened.store.close()


@pytest.fixture
def other(platform: Platform, tmp_path: Path) -> Iterator[Platform]:
    """Another server on the same database."""
    opened = open_platform(PlatformSettings(platform.store.address.text, str(tmp_path / "artifacts")))
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def stores(
    databases: Databases, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Store]]:
    """Two stores on one database, as two processes would have them."""
    with databases.lend(database, tmp_path_factory.mktemp("stores")) as url:
        opened = open_store(url), open_store(url)
        yield opened
        for store in opened:
            store.close()


@pytest.fixture
def tails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points of MLflow's wire become rows of the tail, however many come at once and whatever the database."""
    monkeypatch.setattr(arrivals, "PLAIN_TOGETHER", 2**62)


@pytest.fixture
def make_run() -> Callable[..., RunRef]:
    """A function that inserts a run: make_run(store, "r1", experiment=1)."""

    def make(store: Store, run_id: str = "r1", experiment: int = 1) -> RunRef:
        row = (run_id, experiment, "name", "user", 1_000, "mlflow-artifacts:/1")
        ref: RunRef = store.writer.call(lambda tx: runs.insert_run(tx, row))
        return ref

    return make
