"""The cases that read: searches over many runs, and the full history of one metric. One sample on one server each."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fill import HISTORY_KEY
from plan import Plan
from servers import API
from target import Sample, Target, get_quantile_ms
from wire import Connection, RequestFailed, build_request

PAGE_POINTS = 25_000
_TOKEN = re.compile(rb'"next_page_token"\s*:\s*("[^"]*")')
_POINT_MARK = b'"timestamp"'  # stands once in each point of an answer


@dataclass(frozen=True)
class Query:
    """One search request, without the experiment."""

    key: str
    title: str
    body: tuple[tuple[str, Any], ...]


QUERIES = (
    Query("search-newest", "newest 100", ()),
    Query(
        "search-filter",
        "metric and param filter",
        (("filter", "metrics.m3 > 0.5 and params.p1 = 'v7'"),),
    ),
    Query("search-order", "order by metric", (("order_by", ["metrics.m3 DESC"]),)),
)


def measure_search(target: Target, plan: Plan, query: Query) -> Sample:
    """Measure one search of 100 runs: the median milliseconds of its requests.

    A digest of the runs' names stands in the details, so that the answers of the servers can be compared.
    """
    body = {"experiment_ids": [target.searched_experiment], "max_results": 100, **dict(query.body)}
    latencies_s: list[float] = []
    with target.server.connect() as connection:
        request = build_request(connection.address, "POST", f"{API}/runs/search", json.dumps(body).encode())
        answer = connection.exchange(request)
        begin_s = time.perf_counter()
        while len(latencies_s) < plan.searches and time.perf_counter() - begin_s < plan.budget_s:
            sent_s = time.perf_counter()
            answer = connection.exchange(request)
            latencies_s.append(time.perf_counter() - sent_s)
            if answer.status >= 300:
                raise RequestFailed("runs/search", answer.status, answer.body)
    runs = json.loads(answer.body).get("runs", [])
    names = " ".join(run["info"].get("run_name", "") for run in runs)
    return Sample(
        get_quantile_ms(latencies_s, 0.5),
        done=len(latencies_s),
        planned=plan.searches,
        details={
            "max_ms": get_quantile_ms(latencies_s, 1.0),
            "rows": len(runs),
            "runs": target.searched_runs,
            "bytes": answer.size_bytes,
            "answer": hashlib.sha256(names.encode()).hexdigest()[:12],
        },
    )


def measure_history(target: Target, plan: Plan) -> Sample:
    """Measure the full history of one metric, in pages of 25,000 where the server pages: points a second.

    Only the time from request to last byte counts, not this client's reading of it.
    """
    points = pages = size_bytes = 0
    seconds = 0.0
    complete = False
    with target.server.connect() as connection:
        for page in get_pages(connection, target.history_run, HISTORY_KEY):
            seconds += page.seconds
            pages += 1
            points += page.body.count(_POINT_MARK)
            size_bytes += len(page.body)
            complete = page.is_last
            if seconds > plan.history_budget_s:
                break
    if complete and points != target.history_points:
        raise ValueError(f"{target.history_points} points were logged and {points} came back")
    return Sample(
        round(points / seconds, 1),
        done=points,
        planned=target.history_points,
        details={"s": round(seconds, 3), "pages": pages, "bytes": size_bytes},
    )


@dataclass(frozen=True)
class Page:
    """One page of a history: its JSON, and the seconds from its request to its last byte."""

    body: bytes
    seconds: float
    is_last: bool


def get_pages(connection: Connection, run_id: str, key: str) -> Iterator[Page]:
    """Get the history of one metric, page by page; a server that does not page gives one.

    Raises:
        RequestFailed: A page was answered with an error.
    """
    token = ""
    is_last = False
    while not is_last:
        query = {"run_id": run_id, "metric_key": key, "max_results": str(PAGE_POINTS)}
        if token:
            query["page_token"] = token
        request = build_request(connection.address, "GET", f"{API}/metrics/get-history?{urlencode(query)}")
        sent_s = time.perf_counter()
        answer = connection.exchange(request)
        seconds = time.perf_counter() - sent_s
        if answer.status >= 300:
            raise RequestFailed("metrics/get-history", answer.status, answer.body)
        found = _TOKEN.search(answer.body)
        token = str(json.loads(found[1])) if found else ""
        is_last = not token
        yield Page(answer.body, seconds, is_last)
