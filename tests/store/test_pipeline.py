"""Statements on a connection to PostgreSQL that are sent together: the same outcome as one by one, with fewer round trips."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from headrace.api.endpoint import Tag
from headrace.store import annotations, runs, series
from headrace.store.dialect import LostRace
from headrace.store.dialects import pipeline as pipelines
from headrace.store.dialects.arrays import as_array
from headrace.store.dialects.pipeline import Cursor, Pipeline
from headrace.store.dialects.postgresql import PostgresqlDialect
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.transaction import RunRef, Transaction

pytestmark = pytest.mark.databases("postgresql", reason="other drivers wait for each statement")


FENCE = "LOCK TABLE number IN ACCESS SHARE MODE"


@pytest.fixture
def connection(url: str) -> Iterator["psycopg.Connection[Any]"]:
    parsed = make_url(url)
    with psycopg.connect(parsed.set(drivername="postgresql").render_as_string(hide_password=False)) as opened:
        opened.autocommit = True
        opened.execute("CREATE TABLE number (value bigint PRIMARY KEY)")
        yield opened


@pytest.fixture
def cursor(connection: "psycopg.Connection[Any]") -> Cursor:
    return Cursor(Pipeline(connection, FENCE))


def _count(connection: "psycopg.Connection[Any]") -> int:
    cursor = Cursor(Pipeline(connection, FENCE))
    (found,) = cursor.execute("SELECT count(*) FROM number").fetchall()
    return int(found[0])


def test_nothing_is_sent_before_an_answer_is_asked_for(
    connection: "psycopg.Connection[Any]", cursor: Cursor
) -> None:
    for value in range(10):
        cursor.execute("INSERT INTO number VALUES (%s)", (value,))
    assert _count(connection) == 0
    assert cursor.rowcount == 1
    assert _count(connection) == 10


def test_answers_belong_to_their_questions_in_whatever_order_they_are_taken(cursor: Cursor) -> None:
    answers = []
    for value in range(200):
        cursor.execute("SELECT %s::bigint, %s::text", (value, str(value)))
        answers.append(cursor.answer())
    assert [answer() for answer in reversed(answers)] == [
        [(value, str(value))] for value in reversed(range(200))
    ]


def test_a_statement_that_fails_is_told_at_the_next_answer_and_nothing_behind_it_is_run(
    connection: "psycopg.Connection[Any]", cursor: Cursor
) -> None:
    cursor.execute("BEGIN")
    for value in (1, 1, 2):
        cursor.execute("INSERT INTO number VALUES (%s)", (value,))
    with pytest.raises(psycopg.errors.UniqueViolation):
        cursor.execute("SELECT 1").fetchall()
    cursor.pipeline.roll_back(wait=True)
    assert _count(connection) == 0
    for value in (1, 2, 3):
        cursor.execute("INSERT INTO number VALUES (%s)", (value,))
    assert cursor.rowcount == 1
    assert _count(connection) == 3


def test_a_statement_that_cannot_be_prepared_fails_each_time_and_harms_no_other(cursor: Cursor) -> None:
    for _ in range(4):
        with pytest.raises(psycopg.errors.UndefinedTable):
            cursor.execute("SELECT * FROM nowhere WHERE value = %s", (1,)).fetchall()
        assert cursor.execute("SELECT %s::bigint", (7,)).fetchall() == [(7,)]


def test_what_was_not_sent_is_forgotten_with_its_transaction(
    connection: "psycopg.Connection[Any]", cursor: Cursor
) -> None:
    for _ in range(3):
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO number VALUES (%s)", (1,))
        cursor.pipeline.roll_back(wait=False)
        assert cursor.execute("SELECT count(*) FROM number").fetchall() == [(0,)]
    assert _count(connection) == 0


def test_more_statements_than_stay_prepared_are_run_as_well(
    monkeypatch: pytest.MonkeyPatch, connection: "psycopg.Connection[Any]", cursor: Cursor
) -> None:
    monkeypatch.setattr(pipelines, "MOST_PREPARED", 20)
    for again in range(3):
        for number in range(50):
            query = f"SELECT %s::bigint + {number}"
            for _ in range(3):
                assert cursor.execute(query, (again,)).fetchall() == [(number + again,)]
    ((kept,),) = connection.execute(
        "SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql"
    ).fetchall()
    assert kept <= 21


def test_much_may_go_both_ways_at_once(cursor: Cursor) -> None:
    text = "x" * 2_000_000
    answers = []
    for _ in range(30):
        cursor.execute("SELECT %s::text || 'y'", (text,))
        answers.append(cursor.answer())
    assert {len(answer()[0][0]) for answer in answers} == {len(text) + 1}


def test_a_connection_that_is_cut_is_told_from_statements_that_fail(
    connection: "psycopg.Connection[Any]", cursor: Cursor, url: str
) -> None:
    dialect = PostgresqlDialect()
    number = connection.info.backend_pid
    parsed = make_url(url).set(drivername="postgresql")
    with psycopg.connect(parsed.render_as_string(hide_password=False)) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))
    for _ in range(3):
        with pytest.raises(psycopg.Error) as caught:
            cursor.execute("SELECT 1").fetchall()
        assert dialect.is_lost_connection(caught.value)
    with pytest.raises(psycopg.Error) as caught:
        cursor.pipeline.look()
    assert dialect.is_lost_connection(caught.value)


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements were answered together, each time that somebody waited, from the beginning of the test on."""
    sent: list[int] = []
    send = Pipeline.send

    def count(self: Pipeline) -> None:
        waiting = len(self._queue) + (0 if self._synced else len(self._sent))
        if waiting:
            sent.append(waiting)
        send(self)

    monkeypatch.setattr(Pipeline, "send", count)
    return sent


def _log(run_id: str, steps: range) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        run = runs.get_run(tx, run_id)
        key = intern_keys(tx, ["loss"])["loss"]
        series.add_points(tx, run, key, series.NO_CONTEXT, [(step, step, step) for step in steps])

    return work


def test_a_point_costs_three_round_trips(
    store: Store, make_run: Callable[..., RunRef], trips: list[int]
) -> None:
    run = make_run(store)
    for step in range(5):
        trips.clear()
        store.writer.call(_log(run.run_id, range(step, step + 1)))
    assert len(trips) == 3


def test_values_of_a_run_cost_five_round_trips_however_many_they_are(
    store: Store, make_run: Callable[..., RunRef], trips: list[int]
) -> None:
    names = {f"p{number}": "v" for number in range(40)}

    def work(run_id: str) -> Callable[[Transaction], None]:
        def log(tx: Transaction) -> None:
            run = runs.get_run(tx, run_id)
            annotations.insert_params(tx, run, annotations.check_params(tx, run, names))
            annotations.set_tags(tx, run, [Tag(key=name, value="t") for name in names])
            for number in intern_keys(tx, names).values():
                series.add_points(tx, run, number, series.NO_CONTEXT, [(1, 1, 1)])

        return log

    for each in ("a", "b", "c"):
        run = make_run(store, each)
        trips.clear()
        store.writer.call(work(run.run_id))
    assert len(trips) == 5


def test_a_run_with_all_its_data_is_read_in_two_round_trips(
    store: Store, make_run: Callable[..., RunRef], trips: list[int]
) -> None:
    run = make_run(store)
    store.writer.call(_log(run.run_id, range(3)))
    trips.clear()
    with store.read() as conn:
        assert runs.build_runs(conn, [run.id], 0)[0].data.metrics
    assert (
        len(trips) - 1 <= 3
    )  # the last one ends the snapshot; the first may be a transaction's begin by itself
    with store.read() as conn:
        trips.clear()
        assert runs.build_runs(conn, [run.id], 0)[0].data.metrics
        assert len(trips) == 1


@pytest.mark.parametrize("count", [1, 2, 100, 101, 5_000])
def test_arrays_come_as_they_were_sent(store: Store, count: int) -> None:
    numbers = [(-1) ** place * (place << 44) + place for place in range(count - 1)] + [-(2**63)]
    texts = [("", "ü😀" * place, "'\\{},\"", " NULL ")[place % 4] for place in range(count)]
    data = [bytes(range(256))[place % 250 :] for place in range(count)]
    query = "SELECT g0, g1, g2 FROM unnest(?::bigint[], ?::text[], ?::bytea[]) WITH ORDINALITY AS given(g0, g1, g2, place) ORDER BY place"
    given = [
        as_array(kind, values) for kind, values in (("bigint", numbers), ("text", texts), ("bytea", data))
    ]
    with store.read() as conn:
        found = conn.rows(query, given)
    assert [(number, text, bytes(raw)) for number, text, raw in found] == list(
        zip(numbers, texts, data, strict=True)
    )


def test_the_last_words_of_a_database_are_told_and_not_that_it_is_gone(
    connection: "psycopg.Connection[Any]", cursor: Cursor
) -> None:
    connection.execute("SET idle_in_transaction_session_timeout = 50")
    cursor.execute("BEGIN")
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]
    time.sleep(0.5)  # nothing tells this side
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        cursor.execute("SELECT 1").fetchall()
    with pytest.raises(psycopg.OperationalError):
        cursor.execute("SELECT 1").fetchall()


def test_a_failure_that_shows_at_the_commit_stores_nothing(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    make_run(store, "a")

    def work(tx: Transaction) -> None:
        tx.change("INSERT INTO hr_key (name) VALUES (?)", ("first",))
        tx.change("UPDATE hr_run SET run_id = NULL WHERE run_id = ?", ("a",))

    with pytest.raises((psycopg.errors.NotNullViolation, LostRace)):
        store.writer.call(work)
    with store.read() as conn:
        assert conn.rows("SELECT name FROM hr_key") == []
        assert conn.rows("SELECT run_id FROM hr_run") == [("a",)]


LONG = "x" * pipelines.AHEAD_BYTES
LOCK = "SELECT pg_advisory_xact_lock(%s), %s::text"


def _begin(cursor: Cursor, *, known: bool) -> None:
    """Begin a transaction, and wait until it is known to be open."""
    cursor.execute("BEGIN")
    if known:
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def _is_locked(connection: "psycopg.Connection[Any]", number: int) -> bool:
    found = connection.execute(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", (number,)
    ).fetchall()
    return bool(found)


def test_the_database_works_on_what_is_long_before_an_answer_is_asked_for(
    connection: "psycopg.Connection[Any]", url: str
) -> None:
    parsed = make_url(url).set(drivername="postgresql")
    with psycopg.connect(parsed.render_as_string(hide_password=False), autocommit=True) as other:
        cursor = Cursor(Pipeline(other, FENCE))
        cursor.execute("BEGIN")
        cursor.execute(LOCK, (7, "short"))
        assert not _is_locked(connection, 7)
        cursor.execute(LOCK, (8, LONG))
        while not _is_locked(connection, 8):
            time.sleep(0.01)
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]
        cursor.pipeline.roll_back(wait=True)
        assert not _is_locked(connection, 8)


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_what_was_sent_ahead_goes_with_its_transaction_whatever_became_of_it(
    connection: "psycopg.Connection[Any]", cursor: Cursor, *, wait: bool, known: bool
) -> None:
    insert = "INSERT INTO number VALUES (%s + length(%s::text))"
    for values in ((1, 2), (1, 1), (1, 2)):
        _begin(cursor, known=known)
        for value in values:
            cursor.execute(insert, (value, LONG))
        cursor.pipeline.roll_back(wait=wait)
        assert cursor.execute("SELECT count(*) FROM number").fetchall() == [(0,)]
    assert cursor.execute(insert, (1, LONG)).rowcount == 1
    assert _count(connection) == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_statement_sent_ahead_that_fails_is_told_at_the_next_answer(cursor: Cursor, *, known: bool) -> None:
    _begin(cursor, known=known)
    for value in (1, 1, 2):
        cursor.execute("INSERT INTO number VALUES (%s + length(%s::text))", (value, LONG))
    with pytest.raises(psycopg.errors.UniqueViolation):
        cursor.execute("SELECT 1").fetchall()
    cursor.pipeline.roll_back(wait=True)
    assert cursor.execute("SELECT count(*) FROM number").fetchall() == [(0,)]


@pytest.mark.parametrize("begin", ["BEGIN NOTHING", "SELECT nothing"])
def test_nothing_is_stored_of_a_transaction_that_could_not_begin(
    connection: "psycopg.Connection[Any]", cursor: Cursor, begin: str
) -> None:
    cursor.execute(begin)
    for value in (1, 2, 3):
        cursor.execute("INSERT INTO number VALUES (%s + length(%s::text))", (value, LONG))
    with pytest.raises(psycopg.ProgrammingError):
        cursor.execute("SELECT 1").fetchall()
    assert _count(connection) == 0


@pytest.mark.parametrize("known", [True, False])
def test_who_stands_still_after_sending_ahead_holds_no_lock_for_long(
    connection: "psycopg.Connection[Any]", url: str, *, known: bool
) -> None:
    parsed = make_url(url).set(drivername="postgresql")
    with psycopg.connect(parsed.render_as_string(hide_password=False), autocommit=True) as other:
        other.execute("SET idle_in_transaction_session_timeout = 200")
        cursor = Cursor(Pipeline(other, FENCE))
        _begin(cursor, known=known)
        cursor.execute(LOCK, (9, LONG))
        while not _is_locked(connection, 9):
            time.sleep(0.01)
        until = time.monotonic() + 10
        while _is_locked(connection, 9):
            assert time.monotonic() < until, "it is held for ever"
            time.sleep(0.01)
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            cursor.execute("SELECT 1").fetchall()
