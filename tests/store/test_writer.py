"""Group commit: what one job does to the others of its group, and what happens when the database fails."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from databases import query, sqlite_path
from headrace.base.errors import HeadraceError, InvalidParameter, StorageFull, TooManyRequests, Unavailable
from headrace.store import series
from headrace.store.engine import Store, open_store
from headrace.store.keys import intern_keys
from headrace.store.transaction import Kind, RunRef, Transaction
from headrace.store.writer import MAX_GROUP, MAX_WAITING, Job


class Answers:
    """Collects the jobs of each notification."""

    def __init__(self) -> None:
        self.groups: list[list[Job]] = []

    def __call__(self, jobs: list[Job]) -> None:
        self.groups.append(jobs)

    def outcomes(self) -> dict[Any, Any]:
        """Result or error of each job by its ticket."""
        return {job.ticket: job.error or job.result for jobs in self.groups for job in jobs}


@contextmanager
def one_group(store: Store) -> Iterator[Answers]:
    """Hold the writer until the end of the block, so that all jobs submitted within it become one group."""
    entered, let_go, answers = threading.Event(), threading.Event(), Answers()

    def hold(_tx: Transaction) -> None:
        entered.set()
        assert let_go.wait(30)

    store.writer.submit(Job(hold, lambda _jobs: None, None))
    assert entered.wait(30)
    try:
        yield answers
    finally:
        let_go.set()
    _wait_until_done(store)


def _wait_until_done(store: Store) -> None:
    while True:
        try:
            store.writer.call(lambda _tx: None)
        except TooManyRequests:
            time.sleep(0.01)
        else:
            return


def _insert(name: str | None) -> Callable[[Transaction], int]:
    def work(tx: Transaction) -> int:
        number = tx.insert("INSERT INTO hr_key (name) VALUES (?)", (name,))
        tx.touch(Kind.RUN, number, 1)
        return number

    return work


def _refuse(_tx: Transaction) -> None:
    raise InvalidParameter("refused")


def _names(store: Store) -> list[str]:
    with store.read() as conn:
        return [row[0] for row in conn.rows("SELECT name FROM hr_key ORDER BY id")]


def _ids(store: Store) -> dict[str, int]:
    with store.read() as conn:
        return dict(conn.rows("SELECT name, id FROM hr_key"))


def _clock(store: Store) -> int:
    with store.read() as conn:
        row = conn.row("SELECT value FROM hr_clock")
    assert row is not None
    return int(row[0])


def test_a_job_is_answered_with_its_result_after_its_commit(store: Store) -> None:
    assert store.writer.call(_insert("a")) == 1
    assert _names(store) == ["a"]


def test_jobs_that_wait_share_one_commit(store: Store) -> None:
    with one_group(store) as answers:
        for name in "abcde":
            store.writer.submit(Job(_insert(name), answers, name))
    assert _names(store) == list("abcde")
    assert _clock(store) == 1
    assert [len(group) for group in answers.groups] == [5]


def test_no_group_is_larger_than_the_limit(store: Store) -> None:
    with one_group(store) as answers:
        for number in range(MAX_GROUP + 10):
            store.writer.submit(Job(_insert(f"n{number}"), answers, number))
    assert [len(group) for group in answers.groups] == [MAX_GROUP, 10]
    assert _clock(store) == 2


def test_a_refused_job_disturbs_nobody(store: Store) -> None:
    with one_group(store) as answers:
        for ticket, work in enumerate([_insert("a"), _refuse, _insert("b")]):
            store.writer.submit(Job(work, answers, ticket))
    outcomes = answers.outcomes()
    assert (outcomes[0], outcomes[2]) == (1, 2)
    assert isinstance(outcomes[1], InvalidParameter)
    assert _names(store) == ["a", "b"]
    assert _clock(store) == 1  # nothing was done twice


@pytest.mark.parametrize(
    "error", [InvalidParameter("late"), ZeroDivisionError("a defect"), sqlite3.IntegrityError("x")]
)
def test_a_job_that_fails_after_it_has_written_leaves_nothing_and_the_others_are_stored_once(
    store: Store, error: Exception
) -> None:
    def fail_late(tx: Transaction) -> None:
        _insert("half")(tx)
        raise error

    with one_group(store) as answers:
        for ticket, work in enumerate([_insert("a"), fail_late, _refuse, _insert("b")]):
            store.writer.submit(Job(work, answers, ticket))
    outcomes = answers.outcomes()
    assert outcomes[1] is error
    assert isinstance(outcomes[2], InvalidParameter)
    assert _ids(store) == {"a": outcomes[0], "b": outcomes[3]}
    assert _clock(store) == 2  # each by itself
    assert [len(group) for group in answers.groups] == [4]


def test_a_statement_that_fails_does_the_same(store: Store) -> None:
    with one_group(store) as answers:
        for ticket, name in enumerate(["a", None, "b"]):
            store.writer.submit(Job(_insert(name), answers, ticket))
    outcomes = answers.outcomes()
    assert type(outcomes[1]).__name__ in {"IntegrityError", "NotNullViolation"}
    assert _ids(store) == {"a": outcomes[0], "b": outcomes[2]}


def test_points_of_a_job_that_fails_are_not_stored(store: Store, make_run: Callable[..., RunRef]) -> None:
    run = make_run(store)

    def log(tx: Transaction, time: int) -> None:
        series.add_points(tx, run, intern_keys(tx, ["loss"])["loss"], 0, [(time, 0, 1)])

    def log_and_fail(tx: Transaction) -> None:
        log(tx, 99)
        raise InvalidParameter("late")

    store.writer.call(lambda tx: log(tx, 0))
    with one_group(store) as answers:
        for ticket, work in enumerate([lambda tx: log(tx, 1), log_and_fail, lambda tx: log(tx, 2)]):
            store.writer.submit(Job(work, answers, ticket))
    assert isinstance(answers.outcomes()[1], InvalidParameter)
    with store.read() as conn:
        assert conn.rows("SELECT time FROM hr_point ORDER BY time") == [(0,), (1,), (2,)]
        assert conn.rows("SELECT points FROM hr_series") == [(3,)]


def test_a_close_answers_everything_that_was_queued(url: str) -> None:
    store = open_store(url)
    answers = Answers()
    for number in range(2 * MAX_GROUP):
        store.writer.submit(Job(_insert(f"n{number}"), answers, number))
    store.close()
    assert {type(outcome) for outcome in answers.outcomes().values()} == {int}
    assert len(answers.outcomes()) == 2 * MAX_GROUP
    assert query(url, "SELECT count(*) FROM hr_key") == [(2 * MAX_GROUP,)]


def test_every_job_is_answered_though_the_writer_closes_meanwhile(url: str) -> None:
    store = open_store(url)
    outcomes: list[str] = []

    def write(thread: int) -> None:
        for number in range(10_000):
            try:
                store.writer.call(_insert(f"t{thread}n{number}"))
            except Unavailable:
                return
            outcomes.append(f"t{thread}n{number}")

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    while len(outcomes) < 200:
        threads[0].join(0.01)
    store.close()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert {row[0] for row in query(url, "SELECT name FROM hr_key")} == set(outcomes)


def test_a_job_after_the_close_is_refused(store: Store) -> None:
    store.close()
    with pytest.raises(Unavailable, match="is stopping"):
        store.writer.call(_insert("a"))
    store.close()  # a second time does no harm


def test_too_many_waiting_jobs_are_refused_and_the_rest_is_written(store: Store) -> None:
    with one_group(store) as answers:
        for number in range(MAX_WAITING):
            store.writer.submit(Job(lambda _tx: True, answers, number))
        with pytest.raises(TooManyRequests, match="10000 writes are waiting"):
            store.writer.submit(Job(lambda _tx: True, answers, "one more"))
    assert len(answers.outcomes()) == MAX_WAITING
    assert store.writer.call(_insert("a")) == 1


def test_whoever_has_stopped_waiting_does_not_stop_the_writer(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(_jobs: list[Job]) -> None:
        raise RuntimeError("Event loop is closed")

    with caplog.at_level(logging.WARNING, "headrace.store"), one_group(store) as answers:
        store.writer.submit(Job(_insert("a"), gone, None))
        store.writer.submit(Job(_insert("b"), answers, "b"))
    assert _names(store) == ["a", "b"]
    assert answers.outcomes() == {"b": 2}
    assert caplog.messages == ["1 answers came too late: whoever waited for them is gone."]


@pytest.fixture
def hasty(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that waits for other programs' locks for a twentieth of a second."""
    monkeypatch.setenv("HEADRACE_BUSY_TIMEOUT_MS", "50")
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.mark.databases("sqlite", reason="a lock on the whole file")
def test_a_lock_of_another_program_is_answered_to_the_whole_group_and_passes(hasty: Store, url: str) -> None:
    assert hasty.writer.call(_insert("before")) == 1
    with closing(sqlite3.connect(sqlite_path(url), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with one_group_failing(hasty) as answers:
            for ticket, work in enumerate([_insert("a"), _insert("b")]):
                hasty.writer.submit(Job(work, answers, ticket))
        assert {type(outcome) for outcome in answers.outcomes().values()} == {Unavailable}
        assert "locked by another program for more than 0.05 s" in str(answers.outcomes()[0])
        assert _names(hasty) == ["before"]  # readers go on
        other.execute("ROLLBACK")
    assert hasty.writer.call(_insert("after")) == 2
    assert _names(hasty) == ["before", "after"]


@contextmanager
def one_group_failing(store: Store) -> Iterator[Answers]:
    """Collect jobs, and wait until all of them are answered though none can be written."""
    answers = Answers()
    yield answers
    with pytest.raises(Unavailable):
        store.writer.call(lambda _tx: None)


def _limit_pages(tx: Transaction, more: int) -> None:
    pages = tx.row("PRAGMA page_count")
    assert pages is not None
    tx.row(f"PRAGMA max_page_count = {pages[0] + more}")


@pytest.mark.databases("sqlite", reason="limits the pages of its file")
def test_a_full_disk_is_answered_and_passes(store: Store) -> None:
    store.writer.call(_insert("before"))
    store.writer.call(lambda tx: _limit_pages(tx, 4))
    with pytest.raises(StorageFull, match=r"cannot grow .*Nothing of this call was stored"):
        store.writer.call(lambda tx: [_insert(f"{number}{'x' * 4000}")(tx) for number in range(100)])
    assert _names(store) == ["before"]
    assert store.writer.call(_insert("after")) == 2  # the limit went with its connection
    store.writer.call(lambda tx: [_insert(f"{number}{'x' * 4000}")(tx) for number in range(100)])
    assert len(_names(store)) == 102


def test_futures_are_settled_with_result_or_error(store: Store) -> None:
    with pytest.raises(HeadraceError, match="refused"):
        store.writer.call(_refuse)
    assert store.writer.call(lambda _tx: "result") == "result"
