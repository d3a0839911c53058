"""A new store made at start and one made by Alembic's revisions are the same, on every database."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import make_url
from sqlalchemy.engine.interfaces import Dialect

from databases import query
from headrace.store.engine import open_store
from headrace.store.migrate import SCRIPTS, check, compile_stages, upgrade
from headrace.store.revision import OLDEST_REVISION, SCHEMA_REVISION
from headrace.store.tables import compile_tables
from migrations.old_stores import DUMPS, build_schema, build_store

Tables = dict[str, dict[str, Any]]


def _read_database(path: Path) -> tuple[Any, Tables, dict[str, list[Any]]]:
    """What SQLite makes of a database: its layout, its tables and indexes as it understands them, and the rows that a new store has."""
    connection = sqlite3.connect(path)
    try:
        pragmas = [
            connection.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_size", "auto_vacuum", "journal_mode", "encoding")
        ]
        tables = {
            row[1]: _read_table(connection, row[1], row[3:])
            for row in connection.execute("PRAGMA main.table_list").fetchall()
        }
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    finally:
        connection.close()
    return (
        pragmas,
        tables,
        {name: found for name, found in rows.items() if not name.startswith("sqlite_schema")},
    )


def _read_table(connection: sqlite3.Connection, name: str, kind: tuple[Any, ...]) -> dict[str, Any]:
    """Columns, keys and indexes of a table. A column that was added later stands elsewhere in the text, so the text says nothing."""
    text = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    indexes = {
        index[1]: (
            index[2:],
            [row[1:] for row in connection.execute(f'PRAGMA index_xinfo("{index[1]}")').fetchall()],
        )
        for index in connection.execute(f'PRAGMA index_list("{name}")').fetchall()
    }
    return {
        "kind": kind,
        "autoincrement": text is not None and "AUTOINCREMENT" in text[0],
        "constraints": sorted(re.findall(r"CONSTRAINT (\w+)", text[0])) if text is not None else [],
        "columns": connection.execute(f'PRAGMA table_xinfo("{name}")').fetchall(),
        "indexes": indexes,
    }


def test_all_ways_give_the_same_file(tmp_path: Path) -> None:
    urls = {name: f"sqlite:///{tmp_path / name}.db" for name in ("started", "upgraded", "revisions")}
    open_store(urls["started"]).close()
    assert upgrade(urls["upgraded"]) == [f"made the schema, at revision {SCHEMA_REVISION}"]
    with sqlite3.connect(tmp_path / "revisions.db") as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # set by who makes the file
        connection.execute("PRAGMA journal_mode = WAL")
    build_schema(urls["revisions"], "head")
    started, upgraded, revisions = (_read_database(tmp_path / f"{name}.db") for name in urls)
    assert started == upgraded == revisions
    assert len(started[1]) > 20  # it is a list of tables and not nothing
    assert {name: rows for name, rows in started[2].items() if rows} == {
        "hr_clock": [(1, 0)],
        "hr_version": [(SCHEMA_REVISION, OLDEST_REVISION)],
    }


def test_each_old_file_becomes_the_same_one(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'started.db'}").close()
    wanted = _read_database(tmp_path / "started.db")[1]
    assert DUMPS
    for dump in DUMPS:
        url = f"sqlite:///{tmp_path / dump.stem}.db"
        build_store(url, dump)
        upgrade(url)
        assert _read_database(tmp_path / f"{dump.stem}.db")[1] == wanted, dump.name


_CATALOGUE = {
    "postgresql": """
        SELECT table_name, column_name, data_type, character_maximum_length, collation_name, is_nullable, column_default,
            col_description(table_name::regclass, ordinal_position) FROM information_schema.columns WHERE table_schema = 'public';
        SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public';
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace;
        SELECT relname, reloptions, obj_description(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S');
        SELECT attrelid::regclass::text, attname, attstorage FROM pg_attribute WHERE attnum > 0 AND attrelid IN
            (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')""",
    "mysql": """
        SELECT table_name, column_name, column_type, collation_name, is_nullable, column_default, extra, column_comment
            FROM information_schema.columns WHERE table_schema = DATABASE();
        SELECT table_name, index_name, seq_in_index, column_name, collation, non_unique, sub_part
            FROM information_schema.statistics WHERE table_schema = DATABASE();
        SELECT table_name, engine, row_format, table_comment FROM information_schema.tables WHERE table_schema = DATABASE()""",
}


def _read_catalogue(url: str, kind: str) -> list[list[str]]:
    return [sorted(map(repr, query(url, text))) for text in _CATALOGUE[kind].split(";")]


@pytest.mark.databases("postgresql", "mysql", reason="of a file the whole description is compared above")
@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_each_old_schema_becomes_the_one_that_a_start_makes(
    revision: str, database: str, make_database: Callable[..., str]
) -> None:
    started, old = make_database(empty=True), make_database(empty=True)
    open_store(started).close()
    wanted = _read_catalogue(started, database)
    assert len(wanted[0]) > 150
    build_schema(old, revision)
    if revision < SCHEMA_REVISION:
        assert _read_catalogue(old, database) != wanted
    upgrade(old)
    assert _read_catalogue(old, database) == wanted
    assert query(old, "SELECT version_num, oldest FROM hr_version") == [(SCHEMA_REVISION, OLDEST_REVISION)]


_CREATE_TABLE = re.compile(r"CREATE TABLE (\w+) \((.*)\)(.*)")
_OPTIONS = re.compile(r" WITH \(fillfactor = \d+\)")
_ADD_COLUMN = re.compile(r"ALTER TABLE (\w+) ADD (?:COLUMN )?(.*)")
_SET_OPTIONS = re.compile(r"ALTER TABLE (\w+) SET \((.*)\)")
_SET_STORAGE = re.compile(r"ALTER TABLE (\w+) ALTER COLUMN (\w+) SET STORAGE (\w+)")
_CREATE_INDEX = re.compile(r"CREATE INDEX (\w+) ON (\w+) (.*)")
_COMMENT = re.compile(r"COMMENT ON (?:TABLE|COLUMN) (\w+).*")
_DROP_TABLE = re.compile(r"DROP TABLE (\w+)")


def _replay(statements: Iterable[str]) -> Tables:
    """What is there after statements: by table its clauses, in any order, its indexes and comments.

    Raises:
        AssertionError: a statement that this cannot follow.
    """
    tables: Tables = {}
    for statement in (" ".join(each.split()) for each in statements):
        if found := _CREATE_TABLE.fullmatch(_OPTIONS.sub("", statement)):
            name, body, suffix = found.groups()
            suffix += "".join(_OPTIONS.findall(statement))
            assert name not in tables, statement
            tables[name] = {
                "clauses": sorted(_split(body)),
                "suffix": suffix,
                "indexes": {},
                "comments": [],
                "storage": {},
            }
        elif found := _DROP_TABLE.fullmatch(statement):
            del tables[found[1]]
        elif not statement.startswith(("INSERT INTO", "UPDATE hr_version")):
            _replay_change(statement, tables)
    return tables


def _replay_change(statement: str, tables: Tables) -> None:
    if found := _SET_OPTIONS.fullmatch(statement):
        tables[found[1]]["suffix"] += f" WITH ({found[2]})"
    elif found := _SET_STORAGE.fullmatch(statement):
        tables[found[1]]["storage"][found[2]] = found[3]
    elif found := _ADD_COLUMN.fullmatch(statement):
        tables[found[1]]["clauses"] = sorted([*tables[found[1]]["clauses"], found[2]])
    elif found := _CREATE_INDEX.fullmatch(statement):
        tables[found[2]]["indexes"][found[1]] = found[3]
    elif found := _COMMENT.fullmatch(statement):
        tables[found[1]]["comments"] = sorted([*tables[found[1]]["comments"], statement])
    else:
        raise AssertionError(statement)


def _split(body: str) -> list[str]:
    """Split at the commas that stand neither in parentheses nor in a quoted text."""
    parts, depth, quoted = [""], 0, False
    for char in body:
        quoted ^= char == "'"
        depth += 0 if quoted else (char == "(") - (char == ")")
        if char == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _find_sql_dialect(name: str) -> Dialect:
    made: Dialect = make_url(f"{name}://").get_dialect()()
    return made


@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mysql", "mariadb"])
def test_revisions_and_tables_say_the_same_on_every_database(name: str) -> None:
    dialect = _find_sql_dialect(name)
    wanted = _replay(compile_tables(dialect))
    assert len(wanted) > 20
    assert _replay(text for stage in compile_stages(dialect, None) for text in stage.statements) == wanted


@pytest.mark.parametrize(
    ("name", "collation"),
    [("postgresql", '"C"'), ("mysql", "utf8mb4_0900_bin"), ("mariadb", "utf8mb4_nopad_bin")],
)
def test_all_text_is_compared_byte_by_byte(name: str, collation: str) -> None:
    columns = [
        line
        for statement in compile_tables(_find_sql_dialect(name))
        for line in statement.splitlines()
        if re.match(r"\s+[`\"]?\w+[`\"]? (VARCHAR|TEXT|LONGTEXT)", line)
    ]
    assert len(columns) > 50
    assert [line for line in columns if f"COLLATE {collation}" not in line] == []
    assert [
        line for line in columns if " TEXT" in line and name != "postgresql"
    ] == []  # it would end at 64 KiB


def test_the_newest_revision_is_the_one_that_a_start_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    directory = ScriptDirectory.from_config(config)
    assert directory.get_current_head() == SCHEMA_REVISION
    newest = directory.get_revision(SCHEMA_REVISION)
    assert newest is not None
    assert newest.module.oldest == OLDEST_REVISION


def test_a_start_loads_no_alembic(tmp_path: Path) -> None:
    program = (
        "import sys; from headrace.store.engine import open_store\n"
        f"open_store('sqlite:///{tmp_path / 'store.db'}').close()\n"
        "print([name for name in sys.modules if name.partition('.')[0] in {'alembic', 'mako'}])"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"
    assert check(f"sqlite:///{tmp_path / 'store.db'}") == []


def test_no_revision_imports_todays_tables() -> None:
    revisions = sorted((SCRIPTS / "versions").glob("0*.py"))
    assert revisions
    for path in revisions:
        assert "headrace.store.tables import" not in path.read_text("utf-8")
        assert "import headrace" not in path.read_text("utf-8")
