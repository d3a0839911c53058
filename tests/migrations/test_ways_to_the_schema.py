"""A new store made at start and one made by Alembic's revisions are the same, on every database."""

import io
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine

from headrace.store.engine import open_store
from headrace.store.migrate import SCRIPTS, check, upgrade
from headrace.store.tables import METADATA, SCHEMA_REVISION

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


def test_both_ways_give_the_same_database(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'started.db'}").close()
    assert upgrade(f"sqlite:///{tmp_path / 'migrated.db'}") == [
        f"made the schema, at revision {SCHEMA_REVISION}"
    ]
    started, migrated = _read_database(tmp_path / "started.db"), _read_database(tmp_path / "migrated.db")
    assert started == migrated
    assert len(started[1]) > 20  # it is a list of tables and not nothing
    assert {name: rows for name, rows in started[2].items() if rows} == {
        "hr_clock": [(1, 0)],
        "hr_version": [(SCHEMA_REVISION,)],
    }


def test_each_old_store_becomes_the_same_database(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'started.db'}").close()
    wanted = _read_database(tmp_path / "started.db")[1]
    dumps = sorted((Path(__file__).parent / "golden").glob("[0-9]*.sql"))
    assert dumps
    for dump in dumps:
        path = tmp_path / f"{dump.stem}.db"
        connection = sqlite3.connect(path)
        connection.executescript(dump.read_text("utf-8"))
        connection.close()
        upgrade(f"sqlite:///{path}")
        assert _read_database(path)[1] == wanted, dump.name


_CREATE_TABLE = re.compile(r"CREATE TABLE (\w+) \((.*)\)(.*)")
_ADD_COLUMN = re.compile(r"ALTER TABLE (\w+) ADD (?:COLUMN )?(.*)")
_CREATE_INDEX = re.compile(r"CREATE INDEX (\w+) ON (\w+) (.*)")
_COMMENT = re.compile(r"COMMENT ON (?:TABLE|COLUMN) (\w+).*")
_DROP_TABLE = re.compile(r"DROP TABLE (\w+)")
_DROP_INDEX = re.compile(r"DROP INDEX (\w+).*")


def _replay(statements: Iterable[str]) -> Tables:
    """What is there after statements: by table its clauses, in any order, its indexes and comments.

    Raises:
        AssertionError: a statement that this cannot follow.
    """
    tables: Tables = {}
    for statement in (" ".join(each.split()) for each in statements):
        if not statement or statement.startswith(("INSERT INTO", "--")):
            continue
        if found := _CREATE_TABLE.fullmatch(statement):
            name, body, suffix = found.groups()
            assert name not in tables, statement
            tables[name] = {"clauses": sorted(_split(body)), "suffix": suffix, "indexes": {}, "comments": []}
        elif found := _ADD_COLUMN.fullmatch(statement):
            tables[found[1]]["clauses"] = sorted([*tables[found[1]]["clauses"], found[2]])
        elif found := _CREATE_INDEX.fullmatch(statement):
            tables[found[2]]["indexes"][found[1]] = found[3]
        elif found := _COMMENT.fullmatch(statement):
            tables[found[1]]["comments"] = sorted([*tables[found[1]]["comments"], statement])
        elif found := _DROP_TABLE.fullmatch(statement):
            del tables[found[1]]
        elif found := _DROP_INDEX.fullmatch(statement):
            owner = next(table for table in tables.values() if found[1] in table["indexes"])
            del owner["indexes"][found[1]]
        else:
            raise AssertionError(statement)
    return tables


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


def _compile_metadata(database: str) -> list[str]:
    """The statements by which today's tables are made."""
    found: list[str] = []
    engine = create_mock_engine(
        f"{database}://", lambda element, *_: found.append(str(element.compile(dialect=engine.dialect)))
    )
    METADATA.create_all(engine, checkfirst=False)
    return found


def _compile_revisions(database: str) -> list[str]:
    """The statements of Alembic's revisions, the oldest first."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    output = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=database,
        opts={"as_sql": True, "output_buffer": output, "version_table": "hr_version"},
    )
    with Operations.context(context):
        for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
            script.module.upgrade()
    return re.split(r";\s*\n", output.getvalue())


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mysql"])
def test_revisions_and_tables_say_the_same_on_every_database(database: str) -> None:
    wanted = _replay(_compile_metadata(database))
    del wanted["hr_version"]  # Alembic makes it
    assert len(wanted) > 20
    assert _replay(_compile_revisions(database)) == wanted


def test_the_newest_revision_is_the_one_that_a_start_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_REVISION


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
