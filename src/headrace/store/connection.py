"""A database connection as the store's functions see it: plain SQL with ``?`` on every database, rows as tuples.

Statements of the store are composed of constants and ``?`` only; whatever comes from a user is a parameter.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from headrace.store.caches import Caches
from headrace.store.dialect import Dialect
from headrace.store.driver import Cursor

Row = tuple[Any, ...]
Params = Sequence[Any]


class Connection:
    """A connection inside a transaction.

    Args:
        cursor: the driver's cursor.
        dialect: the database.
        caches: what never changes once it is committed.
    """

    __slots__ = ("caches", "cursor", "dialect", "writes")

    def __init__(self, cursor: Cursor, dialect: Dialect, caches: Caches) -> None:
        self.cursor = cursor
        self.dialect = dialect
        self.caches = caches
        self.writes = 0

    @property
    def for_update(self) -> str:
        """The end of a query that locks what it finds until the transaction ends; empty for who only reads."""
        return ""

    @property
    def for_share(self) -> str:
        """Likewise, against changes; others may share."""
        return ""

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """Run a query and return all rows."""
        self.cursor.execute(self.dialect.sql(sql), params)
        found: Any = self.cursor.fetchall()
        return cast("list[Row]", found if isinstance(found, list) else list(found))

    def row(self, sql: str, params: Params = ()) -> Row | None:
        """Run a query and return its first row, or None."""
        self.cursor.execute(self.dialect.sql(sql), params)
        found: Row | None = self.cursor.fetchone()
        return found

    def rows_in(self, sql: str, ids: Iterable[Any], before: Params = ()) -> list[Row]:
        """Run a query whose text holds ``IN ({ids})`` for a list, of any length, and return all rows.

        Args:
            sql: the query.
            ids: the list.
            before: parameters that stand before the list.
        """
        return self.dialect.rows_in(self.cursor, sql, list(ids), before)

    def ask(self, sql: str, params: Params = ()) -> Callable[[], list[Row]]:
        """Ask what `rows` asks, and return what gives the answer: questions that are asked before the first answer is taken go together."""
        self.cursor.execute(self.dialect.sql(sql), params)
        return self.dialect.answer(self.cursor)

    def ask_in(self, sql: str, ids: Iterable[Any], before: Params = ()) -> Callable[[], list[Row]]:
        """Ask what `rows_in` asks, as `ask` does."""
        return self.dialect.ask_in(self.cursor, sql, list(ids), before)

    def integers(self, columns: Sequence[str], sql: str, params: Params = ()) -> list[list[int]]:
        """Run a query that gives these columns, all of them integers and never NULL, and return them as lists of the same length."""
        return self.dialect.read_integers(self.cursor, columns, sql, params)

    def change(self, sql: str, params: Params = ()) -> None:
        """Run a statement that writes. It may be sent with the next one that has an answer, or with the commit, and then fail there."""
        self.writes += 1
        self.cursor.execute(self.dialect.sql(sql), params)

    def count_changed(self, sql: str, params: Params = ()) -> int:
        """Run a statement that writes and return how many rows it changed."""
        self.change(sql, params)
        return self.cursor.rowcount

    def change_in(self, sql: str, ids: Sequence[Any], before: Params = ()) -> None:
        """Run a statement that writes and whose text holds ``IN ({ids})`` for a list, as `change` does."""
        self.writes += 1
        self.dialect.change_in(self.cursor, sql, ids, before)

    def count_changed_in(self, sql: str, ids: Sequence[Any], before: Params = ()) -> int:
        """Run what `change_in` runs, and return how many rows it changed."""
        self.writes += 1
        return sum(self.dialect.change_in(self.cursor, sql, ids, before))

    def change_many(self, sql: str, rows: Sequence[Params]) -> None:
        """Run a statement that writes for each row of parameters, as `change` does.

        Rows name different targets: a database may run them in any order, or all as one statement.
        """
        if rows:
            self.writes += 1
            self.dialect.execute_many(self.cursor, sql, rows)

    def insert(self, sql: str, params: Params) -> int:
        """Run an insert of one row and return the id that the database gave it."""
        self.writes += 1
        return self.dialect.insert_each(self.cursor, sql, [params])[0]

    def insert_each(self, sql: str, rows: Sequence[Params]) -> list[int]:
        """Run an insert for each row and return the ids that the database gave them, which grow in the order of the rows."""
        if not rows:
            return []
        self.writes += 1
        return self.dialect.insert_each(self.cursor, sql, rows)


def marks(count: int) -> str:
    """Return `count` placeholders, separated by commas."""
    return ",".join("?" * count)
