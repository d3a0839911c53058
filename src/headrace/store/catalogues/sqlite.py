"""SQLite's catalogue: the statements that it keeps, compared with those that a fresh database would keep."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from headrace.store.catalogues.base import Catalogue, Part, Size
from headrace.store.tables_made import STATEMENTS

if TYPE_CHECKING:
    from sqlalchemy import MetaData


class SqliteCatalogue(Catalogue):
    """See `Catalogue`. What changes a schema holds the lock of the file already."""

    def list_tables(self) -> set[str]:
        """See `Catalogue.list_tables`."""
        return {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def list_columns(self) -> dict[tuple[str, str], str]:
        """See `Catalogue.list_columns`."""
        query = (
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c "
            "WHERE t.type = 'table' AND substr(t.name, 1, 3) = 'hr_'"
        )
        return dict.fromkeys(((table, column) for table, column in self.rows(query)), "")

    def list_indexes(self) -> dict[str, bool]:
        """See `Catalogue.list_indexes`."""
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND substr(tbl_name, 1, 3) = 'hr_'"
        return {row[0]: True for row in self.rows(query)}

    def wanted_collation(self) -> str:
        """See `Catalogue.wanted_collation`; alembic and `compare` see what somebody has written into a statement."""
        return ""

    def compare(self, metadata: "MetaData") -> list[Part]:  # noqa: ARG002 - other databases need it
        """See `Catalogue.compare`: statements of indexes, keys of tables, and how their rows are stored."""
        with closing(sqlite3.connect(":memory:")) as fresh:
            for statement in STATEMENTS:
                fresh.execute(statement)
            wanted = _describe(fresh.execute)
        found = _describe(self.connection.exec_driver_sql)
        return [
            Part(name, name, found[name], wanted[name], None)
            for name in sorted(found.keys() & wanted.keys())
            if found[name] != wanted[name]
        ]

    def measure(self) -> dict[str, Size]:
        """See `Catalogue.measure`; SQLite keeps no numbers, so the rows are counted and the file is shared out by them."""
        tables = self.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 3) = 'hr_'"
        )
        counts = {name: int(self.rows(f'SELECT count(*) FROM "{name}"')[0][0]) for (name,) in tables}
        pages, size = (int(self.rows(f"PRAGMA {what}")[0][0]) for what in ("page_count", "page_size"))
        total = sum(counts.values()) or 1
        return {name: Size(count, pages * size * count // total) for name, count in counts.items()}


def _describe(execute: Callable[..., Any]) -> dict[str, str]:
    described: dict[str, str] = {}
    rows = execute(
        "SELECT type, name, sql FROM sqlite_master WHERE substr(name, 1, 3) = 'hr_' AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, sql in rows:
        words = sql.replace('"', "").split()
        if kind == "index":
            described[name] = " ".join(words)
        elif kind == "table":
            info = execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (name,))
            key = ", ".join(row[0] for row in info)
            autoincrement = " AUTOINCREMENT" if "AUTOINCREMENT" in words else ""
            rowid = " WITHOUT ROWID" if words[-2:] == ["WITHOUT", "ROWID"] else ""
            described[name] = f"PRIMARY KEY ({key}){autoincrement}{rowid}"
    return described
