"""What the store needs to know of a database: connections, placeholders, locks, errors. The databases themselves are in `dialects`.

Statements are plain SQL with ``?``, written in what SQLite and PostgreSQL have in common; `Dialect.sql` rewrites them where a database says
something otherwise. No other file of the store names a database.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from headrace.base import plugins
from headrace.base.errors import HeadraceError, InvalidParameter
from headrace.store.address import Address
from headrace.store.codes import HIGHEST, LOWEST
from headrace.store.database_file import DatabaseFile
from headrace.store.driver import Cursor, Pool, PooledConnection
from headrace.store.questions import MAX_IN_LIST, Questions

log = logging.getLogger("headrace.store")

INSERT_POINT = (
    "INSERT INTO hr_point (series, time, step, code, n) VALUES (?, ?, ?, ?, 0) "
    "ON CONFLICT (series, time, step, code, n) DO NOTHING"
)
_INSERT_CHUNK_DATA = "INSERT INTO hr_chunk_data (blocks, points) VALUES (?, ?)"
_INSERT_CHUNK = "INSERT INTO hr_chunk (series, id, bounds) VALUES (?, ?, ?)"
KEPT_TEXTS = 4096
"""So many statements are kept as they were rewritten: those of searches have as many forms as filters."""

READERS = 8
"""So many snapshots of a store are open in one process at the same time."""

READ_WAIT_S = 10.0
"""How long a call waits for a connection, in seconds, before it is told to come later."""


class Purpose(Enum):
    """What the connections of a pool are for.

    READ: snapshots. WRITE: the one writing transaction of a process. SIDE: rows that are committed one statement at a time,
    beside the writing transaction.
    """

    READ = 1
    WRITE = 2
    SIDE = 3


class Inserted(NamedTuple):
    """What an insert of points brought to a series.

    Args:
        points: so many.
        nans: so many of them are NaN.
    """

    points: int
    nans: int


class LostRace(Exception):
    """Another server was first: nothing of the transaction stays, and it may be run again, which sees what the other has committed."""


class Dialect(DatabaseFile, Questions):
    """What the store needs to know of a database. The base class holds what is the same for servers of databases.

    Attributes:
        name: the backend's name in URLs.
        drivername: what SQLAlchemy calls the backend with its driver; empty where it is not used.
        url_options: what the driver is told in URLs.
        placeholder: what the driver writes for ``?``.
        begin_write: the statement that opens a writing transaction.
        begin_read: the statement that opens a transaction of which all queries see one snapshot.
        errors: what the driver raises.
        for_update: the end of a query that locks the rows it finds until the transaction ends; empty where there is one writer anyway.
        for_share: likewise, against changes but not against others who only share.
        version_sql: a query of the database's version.
        now_sql: a query of the database's time in Unix milliseconds; None where it is this machine's.
        sorts_ties: whether rows that an index gives by the first column of an order are surely sorted piece by piece, and not all before the
            first one.
        has_side: whether rows can be committed beside a writing transaction.
        seals_at_once: whether rows of the tail cost so much that points of MLflow's wire are better sealed where many come at once.
        sorts_first: whether rows whose ids a query gives are read in one go, cheaper than one after the other, and conditions on a sorted query
            are tested only as far as its rows are wanted.
        asks_ahead: whether statements that are asked for together cost one trip, so that it is worth asking before it is known what is needed.
        inserts_together: whether `insert_each` is one statement, so that it costs less than to insert rows and to look for them.
    """

    name: ClassVar[str]
    drivername: ClassVar[str] = ""
    url_options: ClassVar[Mapping[str, str]] = {}
    placeholder: ClassVar[str] = "%s"
    begin_write: ClassVar[str]
    begin_read: ClassVar[str]
    errors: ClassVar[tuple[type[Exception], ...]]
    for_update: ClassVar[str] = " FOR UPDATE"
    for_share: ClassVar[str] = " FOR SHARE"
    version_sql: ClassVar[str] = "SELECT version()"
    now_sql: ClassVar[str | None] = None
    sorts_ties: ClassVar[bool] = False
    has_side: ClassVar[bool] = True
    inserts_together: ClassVar[bool] = False
    seals_at_once: ClassVar[bool] = False
    asks_ahead: ClassVar[bool] = False
    sorts_first: ClassVar[bool] = False

    def open_pool(self, address: Address, purpose: Purpose, *, size: int = 1) -> Pool:
        """Return a pool of connections that run without implicit transactions.

        Args:
            address: where the database is.
            purpose: what its connections are for.
            size: how many there may be.
        """
        raise NotImplementedError

    def find_way(self, address: Address, purpose: Purpose) -> Callable[[], Any]:
        """Return what makes the driver's connections to a database that is a file."""
        raise NotImplementedError

    def open_cursor(self, connection: PooledConnection) -> Cursor:
        """Return what statements of the store run on; nobody else uses the connection meanwhile."""
        cursor: Cursor = connection.cursor()
        return cursor

    def begin_reading(self, connection: PooledConnection, cursor: Cursor) -> None:  # noqa: ARG002 - others need it
        """Open a transaction of which all queries see one snapshot, on a connection that may have been cut while it lay in its pool."""
        cursor.execute(self.begin_read)

    def roll_back(self, connection: PooledConnection, *, wait: bool = True) -> None:  # noqa: ARG002 - others need it
        """End the transaction of a cursor, so that nothing of it stays.

        Args:
            connection: of the cursor.
            wait: whether it has to have happened before this returns.
        """
        connection.rollback()

    def translate(self, error: Exception) -> HeadraceError | None:
        """Return the error to show for an error of the whole database, or None if one statement is to blame."""
        raise NotImplementedError

    def is_lost_race(self, error: Exception) -> bool:  # noqa: ARG002 - others look at it
        """Tell whether a transaction failed because another was first: a deadlock, a lock not given, a row that is there by now."""
        return False

    def is_lost_connection(self, error: Exception) -> bool:  # noqa: ARG002 - others look at it
        """Tell whether a statement failed because the connection is gone, so that it may go well on another one."""
        return False

    def walking(self, index: str) -> str:  # noqa: ARG002 - others need it
        """Return what stands behind a table's name where a query has to walk an index: so that it locks rows in its order, or whatever the planner knows."""
        return ""

    def sql(self, text: str) -> str:
        """Return a statement written with ``?`` as the driver wants it."""
        return _with_placeholder(text, self.placeholder)

    def fold(self, column: str, letters: Sequence[tuple[str, str]]) -> tuple[str, list[Any]]:
        """Return a column of text with letters replaced, each by its own lower case, as SQL and parameters.

        Args:
            column: the column.
            letters: upper case and lower case of each. Other letters may stay or become what `headrace.store.folding` makes of them.
        """
        raise NotImplementedError

    def insert_each(self, cursor: Cursor, text: str, rows: Sequence[Sequence[Any]]) -> list[int]:
        """Run an insert for each row, one at least, and return the ids that the database gave them, which grow in the order of the rows."""
        ids = []
        for row in rows:
            cursor.execute(self.sql(text), row)
            ids.append(cursor.lastrowid)
        return ids

    def ask_ids(self, cursor: Cursor, table: str, count: int) -> Callable[[], list[tuple[Any, ...]]]:
        """Ask for ids for new rows of a table, where the database `asks_ahead`. Those that are not used are lost."""
        raise NotImplementedError

    def update_expected(self, cursor: Cursor, rows: Sequence[Sequence[Any]]) -> None:
        """Change summaries of series that are expected to be as they were left, where the database `asks_ahead`; all is lost if one is not.

        Args:
            cursor: where.
            rows: of each series, `is_nan`, the columns of `summaries.STATE`, `sealed` and the id; then the scope, the state and `sealed` that are expected.
        """
        raise NotImplementedError

    def insert_chunks(self, cursor: Cursor, rows: Sequence[tuple[int, bytes, bytes, bytes]]) -> None:
        """Insert sealed points, one row at least.

        Args:
            cursor: of a writing transaction.
            rows: series, bounds, blocks and points of each chunk; the ids that they get grow in this order.
        """
        ids = self.insert_each(
            cursor, _INSERT_CHUNK_DATA, [(blocks, points) for _, _, blocks, points in rows]
        )
        chunks = [(series, number, bounds) for number, (series, bounds, *_) in zip(ids, rows, strict=True)]
        self.execute_many(cursor, _INSERT_CHUNK, chunks)

    def execute_many(self, cursor: Cursor, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement that writes for each row of parameters. Each row names another target."""
        self.count_many(cursor, text, rows)

    def count_many(self, cursor: Cursor, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Do what `execute_many` does, and return how many rows were changed."""
        cursor.executemany(self.sql(text), rows)
        return cursor.rowcount

    def insert_points(
        self, cursor: Cursor, rows: Sequence[tuple[int, int, int, int]]
    ) -> dict[int, Inserted] | None:
        """Insert rows of the tail of MLflow's wire, those that are not there yet.

        Args:
            cursor: of a writing transaction.
            rows: series, time, step and code of each.

        Returns:
            what came to each series, those that got nothing left out; None if all rows are new.
        """
        cursor.execute("SAVEPOINT points")
        inserted = self.count_many(cursor, INSERT_POINT, rows)
        if inserted != len(rows):
            cursor.execute("ROLLBACK TO SAVEPOINT points")
        cursor.execute("RELEASE SAVEPOINT points")
        if inserted == len(rows):
            return None
        # Do it again series by series, to know which have got less than was given.
        parts: dict[int, tuple[list[Any], list[Any]]] = {}
        for row in rows:
            parts.setdefault(row[0], ([], []))[not LOWEST <= row[3] <= HIGHEST].append(row)
        found = {}
        for series, split in parts.items():
            numbers, nans = (self.count_many(cursor, INSERT_POINT, part) if part else 0 for part in split)
            found[series] = Inserted(numbers + nans, nans)
        return found

    def commit(self, connection: Any, cursor: Cursor, touched: Sequence[tuple[int, int, int]]) -> int:
        """Move the change clock, stamp changes with it, and commit; return where the clock stands now, 0 if nothing was changed.

        Args:
            connection: of the writing transaction, from a pool.
            cursor: of that connection.
            touched: kind, subject and experiment of each change; if there are none, the clock stays where it is.
        """
        if not touched:
            connection.commit()
            return 0
        cursor.execute("UPDATE hr_clock SET value = value + 1 WHERE id = 1")
        cursor.execute("SELECT value FROM hr_clock WHERE id = 1")
        row = cursor.fetchone()
        assert row is not None
        clock: int = row[0]
        self.execute_many(
            cursor,
            "INSERT INTO hr_change (clock, kind, subject, experiment) VALUES (?, ?, ?, ?)",
            [(clock, *change) for change in touched],
        )
        connection.commit()
        return clock

    def change_in(
        self, cursor: Cursor, text: str, ids: Sequence[Any], before: Sequence[Any]
    ) -> Iterator[int]:
        """Run a statement that writes and holds ``IN ({ids})``, in as many parts as the list needs, and give how many rows each has changed."""
        counts = []
        for start in range(0, len(ids), MAX_IN_LIST):
            part = ids[start : start + MAX_IN_LIST]
            cursor.execute(self.sql(text.replace("{ids}", ",".join("?" * len(part)))), [*before, *part])
            counts.append(cursor.rowcount)
        return iter(counts)


DIALECTS = {
    "sqlite": "sqlite:SqliteDialect",
    "postgresql": "postgresql:PostgresqlDialect",
    "mysql": "mysql:MysqlDialect",
    "mariadb": "mysql:MysqlDialect",
}
_EXTRAS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


def find_dialect(backend: str) -> Dialect:
    """Return the dialect of a database by the name that it has in URLs.

    Raises:
        InvalidParameter: no such database is supported.
        NotImplementedByServer: its driver is not installed.
    """
    if backend not in DIALECTS:
        raise InvalidParameter(
            f"The database {backend!r} is not supported; use sqlite:///PATH, postgresql://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE."
        )
    module, _, attribute = DIALECTS[backend].partition(":")
    loaded = plugins.load(
        f"headrace.store.dialects.{module}", extra=_EXTRAS.get(backend, ""), purpose=f"The database {backend}"
    )
    made: Dialect = getattr(loaded, attribute)()
    return made


@lru_cache(KEPT_TEXTS)
def _with_placeholder(text: str, placeholder: str) -> str:
    return text if placeholder == "?" else text.replace("%", "%%").replace("?", placeholder)
