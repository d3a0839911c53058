"""The hot searches walk the indexes that were made for them: pinned by SQLite's own account of its plans."""

from typing import Any

import pytest

from headrace.search.fields import RUNS, complete_order
from headrace.search.parser import parse_filter, parse_order_by
from headrace.store.connection import Connection, Params, Row
from headrace.store.counted import Counted
from headrace.store.run_search import RunSearch, search_runs
from search.model import World

pytestmark = pytest.mark.databases("sqlite", reason="reads SQLite's account of its plans")


class Recorder(Connection):
    """A connection that keeps what it was asked."""

    asked: list[tuple[str, Params]]

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        self.asked.append((sql, params))
        return super().rows(sql, params)


def explain(
    world: World, text: str = "", order: tuple[str, ...] = (), place: Any = None, few: int = 4000
) -> str:
    """Return the plans of all queries on runs that a search makes."""
    search = RunSearch(
        (2,), parse_filter(text, RUNS), complete_order(parse_order_by(order, RUNS), RUNS), 10, few
    )
    with world.store.read() as conn:
        recorder = Recorder(conn.cursor, conn.dialect, conn.caches)
        recorder.asked = []
        search_runs(recorder, search, place)
        return "\n".join(
            row[3]
            for sql, params in recorder.asked
            if "hr_run r" in sql
            for row in conn.rows("EXPLAIN QUERY PLAN " + sql, params)
        )


@pytest.mark.parametrize("place", [None, [5, "0" * 32]], ids=["first page", "next page"])
def test_the_newest_runs_come_from_the_index_without_sorting(world: World, place: Any) -> None:
    plan = explain(world, place=place)
    assert "hr_run_by_scope_start_time" in plan
    assert "TEMP B-TREE" not in plan
    assert "SCAN" not in plan


def test_the_next_page_begins_at_its_place_in_the_index(world: World) -> None:
    assert "(scope=? AND start_time<?)" in explain(world, place=[5, "0" * 32])


def test_a_broad_filter_tests_each_run_by_a_key_of_its_own(world: World) -> None:
    plan = explain(world, "metrics.loss > 0 AND params.lr != 'x' AND tags.team != 'y'", few=0)
    assert "hr_run_by_scope_start_time" in plan
    assert "SCAN" not in plan
    assert "(run=? AND key_id=?)" in plan


def test_an_order_by_metric_walks_the_index_of_latest_values(world: World) -> None:
    plan = explain(world, order=("metrics.loss DESC",))
    assert "hr_series_by_scope_key_latest (scope=? AND key_id=? AND is_nan=?)" in plan
    assert "SCAN m" not in plan
    assert "SCAN r" not in plan


def test_a_selective_param_starts_from_its_index(world: World) -> None:
    plan = explain(world, "params.lr = '0.1'")
    assert "hr_param_by_scope_key_id_digest_run (scope=? AND key_id=? AND digest=?)" in plan
    assert "hr_run_by_scope_start_time" not in plan


def test_a_selective_metric_starts_from_its_index(world: World) -> None:
    plan = explain(world, "metrics.loss > 1e307")
    assert (
        "hr_series_by_scope_key_latest (scope=? AND key_id=? AND is_nan=? AND latest_code>? AND latest_code<?)"
        in plan
    )


def test_a_run_id_is_looked_up(world: World) -> None:
    plan = explain(world, f"attributes.run_id = '{world.runs[0].run_id}'")
    assert "(run_id=?)" in plan
    assert "hr_run_by_scope_start_time" not in plan


def test_of_a_clause_that_many_runs_match_no_more_is_counted_than_another_leaves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`metrics.loss` is there in most runs, and one run has the id."""
    limits: list[str] = []
    ask = Connection.ask

    def note(self: Connection, sql: str, params: Params = ()) -> Any:
        if "counted" in sql:
            limits.append(sql.rpartition("LIMIT ")[2].split(")")[0])
        return ask(self, sql, params)

    monkeypatch.setattr(Connection, "ask", note)
    world.store.caches.parts.pop(Counted, None)
    some = f"metrics.loss > -1e9 AND attributes.run_id = '{world.runs[0].run_id}'"
    most = "metrics.loss > -1e9 AND metrics.loss < 1e9"
    again = (some, [])  # what was counted a moment ago is known
    for text, wanted in ((some, ["3"] * 2), again, (most, ["3"] + ["4001"] * 2)):
        limits.clear()
        order = complete_order((), RUNS)
        search = RunSearch((2,), parse_filter(text, RUNS), order, 10, very_few=2)
        with world.store.read() as conn:
            search_runs(conn, search, None)
        assert limits == wanted
