"""A plugin of pytest: the project's tests on PostgreSQL, on tables that docs/postgresql/partition.sql has cut into partitions of a few rows each.

    HEADRACE_TEST_DATABASES=postgresql PYTHONPATH=bench pytest -n0 -p scale.partitioned tests/store

With HEADRACE_TEST_BLOCKS=1 each of the first experiments has a block of ids as well, by docs/postgresql/blocks.sql.

Every database that a test gets with headrace's schema is a copy of one that is converted so. Tests of an empty database make their own tables, whole.
"""

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

SCRIPTS = Path(__file__).parent.parent.parent / "docs" / "postgresql"
BLOCKS = 6 if os.environ.get("HEADRACE_TEST_BLOCKS") else 0
CUTS = {
    "hr_chunk_data": ("id", 4),
    "hr_chunk": ("series", 8),
    "hr_point": ("series", 8),
    "hr_param": ("run", 3),
    "hr_tag": ("run", 3),
}
"""By table: the column it is cut by, and how many ids a partition holds."""

AHEAD = 6


def convert(url: str, cuts: dict[str, tuple[str, int]] | None = None, ahead: int = AHEAD) -> int:
    """Cut the tables of a database by the documented script; return how many partitions were made."""
    parsed = make_url(url).set(drivername="postgresql")
    made = 0
    with psycopg.connect(parsed.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute((SCRIPTS / "partition.sql").read_text())
        for table, (key, width) in (cuts or CUTS).items():
            connection.execute(f"CALL hr_partitions.prepare('{table}', '{key}', {width})")
            row = connection.execute(
                f"SELECT hr_partitions.switch('{table}', '{key}', {width}, {ahead})"
            ).fetchone()
            assert row is not None
            made += row[0]
        if BLOCKS:
            connection.execute((SCRIPTS / "blocks.sql").read_text())
        for experiment in range(BLOCKS):
            connection.execute("SELECT hr_partitions.give_block(%s)", (experiment,))
    return made


_CONVERTED = pytest.StashKey[dict[str, int]]()
"""By template: how many partitions were made."""


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let the template that test databases are copies of be converted when it is made."""
    plugin: Any = config.pluginmanager.get_plugin("databases")  # tests/databases.py
    make = plugin.Databases.make_template
    converted = config.stash.setdefault(_CONVERTED, {})

    def make_and_convert(self: Any, server: Any) -> str:
        name: str = make(self, server)
        if name not in converted:
            converted[name] = convert(server.url(name))
        return name

    plugin.Databases.make_template = make_and_convert


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what the tests ran on."""
    made = sum(config.stash[_CONVERTED].values())
    terminalreporter.write_line(
        f"{', '.join(CUTS)} had {made} partitions; {BLOCKS} experiments had blocks of ids."
    )
