"""What scripts on MLflow rely on and the golden files are too small to show; on a real store, called in process."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from headrace.api import metrics, runs
from headrace.api.endpoint import Endpoint, Tag
from headrace.api.metrics import GetHistory, GetHistoryBulkInterval, Metric, MetricsPage
from headrace.api.runs import CreateRun, GetRun, LogBatch, LogModel
from headrace.base.errors import InvalidParameter
from headrace.base.json import Wire
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.services.platform import PlatformSettings, open_platform

Req = TypeVar("Req", bound=Wire)
Res = TypeVar("Res", bound=Wire)
MANY = 26_000


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder: Path = tmp_path_factory.mktemp("platform")
    opened = open_platform(
        PlatformSettings(store_url=f"sqlite:///{folder / 'store.db'}", destination=str(folder / "files"))
    )
    yield opened
    opened.store.close()


def _call(platform: Platform, endpoint: Endpoint[Req, Res], request: Req) -> Res:
    return dispatch.call(platform, Actor(), endpoint, request)


def _create_run(platform: Platform, **more: object) -> str:
    made = _call(platform, runs.CREATE, CreateRun(experiment_id="0", start_time=1, **more))  # type: ignore[arg-type]
    return made.run.info.run_id


@pytest.fixture(scope="module")
def long_run(platform: Platform) -> str:
    """A run with more points of one metric than are read at once."""
    run_id = _create_run(platform)
    for start in range(0, MANY, 1000):
        points = [Metric(key="m", value=n, timestamp=n, step=n) for n in range(start, start + 1000)]
        _call(platform, runs.LOG_BATCH, LogBatch(run_id=run_id, metrics=points))
    return run_id


def _page(platform: Platform, run_id: str, size: int, token: str = "") -> MetricsPage:
    request = GetHistory(run_id=run_id, metric_key="m", max_results=size, page_token=token)
    return _call(platform, metrics.GET_HISTORY, request)


@pytest.mark.parametrize("size", [MANY, MANY + 1, 2**31 - 1])
def test_a_page_of_a_history_may_be_of_any_size(platform: Platform, long_run: str, size: int) -> None:
    page = _page(platform, long_run, size)
    assert isinstance(page.metrics, list)
    assert [point.step for point in page.metrics] == list(range(MANY))
    assert not page.next_page_token


def test_a_large_page_of_a_history_is_followed_by_the_rest(platform: Platform, long_run: str) -> None:
    first = _page(platform, long_run, 25_500)
    assert isinstance(first.next_page_token, str)
    rest = _page(platform, long_run, 25_500, first.next_page_token)
    assert isinstance(first.metrics, list)
    assert isinstance(rest.metrics, list)
    assert [point.step for point in [*first.metrics, *rest.metrics]] == list(range(MANY))
    assert not rest.next_page_token


def test_a_sample_of_one_is_the_last_point(platform: Platform, long_run: str) -> None:
    request = GetHistoryBulkInterval(run_ids=[long_run], metric_key="m", max_results=1)
    found = _call(platform, metrics.GET_HISTORY_BULK_INTERVAL, request).metrics
    assert isinstance(found, list)
    assert [point.step for point in found] == [MANY - 1]


@pytest.mark.parametrize("size", [0, -1])
def test_a_page_of_a_history_holds_something(platform: Platform, long_run: str, size: int) -> None:
    with pytest.raises(InvalidParameter, match=f"Invalid max_results {size}"):
        _page(platform, long_run, size)


def test_a_run_may_be_made_with_tags_of_any_key(platform: Platform) -> None:
    run_id = _create_run(platform, tags=[Tag(key="a;b", value="1"), Tag(key="/x//", value="2")])
    run = _call(platform, runs.GET, GetRun(run_id=run_id)).run
    assert isinstance(run.data.tags, list)
    assert {"a;b": "1", "/x//": "2"}.items() <= {tag.key: tag.value for tag in run.data.tags}.items()


@pytest.mark.parametrize("key", ["", "k" * 251, "a\0b"])
def test_a_run_is_not_made_with_tags_that_cannot_be_stored(platform: Platform, key: str) -> None:
    with pytest.raises(InvalidParameter, match="Invalid tag name"):
        _create_run(platform, tags=[Tag(key=key, value="1")])


def test_an_empty_name_in_a_batch_leaves_the_name_as_it_is(platform: Platform) -> None:
    run_id = _create_run(platform, run_name="first")
    tags = [Tag(key="mlflow.runName", value=""), Tag(key="a", value="b")]
    _call(platform, runs.LOG_BATCH, LogBatch(run_id=run_id, tags=tags))
    run = _call(platform, runs.GET, GetRun(run_id=run_id)).run
    assert isinstance(run.data.tags, list)
    assert run.info.run_name == "first"
    assert {tag.key: tag.value for tag in run.data.tags} == {"mlflow.runName": "first", "a": "b"}


def test_the_history_of_models_leaves_out_what_is_large(platform: Platform) -> None:
    run_id = _create_run(platform)
    model = {
        "run_id": run_id,
        "artifact_path": "net",
        "utc_time_created": "2024-01-01",
        "model_uuid": "u",
        "signature": {"inputs": "x" * 100_000},
        "flavors": {"torch": {"version": "2", "config": {"layers": "x" * 100_000}}, "odd": "text"},
    }
    _call(platform, runs.LOG_MODEL, LogModel(run_id=run_id, model_json=json.dumps(model)))
    run = _call(platform, runs.GET, GetRun(run_id=run_id)).run
    assert isinstance(run.data.tags, list)
    history = next(tag.value for tag in run.data.tags if tag.key == "mlflow.log-model.history")
    kept = {name: model[name] for name in ("run_id", "artifact_path", "utc_time_created", "model_uuid")}
    assert json.loads(history) == [{**kept, "flavors": {"torch": {"version": "2"}, "odd": "text"}}]
