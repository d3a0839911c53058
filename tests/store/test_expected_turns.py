"""Two servers that take turns come to what one server on a file comes to, whatever each of them expects of the other's rows."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from databases import Databases
from examples import EXAMPLES
from headrace.api import metrics, runs
from headrace.api.endpoint import Tag
from headrace.api.metrics import LogMetric, Metric
from headrace.api.runs import Param
from headrace.base.errors import HeadraceError
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.services.platform import PlatformSettings, open_platform

ACTOR = Actor()
KEYS = st.sampled_from("ab")
WORDS = st.sampled_from(["", "x", "y"])
POINTS = st.builds(
    Metric,
    key=KEYS,
    value=st.sampled_from([0.0, -1.5, 2.0, float("nan"), float("inf")]),
    timestamp=st.integers(1, 3),
    step=st.integers(-1, 2),
)


def _batch(points: list[Metric], params: dict[str, str], tags: dict[str, str]) -> Any:
    return lambda run_id: (
        runs.LOG_BATCH,
        runs.LogBatch(
            run_id=run_id,
            metrics=points,
            params=[Param(key=key, value=value) for key, value in params.items()],
            tags=[Tag(key=key, value=value) for key, value in tags.items()],
        ),
    )


def _point(point: Metric) -> Any:
    fields = {"key": point.key, "value": point.value, "timestamp": point.timestamp, "step": point.step}
    return lambda run_id: (metrics.LOG, LogMetric(run_id=run_id, **fields))


def _texts(endpoint: Any, request: Any) -> Any:
    return lambda key, value: lambda run_id: (endpoint, request(run_id=run_id, key=key, value=value))


CALLS = st.one_of(
    st.builds(
        _batch,
        st.lists(POINTS, max_size=6),
        st.dictionaries(KEYS, WORDS, max_size=3),
        st.dictionaries(KEYS, WORDS, max_size=3),
    ),
    st.builds(_point, POINTS),
    st.builds(_texts(runs.SET_TAG, runs.SetTag), KEYS, WORDS),
    st.builds(_texts(runs.LOG_PARAM, runs.LogParam), KEYS, WORDS),
    st.builds(lambda key: lambda run_id: (runs.DELETE_TAG, runs.DeleteTag(run_id=run_id, key=key)), KEYS),
    st.builds(lambda name: lambda run_id: (runs.UPDATE, runs.UpdateRun(run_id=run_id, run_name=name)), WORDS),
    st.sampled_from(
        [
            lambda run_id, row=row: (row, runs.RunById(run_id=run_id))
            for row in (runs.DELETE, runs.RESTORE, runs.RESTORE)
        ]
    ),
)


class World(NamedTuple):
    """Two servers on one database, and one on a file that does the same."""

    servers: tuple[Platform, Platform]
    plain: Platform


@pytest.fixture(scope="module")
def world(databases: Databases, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("turns")
    with ExitStack() as stack:
        url = stack.enter_context(databases.lend(database, folder))
        plain = stack.enter_context(databases.lend("sqlite", tmp_path_factory.mktemp("plain")))
        opened = [open_platform(PlatformSettings(each, str(folder / "files"))) for each in (url, url, plain)]
        yield World((opened[0], opened[1]), opened[2])
        for each in opened:
            each.store.close()


def _try(platform: Platform, call: tuple[Any, Any]) -> str:
    try:
        dispatch.call(platform, ACTOR, *call)
    except HeadraceError as error:
        return type(error).__name__
    return ""


def _create(platform: Platform) -> str:
    request = runs.CreateRun(experiment_id="0", run_name="made", start_time=7)
    return dispatch.call(platform, ACTOR, runs.CREATE, request).run.info.run_id


def _read(platform: Platform, run_id: str) -> list[object]:
    run = dispatch.call(platform, ACTOR, runs.GET, runs.GetRun(run_id=run_id)).run
    latest = [(each.key, repr(each.value), each.step, each.timestamp) for each in run.data.metrics or ()]
    with platform.store.read() as conn:
        series = conn.rows(
            "SELECT k.name, s.context, s.points, s.nans, s.min_code, s.max_code, s.first_code, s.first_step, s.latest_code, s.latest_step, s.scope "
            "FROM hr_series s JOIN hr_run r ON r.id = s.run JOIN hr_key k ON k.id = s.key_id WHERE r.run_id = ?",
            (run_id,),
        )
    return [
        (run.info.run_name, run.info.lifecycle_stage),
        sorted((each.key, each.value) for each in run.data.params or ()),
        sorted((each.key, each.value) for each in run.data.tags or ()),
        sorted(latest),
        sorted(series),
    ]


@pytest.mark.databases("postgresql", "mysql", reason="several servers, of which only one writes to a file")
@settings(max_examples=40 * EXAMPLES, deadline=None)
@given(turns=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), CALLS), min_size=12, max_size=40))
def test_two_servers_in_turn_come_to_what_one_comes_to(
    world: World, turns: list[tuple[int, int, Callable[[str], tuple[Any, Any]]]]
) -> None:
    made: dict[int, tuple[str, str]] = {}
    for number, (server, place, call) in enumerate(turns):
        platform = world.servers[server]
        if place not in made:
            made[place] = _create(platform), _create(world.plain)
        theirs, plain = made[place]
        note(f"{number}: server {server}, run {place}, {call('RUN')[1]}")
        assert _try(platform, call(theirs)) == _try(world.plain, call(plain))
    for theirs, plain in made.values():
        wanted = _read(world.plain, plain)
        assert [_read(platform, theirs) for platform in world.servers] == [wanted, wanted]
