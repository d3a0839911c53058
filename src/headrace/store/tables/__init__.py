"""All tables, in one metadata. Each file holds the tables of one resource; none holds behaviour.

Conventions: the prefix ``hr_``; integer surrogate keys named ``id``; a column that refers to one is named after the thing (``run``,
``experiment``; ``key_id``, because KEY is a word of SQL), one that holds a public id is named ``run_id``, ``model_id``. Times are Unix milliseconds. Text is binary and
no-pad. `scope` is ``2 * experiment + deleted``: it lets an index serve "active runs of this experiment" by equality.
Referential integrity is kept by the writer, which reads what it refers to in the same transaction: declared foreign keys would cost a
look-up per metric point, and none is ever left dangling by a partial commit.
"""

from itertools import groupby

from sqlalchemy import DDL, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.engine.mock import MockConnection

from headrace.store.tables import control, experiments, inputs, models, runs, series, views
from headrace.store.tables.schema import METADATA, ON_MYSQL

__all__ = [
    "METADATA",
    "compile_tables",
    "control",
    "experiments",
    "inputs",
    "models",
    "runs",
    "series",
    "views",
]

for _table in METADATA.tables.values():
    for _column in _table.columns:
        if _storage := _column.info.get("postgresql_storage"):
            _alter = DDL(  # type: ignore[no-untyped-call]
                f"ALTER TABLE {_table.name} ALTER COLUMN {_column.name} SET STORAGE {_storage}"
            )
            event.listen(_table, "after_create", _alter.execute_if(dialect="postgresql"))


def compile_tables(dialect: Dialect) -> list[str]:
    """Return the statements by which all tables are made, always in the same order.

    Args:
        dialect: SQLAlchemy's, as it has found the database.
    """
    found: list[str] = []
    if dialect.name != "sqlite":
        _add_options()

    def keep(element: object, *_: object, **__: object) -> None:
        found.append(str(element.compile(dialect=dialect)).strip())  # type: ignore[attr-defined]

    METADATA.create_all(MockConnection(dialect, keep), checkfirst=False)
    # SQLAlchemy keeps a table's indexes in a set, whose order is another one in each process.
    grouped = groupby(found, key=lambda statement: " INDEX " in statement.partition("(")[0])
    return [each for is_index, group in grouped for each in (sorted(group) if is_index else group)]


def _add_options() -> None:
    """Put the options of PostgreSQL and MySQL into the tables, before they are made. That loads these dialects, which nobody else needs who looks at the tables."""
    for table in METADATA.tables.values():
        table.dialect_kwargs.update(ON_MYSQL | table.info)
