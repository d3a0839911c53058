"""Logged models on a real store, called as the server and the in-process client call them."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from msgspec.structs import replace

from headrace.api import experiments, logged_models, metrics, runs
from headrace.api.endpoint import Endpoint, Tag
from headrace.api.logged_models import (
    CreateLoggedModel,
    DeleteLoggedModelTag,
    FinalizeLoggedModel,
    ListLoggedModelArtifacts,
    LoggedModel,
    LoggedModelById,
    LoggedModelOrder,
    LoggedModelParam,
    LoggedModelsPage,
    LoggedModelStatus,
    LogLoggedModelParams,
    SearchDataset,
    SearchLoggedModels,
    SetLoggedModelTags,
)
from headrace.api.metrics import LogMetric
from headrace.api.runs import CreateRun, RunById
from headrace.base.errors import AttributeNotFound, BadRequest, InvalidParameter, NotFound
from headrace.base.json import Wire
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.services.platform import PlatformSettings, open_platform

Req = TypeVar("Req", bound=Wire)
Res = TypeVar("Res", bound=Wire)
NOBODY = "m-" + "0" * 32


class Caller:
    """Calls a platform; the clock moves on by a millisecond whenever it is read."""

    def __init__(self, platform: Platform) -> None:
        ticks = itertools.count(1_000_000)
        self.platform = replace(platform, clock=lambda: next(ticks))

    def __call__(self, endpoint: Endpoint[Req, Res], request: Req) -> Res:
        return dispatch.call(self.platform, Actor(), endpoint, request)

    def experiment(self, name: str = "exp") -> str:
        made = self(experiments.CREATE, experiments.CreateExperiment(name=name))
        return made.experiment_id

    def run(self, experiment_id: str) -> str:
        made = self(runs.CREATE, CreateRun(experiment_id=experiment_id, start_time=1))
        return made.run.info.run_id

    def model(self, experiment_id: str, name: str = "", **more: Any) -> str:
        request = CreateLoggedModel(experiment_id=experiment_id, name=name, **more)
        return self(logged_models.CREATE, request).model.info.model_id

    def get(self, model_id: str) -> LoggedModel:
        return self(logged_models.GET, LoggedModelById(model_id=model_id)).model

    def log(self, run_id: str, model_id: str, key: str, value: float, **more: Any) -> None:
        request = LogMetric(run_id=run_id, key=key, value=value, timestamp=1, model_id=model_id)
        self(metrics.LOG, msgspec.structs.replace(request, **more))

    def search(self, experiment_id: str, text: str = "", **more: Any) -> LoggedModelsPage:
        request = SearchLoggedModels(experiment_ids=[experiment_id], filter=text, **more)
        return self(logged_models.SEARCH, request)

    def names(self, experiment_id: str, text: str = "", **more: Any) -> list[str]:
        return [model.info.name for model in self.search(experiment_id, text, **more).models or ()]


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Caller]:
    platform = open_platform(
        PlatformSettings(store_url=f"sqlite:///{tmp_path / 'store.db'}", destination=str(tmp_path / "files"))
    )
    yield Caller(platform)
    platform.store.close()


@pytest.fixture
def exp(call: Caller) -> str:
    return call.experiment()


def params_of(model: LoggedModel) -> dict[str, str]:
    return {param.key: param.value for param in model.data.params or ()}


def tags_of(model: LoggedModel) -> dict[str, str]:
    return {tag.key: tag.value for tag in model.info.tags or ()}


def points_of(model: LoggedModel) -> list[tuple[str, float | str, int, object, str]]:
    return [
        (m.key, "NaN" if math.isnan(m.value) else m.value, m.step, m.dataset_name, m.run_id)
        for m in model.data.metrics or ()
    ]


def order(*names: str, ascending: bool = True, **dataset: str) -> list[LoggedModelOrder]:
    return [LoggedModelOrder(field_name=name, ascending=ascending, **dataset) for name in names]


def test_a_new_model_is_pending_and_reads_back_as_it_was_made(call: Caller, exp: str) -> None:
    made = call(
        logged_models.CREATE,
        CreateLoggedModel(
            experiment_id=exp,
            name="net",
            model_type="agent",
            source_run_id="0" * 32,
            params=[LoggedModelParam(key="lr", value="0.1"), LoggedModelParam(key="a;b")],
            tags=[Tag(key="team", value="red")],
        ),
    ).model
    assert (made.info.name, made.info.model_type, made.info.source_run_id) == ("net", "agent", "0" * 32)
    assert made.info.status is LoggedModelStatus.PENDING
    assert made.info.artifact_uri == f"mlflow-artifacts:/{exp}/models/{made.info.model_id}/artifacts"
    assert params_of(made) == {"a;b": "", "lr": "0.1"}
    assert tags_of(made) == {"team": "red"}
    assert call.get(made.info.model_id) == made


def test_a_model_without_a_name_gets_one(call: Caller, exp: str) -> None:
    first, second = (call.get(call.model(exp)).info.name for _ in range(2))
    assert first != second
    assert all(len(name.split("-")) == 3 for name in (first, second))


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", "a\0b", "n" * 501])
def test_an_illegal_name_is_refused(call: Caller, exp: str, name: str) -> None:
    with pytest.raises(InvalidParameter, match="model name"):
        call.model(exp, name)


@pytest.mark.parametrize(
    "more",
    [
        {"params": [LoggedModelParam(key="")]},
        {"params": [LoggedModelParam(key="k" * 251)]},
        {"params": [LoggedModelParam(key="k", value="v" * 65_536)]},
        {"tags": [Tag(key="a\0b")]},
        {"tags": [Tag(key="k", value="a\0b")]},
        {"tags": [Tag(key="k", value="1"), Tag(key="k", value="2")]},
        {"params": [LoggedModelParam(key="k", value="1"), LoggedModelParam(key="k", value="1")]},
        {"source_run_id": "r" * 257},
        {"model_type": "t" * 501},
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_no_model(
    call: Caller, exp: str, more: dict[str, Any]
) -> None:
    with pytest.raises(InvalidParameter):
        call.model(exp, "net", **more)
    assert call.names(exp) == []


def test_a_deleted_experiment_takes_no_models_but_keeps_those_it_has(call: Caller, exp: str) -> None:
    model_id = call.model(exp, "net")
    call(experiments.DELETE, experiments.GetExperiment(experiment_id=exp))
    with pytest.raises(InvalidParameter, match="deleted"):
        call.model(exp, "late")
    assert call.get(model_id).info.name == "net"
    assert call.names(exp) == ["net"]


def test_finalising_sets_the_status_and_the_time_of_change(call: Caller, exp: str) -> None:
    model_id = call.model(exp, "net")
    before = call.get(model_id).info
    request = FinalizeLoggedModel(model_id=model_id, status=LoggedModelStatus.READY)
    answer = call(logged_models.FINALIZE, request).model.info
    assert answer.status is LoggedModelStatus.READY
    assert answer.last_updated_timestamp_ms > before.last_updated_timestamp_ms
    assert answer.creation_timestamp_ms == before.creation_timestamp_ms


def test_the_status_unspecified_is_refused(call: Caller, exp: str) -> None:
    model_id = call.model(exp, "net")
    with pytest.raises(InvalidParameter, match="LOGGED_MODEL_READY"):
        call(
            logged_models.FINALIZE,
            FinalizeLoggedModel(model_id=model_id, status=LoggedModelStatus.UNSPECIFIED),
        )
    assert call.get(model_id).info.status is LoggedModelStatus.PENDING


def test_a_deleted_model_is_gone_and_can_be_deleted_again(call: Caller, exp: str) -> None:
    kept, gone = call.model(exp, "kept"), call.model(exp, "gone")
    for _ in range(2):
        call(logged_models.DELETE, LoggedModelById(model_id=gone))
    with pytest.raises(NotFound, match="deleted"):
        call.get(gone)
    with pytest.raises(NotFound, match="deleted"):
        call(logged_models.LIST_ARTIFACTS, ListLoggedModelArtifacts(model_id=gone))
    assert call.names(exp) == ["kept"]
    assert call.get(kept).info.name == "kept"


@pytest.mark.parametrize(
    ("endpoint", "request_"),
    [
        (logged_models.GET, LoggedModelById(model_id=NOBODY)),
        (logged_models.DELETE, LoggedModelById(model_id=NOBODY)),
        (logged_models.FINALIZE, FinalizeLoggedModel(model_id=NOBODY, status=LoggedModelStatus.READY)),
        (logged_models.SET_TAGS, SetLoggedModelTags(model_id=NOBODY, tags=[Tag(key="a")])),
        (logged_models.DELETE_TAG, DeleteLoggedModelTag(model_id=NOBODY, tag_key="a")),
        (
            logged_models.LOG_PARAMS,
            LogLoggedModelParams(model_id=NOBODY, params=[LoggedModelParam(key="a")]),
        ),
        (logged_models.LIST_ARTIFACTS, ListLoggedModelArtifacts(model_id=NOBODY)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_an_unknown_model_is_not_found(call: Caller, endpoint: Endpoint[Any, Any], request_: Any) -> None:
    with pytest.raises(NotFound, match=NOBODY):
        call(endpoint, request_)


def test_tags_are_replaced_and_deleted_once(call: Caller, exp: str) -> None:
    model_id = call.model(exp, "net", tags=[Tag(key="a", value="1")])
    tags = [Tag(key="a", value="2"), Tag(key="b/c", value="x"), Tag(key="b/c", value="y")]
    call(logged_models.SET_TAGS, SetLoggedModelTags(model_id=model_id, tags=tags))
    assert tags_of(call.get(model_id)) == {"a": "2", "b/c": "y"}
    request = DeleteLoggedModelTag(model_id=model_id, tag_key="b/c")
    call(logged_models.DELETE_TAG, request)
    with pytest.raises(NotFound, match="b/c"):
        call(logged_models.DELETE_TAG, request)
    assert tags_of(call.get(model_id)) == {"a": "2"}


def test_a_param_can_be_sent_again_but_not_changed(call: Caller, exp: str) -> None:
    model_id = call.model(exp, "net", params=[LoggedModelParam(key="lr", value="0.1")])

    def log(**params: str) -> None:
        entries = [LoggedModelParam(key=key, value=value) for key, value in params.items()]
        call(logged_models.LOG_PARAMS, LogLoggedModelParams(model_id=model_id, params=entries))

    log(lr="0.1", depth="3")
    with pytest.raises(BadRequest, match=r"'0\.1'.*'0\.2'"):
        log(width="8", lr="0.2")
    assert params_of(call.get(model_id)) == {"lr": "0.1", "depth": "3"}


def test_a_model_shows_the_latest_point_of_each_metric_by_run_and_dataset(call: Caller, exp: str) -> None:
    model_id, other = call.model(exp, "net"), call.model(exp, "other")
    first, second = call.run(exp), call.run(exp)
    train = {"dataset_name": "train", "dataset_digest": "d1"}
    call.log(first, model_id, "acc", 0.7, step=2, **train)
    call.log(first, model_id, "acc", 0.9, step=1, **train)
    call.log(first, model_id, "acc", 0.4, step=1)
    call.log(second, model_id, "acc", 0.5, step=1, **train)
    call.log(second, model_id, "loss", math.nan)
    call.log(first, other, "acc", 0.1)
    assert points_of(call.get(model_id)) == [
        ("acc", 0.4, 1, msgspec.UNSET, first),
        ("acc", 0.7, 2, "train", first),
        ("acc", 0.5, 1, "train", second),
        ("loss", "NaN", 0, msgspec.UNSET, second),
    ]
    assert points_of(call.get(other)) == [("acc", 0.1, 0, msgspec.UNSET, first)]


def test_the_metrics_of_a_deleted_run_stay_with_the_model(call: Caller, exp: str) -> None:
    model_id, run_id = call.model(exp, "net"), call.run(exp)
    call.log(run_id, model_id, "acc", 0.5)
    call(runs.DELETE, RunById(run_id=run_id))
    assert points_of(call.get(model_id)) == [("acc", 0.5, 0, msgspec.UNSET, run_id)]
    assert call.names(exp, "metrics.acc > 0.4") == ["net"]


@pytest.fixture
def zoo(call: Caller, exp: str) -> str:
    """Four models: a and b measured on datasets, c with a NaN, d without metrics."""
    run_id = call.run(exp)
    params = {"a": "0.1", "b": "0.20", "c": "", "d": ""}
    ids = {
        name: call.model(
            exp,
            name,
            model_type="agent" if name in "ac" else "",
            source_run_id="run1" if name == "a" else "",
            params=[LoggedModelParam(key="lr", value=value)] if value else [],
            tags=[Tag(key="team", value="Red")] if name == "b" else [],
        )
        for name, value in params.items()
    }
    for name, dataset, digest, value in (
        ("a", "train", "d1", 0.5),
        ("a", "train", "d2", 0.6),
        ("a", "test", "d1", 0.9),
        ("b", "train", "d1", 0.7),
    ):
        call.log(run_id, ids[name], "acc", value, dataset_name=dataset, dataset_digest=digest)
    for name, value, time in (
        ("a", 5.0, 1),
        ("a", 1.0, 2),
        ("b", 3.0, 1),
        ("c", math.nan, 1),
    ):
        call.log(run_id, ids[name], "loss", value, timestamp=time)
    call.log(call.run(exp), ids["b"], "loss", 0.5, timestamp=9)
    call(logged_models.FINALIZE, FinalizeLoggedModel(model_id=ids["a"], status=LoggedModelStatus.READY))
    return exp


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "dcba"),
        ("name = 'a'", "a"),
        ("attributes.name != 'a'", "dcb"),
        ("name IN ('a', 'd') OR model_type = 'agent'", "dca"),
        ("status = 'READY'", "a"),
        ("status = 'LOGGED_MODEL_PENDING'", "dcb"),
        ("status = '2'", "a"),
        ("source_run_id = 'run1'", "a"),
        ("creation_timestamp > 0 AND last_updated_timestamp >= 1", "dcba"),
        ("creation_time < 5", ""),
        ("params.lr = '0.2'", ""),
        ("params.lr = 0.2", "b"),
        ("params.lr < 0.15", "a"),
        ("params.lr != '0.1'", "b"),
        ("params.lr IS NULL", "dc"),
        ("tags.team ILIKE 'r%'", "b"),
        ("tags.team = Red", "b"),
        ("NOT tags.team = 'Red'", "dca"),
        ("metrics.loss = 1", "a"),
        ("metrics.loss > 4", ""),
        ("max(metrics.loss) > 4", "a"),
        ("metrics.loss < 2", "ba"),
        ("metrics.loss = 3", "b"),
        ("metrics.loss != 3", "cba"),
        ("metrics.acc > 0.8", "a"),
        ("metrics.acc > 0 AND metrics.loss < 0.6", "b"),
        ("metrics.never > 0", ""),
    ],
)
def test_a_filter_finds_models(call: Caller, zoo: str, text: str, found: str) -> None:
    assert "".join(call.names(zoo, text)) == found


@pytest.mark.parametrize(
    ("datasets", "text", "found"),
    [
        ([("train", "")], "", "ba"),
        ([("test", "")], "", "a"),
        ([("train", "d2")], "", "a"),
        ([("none", "")], "", ""),
        ([("train", "")], "metrics.acc > 0.65", "b"),
        ([("train", "d1")], "metrics.acc < 0.55", "a"),
        ([("train", "d1"), ("test", "d1")], "metrics.acc > 0.65", "ba"),
        ([("train", "")], "metrics.loss > 0", ""),
        ([("train", "")], "name != 'a'", "b"),
        ([("test", "")], "NOT metrics.acc > 0.8", "dcb"),
    ],
)
def test_datasets_restrict_the_metrics_that_count(
    call: Caller, zoo: str, datasets: list[tuple[str, str]], text: str, found: str
) -> None:
    wanted = [SearchDataset(dataset_name=name, dataset_digest=digest) for name, digest in datasets]
    assert "".join(call.names(zoo, text, datasets=wanted)) == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([], "dcba"),
        (order("name"), "abcd"),
        (order("name", ascending=False), "dcba"),
        (order("creation_timestamp"), "abcd"),
        (order("last_updated_timestamp", ascending=False), "adcb"),
        (order("model_type"), "dbca"),
        (order("model_type", ascending=False) + order("name"), "acbd"),
        (order("status", ascending=False), "adcb"),
        (order("metrics.loss"), "bacd"),
        (order("metrics.loss", ascending=False), "abcd"),
        (order("metrics.acc", dataset_name="train", dataset_digest="d1"), "abdc"),
        (
            order("metrics.acc", ascending=False, dataset_name="train", dataset_digest="d1"),
            "badc",
        ),
        (order("metrics.acc", dataset_name="test"), "adcb"),
        (order("metrics.acc", dataset_digest="d2"), "adcb"),
        (order("metrics.never"), "dcba"),
        (order("name", "name"), "abcd"),
    ],
)
def test_an_order_sorts_models_with_nan_and_nothing_last(
    call: Caller, zoo: str, keys: list[LoggedModelOrder], found: str
) -> None:
    assert "".join(call.names(zoo, order_by=keys)) == found
    paged, token = "", ""
    while len(paged) < len(found):
        page = call.search(zoo, order_by=keys, max_results=1, page_token=token)
        paged += "".join(model.info.name for model in page.models or ())
        token = page.next_page_token or ""
    assert paged == found
    assert token == ""


def test_models_of_several_experiments_come_in_one_order(call: Caller) -> None:
    here, there = call.experiment("here"), call.experiment("there")
    for number, experiment_id in enumerate([here, there, here, there]):
        call.model(experiment_id, f"m{number}")
    request = SearchLoggedModels(experiment_ids=[there, here, there], max_results=3)
    page = call(logged_models.SEARCH, request)
    assert [model.info.name for model in page.models or ()] == ["m3", "m2", "m1"]
    rest = call(logged_models.SEARCH, msgspec.structs.replace(request, page_token=page.next_page_token))
    assert [model.info.name for model in rest.models or ()] == ["m0"]


@pytest.mark.parametrize(
    "changed",
    [
        {"filter": "name = 'a'"},
        {"order_by": order("model_id")},
        {"datasets": [SearchDataset(dataset_name="train")]},
        {"experiment_ids": ["0"]},
    ],
)
def test_a_page_token_is_good_for_its_own_search_only(
    call: Caller, zoo: str, changed: dict[str, Any]
) -> None:
    request = SearchLoggedModels(experiment_ids=[zoo], order_by=order("name"), max_results=1)
    token = call(logged_models.SEARCH, request).next_page_token
    with pytest.raises(InvalidParameter, match="another search"):
        call(logged_models.SEARCH, msgspec.structs.replace(request, page_token=token, **changed))


def test_a_model_made_between_two_pages_repeats_none(call: Caller, exp: str) -> None:
    for name in "abc":
        call.model(exp, name)
    page = call.search(exp, max_results=2)
    call.model(exp, "late")
    rest = call.search(exp, max_results=2, page_token=page.next_page_token)
    assert [model.info.name for model in rest.models or ()] == ["a"]


def test_a_page_size_of_zero_is_the_default(call: Caller, zoo: str) -> None:
    assert "".join(call.names(zoo, max_results=0)) == "dcba"


@pytest.mark.parametrize("size", [-1, 50_001])
def test_a_page_size_out_of_bounds_is_refused(call: Caller, exp: str, size: int) -> None:
    with pytest.raises(InvalidParameter, match=str(size)):
        call.search(exp, max_results=size)


@pytest.mark.parametrize(
    ("search", "error"),
    [
        ({"filter": "colour = 'red'"}, AttributeNotFound),
        ({"filter": "things.x = 'red'"}, InvalidParameter),
        ({"filter": "creation_timestamp > '0'"}, InvalidParameter),
        ({"order_by": order("colour")}, AttributeNotFound),
        ({"order_by": order("name DESC")}, AttributeNotFound),
        ({"order_by": order("")}, AttributeNotFound),
        ({"order_by": order("params.lr")}, InvalidParameter),
        ({"order_by": order("things.x")}, InvalidParameter),
        ({"order_by": order(*(f"metrics.m{n}" for n in range(65)))}, InvalidParameter),
        ({"datasets": [SearchDataset(dataset_name="")]}, InvalidParameter),
        ({"datasets": [SearchDataset(dataset_name=f"d{n}") for n in range(101)]}, InvalidParameter),
        ({"page_token": "nonsense"}, InvalidParameter),
        ({"experiment_ids": []}, InvalidParameter),
        ({"experiment_ids": ["abc"]}, InvalidParameter),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    call: Caller, exp: str, search: dict[str, Any], error: type[InvalidParameter]
) -> None:
    request = SearchLoggedModels(experiment_ids=[exp])
    with pytest.raises(error):
        call(logged_models.SEARCH, msgspec.structs.replace(request, **search))


def test_an_experiment_without_models_answers_an_empty_page(call: Caller, exp: str) -> None:
    assert call.search(exp) == LoggedModelsPage()
    assert call.search("99999") == LoggedModelsPage()


def test_the_files_of_a_model_are_listed(call: Caller, exp: str, tmp_path: Path) -> None:
    model_id = call.model(exp, "net")
    root = tmp_path / "files" / exp / "models" / model_id / "artifacts"
    (root / "code").mkdir(parents=True)
    (root / "MLmodel").write_bytes(b"flavors: {}\n")
    (root / "code" / "a.py").write_bytes(b"x = 1\n")

    def listed(folder: str) -> list[tuple[str, bool]]:
        request = ListLoggedModelArtifacts(model_id=model_id, artifact_directory_path=folder)
        return [(each.path, each.is_dir) for each in call(logged_models.LIST_ARTIFACTS, request).files or ()]

    assert listed("") == [("MLmodel", False), ("code", True)]
    assert listed("code") == [("code/a.py", False)]
    with pytest.raises(InvalidParameter, match="artifact_directory_path"):
        listed("../..")
