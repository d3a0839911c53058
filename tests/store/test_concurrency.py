"""Crowds of writers at several servers of one database: nothing is lost, nothing doubled, and nobody is answered a deadlock."""

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from headrace.api import experiments, ingest, metrics, runs
from headrace.api.ingest import Application, Ingest, RunBlock, StartRecord
from headrace.base.errors import AlreadyExists, HeadraceError
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.services.platform import PlatformSettings, open_platform
from ingest_model import pack_columns
from store import crowd
from store.crowd import Crowd, Diary, call, make_setting
from store.crowd_checks import check_answers, check_rows


@pytest.fixture
def open_server(url: str, tmp_path: Path) -> Iterator[Callable[[], Platform]]:
    """A function that opens one more server of the database."""
    with ExitStack() as stack:

        def open_one() -> Platform:
            platform = open_platform(PlatformSettings(store_url=url, destination=str(tmp_path / "files")))
            stack.callback(platform.store.close)
            return platform

        yield open_one


@pytest.fixture
def servers(open_server: Callable[[], Platform]) -> list[Platform]:
    return [open_server() for _ in range(3)]


def _at_once(*works: Callable[[], Any]) -> list[Any]:
    """Begin all at the same moment; return the results, refusals among them."""
    barrier = threading.Barrier(len(works))

    def work(one: Callable[[], Any]) -> Any:
        barrier.wait(30)
        try:
            return one()
        except HeadraceError as error:
            return error

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(work, works))


def _count(platform: Platform, query: str, *params: Any) -> int:
    with platform.store.read() as conn:
        return int(conn.rows(query, params)[0][0])


def _check(platform: Platform, diary: Diary) -> None:
    assert diary.errors == []
    crowd.finish(platform)
    with platform.store.read() as conn:
        check_rows(conn)
        check_answers(conn, diary)


def test_a_crowd_at_three_servers_loses_nothing_and_doubles_nothing(servers: list[Platform]) -> None:
    diary = Crowd(servers, make_setting(servers[0], 1), 1).work(writers=16, operations=15)
    assert sum(diary.done.values()) == 16 * 15
    _check(servers[0], diary)


def test_neither_does_one_at_servers_in_several_processes(
    open_server: Callable[[], Platform], url: str, tmp_path: Path
) -> None:
    server = open_server()
    setting, diary = make_setting(server, 2), Diary()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes:
        for part in processes.map(
            crowd.work_in_process,
            [url] * 2,
            [str(tmp_path / "files")] * 2,
            [setting] * 2,
            [2, 3],
            [8] * 2,
            [15] * 2,
        ):
            diary.add(part)
    assert sum(diary.done.values()) == 2 * 8 * 15
    _check(server, diary)


def test_a_hundred_writers_log_to_one_run(servers: list[Platform]) -> None:
    run = call(servers[0], runs.CREATE, experiment_id="0").run.info.run_id

    def log(number: int) -> None:
        for step in range(3):
            call(
                servers[number % 3],
                metrics.LOG,
                run_id=run,
                key="loss",
                timestamp=step,
                step=number,
                value=float(number),
            )

    with ThreadPoolExecutor(100) as threads:
        list(threads.map(log, range(100)))
    with servers[0].store.read() as conn:
        check_rows(conn)
        assert conn.row("SELECT points, latest_step, latest_time, first_step, first_time FROM hr_series") == (
            300,
            99,
            2,
            0,
            0,
        )


def test_thirty_two_writers_use_one_new_key_at_once(servers: list[Platform]) -> None:
    made = [call(servers[0], runs.CREATE, experiment_id="0").run.info.run_id for _ in range(32)]
    for key in ("a", "b", "c"):
        works = [
            partial(
                call, servers[number % 3], metrics.LOG, run_id=run, key=key, timestamp=1, step=1, value=1.0
            )
            for number, run in enumerate(made)
        ]
        assert not [each for each in _at_once(*works) if isinstance(each, HeadraceError)]
        assert _count(servers[0], "SELECT COUNT(*) FROM hr_key WHERE name = ?", key) == 1
        series = "SELECT COUNT(*) FROM hr_series s JOIN hr_key k ON k.id = s.key_id WHERE k.name = ?"
        assert _count(servers[0], series, key) == 32


def test_a_batch_that_comes_to_two_servers_at_once_is_stored_once(servers: list[Platform]) -> None:
    for seq in range(1, 11):
        for writer in ("a", "b"):
            block = RunBlock(
                run_id=f"run-{writer}", start=StartRecord(experiment_name="new"), params=[(f"p{seq}", "1")]
            )
            block.metrics = pack_columns([("loss", [(seq, seq, bytes(8))] * 3)])
            request = Ingest(format=2, writer=writer, seq=seq, runs=[block])
            answers = _at_once(
                *[partial(dispatch.call, server, Actor(), ingest.SEND, request) for server in servers]
            )
            assert Counter(answer.applied for answer in answers) == {
                Application.NOW: 1,
                Application.BEFORE: 2,
            }
            assert {(answer.stored, answer.records) for answer in answers} == {(4 + (seq == 1), 5)}
    with servers[0].store.read() as conn:
        check_rows(conn)
        assert {tuple(row) for row in conn.rows("SELECT id, seq, records FROM hr_writer")} == {
            ("a", 10, 50),
            ("b", 10, 50),
        }
        assert {tuple(row) for row in conn.rows("SELECT stored, repeated FROM hr_ledger")} == {(41, 9)}
        assert _count(servers[0], "SELECT SUM(points) FROM hr_series") == 60


def test_of_many_experiments_with_one_name_one_is_made(servers: list[Platform]) -> None:
    for name in ("a", "b", "c"):
        answers = _at_once(*[partial(call, server, experiments.CREATE, name=name) for server in servers * 4])
        assert Counter(type(answer) for answer in answers) == {
            experiments.ExperimentCreated: 1,
            AlreadyExists: 11,
        }


def test_servers_that_open_an_empty_database_at_once_agree_on_what_is_in_it(
    make_database: Callable[..., str], tmp_path: Path
) -> None:
    settings = PlatformSettings(store_url=make_database(empty=True), destination=str(tmp_path))
    opened = _at_once(*[lambda: open_platform(settings)] * 4)
    try:
        assert [type(each) for each in opened] == [Platform] * 4
        with opened[0].store.read() as conn:
            assert [row[0] for row in conn.rows("SELECT id FROM hr_experiment")] == [0]
    finally:
        for each in opened:
            if isinstance(each, Platform):
                each.store.close()
