"""What the catalogues of servers have in common: they look through SQLAlchemy."""

from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, UniqueConstraint, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import desc_op

from headrace.store.catalogues.base import Catalogue


class ServerCatalogue(Catalogue):
    """See `Catalogue`."""

    errors: ClassVar[tuple[type[Exception], ...]] = (DBAPIError,)

    def list_tables(self) -> set[str]:
        """See `Catalogue.list_tables`."""
        return set(inspect(self.connection).get_table_names())


def describe_keys(table: Table) -> Iterator[tuple[str, str]]:
    """Give name and description of each key and index of a table, as it should be."""
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            kind = "PRIMARY KEY" if isinstance(constraint, PrimaryKeyConstraint) else "UNIQUE"
            yield str(constraint.name), f"{kind} ({', '.join(column.name for column in constraint.columns)})"
    for index in table.indexes:
        yield str(index.name), describe_index(index)


def describe_index(index: Index) -> str:
    """Return an index in words, as it should be."""
    parts = []
    for each in index.expressions:
        down = isinstance(each, UnaryExpression) and each.modifier is desc_op
        column: Any = each.element if isinstance(each, UnaryExpression) else each
        assert isinstance(column, Column)
        parts.append(column.name + (" DESC" if down else ""))
    return f"{'UNIQUE' if index.unique else 'INDEX'} ({', '.join(parts)})"
