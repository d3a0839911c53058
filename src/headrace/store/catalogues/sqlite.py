"""SQLite's catalogue: the statements that it keeps, compared with those that a fresh database would keep."""

from sqlalchemy import Connection, MetaData, create_engine

from headrace.store.catalogues.base import Catalogue, Part, Size


class SqliteCatalogue(Catalogue):
    """See `Catalogue`. What changes a schema holds the lock of the file already."""

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

    def compare(self, metadata: MetaData) -> list[Part]:
        """See `Catalogue.compare`: statements of indexes, keys of tables, and how their rows are stored."""
        engine = create_engine("sqlite://")
        try:
            with engine.connect() as fresh:
                metadata.create_all(fresh)
                wanted = _describe(fresh)
        finally:
            engine.dispose()
        found = _describe(self.connection)
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


def _describe(connection: Connection) -> dict[str, str]:
    described: dict[str, str] = {}
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE substr(name, 1, 3) = 'hr_' AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, sql in rows:
        words = sql.replace('"', "").split()
        if kind == "index":
            described[name] = " ".join(words)
        elif kind == "table":
            info = connection.exec_driver_sql(
                "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (name,)
            )
            key = ", ".join(row[0] for row in info)
            autoincrement = " AUTOINCREMENT" if "AUTOINCREMENT" in words else ""
            rowid = " WITHOUT ROWID" if words[-2:] == ["WITHOUT", "ROWID"] else ""
            described[name] = f"PRIMARY KEY ({key}){autoincrement}{rowid}"
    return described
