"""How a database is asked for many rows at once. The base class holds what any driver can do.

The module knows the tables of params and tags, and no statement that writes.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from headrace.store.driver import Cursor

MAX_IN_LIST = 500


class Texts(NamedTuple):
    """Texts of runs that have the same keys.

    Args:
        keys: ids of the keys.
        runs: integer ids of the runs.
        columns: of each key the texts of these runs.
    """

    keys: Sequence[int]
    runs: Sequence[int]
    columns: Sequence[Sequence[str]]


class Questions:
    """The part of `headrace.store.dialect.Dialect` that reads."""

    def sql(self, text: str) -> str:
        """Return a statement as the driver takes it."""
        raise NotImplementedError

    def rows_in(
        self, cursor: Cursor, text: str, ids: Sequence[Any], before: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        """Run a query that holds ``IN ({ids})``, once or several times, in as many parts as the list needs, and return all rows."""
        return self.ask_in(cursor, text, ids, before)()

    def answer(self, cursor: Cursor) -> Callable[[], list[tuple[Any, ...]]]:
        """Return what gives the rows of the query that was executed last; others may be executed before it is called."""
        found = list(cursor.fetchall())
        return lambda: found

    def ask_in(
        self, cursor: Cursor, text: str, ids: Sequence[Any], before: Sequence[Any]
    ) -> Callable[[], list[tuple[Any, ...]]]:
        """Do what `rows_in` does, and return what gives the rows: several questions may go to the database together."""
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(ids), MAX_IN_LIST):
            part = ids[start : start + MAX_IN_LIST]
            marks = ",".join("?" * len(part))
            cursor.execute(
                self.sql(text.replace("{ids}", marks)), [*before, *list(part) * text.count("{ids}")]
            )
            found += cursor.fetchall()
        return lambda: found

    def read_integers(
        self, cursor: Cursor, columns: Sequence[str], query: str, params: Sequence[Any]
    ) -> list[list[int]]:
        """Run a query of integers, which are never NULL, and return its columns.

        Args:
            cursor: where to read.
            columns: their names.
            query: gives these columns, in this order.
            params: its parameters.
        """
        cursor.execute(self.sql(query), params)
        rows = cursor.fetchall()
        return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in columns]

    def read_texts(
        self, cursor: Cursor, table: str, keys: Sequence[int], scopes: Sequence[int]
    ) -> Iterator[Texts]:
        """Yield the texts that all runs of some scopes have under some keys, a part at a time; each run and key once, in no order.

        Args:
            cursor: where to read; nothing else uses it until the last part was taken.
            table: ``hr_param`` or ``hr_tag``.
            keys: ids of the keys.
            scopes: the scopes.
        """
        within = ",".join("?" * len(scopes))
        query = self.sql(
            f"SELECT p.run, p.value FROM hr_run r JOIN {table} p ON p.run = r.id AND p.key_id = ? WHERE r.scope IN ({within})"
        )
        for key in keys:
            cursor.execute(query, [key, *scopes])
            rows = cursor.fetchall()
            yield Texts((key,), [row[0] for row in rows], [[row[1] for row in rows]])
