"""The fence of a writer's batches, and what a group commit does to them."""

import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from headrace.api import ingest
from headrace.api.ingest import (
    Application,
    Ingest,
    IngestAnswer,
    MetricColumns,
    MetricSeries,
    RunBlock,
    StartRecord,
)
from headrace.base.errors import HeadraceError
from headrace.services.context import Actor, Context, Platform
from headrace.services.dispatch import find_function
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import writers
from headrace.store.engine import Store
from headrace.store.transaction import Transaction
from headrace.store.writer import Job, settle_futures

Work = Callable[[Transaction], Any]


@pytest.fixture
def platform(url: str, tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(PlatformSettings(store_url=url, destination=str(tmp_path / "files")))
    yield opened
    opened.store.close()


def _batch(writer: str, seq: int) -> Ingest:
    columns = MetricColumns(
        series=[MetricSeries(key="loss", count=1)], time=struct.pack("<q", 1), step=bytes(8), value=bytes(8)
    )
    start = StartRecord(experiment_id="0")
    return Ingest(
        format=2, writer=writer, seq=seq, runs=[RunBlock(run_id="run", start=start, metrics=columns)]
    )


def _work(platform: Platform, request: Ingest) -> Work:
    return lambda tx: find_function(ingest.SEND)(Context(tx, Actor(), platform), request)


def _run_as_group(store: Store, works: list[Work]) -> list[IngestAnswer | BaseException]:
    """Run jobs in one transaction: they wait behind one that is let go when all are there."""
    entered, go = threading.Event(), threading.Event()

    def wait(_: Transaction) -> None:
        entered.set()
        assert go.wait(10)

    futures: list[Future[Any]] = [Future() for _ in range(len(works) + 1)]
    store.writer.submit(Job(wait, settle_futures, futures[0]))
    assert entered.wait(10)
    for work, future in zip(works, futures[1:], strict=True):
        store.writer.submit(Job(work, settle_futures, future))
    go.set()
    return [future.exception(10) or future.result() for future in futures[1:]]


def _count_points(store: Store) -> tuple[int, int]:
    with store.read() as conn:
        rows = conn.rows("SELECT (SELECT COUNT(*) FROM hr_point), (SELECT SUM(points) FROM hr_series)")
    return rows[0][0], rows[0][1]


def test_batches_doubled_within_one_group_are_applied_once(platform: Platform) -> None:
    first, second = _batch("w", 1), _batch("w", 2)
    works = [_work(platform, each) for each in (first, first, second, second, first, _batch("other", 1))]
    answers = _run_as_group(platform.store, works)
    assert [answer.applied for answer in answers if isinstance(answer, IngestAnswer)] == [
        Application.NOW,
        Application.BEFORE,
        Application.NOW,
        Application.BEFORE,
        Application.LONG_BEFORE,
        Application.NOW,
    ]
    assert _count_points(platform.store) == (3, 3)


def test_a_group_that_is_replayed_applies_each_batch_once(platform: Platform) -> None:
    def fail(tx: Transaction) -> None:
        tx.change("UPDATE hr_experiment SET name = 'changed' WHERE id = 0")
        raise HeadraceError("a job that fails after it has written")

    works = [_work(platform, _batch("w", 1)), fail, _work(platform, _batch("w", 2))]
    answers = _run_as_group(platform.store, works)
    assert isinstance(answers[1], HeadraceError)
    applied = [(each.seq, each.applied, each.first) for each in answers if isinstance(each, IngestAnswer)]
    assert applied == [(1, Application.NOW, 0), (2, Application.NOW, 2)]
    assert _count_points(platform.store) == (2, 2)
    with platform.store.read() as conn:
        assert conn.rows("SELECT records, seq FROM hr_writer") == [(4, 2)]
        assert conn.rows("SELECT stored, repeated FROM hr_ledger") == [(3, 1)]
        assert conn.rows("SELECT name FROM hr_experiment") == [("Default",)]


def test_a_batch_that_another_server_applied_meanwhile_is_looked_at_again(store: Store) -> None:
    assert store.writer.call(lambda tx: writers.advance(tx, "w", None, 5, 1)) == 1
    with store.read() as conn:
        last = writers.find_writer(conn, "w")
    assert last == (1, 1, 5, b"")
    assert store.writer.call(lambda tx: writers.advance(tx, "w", last, 7, 2)) == 1
    tries: list[writers.WriterRow | None] = []

    def advance(tx: Transaction) -> int:
        tries.append(writers.find_writer(tx, "w") if tries else last)
        return writers.advance(tx, "w", tries[-1], 9, 3)

    assert store.writer.call(advance) == 1
    assert tries == [last, (1, 2, 12, b"")]
    with store.read() as conn:
        assert writers.find_writer(conn, "w") == (1, 3, 21, b"")


def test_numbers_of_points_differ_between_records_and_writers() -> None:
    records = [0, 1, 2**32 - 1]
    numbers = {writers.point_number(writer, record) for writer in (1, 2, 2**31 - 1) for record in records}
    assert len(numbers) == 9
    assert min(numbers) > 0
    assert max(numbers) < 2**63
    assert writers.point_number(1, 2**32) == writers.point_number(1, 0)
