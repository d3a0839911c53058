"""Partitions of headrace's tables on PostgreSQL: what each way of cutting them costs and gives, measured on one server beside each other.

Ways: `plain` (as headrace makes them), `hash` (16 parts by series, run or chunk), `range` (docs/postgresql/partition.sql: the first eighth is converted
as it lies, the rest comes in behind), `blocks` (docs/postgresql/blocks.sql: ids of an experiment lie in a block of their own, so that its rows make up a partition). For each it
makes a database from headrace's own metadata, loads the same runs through the statements that headrace uses, times hot statements, says how many
partitions their plans touch, and takes an experiment away. It needs the URL of a server where it may make databases; they are dropped again.

    python bench/partitions.py postgresql://postgres@127.0.0.1:5432/postgres
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import create_engine

from headrace.store.tables import compile_tables

SCRIPTS = Path(__file__).parent.parent / "docs" / "postgresql"
DATABASE = "headrace_bench_partitions"
KEYS = {"hr_point": "series", "hr_chunk": "series", "hr_chunk_data": "id", "hr_param": "run", "hr_tag": "run"}
"""The tables that are cut, and the column they are cut by: always the first of the primary key."""

PARTS = 16
EXPERIMENTS = 8
METRICS, PARAMS, TAGS, POINTS = 20, 20, 5, 8
CHUNK = random.Random(1).randbytes(1_800)
BOUNDS = random.Random(2).randbytes(120)
TIMED = 300

_INSERT_SERIES = (
    "INSERT INTO hr_series (run, key_id, context, attempt, scope, start_time, is_nan, latest_code, latest_step, latest_time, first_code, "
    "first_step, first_time, min_code, max_code, points, nans) SELECT r, k, 0, 0, s, t, 0, c, 1, t, c, 1, t, c, c, 1, 0 "
    "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) u (r, k, s, t, c) RETURNING id"
)
_INSERT_POINTS = (
    "INSERT INTO hr_point (series, time, step, code, n) SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], "
    "%s::bigint[]) ON CONFLICT DO NOTHING"
)


@dataclass
class Loaded:
    """What was loaded, for statements to ask for.

    Attributes:
        runs: (run, experiment, start time).
        series: ids, twenty a run in the order of `runs`.
        chunks: ids of `hr_chunk_data`, one a series in the order of `series`.
    """

    runs: list[tuple[int, int, int]] = field(default_factory=list)
    series: list[int] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)


@dataclass
class Figures:
    """What was measured of one way, by name, in the order of measuring."""

    way: str
    cells: dict[str, str] = field(default_factory=dict)


def make_database(url: str) -> None:
    """Make an empty database with headrace's tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    parts = psycopg.conninfo.conninfo_to_dict(url) | {"dbname": DATABASE}
    engine = create_engine("postgresql+psycopg://", connect_args=parts)
    with engine.begin() as opened:
        for statement in compile_tables(engine.dialect):
            opened.exec_driver_sql(statement)
    engine.dispose()


def connect(url: str) -> psycopg.Connection[Any]:
    """Connect to the database that is measured."""
    return psycopg.connect(url, dbname=DATABASE, autocommit=True)


def cut_by_hash(connection: psycopg.Connection[Any]) -> None:
    """Make the big tables, still empty, anew as hash partitions."""
    for table, key in KEYS.items():
        _cut_empty(connection, table, f"HASH ({key})")
        for part in range(PARTS):
            connection.execute(
                f"CREATE TABLE hr_partitions.{table}_{part} PARTITION OF {table} FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
            )


def cut_by_blocks(connection: psycopg.Connection[Any], runs: int) -> None:
    """Convert the tables, still empty, by the documented script and give each experiment a block of ids."""
    cut_by_range(connection, runs)
    connection.execute((SCRIPTS / "blocks.sql").read_text())
    for experiment in range(1, EXPERIMENTS + 1):
        connection.execute("SELECT hr_partitions.give_block(%s)", (experiment,))


def _cut_empty(connection: psycopg.Connection[Any], table: str, how: str) -> None:
    connection.execute("CREATE SCHEMA IF NOT EXISTS hr_partitions")
    connection.execute(f"ALTER TABLE {table} RENAME TO whole")
    connection.execute(f"CREATE TABLE {table} (LIKE whole INCLUDING ALL) PARTITION BY {how}")
    connection.execute(f"ALTER SEQUENCE IF EXISTS {table}_id_seq OWNED BY NONE")
    connection.execute("DROP TABLE whole")


def widths(runs: int) -> dict[str, int]:
    """Return by table how many ids a partition of `range` has, so that the load makes eight."""
    per_run = {"run": 1, "series": METRICS, "id": METRICS}
    return {table: max(runs * per_run[key] // 8, 1) for table, key in KEYS.items()}


def cut_by_range(connection: psycopg.Connection[Any], runs: int) -> None:
    """Convert filled tables by the documented script."""
    connection.execute((SCRIPTS / "partition.sql").read_text())
    for table, width in widths(runs).items():
        connection.execute(f"CALL hr_partitions.prepare('{table}', '{KEYS[table]}', {width})")
        connection.execute(f"SELECT hr_partitions.switch('{table}', '{KEYS[table]}', {width}, {PARTS})")


def load_runs(connection: psycopg.Connection[Any], loaded: Loaded, count: int) -> None:
    """Load runs with params, tags, series and a chunk each, fifty to a transaction, their experiments in turn."""
    random_ = random.Random(len(loaded.runs))
    for start in range(0, count, 50):
        number = min(50, count - start)
        first = len(loaded.runs)
        with connection.transaction():
            for place in range(first, first + number):
                experiment = place % EXPERIMENTS + 1
                row = connection.execute(
                    "INSERT INTO hr_run (run_id, experiment, scope, name, user_id, status, start_time, artifact_uri, attempt) "
                    "VALUES (%s, %s, %s, 'able-sloth-12', 'someone', 3, %s, 'mlflow-artifacts:/1/abcdef/artifacts', 0) RETURNING id",
                    (f"{place:032x}", experiment, 2 * experiment, 1_700_000_000_000 + place),
                ).fetchone()
                assert row is not None
                loaded.runs.append((row[0], experiment, 1_700_000_000_000 + place))
            runs = loaded.runs[first:]
            _load_annotations(connection, runs, random_)
            rows = [
                (run, key, 2 * experiment, at, random_.getrandbits(62))
                for run, experiment, at in runs
                for key in range(METRICS)
            ]
            series = [row[0] for row in connection.execute(_INSERT_SERIES, _columns(rows)).fetchall()]
            loaded.series += series
            chunks = [
                row[0]
                for row in connection.execute(
                    "INSERT INTO hr_chunk_data (blocks, points) SELECT %s, %s FROM generate_series(1, %s) RETURNING id",
                    (CHUNK[:200], CHUNK, len(series)),
                ).fetchall()
            ]
            loaded.chunks += chunks
            connection.execute(
                "INSERT INTO hr_chunk (series, id, bounds) SELECT s, c, %s FROM unnest(%s::bigint[], %s::bigint[]) u (s, c)",
                (BOUNDS, series, chunks),
            )


def _load_annotations(
    connection: psycopg.Connection[Any], runs: Sequence[tuple[int, int, int]], random_: random.Random
) -> None:
    params = [
        (run, 100 + key, f"value-{random_.randrange(1000)}", random_.getrandbits(62), 2 * experiment)
        for run, experiment, _ in runs
        for key in range(PARAMS)
    ]
    connection.execute(
        "INSERT INTO hr_param (run, key_id, value, digest, scope) SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], "
        "%s::bigint[], %s::bigint[])",
        _columns(params),
    )
    tags = [(*row[:1], row[1] + 100, *row[2:]) for row in params if row[1] < 100 + TAGS]
    connection.execute(
        "INSERT INTO hr_tag (run, key_id, value, digest, scope) SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], "
        "%s::bigint[], %s::bigint[]) ON CONFLICT (run, key_id) DO UPDATE SET value = excluded.value, digest = excluded.digest",
        _columns(tags),
    )


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def load_points(connection: psycopg.Connection[Any], loaded: Loaded) -> float:
    """Give each series a tail, a thousand points to a transaction from series that lie anywhere; return points a second."""
    order = list(range(len(loaded.series)))
    random.Random(3).shuffle(order)
    begun = time.perf_counter()
    size = 1000 // POINTS
    for start in range(0, len(order), size):
        rows = [
            (loaded.series[place], 1_700_000_000_000 + step, step, 4607182418800017408 + place, 0)
            for place in order[start : start + size]
            for step in range(POINTS)
        ]
        connection.execute(_INSERT_POINTS, _columns(rows))
    return len(order) * POINTS / (time.perf_counter() - begun)


Statement = tuple[str, Callable[[int], Sequence[Any]]]


def hot_statements(loaded: Loaded) -> dict[str, Statement]:
    """Return headrace's hot statements, by name, with their parameters for a number that varies."""
    runs, series, chunks = loaded.runs, loaded.series, loaded.chunks
    return {
        "points of a log-batch (50)": (
            _INSERT_POINTS,
            lambda n: _columns(
                [
                    (series[(n * 50 + place) % len(series)], 1_800_000_000_000 + n, place, n, 0)
                    for place in range(50)
                ]
            ),
        ),
        "tail of a series": (
            "SELECT time, step, code, n FROM hr_point WHERE series = %s ORDER BY time, step, code, n LIMIT 4097",
            lambda n: (series[n * 7 % len(series)],),
        ),
        "chunks of four series": (
            "SELECT series, id, bounds FROM hr_chunk WHERE series IN (%s, %s, %s, %s) ORDER BY series, id",
            lambda n: [series[(n * 11 + place) % len(series)] for place in range(4)],
        ),
        "bytes of four chunks": (
            "SELECT points FROM hr_chunk_data WHERE id IN (%s, %s, %s, %s) ORDER BY id",
            lambda n: [chunks[(n * 11 + place) % len(chunks)] for place in range(4)],
        ),
        "params of 100 runs": (
            f"SELECT p.run, p.key_id, p.value FROM hr_param p WHERE p.run IN ({','.join(['%s'] * 100)})",
            lambda n: [runs[(n * 13 + place * 8) % len(runs)][0] for place in range(100)],
        ),
        "runs by a param": (
            "SELECT count(*) FROM (SELECT DISTINCT run FROM hr_param WHERE scope IN (%s) AND key_id = %s AND digest IN (%s) LIMIT 4001) f",
            lambda n: (2 * (n % EXPERIMENTS + 1), 100 + n % PARAMS, n),
        ),
        "newest 100 with a tag": (
            (
                "SELECT r.id FROM hr_run r WHERE r.scope = %s AND EXISTS (SELECT 1 FROM hr_tag e WHERE e.run = r.id AND e.key_id = 201) "
                "ORDER BY r.start_time DESC, r.run_id LIMIT 101"
            ),
            lambda n: (2 * (n % EXPERIMENTS + 1),),
        ),
    }


def measure_statements(connection: psycopg.Connection[Any], loaded: Loaded, figures: Figures) -> None:
    """Time the hot statements, prepared after the fifth time as headrace's driver does it, and count what their plans touch."""
    for name, (text, params) in hot_statements(loaded).items():
        times = []
        for number in range(TIMED):
            given = params(number)
            begun = time.perf_counter()
            cursor = connection.execute(text, given)
            if cursor.description:
                cursor.fetchall()
            times.append(time.perf_counter() - begun)
        touched, present = _count_touched(connection, text, params(1))
        figures.cells[f"{name}, ms"] = f"{median(times) * 1000:.3f} ({touched} of {present})"


def _count_touched(connection: psycopg.Connection[Any], text: str, params: Sequence[Any]) -> tuple[int, int]:
    """Return how many scans of a plan ran, and how many stand in it."""
    with connection.transaction(force_rollback=True):
        row = connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {text}", params).fetchone()
    assert row is not None
    plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
    scans: list[int] = []
    pending = [plan[0]["Plan"]]
    while pending:
        node = pending.pop()
        if "Relation Name" in node and "Scan" in node["Node Type"]:
            scans.append(node["Actual Loops"])
        pending += node.get("Plans", [])
    return sum(loops > 0 for loops in scans), len(scans)


def measure_sizes(connection: psycopg.Connection[Any], figures: Figures) -> None:
    """Measure how big tables and indexes are, and the biggest single index."""
    row = connection.execute(
        "SELECT sum(pg_table_size(c.oid)) FILTER (WHERE c.relkind = 'r') / 2^20, sum(pg_relation_size(c.oid)) FILTER (WHERE c.relkind = 'i') / 2^20, "
        "max(pg_relation_size(c.oid)) FILTER (WHERE c.relkind = 'i') / 2^20 FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace "
        "WHERE s.nspname IN ('public', 'hr_partitions') AND c.relname ~ 'hr_(point|chunk|param|tag)'"
    ).fetchone()
    assert row is not None
    figures.cells["tables / indexes / biggest index, MiB"] = f"{row[0]:.0f} / {row[1]:.0f} / {row[2]:.1f}"


def take_away(connection: psycopg.Connection[Any], loaded: Loaded, figures: Figures) -> None:
    """Take experiment 3 away: its rows in the cut tables, and the space that they took."""
    before = _written(connection)
    begun = time.perf_counter()
    runs = [run for run, experiment, _ in loaded.runs if experiment == 3]
    places = [place for place, row in enumerate(loaded.runs) if row[1] == 3]
    series = [loaded.series[place * METRICS + key] for place in places for key in range(METRICS)]
    chunks = [loaded.chunks[place * METRICS + key] for place in places for key in range(METRICS)]
    gone = {"series": series, "run": runs, "id": chunks}
    for table, key in KEYS.items():
        if figures.way == "blocks" and table != "hr_chunk_data":
            connection.execute(f"ALTER TABLE {table} DETACH PARTITION hr_partitions.{table}_of_3")
            connection.execute(f"DROP TABLE hr_partitions.{table}_of_3")
        else:
            connection.execute(f"DELETE FROM {table} WHERE {key} = ANY(%s)", (gone[key],))
            connection.execute(f"VACUUM {table}")
    took = time.perf_counter() - begun
    figures.cells["take an experiment away, s"] = f"{took:.2f}"
    figures.cells["the same, log written, MiB"] = f"{(_written(connection) - before) / 2**20:.0f}"


def _written(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
    assert row is not None
    return int(row[0])


def measure(url: str, way: str, runs: int) -> Figures:
    """Measure one way of cutting."""
    figures = Figures(way)
    make_database(url)
    with connect(url) as connection:
        if way == "hash":
            cut_by_hash(connection)
        elif way == "blocks":
            cut_by_blocks(connection, runs)
        loaded = Loaded()
        load_runs(connection, loaded, runs // 8)
        if way == "range":
            begun = time.perf_counter()
            cut_by_range(connection, runs)
            figures.cells["conversion, s"] = f"{time.perf_counter() - begun:.2f}"
        begun, before = time.perf_counter(), _written(connection)
        load_runs(connection, loaded, runs - runs // 8)
        figures.cells["runs loaded a second"] = f"{(runs - runs // 8) / (time.perf_counter() - begun):.0f}"
        figures.cells["log written a run, KiB"] = (
            f"{(_written(connection) - before) / 1024 / (runs - runs // 8):.1f}"
        )
        figures.cells["points a second"] = f"{load_points(connection, loaded):,.0f}"
        connection.execute("VACUUM ANALYZE")
        measure_statements(connection, loaded, figures)
        measure_sizes(connection, figures)
        take_away(connection, loaded, figures)
    return figures


def measure_column(url: str) -> list[tuple[str, str, str, str]]:
    """Measure what a column `experiment` in the keys would cost: (table, bytes a row as it is, with the column, rows a second with to without)."""
    lines = []
    source = {
        "hr_point": "SELECT s, 1700000000000 + p, p, 4607182418800017408 + p, 0 FROM generate_series(1, 20000) s, generate_series(1, 20) p",
        "hr_param": "SELECT r, k, 'value-' || k, r * 7919 + k, NULL::bigint, 2, 0 FROM generate_series(1, 20000) r, generate_series(1, 20) k",
    }
    for table, query in source.items():
        sizes, rates = [], []
        for column in (False, True):
            make_database(url)
            with connect(url) as connection:
                if column:
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN experiment bigint")
                    keys = "series, time, step, code, n" if table == "hr_point" else "run, key_id"
                    connection.execute(
                        f"ALTER TABLE {table} DROP CONSTRAINT {table}_pk, ADD PRIMARY KEY (experiment, {keys})"
                    )
                more = ", 3" if column else ""
                begun = time.perf_counter()
                connection.execute(f"INSERT INTO {table} SELECT *{more} FROM ({query}) q")
                rates.append(400_000 / (time.perf_counter() - begun))
                row = connection.execute("SELECT pg_total_relation_size(%s::regclass)", (table,)).fetchone()
                assert row is not None
                sizes.append(row[0] / 400_000)
        lines.append((table, f"{sizes[0]:.0f}", f"{sizes[1]:.0f}", f"{rates[1] / rates[0]:.2f}"))
    return lines


def main() -> None:
    """Measure all ways in turn and print them as tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--ways", nargs="+", default=["plain", "hash", "range", "blocks"])
    given = parser.parse_args()
    results = [measure(given.url, way, given.runs) for way in given.ways]
    columns = measure_column(given.url)
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    names = list(dict.fromkeys(name for each in results for name in each.cells))
    print("|  | " + " | ".join(each.way for each in results) + " |")
    print("| --- |" + " ---: |" * len(results))
    for name in names:
        print(f"| {name} | " + " | ".join(each.cells.get(name, "-") for each in results) + " |")
    print("\n| `experiment` in the key | bytes a row now | with it | rows a second, with to without |")
    print("| --- | ---: | ---: | ---: |")
    for line in columns:
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
