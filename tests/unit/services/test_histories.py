"""Histories through MLflow's calls: pages of points that are equal and do not collapse, and tokens that fit no history."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.api import metrics, runs
from headrace.api.page import encode_token, question_digest
from headrace.base.errors import InvalidParameter
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import sealing, series
from headrace.store.codes import encode
from headrace.store.keys import find_key_ids, intern_keys
from headrace.store.points import parts_of
from headrace.store.runs import get_run
from headrace.store.transaction import Transaction

ACTOR = Actor()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(
        PlatformSettings(f"sqlite:///{tmp_path / 'store.db'}", str(tmp_path / "artifacts"))
    )
    yield replace(opened, clock=lambda: 5)
    opened.store.close()


@pytest.fixture
def run_id(platform: Platform) -> str:
    created = dispatch.call(platform, ACTOR, runs.CREATE, runs.CreateRun(experiment_id="0"))
    return created.run.info.run_id


def _log_records(platform: Platform, run_id: str, points: list[tuple[int, int, int]], first: int) -> None:
    """Log a writer's points."""

    def work(tx: Transaction) -> None:
        key = intern_keys(tx, ["loss"])["loss"]
        numbers = range(first, first + len(points))
        series.add_points(tx, get_run(tx, run_id), key, 0, points, numbers)

    platform.store.writer.call(work)


def _seal(platform: Platform, run_id: str) -> None:
    with platform.store.read() as conn:
        (part,) = parts_of(conn, get_run(conn, run_id).id, find_key_ids(conn, ["loss"])["loss"])
        plan = sealing.plan_tail(conn, part.series, 1)
    assert plan is not None
    assert platform.store.writer.call(lambda tx: sealing.apply(tx, plan))


def _read_pages(platform: Platform, run_id: str, size: int) -> list[metrics.Metric]:
    found: list[metrics.Metric] = []
    token = ""
    while True:
        request = metrics.GetHistory(run_id=run_id, metric_key="loss", max_results=size, page_token=token)
        page = dispatch.call(platform, ACTOR, metrics.GET_HISTORY, request)
        assert page.metrics
        found += page.metrics
        if not page.next_page_token:
            return found
        assert len(page.metrics) == size
        token = page.next_page_token


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("size", [1, 3, 10, 100])
def test_pages_give_equal_points_of_a_writer_as_often_as_they_were_logged(
    platform: Platform, run_id: str, size: int, sealed: bool
) -> None:
    equal, other = (7, 0, encode(1.5)), (7, 0, encode(2.5))
    _log_records(platform, run_id, [equal] * 15 + [other] * 2, 1)
    if sealed:
        _seal(platform, run_id)
    _log_records(platform, run_id, [equal] * 10, 100)
    found = _read_pages(platform, run_id, size)
    assert found == [
        metrics.Metric(key="loss", value=value, timestamp=7, step=0) for value in [1.5] * 25 + [2.5] * 2
    ]


def test_numbers_that_json_lacks_leave_as_texts_from_any_history(platform: Platform, run_id: str) -> None:
    values = [math.nan, math.inf, -math.inf, 0.5]
    points = [(time, 0, encode(value)) for time, value in enumerate(values)]
    _log_records(platform, run_id, points, 1)
    request = metrics.GetHistory(run_id=run_id, metric_key="loss")
    for _ in range(2):
        answer = dispatch.call(platform, ACTOR, metrics.GET_HISTORY, request)
        assert answer.metrics
        assert [repr(float(metric.value)) for metric in answer.metrics] == ["nan", "inf", "-inf", "0.5"]
        if not _is_sealed(platform):
            _seal(platform, run_id)
    assert _is_sealed(platform)


def _is_sealed(platform: Platform) -> bool:
    with platform.store.read() as conn:
        return conn.row("SELECT 1 FROM hr_chunk") is not None


@pytest.mark.parametrize(
    "place",
    [
        [1, 2, 3],
        [1, 2, 3, 0],
        [1, 2, 3, -7],
        [1, 2, 2**63, 1],
        [1, "2", 3, 1],
        [1, 2, 3, 4, 5],
        [1, 2.5, 3, 1],
    ],
)
def test_a_token_that_is_no_place_in_a_history_is_refused(
    platform: Platform, run_id: str, place: list[object]
) -> None:
    _log_records(platform, run_id, [(1, 2, 3)], 1)
    token = encode_token(question_digest(run_id, "loss"), place)
    request = metrics.GetHistory(run_id=run_id, metric_key="loss", page_token=token)
    with pytest.raises(InvalidParameter, match="page_token"):
        dispatch.call(platform, ACTOR, metrics.GET_HISTORY, request)
