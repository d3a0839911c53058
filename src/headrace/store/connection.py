"""A database connection as the store's functions see it: plain SQL with ``?`` on every database, rows as tuples.

Statements of the store are composed of constants and ``?`` only; whatever comes from a user is a parameter.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from sqlalchemy.engine.interfaces import DBAPICursor

from headrace.store.caches import Caches
from headrace.store.dialect import Dialect

Row = tuple[Any, ...]
Params = Sequence[Any]

MAX_IN_LIST = 500


class Connection:
    """A connection inside a transaction.

    Args:
        cursor: the driver's cursor.
        dialect: the database.
        caches: what never changes once it is committed.
    """

    __slots__ = ("caches", "cursor", "dialect", "writes")

    def __init__(self, cursor: DBAPICursor, dialect: Dialect, caches: Caches) -> None:
        self.cursor = cursor
        self.dialect = dialect
        self.caches = caches
        self.writes = 0

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query and return all rows."""
        self.cursor.execute(self.dialect.sql(sql), params)
        found: Any = self.cursor.fetchall()  # drivers give a list; the interface says Sequence
        return cast("list[Row]", found)

    def row(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query and return its first row, or None."""
        self.cursor.execute(self.dialect.sql(sql), params)
        found: Row | None = self.cursor.fetchone()
        return found

    def rows_in(self, sql: str, ids: Iterable[Any], before: Params = ()) -> list[Row]:
        """Run a query whose text holds ``{ids}`` for the placeholders of a list, in as many parts as the list needs."""
        ids = list(ids)
        found: list[Row] = []
        for start in range(0, len(ids), MAX_IN_LIST):
            part = ids[start : start + MAX_IN_LIST]
            found += self.rows(sql.replace("{ids}", marks(len(part))), [*before, *part])
        return found

    def change(self, sql: str, params: Params = ()) -> int:
        """Run a statement that writes and return how many rows it changed."""
        self.writes += 1
        self.cursor.execute(self.dialect.sql(sql), params)
        return self.cursor.rowcount

    def change_many(self, sql: str, rows: Sequence[Params]) -> int:
        """Run a statement that writes for each row of parameters and return how many rows were changed."""
        if not rows:
            return 0
        self.writes += 1
        self.cursor.executemany(self.dialect.sql(sql), rows)
        return self.cursor.rowcount

    def insert(self, sql: str, params: Params) -> int:
        """Run an insert of one row and return the id that the database gave it."""
        self.change(sql, params)
        return self.cursor.lastrowid


def marks(count: int) -> str:
    """Return `count` placeholders, separated by commas."""
    return ",".join("?" * count)
