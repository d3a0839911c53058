"""A new store made at start and one made by Alembic's revisions are the same, on every database."""

import io
import sqlite3
import subprocess
import sys
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


def _read_database(path: Path) -> tuple[Any, ...]:
    """What SQLite keeps of a database: its layout, its schema word by word, and the rows that a new store has."""
    connection = sqlite3.connect(path)
    try:
        pragmas = [
            connection.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_size", "auto_vacuum", "journal_mode", "encoding")
        ]
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        rows = {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
            for kind, name, _, _ in schema
            if kind == "table"
        }
    finally:
        connection.close()
    return pragmas, sorted(schema, key=repr), rows


def test_both_ways_give_the_identical_database(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'started.db'}").close()
    assert upgrade(f"sqlite:///{tmp_path / 'migrated.db'}") == [
        f"made the schema, at revision {SCHEMA_REVISION}"
    ]
    started, migrated = _read_database(tmp_path / "started.db"), _read_database(tmp_path / "migrated.db")
    assert started == migrated
    assert len(started[2]) > 20  # it is a list of tables and not nothing
    assert {name: rows for name, rows in started[2].items() if rows} == {
        "hr_clock": [(1, 0)],
        "hr_version": [(SCHEMA_REVISION,)],
    }


def _statements(text: str) -> set[str]:
    return {" ".join(part.split()) for part in text.split(";") if part.strip()}


def _compile_metadata(database: str) -> set[str]:
    """The statements by which today's tables are made."""
    found: list[str] = []
    engine = create_mock_engine(
        f"{database}://", lambda element, *_: found.append(str(element.compile(dialect=engine.dialect)))
    )
    METADATA.create_all(engine, checkfirst=False)
    return _statements(";".join(found))


def _compile_revisions(database: str) -> set[str]:
    """The statements of Alembic's revisions, without those that work on rows."""
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
    return {each for each in _statements(output.getvalue()) if not each.startswith("INSERT INTO")}


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mysql"])
def test_revisions_and_tables_say_the_same_on_every_database(database: str) -> None:
    wanted = {each for each in _compile_metadata(database) if "hr_version" not in each}
    assert len(wanted) > 20
    assert _compile_revisions(database) == wanted


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
