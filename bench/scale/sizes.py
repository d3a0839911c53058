"""Bytes of each kind of row and of each sealed point on PostgreSQL, indexes and TOAST included, and what sealing costs of a processor.

Tables are headrace's own, in a database that is made for it and dropped. Rows are filled in as they come in life: by time, experiments in turn. Sealed
points are made by headrace's own encoder from three kinds of series. The result is printed as JSON, for bench/scale/arithmetic.py.

    python bench/scale/sizes.py postgresql://postgres@127.0.0.1:5432/postgres > sizes.json
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import create_engine

from headrace.store import chunks
from headrace.store.chunks import Columns
from headrace.store.tables import METADATA

DATABASE = "headrace_bench_sizes"
RUNS = 20_000
LENGTHS = (16, 50, 128, 500, 4096)
_SPREAD = "hashtextextended(r || '-' || k, 0)"
"""A 64-bit number that looks random, as a digest or the code of a value does."""

ROWS = {
    "hr_run": (
        RUNS,
        (
            "INSERT INTO hr_run (run_id, experiment, scope, name, user_id, status, start_time, end_time, artifact_uri, attempt) "
            "SELECT md5(r::text), r %% 50, r %% 50 * 2, 'likeable-sloth-' || r %% 1000, 'someone', 3, 1700000000000 + r * 1000, 1700000000000 + r * 2000, "
            "'mlflow-artifacts:/' || r %% 50 || '/' || md5(r::text) || '/artifacts', 0 FROM generate_series(1, %(runs)s) r"
        ),
    ),
    "hr_series": (
        RUNS * 20,
        (
            "INSERT INTO hr_series (run, key_id, context, attempt, scope, start_time, is_nan, latest_code, latest_step, latest_time, first_code, "
            "first_step, first_time, min_code, max_code, points, nans, sealed) SELECT r, k, 0, 0, r %% 50 * 2, 1700000000000 + r * 1000, 0, "
            f"{_SPREAD}, 500, 1700000000000, {_SPREAD}, 0, 1700000000000, {_SPREAD}, {_SPREAD}, 500, 0, 500 "
            "FROM generate_series(1, %(runs)s) r, generate_series(1, 20) k"
        ),
    ),
    "hr_param": (
        RUNS * 20,
        (
            "INSERT INTO hr_param (run, key_id, value, digest, number, scope, attempt) SELECT r, 100 + k, left(md5(r::text || k), 4 + k), "
            f"{_SPREAD}, NULL, r %% 50 * 2, 0 FROM generate_series(1, %(runs)s) r, generate_series(1, 20) k"
        ),
    ),
    "hr_tag": (
        RUNS * 5,
        (
            "INSERT INTO hr_tag (run, key_id, value, digest, scope) SELECT r, 200 + k, left(md5(r::text || k), 8 + k), "
            f"{_SPREAD}, r %% 50 * 2 FROM generate_series(1, %(runs)s) r, generate_series(1, 5) k"
        ),
    ),
    "hr_point": (
        RUNS * 20,
        (
            "INSERT INTO hr_point (series, time, step, code, n) SELECT k, 1700000000000 + r * 100, r, "
            f"{_SPREAD}, 0 FROM generate_series(1, %(runs)s) r, generate_series(1, 20) k"
        ),
    ),
    "hr_change": (
        RUNS * 5,
        "INSERT INTO hr_change (clock, kind, subject, experiment) SELECT r, 3, k, 1 FROM generate_series(1, %(runs)s) r, generate_series(1, 5) k",
    ),
}
"""By table: how many rows, and the statement that makes them."""


def make_losses(random: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
    """Return a falling loss as a training step gives it: single precision."""
    return (2 / np.sqrt(np.arange(1, count + 1)) + random.normal(0, 0.02, count)).astype("f4").astype("f8")


def make_noise(random: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
    """Return normal noise at full precision: what cannot be compressed."""
    return random.normal(size=count)


def make_constants(_: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
    """Return one value, again and again: a learning rate."""
    return np.full(count, 0.001)


KINDS: dict[str, Callable[[np.random.Generator, int], np.ndarray[Any, Any]]] = {
    "losses": make_losses,
    "noise": make_noise,
    "constants": make_constants,
}


def make_columns(random: np.random.Generator, values: np.ndarray[Any, Any]) -> Columns:
    """Return points with steps in order and jittered times, about one in 200 ms."""
    count = len(values)
    time_ms = 1_700_000_000_000 + np.cumsum(random.integers(180, 220, count))
    return Columns(
        time_ms.astype("<i8"), np.arange(count, dtype="<i8"), chunks.codes_of(values), np.ones(count, bool)
    )


def total_size(connection: psycopg.Connection[Any], *tables: str) -> int:
    """Return the bytes of tables with indexes and TOAST."""
    row = connection.execute(
        "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) name", (list(tables),)
    ).fetchone()
    assert row is not None
    return int(row[0])


def measure_rows(connection: psycopg.Connection[Any]) -> dict[str, dict[str, float]]:
    """Return by table the bytes of a row, and the part of them that is indexes."""
    found = {}
    for table, (count, statement) in ROWS.items():
        connection.execute(statement, {"runs": RUNS})
        connection.execute(f"VACUUM ANALYZE {table}")
        row = connection.execute("SELECT pg_indexes_size(%s::regclass)", (table,)).fetchone()
        assert row is not None
        found[table] = {
            "bytes": round(total_size(connection, table) / count, 1),
            "indexes": round(row[0] / count, 1),
        }
    return found


def measure_chunks(connection: psycopg.Connection[Any]) -> dict[str, dict[str, float]]:
    """Return by kind of series, and by points in a chunk, the bytes of a sealed point and the microseconds of making it."""
    found: dict[str, dict[str, float]] = {}
    for kind, make in KINDS.items():
        for length in LENGTHS:
            connection.execute("TRUNCATE hr_chunk, hr_chunk_data")
            count = min(max(1_000_000 // length, 400), 20_000)
            random = np.random.default_rng(1)
            given = [make_columns(random, make(random, length)) for _ in range(count)]
            begun = time.process_time()
            made = [chunks.encode(columns) for columns in given]
            seconds = time.process_time() - begun
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO hr_chunk_data (id, blocks, points) VALUES (%s, %s, %s)",
                    [(number, each.blocks, each.points) for number, each in enumerate(made)],
                )
                cursor.executemany(
                    "INSERT INTO hr_chunk (series, id, bounds) VALUES (%s, %s, %s)",
                    [(number, number, each.bounds) for number, each in enumerate(made)],
                )
            points = count * length
            pure = sum(len(each.bounds) + len(each.blocks) + len(each.points) for each in made)
            found[f"{kind}, {length:,} a chunk"] = {
                "bytes": round(total_size(connection, "hr_chunk", "hr_chunk_data") / points, 2),
                "pure": round(pure / points, 2),
                "seal_us": round(seconds / points * 1e6, 3),
            }
    return found


def measure_log(connection: psycopg.Connection[Any]) -> dict[str, float]:
    """Return bytes of the write-ahead log: of a point as a row, of taking the row away when it is sealed, of a point in a chunk."""
    series, rows = 2**50, 200 * 4096

    def written() -> int:
        row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
        assert row is not None
        return int(row[0])

    connection.execute("CHECKPOINT")
    places = [written()]
    for part in range(800):
        connection.execute(
            "INSERT INTO hr_point (series, time, step, code, n) SELECT %s + k, 1700000000000 + r, r, r * 7919, 0 "
            "FROM generate_series(%s::bigint, %s::bigint) r, generate_series(0, 19) k ON CONFLICT DO NOTHING",
            (series, part * 51, part * 51 + 50),
        )
    places.append(written())
    for number in range(20):
        for part in range(0, 40_800, 4080):
            connection.execute(
                "DELETE FROM hr_point WHERE series = %s AND time BETWEEN %s AND %s",
                (series + number, 1_700_000_000_000 + part, 1_700_000_000_000 + part + 4079),
            )
    places.append(written())
    random = np.random.default_rng(1)
    made = chunks.encode(make_columns(random, make_losses(random, 4096)))
    for number in range(200):
        connection.execute(
            "INSERT INTO hr_chunk_data (id, blocks, points) VALUES (%s, %s, %s)",
            (series + number, made.blocks, made.points),
        )
        connection.execute(
            "INSERT INTO hr_chunk (series, id, bounds) VALUES (%s, %s, %s)",
            (series, series + number, made.bounds),
        )
    places.append(written())
    points = 800 * 51 * 20
    return {
        "row": round((places[1] - places[0]) / points, 1),
        "taken away": round((places[2] - places[1]) / points, 1),
        "in a chunk": round((places[3] - places[2]) / rows, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    given = parser.parse_args()
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    engine = create_engine(
        "postgresql+psycopg://",
        connect_args=psycopg.conninfo.conninfo_to_dict(given.url) | {"dbname": DATABASE},
    )
    METADATA.create_all(engine)
    engine.dispose()
    with psycopg.connect(given.url, dbname=DATABASE, autocommit=True) as connection:
        found = {
            "rows": measure_rows(connection),
            "chunks": measure_chunks(connection),
            "log": measure_log(connection),
        }
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    json.dump(found, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
