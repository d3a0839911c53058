"""Spools in folders of their own, and a model server to send to."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.api.ingest import StartRecord
from headrace.spool.contract import SpoolSettings
from headrace.spool.writer import Spool, open_spool
from spool.model_server import ModelServer

RUN = "a" * 32
START = StartRecord(experiment_name="experiment", run_name="name", start_time=1)
URI = "http://model"

MakeSpool = Callable[..., Spool]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "spools"


@pytest.fixture
def quick(root: Path) -> SpoolSettings:
    """Settings under which nothing is waited for longer than a test likes."""
    return SpoolSettings(
        root=root,
        reserve_bytes=0,
        pace_s=0.02,
        first_pause_s=0.02,
        max_pause_s=0.1,
        wait_s=0.5,
        segment_bytes=8192,
    )


@pytest.fixture
def server() -> ModelServer:
    return ModelServer()


@pytest.fixture
def make_spool(server: ModelServer, quick: SpoolSettings) -> Iterator[MakeSpool]:
    """Makes spools that send to the model server; they are closed at the end."""
    made: list[Spool] = []

    def make(**changes: object) -> Spool:
        spool = open_spool(URI, server.open, replace(quick, **changes))  # type: ignore[arg-type]
        made.append(spool)
        return spool

    yield make
    for spool in made:
        spool.close(0)


def wait_until(check: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something is so; fail if it does not become so."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
