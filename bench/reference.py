"""The reference for a durable log-metric: a bare uvicorn answer and one full commit to the database, on this machine now.

It knows neither headrace nor its rivals. The bare server is driven by the same client; the commits are made here, of
one row each, in the database that holds the servers' stores.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from databases import Database
from load import drive
from payload import build_metrics
from plan import Plan
from servers import BareServer
from target import Sample, get_quantile_ms, summarize

_WARM_COMMITS = 20


def measure_bare_answers(bare: BareServer, plan: Plan, *, clients: int = 1, quickack: bool = False) -> Sample:
    """Measure the answers of the bare server to log-metric requests: requests a second."""
    count = plan.metrics if clients == 1 else plan.metrics_of_many // clients
    requests = build_metrics(bare.address, "0" * 32, "loss", count)
    drive(bare.address, [requests[:20]], 5)
    return summarize(drive(bare.address, [requests] * clients, plan.budget_s, quickack=quickack))


def measure_commits(database: Database, folder: Path, plan: Plan) -> Sample:
    """Measure transactions of one row in the database: commits a second."""
    latencies_s: list[float] = []
    with database.open_rows(folder) as write:
        for step in range(_WARM_COMMITS):
            write(step)
        begin_s = time.perf_counter()
        for step in range(_WARM_COMMITS, _WARM_COMMITS + plan.commits):
            sent_s = time.perf_counter()
            if sent_s - begin_s > plan.budget_s:
                break
            write(step)
            latencies_s.append(time.perf_counter() - sent_s)
        wall_s = time.perf_counter() - begin_s
    details: dict[str, float | str] = {
        "p50_ms": get_quantile_ms(latencies_s, 0.5),
        "p99_ms": get_quantile_ms(latencies_s, 0.99),
    }
    return Sample(round(len(latencies_s) / wall_s, 1), len(latencies_s), plan.commits, details=details)


def combine(answers: Sequence[Sample], commits: Sequence[Sample]) -> list[float]:
    """Combine bare answers and commits that were measured beside each other: both a second, one after the other."""
    return [
        1 / (1 / answer.figure + 1 / commit.figure)
        for answer, commit in zip(answers, commits, strict=True)
        if answer.figure and commit.figure
    ]
