"""Columns and keys hold the longest values that are allowed, byte for byte, on every database."""

import random
from collections.abc import Callable

import pytest
from sqlalchemy import LargeBinary, String, Table, insert, select

from databases import open_engine, query
from headrace.store.engine import open_store
from headrace.store.tables import METADATA

PATH_CHARACTERS = 650
"""`hr_object.path` is limited in bytes: 2,600 of them fit into an index of PostgreSQL."""


def _longest_text(table: Table, length: int | None) -> str:
    """Return text of characters of four bytes that nothing can compress."""
    numbers = random.Random(1)
    count = PATH_CHARACTERS if table.name == "hr_object" and length == 768 else length or 100_000
    return "".join(chr(numbers.randrange(0x10000, 0x3FFFF)) for _ in range(count))


@pytest.fixture
def url(make_database: Callable[..., str]) -> str:
    url = make_database()
    open_store(url).close()
    return url


def test_the_longest_rows_fit_into_every_table_and_come_back(url: str) -> None:
    tables = [each for each in METADATA.sorted_tables if each.name not in {"hr_version", "hr_clock"}]
    assert len(tables) > 30
    engine = open_engine(url)
    for table in tables:
        row: dict[str, object] = {}
        for column in table.columns:
            if isinstance(column.type, String):
                row[column.name] = _longest_text(table, column.type.length)
            elif isinstance(column.type, LargeBinary):
                row[column.name] = random.Random(2).randbytes(500_000)
            else:
                row[column.name] = 1
        with engine.begin() as connection:
            connection.execute(insert(table), row)
            assert connection.execute(select(table)).one()._asdict() == row, table.name
    engine.dispose()


def test_texts_that_look_alike_are_different(url: str) -> None:
    names = [
        "a",
        "a ",
        " a",
        "A",
        "á",
        "a\u0301",
        "a\t",
        "ß",
        "ss",
        "İ",
        "i",
        "🦉",
        "🦊",
        "e\u200b",
        "e",
        "a%",
        "a_",
        "a\\",
    ]
    for name in names:
        query(url, "INSERT INTO hr_key (name) VALUES (?)", name)
    found = [row[0] for row in query(url, "SELECT name FROM hr_key ORDER BY name")]
    assert found == sorted(
        names, key=lambda name: name.encode()
    )  # the order of bytes, which is that of code points
    for name in names:
        assert query(url, "SELECT name FROM hr_key WHERE name = ?", name) == [(name,)]


def test_ids_begin_at_one(url: str) -> None:
    query(url, "INSERT INTO hr_key (name) VALUES (?)", "first")
    assert query(url, "SELECT id FROM hr_key") == [(1,)]
