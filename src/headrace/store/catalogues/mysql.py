"""The catalogue of MySQL and MariaDB: types, collations, engines and the state of indexes, in the database that the connection names."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from zlib import crc32

from sqlalchemy import MetaData, String, Table
from sqlalchemy.schema import CreateColumn

from headrace.store.catalogues.base import Part, Size
from headrace.store.catalogues.server import ServerCatalogue, describe_keys
from headrace.store.column_types import binary_collation

ASK_EVERY_S = 0.1
LOCK_WAIT_S = 5
LOCK_WAIT_TIMEOUT = 1205

TABLE_EXISTS, UNKNOWN_TABLE, DUPLICATE_COLUMN, DUPLICATE_KEY, CANNOT_DROP = 1050, 1051, 1060, 1061, 1091

_HERE = "table_schema = DATABASE() AND left(table_name, 3) = 'hr_'"


class MysqlCatalogue(ServerCatalogue):
    """See `Catalogue`. Each statement that makes or changes a table is whole or nothing, and commits by itself."""

    transactional: ClassVar[bool] = False
    dump: ClassVar[str] = "mariadb-dump or mysqldump (--single-transaction)"
    done_already: ClassVar[frozenset[int]] = frozenset(
        {TABLE_EXISTS, UNKNOWN_TABLE, DUPLICATE_COLUMN, DUPLICATE_KEY, CANNOT_DROP}
    )

    def list_columns(self) -> dict[tuple[str, str], str]:
        """See `Catalogue.list_columns`."""
        query = f"SELECT table_name, column_name, coalesce(collation_name, '') FROM information_schema.columns WHERE {_HERE}"
        return {(table, column): collation for table, column, collation in self.rows(query)}

    def list_indexes(self) -> dict[str, bool]:
        """See `Catalogue.list_indexes`."""
        return {each["index_name"]: _is_used(each) for each in self._list_statistics()}

    def _list_statistics(self) -> list[dict[str, Any]]:
        # All columns, because the one that says whether queries may use an index has a name of its own on each of the two.
        found = self.connection.exec_driver_sql(f"SELECT * FROM information_schema.statistics WHERE {_HERE}")
        return [{str(name).lower(): value for name, value in row.items()} for row in found.mappings()]

    def wanted_collation(self) -> str:
        """See `Catalogue.wanted_collation`."""
        return binary_collation(is_mariadb=bool(getattr(self.connection.dialect, "is_mariadb", False)))

    def compare(self, metadata: MetaData) -> list[Part]:
        """See `Catalogue.compare`."""
        columns = {
            (table, column): (kind, collation)
            for table, column, kind, collation in self.rows(
                f"SELECT table_name, column_name, column_type, coalesce(collation_name, '') FROM information_schema.columns WHERE {_HERE}"
            )
        }
        made = {
            table: f"ENGINE={engine} ROW_FORMAT={str(form).upper()}"
            for table, engine, form in self.rows(
                f"SELECT table_name, engine, row_format FROM information_schema.tables WHERE {_HERE}"
            )
        }
        keys = self._describe_indexes()
        parts: list[Part] = []
        for table in metadata.sorted_tables:
            parts += self._compare_columns(table, columns)
            for name, wanted in describe_keys(table):
                held = "PRIMARY" if wanted.startswith("PRIMARY KEY") else name
                found = keys.get((table.name, held), wanted)
                if found != wanted:
                    owner = name if name in {index.name for index in table.indexes} else table.name
                    parts.append(Part(owner, name, found, wanted, None))
            wanted = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
            if made.get(table.name, wanted) != wanted:
                parts.append(
                    Part(table.name, table.name, made[table.name], wanted, f"ALTER TABLE {table.name} {wanted}")
                )  # fmt: skip
        return parts

    def _compare_columns(self, table: Table, columns: dict[tuple[str, str], Any]) -> list[Part]:
        parts = []
        for column in table.columns:
            if (table.name, column.name) not in columns:
                continue
            kind, collation = columns[table.name, column.name]
            kind = re.sub(
                r"^(\w*int)\(\d+\)", r"\1", kind
            ).upper()  # MariaDB shows a width that means nothing
            found = f"{kind} COLLATE {collation}" if collation else kind
            dialect = self.connection.dialect
            wanted = column.type.compile(dialect).replace(" CHARACTER SET utf8mb4", "")
            if found == wanted:
                continue
            same = kind == wanted.partition(" COLLATE")[0] and isinstance(column.type, String)
            whole = " ".join(str(CreateColumn(column).compile(dialect=dialect)).split())
            parts.append(
                Part(
                    table.name,
                    f"The column {table.name}.{column.name}",
                    found,
                    wanted,
                    f"ALTER TABLE {table.name} MODIFY {whole}" if same else None,
                )
            )
        return parts

    def _describe_indexes(self) -> dict[tuple[str, str], str]:
        columns: dict[tuple[str, str], list[str]] = {}
        kinds: dict[tuple[str, str], str] = {}
        for each in sorted(self._list_statistics(), key=lambda each: each["seq_in_index"]):
            key = each["table_name"], each["index_name"]
            part = each["column_name"] or "an expression"
            part += f"({each['sub_part']})" if each["sub_part"] else ""
            columns.setdefault(key, []).append(part + (" DESC" if each["collation"] == "D" else ""))
            kind = "PRIMARY KEY" if key[1] == "PRIMARY" else "INDEX" if int(each["non_unique"]) else "UNIQUE"
            kinds[key] = ("" if _is_used(each) else "INVISIBLE ") + kind
        return {key: f"{kinds[key]} ({', '.join(parts)})" for key, parts in columns.items()}

    def measure(self) -> dict[str, Size]:
        """See `Catalogue.measure`: what InnoDB guesses."""
        query = (
            "SELECT table_name, coalesce(table_rows, 0), coalesce(data_length, 0) + coalesce(index_length, 0) "
            f"FROM information_schema.tables WHERE {_HERE}"
        )
        return {name: Size(int(rows), int(size)) for name, rows, size in self.rows(query)}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """See `Catalogue.locked`; the lock is the database server's, and named after the database."""
        database = self.rows("SELECT DATABASE()")[0][0]
        name = f"headrace.schema.{crc32(str(database).encode()):08x}"
        while self.rows(f"SELECT GET_LOCK('{name}', 0)")[0][0] != 1:
            time.sleep(ASK_EVERY_S)
        try:
            yield
        finally:
            self.connection.rollback()
            self.rows(f"SELECT RELEASE_LOCK('{name}')")

    @contextmanager
    def waiting_briefly(self) -> Iterator[None]:
        """See `Catalogue.waiting_briefly`; the server's own limit is a year."""
        before = self.rows("SELECT @@SESSION.lock_wait_timeout")[0][0]
        self.connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {LOCK_WAIT_S}")
        try:
            yield
        finally:
            self.connection.rollback()
            self.connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {before}")

    def is_blocked(self, error: BaseException) -> bool:
        """See `Catalogue.is_blocked`."""
        number: object = error.args[0] if error.args else None
        return number == LOCK_WAIT_TIMEOUT

    def runs_alone(self, statement: str) -> bool:
        """See `Catalogue.runs_alone`: all but statements on rows."""
        return statement.split(None, 1)[0].upper() not in {"INSERT", "UPDATE", "DELETE"}


def _is_used(statistics: dict[str, Any]) -> bool:
    return bool(statistics.get("is_visible", "YES") == "YES" and statistics.get("ignored", "NO") == "NO")
