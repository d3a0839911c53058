"""MySQL and MariaDB, by PyMySQL: several servers write at once, and rows are locked.

Rewritten are what both lack of the statements that SQLite and PostgreSQL share: ``ON CONFLICT``, which names the columns, becomes
``ON DUPLICATE KEY UPDATE``, or ``INSERT IGNORE``, whose other warnings count as errors here.
"""

import re
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import pymysql
from pymysql.constants import CR, ER, FIELD_TYPE
from pymysql.converters import conversions
from sqlalchemy import event

from headrace.base.errors import HeadraceError
from headrace.store.address import Address
from headrace.store.dialect import KEPT_TEXTS, Dialect, Purpose
from headrace.store.dialects.mysql_connection import MysqlConnection
from headrace.store.dialects.server_pool import ServerPool, open_server_pool
from headrace.store.dialects.troubles import Trouble, explain
from headrace.store.dialects.values import find_values_statement, write_statements
from headrace.store.driver import Cursor

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 120
LOCK_TIMEOUT_S = 30
IDLE_IN_TRANSACTION_S = 15
"""A server that stands still in the middle of a transaction loses it after this time, and its locks: others would wait for it."""
MAX_STATEMENT_BYTES = 1_000_000
MAX_SORT_BYTES = 32_000
"""By so much of a text rows are sorted: as much as the longest params and tags have."""
SORT_BUFFER_BYTES = 2_097_152
"""Room for some such rows at least; it is what MariaDB gives a session unless told otherwise."""
MAX_REPLACED = 150
"""So many letters of a pattern are replaced one by one; the database's own lower case must do for more."""

_SQL_MODE = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,PIPES_AS_CONCAT,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
_LOST_RACES = {
    ER.LOCK_DEADLOCK,
    ER.LOCK_WAIT_TIMEOUT,
    ER.DUP_ENTRY,
    1020,  # "Record has changed since last read", of MariaDB
}
# 1927 and 4031 are a connection that the server has ended, of MariaDB and MySQL.
_LOST_CONNECTIONS = {CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, ER.SERVER_SHUTDOWN, 1927, 4031, 0}
_TROUBLES: dict[Trouble, Container[int]] = {
    Trouble.DISK_FULL: {ER.DISK_FULL, ER.RECORD_FILE_FULL, 3},
    Trouble.READ_ONLY: {ER.OPTION_PREVENTS_STATEMENT, 1836},
    Trouble.REFUSED: {ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.TABLEACCESS_DENIED_ERROR},
    # Too many connections, of all or of one user, no memory, packets that did not get through; and what the client's library finds.
    Trouble.NO_ANSWER: {
        *_LOST_CONNECTIONS,
        1040,
        1041,
        1152,
        1158,
        1159,
        1160,
        1161,
        1203,
        1226,
        *range(2000, 3000),
    },
}
_IGNORE = re.compile(r"^(\s*)INSERT INTO (.*?)\s*ON CONFLICT(?: \([^)]*\))? DO NOTHING\s*$", re.DOTALL)
_UPSERT = re.compile(r"ON CONFLICT \([^)]*\) DO UPDATE SET ")
_EXCLUDED = re.compile(r"\bexcluded\.(\w+)")
_LIKE = re.compile(r"\bLIKE \?")


class MysqlDialect(Dialect):
    """MySQL 8.0 or later, MariaDB 10.6 or later."""

    name = "mysql"
    drivername = "mysql+pymysql"
    url_options: ClassVar[Mapping[str, str]] = {"charset": "utf8mb4"}
    begin_write = "START TRANSACTION"
    begin_read = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    errors = (pymysql.MySQLError,)
    for_share = " LOCK IN SHARE MODE"  # MariaDB knows no FOR SHARE, MySQL knows both
    now_sql = "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)"

    def open_pool(self, address: Address, purpose: Purpose, *, size: int = 1) -> ServerPool:
        """See `Dialect.open_pool`."""

        def prepare(connection: "pymysql.Connection[Any]") -> None:
            connection.autocommit(True)
            is_mariadb = "MariaDB" in connection.get_server_info()  # type: ignore[no-untyped-call]
            isolation = "REPEATABLE READ" if purpose is Purpose.READ else "READ COMMITTED"
            settings = {
                "sql_mode": f"'{_SQL_MODE}'",
                "time_zone": "'+00:00'",
                "innodb_lock_wait_timeout": LOCK_TIMEOUT_S,
                "max_sort_length": MAX_SORT_BYTES,
                "sort_buffer_size": SORT_BUFFER_BYTES,
                "collation_connection": "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin",
            }
            # A condition on each run is to be tested run by run, from the walk of an index on, not for all runs of the store beforehand.
            settings["optimizer_switch"] = "'exists_to_in=off'" if is_mariadb else "'semijoin=off'"
            if is_mariadb and purpose is Purpose.WRITE:
                settings["idle_transaction_timeout"] = IDLE_IN_TRANSACTION_S
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET " + ", ".join(f"SESSION {name} = {value}" for name, value in settings.items())
                )
                cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")

        pool = open_server_pool(
            address,
            size,
            prepare,
            {
                "connect_timeout": CONNECT_TIMEOUT_S,
                "read_timeout": READ_TIMEOUT_S,
                "write_timeout": READ_TIMEOUT_S,
                "conv": _CONVERSIONS,
            },
        )

        @event.listens_for(pool.engine, "do_connect")
        def connect(
            _dialect: object, _record: object, args: list[Any], options: dict[str, Any]
        ) -> MysqlConnection:
            return MysqlConnection(*args, **options)

        return pool

    def translate(self, error: Exception) -> HeadraceError | None:
        """See `Dialect.translate`."""
        if not isinstance(error, pymysql.MySQLError):
            return None
        code = _code(error)
        found = next((trouble for trouble, codes in _TROUBLES.items() if code in codes), None)
        return explain(found, _text(error))

    def is_lost_race(self, error: Exception) -> bool:
        """See `Dialect.is_lost_race`."""
        return isinstance(error, pymysql.MySQLError) and _code(error) in _LOST_RACES

    def is_lost_connection(self, error: Exception) -> bool:
        """See `Dialect.is_lost_connection`."""
        return (
            isinstance(error, (pymysql.OperationalError, pymysql.InterfaceError))
            and _code(error) in _LOST_CONNECTIONS
        )

    def walking(self, index: str) -> str:
        """See `Dialect.walking`. Rows are locked as they are found, and those of a small table would be found in another order."""
        return f" FORCE INDEX ({'PRIMARY' if index.endswith('_pk') else index})"

    def sql(self, text: str) -> str:
        """See `Dialect.sql`."""
        return _rewrite(text)

    def fold(self, column: str, letters: Sequence[tuple[str, str]]) -> tuple[str, list[Any]]:
        """See `Dialect.fold`. The database's own lower case is right for ASCII, and does not know all other letters."""
        others = [each for each in letters if not each[0].isascii()]
        sql, params = column, list[Any]()
        for upper, lower in others[:MAX_REPLACED]:
            sql = f"REPLACE({sql}, ?, ?)"
            params += [upper, lower]
        return (sql if len(others) == len(letters) <= MAX_REPLACED else f"LOWER({sql})"), params

    def count_many(self, cursor: Cursor, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """See `Dialect.count_many`: one statement with the values written out, where the text has a form that allows it."""
        statement = find_values_statement(text, _rewrite) if len(rows) > 1 else None
        if statement is None:
            changed = 0
            for row in rows:
                cursor.execute(_rewrite(text), row)
                changed += cursor.rowcount
                _check_ignored(cursor)
            return changed
        changed = 0
        escape: Any = getattr(cursor, "mogrify")  # noqa: B009 - of PyMySQL's cursors
        for whole in write_statements(statement, rows, escape, MAX_STATEMENT_BYTES):
            cursor.execute(whole)
            changed += cursor.rowcount
            _check_ignored(cursor)
        return changed


def _check_ignored(cursor: Cursor) -> None:
    """Raise what ``INSERT IGNORE`` has passed over, unless it was a row that is there already."""
    result = getattr(cursor, "_result", None)
    if result is None or not result.warning_count:
        return
    cursor.execute("SHOW WARNINGS")
    for _, code, message in cursor.fetchall():
        if code != ER.DUP_ENTRY:
            raise pymysql.DataError(code, message)


def _code(error: Exception) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else -1


def _text(error: Exception) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__


def _to_number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


# Sums of integers are decimals in MySQL.
_CONVERSIONS = {**conversions, FIELD_TYPE.DECIMAL: _to_number, FIELD_TYPE.NEWDECIMAL: _to_number}


@lru_cache(KEPT_TEXTS)
def _rewrite(text: str) -> str:
    text = _IGNORE.sub(r"\1INSERT IGNORE INTO \2", text)
    if _UPSERT.search(text):
        text = _EXCLUDED.sub(r"VALUES(\1)", _UPSERT.sub("ON DUPLICATE KEY UPDATE ", text))
    text = _LIKE.sub(
        r"LIKE ? ESCAPE '\\0'", text
    )  # no pattern holds that character; an empty text would mean a backslash
    text = text.replace("CROSS JOIN", "STRAIGHT_JOIN")  # always with ON: SQLite's word for an order of joins
    return text.replace("%", "%%").replace("?", "%s")
