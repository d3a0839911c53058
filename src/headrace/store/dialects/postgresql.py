"""PostgreSQL, by psycopg 3: several servers write at once, and rows are locked.

Statements for many rows go as arrays in one statement: see `headrace.store.dialects.arrays`.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, cast

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types.numeric import Int8BinaryDumper, NumericBinaryLoader

from headrace.base.errors import HeadraceError
from headrace.store.address import Address
from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.dialect import KEPT_TEXTS, Dialect, Inserted, Purpose
from headrace.store.dialects.arrays import Packed, PackedBytes, PackedTexts, as_array, find_array_statement
from headrace.store.dialects.expected_rows import UPDATE, UPDATE_ONE
from headrace.store.dialects.pipeline import Cursor, Pipeline
from headrace.store.dialects.server_pool import ServerPool, open_server_pool
from headrace.store.dialects.troubles import Trouble, explain
from headrace.store.driver import Cursor as DriverCursor
from headrace.store.driver import PooledConnection

CONNECT_TIMEOUT_S = 10
IDLE_IN_TRANSACTION_MS = 15_000
"""A server that stands still in the middle of a transaction loses it after this time, and its locks: others would wait for it."""
LOCK_TIMEOUT_MS = 30_000
UNHEARD_MS = 30_000
"""A database whose machine has not acknowledged what was sent to it for so long is gone; the system by itself would try for a quarter of an hour."""
ROWS_AT_ONCE = 20_000
TRUSTED_S = 1.0
"""A connection that lay in its pool for less than this is taken to be as it was, unless it says that it is not."""
_FENCE = "LOCK TABLE hr_clock IN ACCESS SHARE MODE"
_PIPELINE, _USED = "headrace-pipeline", "headrace-used"

MANY_POINTS = 100
_INSERT_NEW_POINT = "INSERT INTO hr_point (series, time, step, code, n) VALUES (?, ?, ?, ?, 0)"
_INSERT_POINTS = f"""
WITH given AS (
    INSERT INTO hr_point (series, time, step, code, n)
    SELECT unnest(%s::bigint[]), unnest(%s::bigint[]), unnest(%s::bigint[]), unnest(%s::bigint[]), 0
    ON CONFLICT DO NOTHING RETURNING series, code
)
SELECT series, count(*), count(*) FILTER (WHERE code NOT BETWEEN {LOWEST} AND {HIGHEST}) FROM given GROUP BY series"""
# Ids are given in the order of the rows, as in `insert_each`; so the n-th of them belongs to the n-th row.
_INSERT_CHUNKS = """
WITH stored AS (
    INSERT INTO hr_chunk_data (blocks, points) SELECT unnest(%s::bytea[]), unnest(%s::bytea[]) RETURNING id
)
INSERT INTO hr_chunk (series, id, bounds)
SELECT unnest(%s::bigint[]), unnest(ids), unnest(%s::bytea[]) FROM (SELECT array_agg(id ORDER BY id) AS ids FROM stored) numbered"""
_ASK_IDS = (
    "SELECT nextval((SELECT pg_get_serial_sequence('{table}', 'id'))) FROM generate_series(1, %s::bigint)"
)
_MOVE_CLOCK = """
WITH moved AS (UPDATE hr_clock SET value = value + 1 WHERE id = 1 RETURNING value)
INSERT INTO hr_change (clock, kind, subject, experiment)
SELECT value, unnest(%s::smallint[]), unnest(%s::bigint[]), unnest(%s::bigint[]) FROM moved
RETURNING clock"""

_LOST_RACES = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
    errors.UniqueViolation,
    errors.DivisionByZero,  # how `headrace.store.expected` says that something is not as expected
)
_LIKE = re.compile(r"\bLIKE \?")


# The first that fits counts.
_TROUBLES: tuple[tuple[tuple[type[Exception], ...], Trouble], ...] = (
    ((errors.DiskFull,), Trouble.DISK_FULL),
    ((errors.ReadOnlySqlTransaction,), Trouble.READ_ONLY),
    ((errors.InsufficientPrivilege,), Trouble.REFUSED),
    ((psycopg.OperationalError, psycopg.InterfaceError), Trouble.NO_ANSWER),
)


class PostgresqlDialect(Dialect):
    """PostgreSQL 14 or later."""

    name = "postgresql"
    drivername = "postgresql+psycopg"
    begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED"
    begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    errors = (psycopg.Error,)
    inserts_together = True
    seals_at_once = True
    asks_ahead = True
    sorts_first = True
    version_sql = "SELECT current_setting('server_version')"
    now_sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"

    def open_pool(self, address: Address, purpose: Purpose, *, size: int = 1) -> ServerPool:
        """See `Dialect.open_pool`."""

        def prepare(connection: psycopg.Connection) -> None:
            connection.autocommit = True
            for kind in (int, bool):
                connection.adapters.register_dumper(kind, Int8BinaryDumper)
            connection.adapters.register_dumper(Packed, _PackedDumper)
            connection.adapters.register_dumper(PackedBytes, _PackedBytesDumper)
            connection.adapters.register_dumper(PackedTexts, _PackedTextsDumper)
            connection.adapters.register_loader("numeric", _IntegerLoader)
            connection.adapters.register_loader("numeric", _IntegerBinaryLoader)
            settings = {
                "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS
                if purpose is Purpose.WRITE
                else 0,
                "lock_timeout": LOCK_TIMEOUT_MS,
                "jit": "off",
                # What is prepared is planned once. To plan for the parameters of each call takes longer than most calls, and brings no other plan.
                "plan_cache_mode": "force_generic_plan",
                # Every query has an index to walk. Of tables that were filled a moment ago the planner knows nothing, and would read them whole.
                "enable_seqscan": "off",
                "enable_bitmapscan": "off",
                "max_parallel_workers_per_gather": "0",
                "timezone": "UTC",
            }
            connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))

        return open_server_pool(
            address,
            size,
            prepare,
            {
                "connect_timeout": CONNECT_TIMEOUT_S,
                "application_name": "headrace",
                "keepalives_idle": 30,
                "keepalives_interval": 10,
                "keepalives_count": 3,
                "tcp_user_timeout": UNHEARD_MS,
            },
            pool_use_lifo=True,  # what a connection has prepared is of use to the next
            use_native_hstore=False,  # each new connection would ask for that type
        )

    def translate(self, error: Exception) -> HeadraceError | None:
        """See `Dialect.translate`."""
        if isinstance(error, _LOST_RACES):
            return None
        found = next((trouble for kinds, trouble in _TROUBLES if isinstance(error, kinds)), None)
        return explain(found, _first_line(error))

    def is_lost_race(self, error: Exception) -> bool:
        """See `Dialect.is_lost_race`."""
        return isinstance(error, _LOST_RACES)

    def is_lost_connection(self, error: Exception) -> bool:
        """See `Dialect.is_lost_connection`. Errors of connecting have no connection to lose."""
        if isinstance(
            error, (errors.AdminShutdown, errors.CrashShutdown, errors.IdleInTransactionSessionTimeout)
        ):
            return True
        # Errors that the client's library finds have no SQLSTATE.
        return (
            isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
            and getattr(error, "sqlstate", None) is None
            and not isinstance(error, psycopg.errors.ConnectionTimeout)
            and "connection failed" not in str(error)
        )

    def sql(self, text: str) -> str:
        """See `Dialect.sql`."""
        return _rewrite(text)

    def fold(self, column: str, letters: Sequence[tuple[str, str]]) -> tuple[str, list[Any]]:
        """See `Dialect.fold`."""
        if not letters:
            return column, []
        return f"translate({column}, ?, ?)", ["".join(each) for each in zip(*letters, strict=True)]

    def insert_each(self, cursor: DriverCursor, text: str, rows: Sequence[Sequence[Any]]) -> list[int]:
        """See `Dialect.insert_each`: one statement, and ids sorted, because PostgreSQL promises no order of what it returns."""
        statement = find_array_statement(text) if len(rows) > 1 else None
        returned = f" RETURNING {_own_id(text)}"
        if statement is not None:
            columns = zip(*rows, strict=True)
            given = [as_array(kind, each) for kind, each in zip(statement.kinds, columns, strict=True)]
            cursor.execute(statement.text + returned, given)
            return sorted(row[0] for row in cursor.fetchall())
        ids = []
        for row in rows:
            cursor.execute(_rewrite(text + returned), row)
            ids += [found[0] for found in cursor.fetchall()]
        return ids

    def ask_ids(self, cursor: DriverCursor, table: str, count: int) -> Callable[[], list[tuple[Any, ...]]]:
        """See `Dialect.ask_ids`."""
        cursor.execute(_ASK_IDS.replace("{table}", table), (count,))
        return self.answer(cursor)

    def update_expected(self, cursor: DriverCursor, rows: Sequence[Sequence[Any]]) -> None:
        """See `Dialect.update_expected`."""
        if len(rows) == 1:
            cursor.execute(UPDATE_ONE, rows[0])
            return
        kinds = UPDATE.kinds
        given = [as_array(kind, each) for kind, each in zip(kinds, zip(*rows, strict=True), strict=True)]
        cursor.execute(UPDATE.text, [*given, len(rows)])

    def insert_chunks(self, cursor: DriverCursor, rows: Sequence[tuple[int, bytes, bytes, bytes]]) -> None:
        """See `Dialect.insert_chunks`: one statement, so that nobody waits for the ids."""
        series, bounds, blocks, points = zip(*rows, strict=True)
        data = as_array("bytea", blocks), as_array("bytea", points)
        cursor.execute(_INSERT_CHUNKS, (*data, as_array("bigint", series), as_array("bytea", bounds)))

    def execute_many(self, cursor: DriverCursor, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """See `Dialect.execute_many`: one statement over arrays where the text has a form that allows it."""
        for _ in _execute_parts(cursor, text, rows):
            pass

    def count_many(self, cursor: DriverCursor, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """See `Dialect.count_many`."""
        return sum(cursor.rowcount for _ in _execute_parts(cursor, text, rows))

    def insert_points(
        self, cursor: DriverCursor, rows: Sequence[tuple[int, int, int, int]]
    ) -> dict[int, Inserted] | None:
        """See `Dialect.insert_points`.

        Looking for conflicts doubles the cost of a row, so that many rows are inserted as if there were none. Measured: 1,000 rows in 2.3 ms
        instead of 4.5.
        """
        if len(rows) >= MANY_POINTS:
            cursor.execute("SAVEPOINT points")
            try:
                self.count_many(cursor, _INSERT_NEW_POINT, rows)
            except errors.UniqueViolation:
                cursor.execute("ROLLBACK TO SAVEPOINT points")
            else:
                cursor.execute("RELEASE SAVEPOINT points")
                return None
        cursor.execute(_INSERT_POINTS, [as_array("bigint", column) for column in zip(*rows, strict=True)])
        found = {series: Inserted(points, nans) for series, points, nans in cursor.fetchall()}
        return None if sum(each.points for each in found.values()) == len(rows) else found

    def commit(self, connection: Any, cursor: DriverCursor, touched: Sequence[tuple[int, int, int]]) -> int:
        """See `Dialect.commit`. All goes in one message: who waits for the clock waits for no round trip."""
        pipeline = _find_pipeline(connection)
        if touched:
            kinds, subjects, experiments = zip(*touched, strict=True)
            given = as_array("smallint", kinds), as_array("bigint", subjects), as_array("bigint", experiments)
            cursor.execute(_MOVE_CLOCK, given)
        pipeline.ask("COMMIT")
        pipeline.flush()
        row = cursor.fetchone() if touched else (0,)
        assert row is not None
        clock: int = row[0]
        return clock

    def open_cursor(self, connection: PooledConnection) -> DriverCursor:
        """See `Dialect.open_cursor`."""
        return cast("DriverCursor", Cursor(_find_pipeline(connection)))

    def begin_reading(self, connection: PooledConnection, cursor: DriverCursor) -> None:
        """See `Dialect.begin_reading`. On a connection that was used a moment ago it goes with the first query."""
        pipeline = _find_pipeline(connection)
        pipeline.look()
        cursor.execute(self.begin_read)
        if time.monotonic() - connection.info.get(_USED, 0.0) > TRUSTED_S:
            pipeline.flush()

    def roll_back(self, connection: PooledConnection, *, wait: bool = True) -> None:
        """See `Dialect.roll_back`."""
        _find_pipeline(connection).roll_back(wait=wait)
        connection.info[_USED] = time.monotonic()

    def ask_in(
        self, cursor: DriverCursor, text: str, ids: Sequence[Any], before: Sequence[Any]
    ) -> Callable[[], list[tuple[Any, ...]]]:
        """See `Dialect.ask_in`: the list is one parameter, so that the statement is prepared once for all lengths."""
        if not ids:
            return list
        given = Packed(ids) if type(ids[0]) is int else list(ids)
        cursor.execute(
            _rewrite(text.replace("IN ({ids})", "= ANY(?)")), [*before, *[given] * text.count("{ids}")]
        )
        return self.answer(cursor)

    def change_in(
        self, cursor: DriverCursor, text: str, ids: Sequence[Any], before: Sequence[Any]
    ) -> Iterator[int]:
        """See `Dialect.change_in`: one statement, which is waited for if the count is asked for."""
        given = Packed(ids) if type(ids[0]) is int else list(ids)
        cursor.execute(_rewrite(text.replace("IN ({ids})", "= ANY(?)")), [*before, given])
        return (cursor.rowcount for _ in range(1))

    def answer(self, cursor: DriverCursor) -> Callable[[], list[tuple[Any, ...]]]:
        """See `Dialect.answer`."""
        return cast("Cursor", cursor).answer()


def _find_pipeline(connection: PooledConnection) -> Pipeline:
    """Return the one pipeline of a connection."""
    info = connection.info
    found: Pipeline | None = info.get(_PIPELINE)
    if found is None:
        driver: Any = connection.driver_connection
        found = info[_PIPELINE] = Pipeline(driver, _FENCE)
    return found


def _execute_parts(cursor: DriverCursor, text: str, rows: Sequence[Sequence[Any]]) -> Iterator[None]:
    """Run a statement for rows, as many statements as it takes, and stop after each."""
    statement = find_array_statement(text) if len(rows) > 1 else None
    if statement is None:
        for row in rows:
            cursor.execute(_rewrite(text), row)
            yield
        return
    for start in range(0, len(rows), ROWS_AT_ONCE):
        columns = zip(*rows[start : start + ROWS_AT_ONCE], strict=True)
        cursor.execute(
            statement.text,
            [as_array(kind, each) for kind, each in zip(statement.kinds, columns, strict=True)],
        )
        yield


class _PackedDumper(Dumper):
    """Sends integers that are packed already."""

    oid = 1016  # bigint[]
    format = Format.BINARY

    def dump(self, obj: Packed | PackedBytes) -> bytes:
        """Return the bytes."""
        return obj.data


class _PackedBytesDumper(_PackedDumper):
    oid = 1001  # bytea[]


class _PackedTextsDumper(_PackedDumper):
    oid = 1009  # text[]


class _IntegerLoader(Loader):
    """Loads sums of integers, which PostgreSQL gives as numerics."""

    def load(self, data: Buffer) -> int | float:
        """Return the number."""
        text = bytes(data)
        return float(text) if b"." in text or b"N" in text else int(text)


class _IntegerBinaryLoader(NumericBinaryLoader):
    """The same in binary."""

    def load(self, data: Buffer) -> Any:
        """Return the number."""
        number = super().load(data)
        is_integer = number.is_finite() and number.as_tuple().exponent == 0
        return int(number) if is_integer else float(number)


@lru_cache(KEPT_TEXTS)
def _rewrite(text: str) -> str:
    text = _LIKE.sub("LIKE ? ESCAPE ''", text)
    text = text.replace("CROSS JOIN", "JOIN")  # always with ON: SQLite's word for an order of joins
    return text.replace("%", "%%").replace("?", "%s")


@cache
def _own_id(insert: str) -> str:
    return "number" if "INTO hr_writer" in insert else "id"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
