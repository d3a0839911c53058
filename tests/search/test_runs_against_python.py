"""Searching runs finds what plain Python finds: every filter, every order, every way of walking, page by page."""

import math
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import EXAMPLES
from headrace.search.fields import RUNS, complete_order
from headrace.search.tree import (
    And,
    Between,
    Compare,
    Entity,
    Field,
    In,
    IsNull,
    Node,
    Not,
    Op,
    Or,
    OrderKey,
    Statistic,
)
from headrace.store.run_search import RunSearch, search_runs
from search.model import METRICS, PARAMS, STATUSES, TAGS, TEXTS, VALUES, World, matches, ordered

NUMBERS = st.sampled_from([value for value in VALUES if math.isfinite(value)] + [7, 10**12])
NUMERIC_OPS = st.sampled_from([Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE])
TEXT_OPS = st.sampled_from([Op.EQ, Op.NE, Op.LIKE, Op.ILIKE])
PATTERNS = st.one_of(
    st.sampled_from(TEXTS), st.sampled_from(["%", "a%", "%a%", "_da_", "A%", "%'%", "__", "%ä%"])
)
METRIC = st.builds(
    Field, st.just(Entity.METRIC), st.sampled_from([*METRICS, "never"]), st.sampled_from(list(Statistic))
)
PARAM = st.builds(Field, st.just(Entity.PARAM), st.sampled_from([*PARAMS, "never"]))
TAG = st.builds(Field, st.just(Entity.TAG), st.sampled_from([*TAGS, "never"]))
TEXT_ATTRIBUTE = st.builds(
    Field, st.just(Entity.ATTRIBUTE), st.sampled_from(["run_name", "user_id", "status"])
)
TIME = st.builds(Field, st.just(Entity.ATTRIBUTE), st.sampled_from(["start_time", "end_time"]))
DATASET = st.builds(Field, st.just(Entity.DATASET), st.sampled_from(["name", "digest", "context"]))
WORDS = st.one_of(PATTERNS, st.sampled_from([*STATUSES, "train", "d1", "eval", "bob"]))


def clauses(ids: list[str]) -> st.SearchStrategy[Node]:
    numeric, texts = st.one_of(METRIC, TIME, PARAM), st.one_of(PARAM, TAG, TEXT_ATTRIBUTE, DATASET)
    run_id = st.just(Field(Entity.ATTRIBUTE, "run_id"))
    return st.one_of(
        st.builds(Compare, numeric, NUMERIC_OPS, NUMBERS),
        st.builds(Between, numeric, NUMBERS, NUMBERS),
        st.builds(In, numeric, st.lists(NUMBERS, min_size=1, max_size=4).map(tuple), st.booleans()),
        st.builds(Compare, texts, TEXT_OPS, WORDS),
        st.builds(In, texts, st.lists(WORDS, min_size=1, max_size=4).map(tuple), st.booleans()),
        st.builds(IsNull, st.one_of(PARAM, TAG, TIME, TEXT_ATTRIBUTE), st.booleans()),
        st.builds(Compare, run_id, st.sampled_from([Op.EQ, Op.NE]), st.sampled_from(ids)),
        st.builds(
            In, run_id, st.lists(st.sampled_from(ids), min_size=1, max_size=5).map(tuple), st.booleans()
        ),
    )


def trees(ids: list[str]) -> st.SearchStrategy[Node]:
    return st.recursive(
        clauses(ids),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=6,
    )


def orders() -> st.SearchStrategy[tuple[OrderKey, ...]]:
    run_id = st.just(Field(Entity.ATTRIBUTE, "run_id"))
    key = st.builds(OrderKey, st.one_of(METRIC, PARAM, TAG, TIME, TEXT_ATTRIBUTE, run_id), st.booleans())
    return st.lists(key, max_size=3, unique_by=lambda each: each.field).map(tuple)


def pages(world: World, search: RunSearch) -> list[int]:
    found: list[int] = []
    place: Any = None
    for _ in range(1000):
        with world.store.read() as conn:
            ids, place = search_runs(conn, search, place)
        assert len(ids) <= search.limit
        found += ids
        if place is None:
            return found
    raise AssertionError("the pages never end")


@settings(
    max_examples=60 * EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_search_finds_what_python_finds_in_the_same_order(world: World, data: st.DataObject) -> None:
    node = data.draw(st.one_of(st.none(), trees([run.run_id for run in world.runs])))
    order = complete_order(data.draw(orders()), RUNS)
    experiments = data.draw(st.lists(st.sampled_from(world.experiments), unique=True, min_size=1))
    stages = data.draw(st.sampled_from([(0,), (1,), (0, 1)]))
    scopes = tuple(2 * experiment + stage for experiment in experiments for stage in stages)
    search = RunSearch(
        scopes,
        node,
        order,
        limit=data.draw(st.sampled_from([1, 2, 7, 1000])),
        few=data.draw(st.sampled_from([0, 5, 4000])),
        very_few=data.draw(st.sampled_from([1, 3, 1000])),
        merged=data.draw(st.sampled_from([0, 1, 24])),
    )
    wanted = [
        run
        for run in world.runs
        if run.experiment in experiments and int(run.deleted) in stages and matches(node, run)
    ]
    with world.store.read() as conn:
        names = dict(conn.rows("SELECT id, run_id FROM hr_run"))
    assert [names[number] for number in pages(world, search)] == [
        run.run_id for run in ordered(wanted, order)
    ]
