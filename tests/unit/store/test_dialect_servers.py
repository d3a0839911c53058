"""What the dialects of database servers make of statements, URLs and errors; no server is needed."""

import struct

import psycopg
import pymysql
import pytest
from psycopg import errors
from sqlalchemy import make_url

from headrace.base.errors import HeadraceError, InvalidParameter, StorageFull, StoreError, Unavailable
from headrace.store.address import parse_address
from headrace.store.dialect import Dialect
from headrace.store.dialects import arrays
from headrace.store.dialects.mysql import MysqlDialect
from headrace.store.dialects.postgresql import PostgresqlDialect
from headrace.store.dialects.values import find_values_statement, write_statements

POSTGRESQL, MYSQL = PostgresqlDialect(), MysqlDialect()


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://ann:x@db/runs", "postgresql+psycopg"),
        ("postgres://ann:x@db/runs", "postgresql+psycopg"),
        ("postgresql+psycopg2://ann:x@db/runs?sslmode=require", "postgresql+psycopg"),
        ("postgresql+asyncpg://ann:x@db/runs", "postgresql+psycopg"),
        ("mysql://ann:x@db/runs", "mysql+pymysql"),
        ("mysql+mysqlconnector://ann:x@db/runs", "mysql+pymysql"),
        ("mysql+mysqldb://ann:x@db/runs", "mysql+pymysql"),
        ("mariadb+pymysql://ann:x@db/runs", "mysql+pymysql"),
    ],
)
def test_urls_as_mlflow_writes_them_are_understood(given: str, driver: str) -> None:
    address = parse_address(given)
    url = make_url(address.text)
    assert address.backend == url.get_backend_name() or given.startswith("mariadb")
    assert url.drivername == driver
    assert (url.username, url.password, url.host, url.database) == ("ann", "x", "db", "runs")
    if "sslmode" in given:
        assert url.query["sslmode"] == "require"


@pytest.mark.parametrize("given", ["postgresql://ann:secret@db:port/runs", "mysql://ann:secret@db:port/runs"])
def test_a_url_that_is_none_is_refused_without_its_password(given: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_address(given)
    assert "is no database URL" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "on_postgresql", "on_mysql"),
    [
        (
            "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO NOTHING",
            "INSERT INTO t (a, b) VALUES (%s, %s) ON CONFLICT (a) DO NOTHING",
            "INSERT IGNORE INTO t (a, b) VALUES (%s, %s)",
        ),
        (
            "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO UPDATE SET b = t.b + excluded.b",
            "INSERT INTO t (a, b) VALUES (%s, %s) ON CONFLICT (a) DO UPDATE SET b = t.b + excluded.b",
            "INSERT INTO t (a, b) VALUES (%s, %s) ON DUPLICATE KEY UPDATE b = t.b + VALUES(b)",
        ),
        ("SELECT a % ? FROM t", "SELECT a %% %s FROM t", "SELECT a %% %s FROM t"),
        (
            "SELECT a FROM t CROSS JOIN u ON u.b = t.a",
            "SELECT a FROM t JOIN u ON u.b = t.a",
            "SELECT a FROM t STRAIGHT_JOIN u ON u.b = t.a",
        ),
    ],
)
def test_statements_are_written_in_the_words_of_the_database(
    text: str, on_postgresql: str, on_mysql: str
) -> None:
    assert POSTGRESQL.sql(text) == on_postgresql
    assert MYSQL.sql(text) == on_mysql


def test_an_insert_of_many_rows_takes_one_array_for_each_column() -> None:
    found = arrays.find_array_statement(
        "INSERT INTO hr_tag (run, key_id, value, digest, scope) VALUES (?, ?, ?, ?, 7) ON CONFLICT (run, key_id) DO NOTHING"
    )
    assert found is not None
    assert found.kinds == ("bigint", "bigint", "text", "bigint")
    assert found.text == (
        "INSERT INTO hr_tag (run, key_id, value, digest, scope) SELECT unnest(%s::bigint[]), unnest(%s::bigint[]), unnest(%s::text[]), "
        "unnest(%s::bigint[]), 7 ON CONFLICT (run, key_id) DO NOTHING"
    )


def test_an_update_of_many_rows_takes_one_array_for_each_parameter() -> None:
    found = arrays.find_array_statement("UPDATE hr_series SET points = points - ?, is_nan = ? WHERE id = ?")
    assert found is not None
    assert found.kinds == ("bigint", "smallint", "bigint")
    assert found.text == (
        "UPDATE hr_series SET points = points - g0, is_nan = g1 "
        "FROM (SELECT unnest(%s::bigint[]) AS g0, unnest(%s::smallint[]) AS g1, unnest(%s::bigint[]) AS g2) given WHERE id = g2"
    )


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM hr_tag WHERE run = ?",
        "UPDATE hr_run SET name = ? WHERE id IN (SELECT run FROM hr_tag WHERE key_id = ? AND value LIKE ?)",
        "INSERT INTO hr_tag (run, key_id) SELECT run, ? FROM hr_run",
    ],
)
def test_statements_of_another_form_are_left_as_they_are(text: str) -> None:
    assert arrays.find_array_statement(text) is None
    assert find_values_statement(text, MYSQL.sql) is None


def test_arrays_are_sent_in_the_form_that_is_quickest() -> None:
    assert arrays.as_array("bigint", [1, None, -(2**63)]) == "{1,NULL,-9223372036854775808}"
    assert arrays.as_array("text", ("a", None)) == ["a", None]
    packed = arrays.as_array("bigint", [2**63 - 1, -2, True])
    head = struct.pack(">iiiii", 1, 0, 20, 3, 1)
    items = b"".join(struct.pack(">iq", 8, value) for value in (2**63 - 1, -2, 1))
    assert packed.data == head + items


def _escape(text: str, row: object) -> str:
    return f"escaped {row}"


def test_values_are_written_out_and_texts_are_left_to_the_driver() -> None:
    numbers = find_values_statement(
        "INSERT INTO hr_context_series (context, series) VALUES (?, ?) ON CONFLICT (context, series) DO NOTHING",
        MYSQL.sql,
    )
    assert numbers is not None
    assert list(write_statements(numbers, [(1, 2), (3, 4)], _escape, 1000)) == [
        "INSERT IGNORE INTO hr_context_series (context, series) VALUES (1, 2),(3, 4)"
    ]
    texts = find_values_statement("UPDATE hr_key SET name = ? WHERE id = ?", MYSQL.sql)
    assert texts is not None
    assert list(write_statements(texts, [("a", 1), ("b", 2)], _escape, 1000)) == [
        "UPDATE hr_key, (escaped ('a', 1) UNION ALL escaped ('b', 2)) given SET name = g0 WHERE id = g1"
    ]


def test_a_statement_does_not_grow_without_bounds() -> None:
    statement = find_values_statement(
        "INSERT INTO hr_context_series (context, series) VALUES (?, ?)", MYSQL.sql
    )
    assert statement is not None
    rows = [(number, number) for number in range(1000)]
    texts = list(write_statements(statement, rows, _escape, 500))
    assert sum(text.count("(") - 1 for text in texts) == len(rows)
    assert max(map(len, texts)) < 700


@pytest.mark.parametrize(
    ("dialect", "error", "kind"),
    [
        (POSTGRESQL, errors.DiskFull("no space left"), StorageFull),
        (POSTGRESQL, errors.ReadOnlySqlTransaction("read only"), Unavailable),
        (POSTGRESQL, errors.InsufficientPrivilege("permission denied for table hr_run"), StoreError),
        (POSTGRESQL, errors.CannotConnectNow("the database system is starting up"), Unavailable),
        (POSTGRESQL, psycopg.OperationalError("connection failed: refused"), Unavailable),
        (MYSQL, pymysql.OperationalError(1021, "Disk full"), StorageFull),
        (MYSQL, pymysql.OperationalError(1290, "--read-only"), Unavailable),
        (MYSQL, pymysql.OperationalError(1142, "command denied"), StoreError),
        (MYSQL, pymysql.OperationalError(2003, "Can't connect"), Unavailable),
    ],
)
def test_an_error_of_the_whole_database_says_what_to_do(
    dialect: Dialect, error: Exception, kind: type[HeadraceError]
) -> None:
    shown = dialect.translate(error)
    assert type(shown) is kind
    assert not dialect.is_lost_race(error)


@pytest.mark.parametrize(
    ("dialect", "error"),
    [
        (POSTGRESQL, errors.DeadlockDetected("deadlock")),
        (POSTGRESQL, errors.SerializationFailure("could not serialize")),
        (POSTGRESQL, errors.UniqueViolation("duplicate key")),
        (POSTGRESQL, errors.LockNotAvailable("lock timeout")),
        (MYSQL, pymysql.OperationalError(1213, "Deadlock found")),
        (MYSQL, pymysql.OperationalError(1205, "Lock wait timeout")),
        (MYSQL, pymysql.IntegrityError(1062, "Duplicate entry")),
    ],
)
def test_a_lost_race_is_known_and_is_no_error_of_the_whole_database(
    dialect: Dialect, error: Exception
) -> None:
    assert dialect.is_lost_race(error)
    assert dialect.translate(error) is None


@pytest.mark.parametrize(
    ("dialect", "error", "lost"),
    [
        (POSTGRESQL, errors.AdminShutdown("terminating connection"), True),
        (POSTGRESQL, errors.IdleInTransactionSessionTimeout("terminating connection"), True),
        (POSTGRESQL, psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (POSTGRESQL, psycopg.OperationalError("connection failed: connection refused"), False),
        (POSTGRESQL, errors.UndefinedTable("no table"), False),
        (MYSQL, pymysql.OperationalError(2006, "gone away"), True),
        (MYSQL, pymysql.OperationalError(2013, "Lost connection"), True),
        (MYSQL, pymysql.OperationalError(2003, "Can't connect"), False),
        (MYSQL, pymysql.ProgrammingError(1146, "no table"), False),
    ],
)
def test_a_cut_connection_is_told_from_one_that_cannot_be_made(
    dialect: Dialect, error: Exception, lost: bool
) -> None:
    assert dialect.is_lost_connection(error) is lost
