"""`headrace db upgrade --check`: what it prints, what it ends with, and that it changes nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from databases import list_tables, nothing_written, query
from headrace.store.address import parse_address
from headrace.store.engine import open_store
from migrations.old_stores import build_schema


def _check(url: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headrace", "db", "upgrade", "--check", url, *more],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ,
    )


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    return make_database(empty=True)


def test_statements_are_told_with_their_locks_and_times(url: str, database: str) -> None:
    build_schema(url, "0002")
    with nothing_written(url):
        ran = _check(url)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "The schema is at revision 0002; this version of headrace needs 0003." in ran.stdout
    assert "all servers have to be stopped; takes under a second" in ran.stdout
    lock = {"sqlite": "write lock of the file", "postgresql": "ACCESS EXCLUSIVE", "mysql": "metadata lock"}[
        database
    ]
    copy = {
        "sqlite": "A copy of the database is made",
        "postgresql": "with pg_dump",
        "mysql": "with mariadb-dump",
    }[database]
    assert "ALTER TABLE hr_version ADD COLUMN oldest VARCHAR(32)" in ran.stdout
    assert f"lock: {lock}; waits for it: " in ran.stdout
    assert copy in ran.stdout
    assert ("fillfactor" in ran.stdout) == (database == "postgresql")
    assert query(url, "SELECT version_num FROM hr_version") == [("0002",)]


def test_a_program_gets_the_same_as_json(url: str) -> None:
    build_schema(url, "0001")
    ran = _check(url, "--json")
    answer = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert answer["url"] == parse_address(url).shown
    assert (answer["found"], answer["newest"]) == ("0001", "0003")
    assert [stage["name"] for stage in answer["stages"]] == ["0002", "0003"]
    first = answer["stages"][0]
    assert first["servers_stop"] is True
    assert set(first["statements"][0]) == {
        "statement",
        "what",
        "table",
        "lock",
        "blocks",
        "work",
        "rows",
        "seconds",
    }
    assert len(first["statements"]) > 20


def test_nothing_to_do_is_status_0(url: str) -> None:
    open_store(url).close()
    ran = _check(url)
    assert (ran.returncode, ran.stdout) == (0, "Nothing to do: the schema is at revision 0003.\n")


def test_an_empty_database_stays_empty(url: str) -> None:
    ran = _check(url)
    assert ran.returncode == 1
    assert "The schema is not there yet; a server's start makes it" in ran.stdout
    if not url.startswith("sqlite"):
        assert list_tables(url) == []


def test_what_cannot_be_checked_is_another_status(url: str) -> None:
    open_store(url).close()
    query(url, "UPDATE hr_version SET version_num = '9999', oldest = '9999'")
    ran = _check(url)
    assert ran.returncode == 2
    assert "written by a newer headrace" in ran.stderr
