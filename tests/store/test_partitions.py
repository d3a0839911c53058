"""The documented script that cuts tables of PostgreSQL into partitions: headrace works on them, and its schema is as it should be."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from headrace.store import annotations, runs, series
from headrace.store.engine import Store, open_store
from headrace.store.keys import intern_keys
from headrace.store.migrate import check, upgrade
from headrace.store.points import parts_of, read_columns
from headrace.store.transaction import RunRef, Transaction

pytestmark = pytest.mark.databases("postgresql", reason="a script for PostgreSQL")

SCRIPT = Path(__file__).parents[2] / "docs" / "postgresql" / "partition.sql"
CUTS = {
    "hr_chunk_data": ("id", 4),
    "hr_chunk": ("series", 4),
    "hr_point": ("series", 4),
    "hr_param": ("run", 2),
    "hr_tag": ("run", 2),
}


def _run(url: str, *statements: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _log(store: Store, number: int) -> RunRef:
    def work(tx: Transaction) -> RunRef:
        run = runs.insert_run(tx, (f"r{number}", 1, "n", "u", 1_000 + number, "a"))
        key = intern_keys(tx, ["loss"])["loss"]
        series.add_points(tx, run, key, series.NO_CONTEXT, [(step, step, number) for step in range(300)])
        annotations.insert_params(tx, run, {"lr": str(number)})
        return run

    made: RunRef = store.writer.call(work)
    return made


def _read(store: Store, run: RunRef) -> tuple[list[int], list[tuple[int, str, str]]]:
    with store.read() as conn:
        key = conn.rows("SELECT id FROM hr_key WHERE name = 'loss'")[0][0]
        codes = read_columns(conn, parts_of(conn, run.id, key)).code.tolist()
        return codes, annotations.params_by_run(conn, [run.id])


def test_a_database_in_partitions_takes_and_gives_as_before_and_its_indexes_can_be_mended(
    make_database: Callable[..., str],
) -> None:
    url = make_database()
    with_plain = open_store(url)
    made = [_log(with_plain, number) for number in range(5)]
    _run(url, SCRIPT.read_text("utf-8"))
    for table, (key, width) in CUTS.items():  # a server is there meanwhile
        _run(
            url,
            f"CALL hr_partitions.prepare('{table}', '{key}', {width})",
            f"SELECT hr_partitions.switch('{table}', '{key}', {width}, 4)",
        )
    made += [_log(with_plain, number) for number in range(5, 12)]
    with_plain.close()
    store = open_store(url)
    made += [_log(store, number) for number in range(12, 20)]
    for number, run in enumerate(made):
        assert _read(store, run) == ([number] * 300, [(run.id, "lr", str(number))])
    store.close()
    assert check(url) == []
    _run(url, "DROP INDEX hr_param_by_scope_key_id_digest_run")
    assert len(check(url)) == 1
    assert upgrade(url) == ["made the index hr_param_by_scope_key_id_digest_run of hr_param again"]
    assert check(url) == []
