"""PostgreSQL's catalogue: types, collations, storage, fill factors and the state of indexes, in the schema that new tables go to."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import MetaData, String, Table

from headrace.store.catalogues.base import Part, Size
from headrace.store.catalogues.server import ServerCatalogue, describe_keys

LOCK_NUMBER = 0x68725F_0001
"""Of the advisory lock that whoever changes the schema of a database holds."""

ASK_EVERY_S = 0.1
LOCK_WAIT_S = 5
LOCK_NOT_AVAILABLE = "55P03"

_TABLES = (
    "FROM pg_class t JOIN pg_namespace s ON s.oid = t.relnamespace AND s.nspname = current_schema() "
    "{joins} WHERE t.relkind IN ('r', 'p') AND left(t.relname, 3) = 'hr_'"
)
_COLUMNS = _TABLES.replace(
    "{joins}",
    "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "LEFT JOIN pg_collation l ON l.oid = a.attcollation",
)
_INDEXES = _TABLES.replace(
    "{joins}",
    "JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam",
)
_KEY = (
    "(SELECT string_agg(coalesce(a.attname, 'an expression') || CASE i.indoption[k.n - 1] & 1 WHEN 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY k.n) "
    "FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, n) "
    "LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number AND k.number > 0)"
)
_CONCURRENTLY = re.compile(r"\s*(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+)INDEX\s+CONCURRENTLY\s+", re.IGNORECASE)
_CREATED = re.compile(
    r"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?\"?(\w+)\"?\s", re.IGNORECASE
)
_STORAGES = {"p": "PLAIN", "m": "MAIN", "e": "EXTERNAL", "x": "EXTENDED"}


class PostgresqlCatalogue(ServerCatalogue):
    """See `Catalogue`."""

    dump: ClassVar[str] = "pg_dump"

    def list_columns(self) -> dict[tuple[str, str], str]:
        """See `Catalogue.list_columns`."""
        query = f"SELECT t.relname, a.attname, coalesce(l.collname, '') {_COLUMNS}"
        return {(table, column): collation for table, column, collation in self.rows(query)}

    def list_indexes(self) -> dict[str, bool]:
        """See `Catalogue.list_indexes`; what a broken off CREATE INDEX CONCURRENTLY has left is invalid."""
        return dict(self.rows(f"SELECT c.relname, i.indisvalid AND i.indisready {_INDEXES}"))

    def list_partitioned(self) -> set[str]:
        """See `Catalogue.list_partitioned`."""
        rows = self.rows("SELECT relname FROM pg_class WHERE relkind = 'p' AND left(relname, 3) = 'hr_'")
        return {name for (name,) in rows}

    def wanted_collation(self) -> str:
        """See `Catalogue.wanted_collation`."""
        return "C"

    def compare(self, metadata: MetaData) -> list[Part]:
        """See `Catalogue.compare`."""
        columns = {
            (table, column): (kind, collation, storage)
            for table, column, kind, collation, storage in self.rows(
                f"SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod), coalesce(l.collname, ''), a.attstorage::text {_COLUMNS}"
            )
        }
        keys = self._describe_indexes()
        options = dict(
            self.rows(f"SELECT t.relname, coalesce(array_to_string(t.reloptions, ', '), '') {_TABLES}".replace("{joins}", ""))
        )  # fmt: skip
        parts: list[Part] = []
        for table in metadata.sorted_tables:
            parts += self._compare_columns(table, columns)
            parts += [
                Part(name if name in {i.name for i in table.indexes} else table.name, name, keys[name], wanted, None)
                for name, wanted in describe_keys(table)
                if keys.get(name, wanted) != wanted
            ]  # fmt: skip
            fill = (table.dialect_options["postgresql"].get("with") or {}).get("fillfactor")
            found = options.get(table.name, "")
            if fill and table.name in options and f"fillfactor={fill}" not in found.split(", "):
                statement = f"ALTER TABLE {table.name} SET (fillfactor = {fill})"
                parts.append(
                    Part(table.name, table.name, f"WITH ({found})", f"WITH (fillfactor={fill})", statement)
                )
        return parts

    def _compare_columns(self, table: Table, columns: dict[tuple[str, str], Any]) -> list[Part]:
        parts = []
        for column in table.columns:
            if (table.name, column.name) not in columns:
                continue
            kind, collation, storage = columns[table.name, column.name]
            what = f"The column {table.name}.{column.name}"
            alter = f"ALTER TABLE {table.name} ALTER COLUMN {column.name}"
            wanted = column.type.compile(self.connection.dialect)
            kind = kind.upper().replace("CHARACTER VARYING", "VARCHAR")
            found = f'{kind} COLLATE "{collation}"' if collation else kind
            if found != wanted:
                same = kind == wanted.partition(" COLLATE")[0] and isinstance(column.type, String)
                parts.append(
                    Part(table.name, what, found, wanted, f"{alter} TYPE {wanted}" if same else None)
                )
            kept = column.info.get("postgresql_storage")
            if kept and _STORAGES[storage] != kept:
                parts.append(
                    Part(table.name, what, f"STORAGE {_STORAGES[storage]}", f"STORAGE {kept}", f"{alter} SET STORAGE {kept}")
                )  # fmt: skip
        return parts

    def _describe_indexes(self) -> dict[str, str]:
        query = (
            f"SELECT c.relname, i.indisprimary, i.indisunique, {_KEY}, m.amname, pg_get_expr(i.indpred, i.indrelid), "
            f"i.indisvalid AND i.indisready {_INDEXES}"
        )
        found = {}
        for name, primary, unique, key, method, condition, valid in self.rows(query):
            kind = "PRIMARY KEY" if primary else "UNIQUE" if unique else "INDEX"
            found[name] = (
                ("" if valid else "INVALID ")
                + f"{kind} ({key})"
                + ("" if method == "btree" else f" USING {method}")
                + (f" WHERE {condition}" if condition else "")
            )
        return found

    def measure(self) -> dict[str, Size]:
        """See `Catalogue.measure`: what VACUUM and ANALYZE have counted last; 100 bytes a row where they never have."""
        query = (
            "SELECT t.relname, CASE WHEN t.reltuples < 0 THEN pg_relation_size(t.oid) / 100 ELSE t.reltuples END::bigint, "
            f"pg_total_relation_size(t.oid) {_TABLES}"
        ).replace("{joins}", "")
        return {name: Size(rows, size) for name, rows, size in self.rows(query)}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """See `Catalogue.locked`.

        Asked for again and again, because who waits inside a statement holds a snapshot, for which CREATE INDEX CONCURRENTLY would wait in turn.
        """
        while not self.rows(f"SELECT pg_try_advisory_lock({LOCK_NUMBER})")[0][0]:
            self.connection.commit()
            time.sleep(ASK_EVERY_S)
        self.connection.commit()
        try:
            yield
        finally:
            self.connection.rollback()
            self.rows(f"SELECT pg_advisory_unlock({LOCK_NUMBER})")
            self.connection.commit()

    @contextmanager
    def waiting_briefly(self) -> Iterator[None]:
        """See `Catalogue.waiting_briefly`; how long a statement may work is not limited."""
        before = [(name, self.rows(f"SHOW {name}")[0][0]) for name in ("lock_timeout", "statement_timeout")]
        self.connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
        self.connection.exec_driver_sql("SET statement_timeout = 0")
        self.connection.commit()
        try:
            yield
        finally:
            self.connection.rollback()
            for name, value in before:
                self.connection.exec_driver_sql(f"SET {name} = '{value}'")
            self.connection.commit()

    def is_blocked(self, error: BaseException) -> bool:
        """See `Catalogue.is_blocked`."""
        return getattr(error, "sqlstate", None) == LOCK_NOT_AVAILABLE

    def runs_alone(self, statement: str) -> bool:
        """See `Catalogue.runs_alone`: indexes that are made or removed while servers go on."""
        return _CONCURRENTLY.match(statement) is not None

    def before(self, statement: str) -> list[str]:
        """See `Catalogue.before`: what is left of an index is removed, and one that is whole too, to be made anew."""
        created = _CREATED.match(statement)
        return [f"DROP INDEX CONCURRENTLY IF EXISTS {created[1]}"] if created else []
