"""Stores as older headraces have left them, on every database: the schema of a revision, and the rows that were recorded at it."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, create_engine, insert
from sqlalchemy.pool import NullPool

from databases import sqlite_path
from headrace.store.address import parse_address
from headrace.store.catalogues import find_catalogue
from headrace.store.dialect import find_dialect
from headrace.store.migrate import SCRIPTS, compile_stages
from headrace.store.stages import run_stages

GOLDEN = Path(__file__).parent / "golden"
DUMPS = sorted(path for path in GOLDEN.glob("*.sql") if re.fullmatch(r"\d{4}", path.stem))


def build_schema(url: str, revision: str, scripts: Path = SCRIPTS) -> None:
    """Make the schema of a revision in an empty database, by all revisions up to it."""
    place = parse_address(url)
    engine = create_engine(place.text, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection, find_catalogue(connection).locked():
        stages = compile_stages(connection.dialect, None, scripts, revision)
        run_stages(connection, find_dialect(place.backend).begin_write, stages)


def build_store(url: str, dump: Path) -> None:
    """Make the store that a dump holds, in an empty database."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(sqlite_path(url))) as connection:
            connection.executescript(dump.read_text("utf-8"))
        return
    build_schema(url, dump.stem)
    engine = create_engine(parse_address(url).text, poolclass=NullPool)
    tables = MetaData()
    with engine.begin() as connection:
        tables.reflect(connection)
        if connection.dialect.name != "postgresql":
            connection.exec_driver_sql("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'")
        for name, rows in read_rows(dump).items():
            table = tables.tables[name]
            connection.execute(table.delete())
            if rows:
                connection.execute(insert(table), rows)
            if connection.dialect.name == "postgresql" and (column := _numbered(table)):
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), coalesce(max({column}), 0) + 1, false) FROM {name}"
                )


def _numbered(table: Table) -> str | None:
    """Return the column that the database numbers by itself, if there is one."""
    names = [
        column.name for column in table.columns if "nextval" in str(getattr(column.server_default, "arg", ""))
    ]
    return names[0] if names else None


def read_rows(dump: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables of a dump."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(dump.read_text("utf-8"))
        connection.row_factory = sqlite3.Row
        names = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'hr_%'"
            )
        ]
        return {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in names}
