"""The hot reads walk indexes on PostgreSQL and on MariaDB as well, from the place where they begin, and stop when they have enough.

Pinned is how many rows each looks at, and the indexes that it names. A walk is a walk at any size: the store has 20,000 runs here, and as many as
HEADRACE_PLAN_RUNS says (a million take some minutes); what may be looked at stays the same. The planner knows what the tables hold, or knows
nothing, as after a restore; on PostgreSQL statements are also planned for parameters that are not known.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import sql

from databases import Databases
from headrace.search.fields import RUNS, complete_order
from headrace.search.parser import parse_filter, parse_order_by
from headrace.store import changes, points, run_columns, runs, sealing_candidates, series
from headrace.store.chart_lines import find_parts
from headrace.store.connection import Connection
from headrace.store.dialects.arrays import Packed
from headrace.store.engine import Store, open_store
from headrace.store.keys import find_key_ids
from headrace.store.run_columns import Source
from headrace.store.run_search import RunSearch, search_runs
from search.million import ACC, CHANGES, LOSS, LR, START, fill

pytestmark = pytest.mark.databases(
    "postgresql", "mysql", reason="tests/search/test_plans.py has SQLite's plans"
)

RUNS_MADE = int(os.environ.get("HEADRACE_PLAN_RUNS", "20000"))
LIMIT = 100
BY_TIME = "hr_run_by_scope_start_time"
BY_METRIC = "hr_series_by_scope_key_latest"
OF_RUN = "hr_series_one_run_key_id_context_attempt"
SOME = list(range(2, 10_002, 100))
NOW = START + 10**12
CHANGES_READ = min(CHANGES, RUNS_MADE) // 2
MIDDLE = START + RUNS_MADE // 2 * 1000


def search(
    text: str = "", order: tuple[str, ...] = (), place: Any = None, few: int = 300, **options: Any
) -> Callable[[Connection], Any]:
    keys = complete_order(parse_order_by(order, RUNS), RUNS)
    wanted = RunSearch((2,), parse_filter(text, RUNS), keys, LIMIT, few, now=NOW, **options)
    return lambda conn: search_runs(conn, wanted, place)


def second_page(conn: Connection) -> Any:
    work = RunSearch((2,), None, complete_order(parse_order_by(("metrics.loss",), RUNS), RUNS), LIMIT)
    return search_runs(conn, work, search_runs(conn, work, None)[1])


#: By name: what is read, how many rows it may look at, the indexes that its plans name.
CASES: dict[str, tuple[Callable[[Connection], Any], int, tuple[str, ...]]] = {
    "newest": (search(), 2 * LIMIT, (BY_TIME,)),
    "newest, next page": (search(place=[MIDDLE, "8" * 32]), 2 * LIMIT, (BY_TIME,)),
    "by metric": (search(order=("metrics.loss DESC",)), 4 * LIMIT, (BY_METRIC,)),
    "by metric, next page": (second_page, 8 * LIMIT, (BY_METRIC,)),
    "by metric, filtered": (
        search("params.lr = 'v4'", ("metrics.loss DESC",), few=0),
        40 * LIMIT,
        (BY_METRIC,),
    ),
    "metric, most runs": (search("metrics.loss > 0.1"), 10 * LIMIT, (BY_TIME, OF_RUN)),
    "metric, no runs": (search("metrics.loss > 1000"), LIMIT, (BY_METRIC,)),
    "param, few runs": (
        search(f"params.seed = 'v{8}'", few=4000),
        10_000,
        ("hr_param_by_scope_key_id_digest_run",),
    ),
    "param, many runs": (search("params.lr = 'v4'"), 30 * LIMIT, (BY_TIME,)),
    "param, no runs": (search("params.lr = 'never'"), LIMIT, ("hr_param_by_scope_key_id_digest_run",)),
    "param, ILIKE": (search("params.lr ILIKE 'V4%'"), 30 * LIMIT, (BY_TIME,)),
    "tag, many runs": (search("tags.team = 'v2'"), 30 * LIMIT, (BY_TIME,)),
    "metric, param and tag": (
        search("metrics.loss > 0 AND params.lr != 'x' AND tags.team != 'y'"),
        20 * LIMIT,
        (BY_TIME,),
    ),
    "status": (search("attributes.status = 'FINISHED'"), 6 * LIMIT, (BY_TIME,)),
    "run by id": (lambda conn: runs.get_info(conn, 5, NOW), 4, ()),
    "runs of a page": (lambda conn: runs.build_runs(conn, SOME, NOW), 20 * LIMIT, ()),
    "latest points": (lambda conn: series.ask_latest_points(conn, SOME)(), 4 * LIMIT, ()),
    "columns of a page": (
        lambda conn: run_columns.read_columns(
            conn,
            (2,),
            run_columns.np.array(SOME),
            [
                Source(run_columns.Kind.METRIC, LOSS, "min_code"),
                Source(run_columns.Kind.METRIC, ACC, "latest_code"),
                Source(run_columns.Kind.PARAM, LR, "value"),
                Source(run_columns.Kind.ATTRIBUTE, 0, "name"),
            ],
        ),
        10 * LIMIT,
        (),
    ),
    "lines of a chart": (lambda conn: find_parts(conn, [(run, LOSS) for run in SOME]), 4 * LIMIT, ()),
    "log of changes": (
        lambda conn: changes.read_entries(conn, changes.Place(CHANGES_READ), LIMIT),
        4 * LIMIT,
        (),
    ),
    "log of changes, inside a commit": (
        lambda conn: changes.read_entries(conn, changes.Place(CHANGES_READ, 2, CHANGES_READ, 1), LIMIT),
        4 * LIMIT,
        (),
    ),
    "reach of the log": (changes.read_extent, 4, ()),
    "tail": (lambda conn: points.Tail(conn, [points.Part(799, None)]).read(), 10, ()),
    "tail, next rows": (
        lambda conn: points.Tail(conn, [points.Part(799, None)], (START, 1, 0, 0)).read(),
        10,
        (),
    ),
    "sample": (
        lambda conn: points.sample_points(conn, [points.Part(799, None), points.Part(797, 5)], None, 10),
        60,
        (),
    ),
    "parts of a history": (lambda conn: points.parts_of(conn, 400, LOSS), 10, ()),
    "series to seal of a run": (lambda conn: sealing_candidates.find_candidates(conn, [77]), 10, (OF_RUN,)),
    "series to seal, walk": (lambda conn: sealing_candidates.find_neglected(conn, 5000, 100), 3 * LIMIT, ()),
    "keys": (lambda conn: find_key_ids(conn, ["loss", "never"]), 10, ("hr_key_one_name",)),
}


@pytest.fixture(scope="module", params=[True, False], ids=["counted", "not counted"])
def filled(
    request: pytest.FixtureRequest,
    databases: Databases,
    database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Store]:
    with databases.lend(database, tmp_path_factory.mktemp("plans")) as url:
        fill(url, RUNS_MADE, analyse=request.param)
        store = open_store(url)
        yield store
        store.close()


class Recorder:
    """A cursor that keeps what it is asked."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.asked: list[tuple[str, list[Any]]] = []

    def execute(self, query: str, params: Any = ()) -> None:
        self.asked.append((query, list(params)))
        self._cursor.execute(query, params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def record(conn: Connection, work: Callable[[Connection], Any]) -> list[tuple[str, list[Any]]]:
    """Return the statements that a read makes when it knows the names of keys."""
    recorder: Any = Recorder(conn.cursor)
    work(Connection(recorder, conn.dialect, conn.caches))
    recorder.asked.clear()
    conn.caches.key_ids.clear()
    work(Connection(recorder, conn.dialect, conn.caches))
    return list(recorder.asked)


def _count_rows(node: dict[str, Any]) -> int:
    own = sum(
        node.get(part, 0) for part in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    )
    rows = own * node["Actual Loops"] if "Relation Name" in node or "Index Name" in node else 0
    return int(rows) + sum(_count_rows(each) for each in node.get("Plans", ()))


def explain_postgresql(cursor: Any, query: str, params: list[Any]) -> tuple[int, str]:
    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}", params)
    plan = cursor.fetchone()[0]
    return _count_rows(plan[0]["Plan"]), json.dumps(plan)


def explain_generic(cursor: Any, query: str, params: list[Any]) -> tuple[int, str]:
    """Explain a statement as it is planned when it is prepared and its parameters are not looked at."""
    numbers = iter(range(1, len(params) + 1))
    text = re.sub("%s", lambda _: f"${next(numbers)}", query).replace("%%", "%")
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute(f"PREPARE asked AS {text}".replace("%", "%%"), ())
    plain = [list(each.values) if isinstance(each, Packed) else each for each in params]
    given = sql.SQL(", ").join(map(sql.Literal, plain))
    values = sql.SQL("({})").format(given) if params else sql.SQL("")
    explain = sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE asked") + values
    cursor.execute(explain.as_string().replace("%", "%%"))
    plan = cursor.fetchone()[0]
    cursor.execute("DEALLOCATE asked")
    assert not cursor.rowcount
    return _count_rows(plan[0]["Plan"]), json.dumps(plan)


def explain_mysql(cursor: Any, query: str, params: list[Any]) -> tuple[int, str]:
    cursor.execute(f"EXPLAIN {query}", params)
    plan = str(cursor.fetchall())
    before = _handler_reads(cursor)
    cursor.execute(query, params)
    cursor.fetchall()
    return _handler_reads(cursor) - before, plan


def _handler_reads(cursor: Any) -> int:
    cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
    return sum(int(value) for name, value in cursor.fetchall() if name != "Handler_read_rnd_deleted")


@pytest.mark.parametrize("case", CASES)
def test_a_hot_read_looks_at_few_rows(filled: Store, case: str) -> None:
    work, most, indexes = CASES[case]
    ways = [explain_mysql] if filled.dialect.name == "mysql" else [explain_postgresql, explain_generic]
    with filled.read() as conn:
        asked = record(conn, work)
        for way in ways:
            found = [way(conn.cursor, query, params) for query, params in asked]
            plans = "\n".join(plan for _, plan in found)
            assert sum(rows for rows, _ in found) <= most, f"{way.__name__}: {plans}"
            for index in indexes:
                assert index in plans, way.__name__
