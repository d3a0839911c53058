"""The reference for a durable log-metric: a bare uvicorn answer and one full SQLite commit, on this machine now.

It knows neither headrace nor its rivals. The bare server is driven by the same client; the commits are made here, in
a file beside the servers' stores: one row, write-ahead log, `synchronous=FULL`.
"""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from load import drive
from payload import START_MS, build_metrics
from plan import Plan
from servers import BareServer
from target import Sample, get_quantile_ms, summarize

_WARM_COMMITS = 20
_TABLE = """
create table if not exists point (
    series integer, step integer, timestamp_ms integer, value integer, n integer,
    primary key (series, step, timestamp_ms, value, n)
) without rowid
"""


def measure_bare_answers(bare: BareServer, plan: Plan, *, clients: int = 1, quickack: bool = False) -> Sample:
    """Measure the answers of the bare server to log-metric requests: requests a second."""
    count = plan.metrics if clients == 1 else plan.metrics_of_many // clients
    requests = build_metrics(bare.address, "0" * 32, "loss", count)
    drive(bare.address, [requests[:20]], 5)
    return summarize(drive(bare.address, [requests] * clients, plan.budget_s, quickack=quickack))


def measure_commits(folder: Path, plan: Plan) -> Sample:
    """Measure transactions of one row in SQLite: commits a second."""
    latencies_s: list[float] = []
    connection = sqlite3.connect(folder / "commits.db", isolation_level=None)
    try:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")
        connection.execute(_TABLE)
        (first,) = connection.execute("select count(*) from point").fetchone()
        for step in range(first, first + _WARM_COMMITS):
            _commit_row(connection, step)
        begin_s = time.perf_counter()
        for step in range(first + _WARM_COMMITS, first + _WARM_COMMITS + plan.commits):
            sent_s = time.perf_counter()
            if sent_s - begin_s > plan.budget_s:
                break
            _commit_row(connection, step)
            latencies_s.append(time.perf_counter() - sent_s)
        wall_s = time.perf_counter() - begin_s
    finally:
        connection.close()
    details: dict[str, float | str] = {
        "p50_ms": get_quantile_ms(latencies_s, 0.5),
        "p99_ms": get_quantile_ms(latencies_s, 0.99),
    }
    return Sample(round(len(latencies_s) / wall_s, 1), len(latencies_s), plan.commits, details=details)


def _commit_row(connection: sqlite3.Connection, step: int) -> None:
    connection.execute("begin immediate")
    connection.execute("insert into point values (1, ?, ?, ?, 0)", (step, START_MS + step, step << 40))
    connection.execute("commit")


def combine(answers: Sequence[Sample], commits: Sequence[Sample]) -> list[float]:
    """Combine bare answers and commits that were measured beside each other: both a second, one after the other."""
    return [
        1 / (1 / answer.figure + 1 / commit.figure)
        for answer, commit in zip(answers, commits, strict=True)
        if answer.figure and commit.figure
    ]
