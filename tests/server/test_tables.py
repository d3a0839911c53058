"""tables/... over HTTP: what the wire carries, in JSON and in MessagePack, and what is refused."""

import base64
import json
import math
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import nanoarrow
import numpy as np
import pyarrow as pa
import pytest
import urllib3

from headrace.api import tables
from headrace.api.runs import RunStatus
from headrace.api.tables import KeyKind, KeyOrder, TableFormat
from headrace.base.errors import DataLoss, InvalidParameter, NotFound
from headrace.client import Client, connect
from headrace.client.tables import read_numbers, read_texts
from serving import clean_environment, start_server

PATH = "/api/headrace/v1/tables/"
TEXTS = ("adam", "日本", "", "🦉 owl", "0.1", "1e-1")
VALUES = (0.5, -1.0, math.nan, math.inf, -math.inf, 0.0)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("tables")
    with clean_environment(), start_server(folder) as server, connect(server.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def experiment(client: Client) -> str:
    """An experiment with 60 runs that lack some things."""
    chance = random.Random(1)
    number = client.experiments.create("tables")
    for at in range(60):
        run = client.runs.create(number, name=f"run {at % 7}", start_time=1000 + at // 2, user_id="ann").info
        client.runs.log_params(run.run_id, {"lr": chance.choice(TEXTS)} if at % 3 else {"depth": at})
        set_tags(client, run.run_id, {"team": chance.choice(TEXTS), "val/é x": "1"})
        for step in range(at % 4):
            client.runs.log_metric(run.run_id, "loss", chance.choice(VALUES), step=step, timestamp=step)
        if at % 2:
            client.runs.update(run.run_id, status=RunStatus.FINISHED, end_time=2000 + at)
        if at % 10 == 9:
            client.runs.delete(run.run_id)
    return number


def set_tags(client: Client, run_id: str, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        client.runs.set_tag(run_id, key, value)


def show(value: Any) -> Any:
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


SELECT = [
    *("run_id", "run_name", "status", "start_time", "end_time", "duration", "user_id", "artifact_uri"),
    *(
        "experiment_id",
        "lifecycle_stage",
        "params.lr",
        "tags.`val/é x`",
        "tags.team",
        "metrics.loss",
        "params.none",
    ),
]


def expected(
    client: Client, experiment: str, text: str = "", order: tuple[str, ...] = ()
) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {name: [] for name in SELECT}
    for run in client.runs.search([experiment], text, order):
        params = {each.key: each.value for each in run.data.params or ()}
        tags = {each.key: each.value for each in run.data.tags or ()}
        metrics = {each.key: each.value for each in run.data.metrics or ()}
        info = msgspec.to_builtins(run.info)
        end = info.get("end_time")
        row = {
            **info,
            "end_time": end,
            "duration": None if end is None else end - info["start_time"],
            "params.lr": params.get("lr"),
            "params.none": None,
            "tags.`val/é x`": tags.get("val/é x"),
            "tags.team": tags.get("team"),
            "metrics.loss": show(metrics.get("loss")),
        }
        for name in SELECT:
            found[name].append(row[name])
    return found


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", ()),
        ("params.lr = 'adam' OR tags.team LIKE '%owl%'", ()),
        ("metrics.loss > -5", ("metrics.loss DESC",)),
        ("", ("params.lr", "attributes.run_name DESC")),
        ("params.lr = 0.1", ("min(metrics.loss)",)),
        ("tags.team = 'nobody'", ()),
    ],
)
def test_a_table_holds_what_runs_search_finds(
    client: Client, experiment: str, text: str, order: tuple[str, ...]
) -> None:
    found = client.tables.runs([experiment], SELECT, text, order, count=True)
    wanted = expected(client, experiment, text, order)
    assert {name: list(map(show, column)) for name, column in found.columns.items()} == wanted
    assert (found.matching, found.total) == (len(wanted["run_id"]), 54)


def test_pages_join_to_the_whole(client: Client, experiment: str) -> None:
    whole = client.tables.runs([experiment], ["run_id"], order_by=["metrics.loss"]).columns["run_id"]
    pages, token = [], ""
    while True:
        page = client.tables.runs(
            [experiment], ["run_id"], order_by=["metrics.loss"], limit=7, page_token=token, count=True
        )
        assert page.matching == 54
        pages += page.columns["run_id"]
        token = page.next_page_token
        if not token:
            break
    assert pages == whole


def test_statistics_are_columns(client: Client, experiment: str) -> None:
    select = [
        "run_id",
        *(f"{name}(metrics.loss)" for name in ("latest", "min", "max", "first", "count")),
        "metrics.`loss`.max",
    ]
    columns = client.tables.runs([experiment], select).columns
    assert list(map(show, columns["max(metrics.loss)"])) == list(map(show, columns["metrics.`loss`.max"]))
    for at, run_id in enumerate(columns["run_id"]):
        values = [point.value for point in client.metrics.history(str(run_id), "loss")]
        numbers = [value for value in values if not math.isnan(value)]
        row = [show(columns[name][at]) for name in select[1:6]]
        assert row == (
            [
                show(values[-1]),
                show(min(numbers, default=math.nan)),
                show(max(numbers, default=math.nan)),
                show(values[0]),
                len(values),
            ]
            if values
            else [None] * 5
        )


def test_steps_of_values_are_columns(client: Client, experiment: str) -> None:
    inner = (
        "metrics.loss",
        "min(metrics.loss)",
        "max(metrics.`loss`)",
        "first(metrics.loss)",
        "nan(metrics.loss)",
    )
    select = ["run_id", *(f"step({each})" for each in inner)]
    columns = client.tables.runs([experiment], select).columns
    for at, run_id in enumerate(columns["run_id"]):
        points = list(client.metrics.history(str(run_id), "loss"))
        numbers = [point.value for point in points if not math.isnan(point.value)]
        steps = [
            points[-1].step if points else None,
            next((point.step for point in points if numbers and point.value == min(numbers)), None),
            next((point.step for point in points if numbers and point.value == max(numbers)), None),
            points[0].step if points else None,
            next((point.step for point in points if math.isnan(point.value)), None),
        ]
        assert [columns[name][at] for name in select[1:]] == steps


def test_columns_of_metrics_tell_their_least_and_greatest_finite_number(
    client: Client, experiment: str
) -> None:
    whole = client.tables.columns(
        tables.SelectRuns(experiment_ids=[experiment], select=["metrics.loss", "start_time"])
    )
    values = np.frombuffer(whole.columns[0].values)
    finite = values[np.isfinite(values)]
    assert (whole.columns[0].min, whole.columns[0].max) == (finite.min(), finite.max()) == (-1.0, 0.5)
    assert whole.columns[1].min is msgspec.UNSET
    part = tables.SelectRuns(
        experiment_ids=[experiment],
        select=["metrics.loss"],
        order_by=["metrics.loss DESC"],
        filter="metrics.loss < 1",
        limit=1,
    )
    alone = client.tables.columns(part).columns[0]
    part.bounds_of_all = True
    of_all = client.tables.columns(part).columns[0]
    assert (alone.min, alone.max) == (0.5, 0.5)
    assert (of_all.min, of_all.max) == (-1.0, 0.5)
    part.filter = "metrics.loss > 5"
    assert client.tables.columns(part).columns[0].max is msgspec.UNSET


def test_json_carries_the_same_bytes_as_base64(client: Client, experiment: str) -> None:
    request = {"experiment_ids": [experiment], "select": SELECT, "format": "columns", "runViewType": "ALL"}
    answer = _post(client, "runs", request)
    binary = client.tables.columns(
        tables.SelectRuns(experiment_ids=[experiment], select=SELECT, run_view_type=tables.ViewType.ALL)
    )
    assert answer["rows"] == binary.rows == 60
    for column, other in zip(answer["columns"], binary.columns, strict=True):
        assert (column["name"], column["type"], column["texts"]) == (other.name, other.type, other.texts)
        for field in ("values", "present", "codes"):
            assert base64.b64decode(column[field]) == getattr(other, field)
    assert {column.name: column.type for column in binary.columns if column.type != "text"} == {
        "start_time": "int64",
        "end_time": "int64",
        "duration": "int64",
        "metrics.loss": "float64",
    }


def _post(client: Client, verb: str, body: dict[str, Any]) -> Any:
    answer = urllib3.request("POST", client.uri + PATH + verb, json=body)
    found = json.loads(answer.data)
    if answer.status != 200:
        raise AssertionError((answer.status, found))
    return found


def test_arrow_holds_the_same_table(client: Client, experiment: str) -> None:
    streams = list(client.tables.arrow([experiment], SELECT, limit=25))
    assert len(streams) == 3
    found = pa.concat_tables([pa.ipc.open_stream(stream).read_all() for stream in streams])
    found.validate(full=True)
    wanted = expected(client, experiment)
    assert found.schema.field("start_time").type == pa.timestamp("ms", "UTC")
    assert found.schema.field("run_id").type == pa.string()
    assert found.schema.field("duration").type == pa.int64()
    for name in SELECT:
        column = found.column(name)
        if name in ("start_time", "end_time"):
            column = column.cast(pa.int64())
        assert list(map(show, column.to_pylist())) == wanted[name], name


def test_an_empty_table_is_one_in_both_formats(client: Client) -> None:
    table = client.tables.runs(["987654"], ["run_id", "metrics.x", "start_time"], count=True)
    assert table.columns == {"run_id": [], "metrics.x": [], "start_time": []}
    assert (table.matching, table.total, table.next_page_token) == (0, 0, "")
    (stream,) = client.tables.arrow(["987654"], ["run_id", "metrics.x", "start_time"])
    assert len(nanoarrow.ArrayStream.from_readable(stream).read_all()) == 0


def test_all_attributes_are_answered_where_none_is_selected(client: Client, experiment: str) -> None:
    columns = client.tables.runs([experiment]).columns
    assert set(columns) == {name for name in SELECT if "." not in name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"select": ["params.lr", "params.lr"]}, "selected twice"),
        ({"select": ["params.lr DESC"]}, "Invalid select, column 11"),
        ({"select": ["nothing"]}, "nothing"),
        ({"select": ["datasets.name"]}, "several datasets"),
        ({"select": ["median(metrics.loss)"]}, "no statistic"),
        ({"select": ["step(params.lr)"]}, "only values of metrics"),
        ({"select": ["step(count(metrics.loss))"]}, "only values of metrics"),
        ({"select": ["step(nan(min(metrics.loss)))"]}, "NaN of a statistic"),
        ({"select": ["step()"]}, "Invalid select"),
        ({"filter": "step(metrics.loss) > 5"}, "no statistic"),
        ({"select": [f"params.p{at}" for at in range(5001)]}, "at most 5000"),
        ({"limit": 0}, "between 1 and 100000"),
        ({"limit": 100_001}, "between 1 and 100000"),
        ({"filter": "metrics.loss <"}, "Invalid filter"),
        ({"order_by": ["datasets.name"]}, "order_by"),
        ({"page_token": "hr1.x"}, "page_token"),
        ({"experiment_ids": ["x"]}, "experiment id"),
        ({"experiment_ids": []}, "at least one experiment"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_named(
    client: Client, experiment: str, change: dict[str, Any], message: str
) -> None:
    request = tables.SelectRuns(experiment_ids=[experiment])
    for name, value in change.items():
        setattr(request, name, value)
    with pytest.raises(InvalidParameter, match=message):
        client.tables.columns(request)


def test_a_token_of_another_search_is_refused(client: Client, experiment: str) -> None:
    token = client.tables.runs([experiment], ["run_id"], limit=3).next_page_token
    with pytest.raises(InvalidParameter, match="another search"):
        client.tables.runs([experiment], ["run_id"], "params.lr = 'x'", page_token=token)
    with pytest.raises(InvalidParameter, match="another search"):
        next(
            iter(
                client.runs._transport.call(
                    tables.KEYS, tables.ListKeys(experiment_ids=[experiment], page_token=token)
                ).keys
            )
        )


def test_columns_may_change_from_page_to_page(client: Client, experiment: str) -> None:
    first = client.tables.runs([experiment], ["run_id"], limit=30)
    second = client.tables.runs(
        [experiment], ["run_id", "params.lr"], limit=30, page_token=first.next_page_token
    )
    assert len(second.columns["params.lr"]) == 24


def test_keys_are_counted_filtered_and_paged(client: Client, experiment: str) -> None:
    counts: dict[tuple[KeyKind, str], int] = {}
    for run in client.runs.search([experiment]):
        for kind, entries in (
            (KeyKind.PARAM, run.data.params),
            (KeyKind.TAG, run.data.tags),
            (KeyKind.METRIC, run.data.metrics),
        ):
            for entry in entries or ():
                counts[kind, entry.key] = counts.get((kind, entry.key), 0) + 1
    for page_size in (1, 2, 1000):
        found = [
            (each.kind, each.key, each.runs) for each in client.tables.keys([experiment], page_size=page_size)
        ]
        assert found == sorted(
            ((kind, key, runs) for (kind, key), runs in counts.items()),
            key=lambda each: (-each[2], each[1], each[0].number),
        )
    names = [each.key for each in client.tables.keys([experiment], order=KeyOrder.NAME, page_size=2)]
    assert names == sorted(names)
    assert [each.key for each in client.tables.keys([experiment], [KeyKind.PARAM])] == ["lr", "depth"]
    assert [each.key for each in client.tables.keys([experiment], contains="/É", ignore_case=True)] == [
        "val/é x"
    ]
    assert list(client.tables.keys([experiment], contains="/É")) == []
    assert {each.key for each in client.tables.keys([experiment], prefix="l")} == {"lr", "loss"}
    assert list(client.tables.keys(["987654"])) == []


def test_values_are_counted(client: Client, experiment: str) -> None:
    counts: dict[str, int] = {}
    for run in client.runs.search([experiment]):
        for each in run.data.params or ():
            if each.key == "lr":
                counts[each.value] = counts.get(each.value, 0) + 1
    found = client.tables.values([experiment], KeyKind.PARAM, "lr")
    assert [(each.value, each.runs) for each in found] == sorted(
        counts.items(), key=lambda item: (-item[1], item[0])
    )
    assert {each.value for each in client.tables.values([experiment], KeyKind.TAG, "team", prefix="日")} <= {
        "日本"
    }
    assert len(client.tables.values([experiment], KeyKind.PARAM, "lr", limit=2)) == 2
    assert client.tables.values([experiment], KeyKind.PARAM, "never") == []
    with pytest.raises(InvalidParameter, match="only params and tags"):
        client.tables.values([experiment], KeyKind.METRIC, "loss")


def _difference(
    client: Client, run_ids: list[str], **options: bool
) -> dict[tuple[str, str], tuple[Any, ...]]:
    found = client.tables.compare(run_ids, **options)
    assert found.run_ids == run_ids
    return {
        (row.section, row.key): (read_texts(row.texts, row.codes), row.differs, row.respelled)
        for row in found.rows
    }


def test_runs_are_compared_by_what_they_have(client: Client) -> None:
    experiment = client.experiments.create("compared")
    made = [
        client.runs.create(experiment, name="same", start_time=5, user_id="ann").info.run_id for _ in range(3)
    ]
    for run_id, rate, commit in zip(made, ("1e-3", "0.001", "1.0e-3"), "aab", strict=True):
        client.runs.log_params(run_id, {"lr": rate, "model": "cnn"})
        set_tags(client, run_id, {"mlflow.source.git.commit": commit, "team": "x"})
        client.runs.log_metric(run_id, "nan", math.nan, timestamp=1)
    client.runs.log_params(made[0], {"only": "here"})
    client.runs.log_metric(made[0], "loss", 1.0, step=0, timestamp=1)
    client.runs.log_metric(made[0], "loss", 2.0, step=1, timestamp=1)
    client.runs.log_metric(made[1], "loss", 2.0, step=1, timestamp=1)
    found = _difference(client, made)
    assert found["params", "lr"] == (["1e-3", "0.001", "1.0e-3"], False, True)
    assert found["params", "model"] == (["cnn"] * 3, False, False)
    assert found["params", "only"] == (["here", None, None], True, False)
    assert found["source", "mlflow.source.git.commit"] == (["a", "a", "b"], True, False)
    assert found["tags", "team"] == (["x"] * 3, False, False)
    assert found["attributes", "status"] == (["RUNNING"] * 3, False, False)
    assert ("attributes", "end_time") not in found
    sections = [section for section, _ in found]
    assert sections == sorted(
        sections, key=("attributes", "params", "tags", "source", "packages", "datasets").index
    )
    only = _difference(client, made, only_differences=True)
    assert only == {key: row for key, row in found.items() if row[1]}
    metrics = {row.key: row for row in client.tables.compare(made).metrics}
    assert metrics["loss"].differs
    assert not metrics["nan"].differs
    assert read_numbers(metrics["loss"].latest, metrics["loss"].present, 3) == [2.0, 2.0, None]
    assert read_numbers(metrics["loss"].min, metrics["loss"].present, 3) == [1.0, 2.0, None]
    assert read_numbers(metrics["loss"].max, metrics["loss"].present, 3) == [2.0, 2.0, None]
    assert [show(value) for value in read_numbers(metrics["nan"].min, metrics["nan"].present, 3)] == [
        "NaN"
    ] * 3
    assert [row.key for row in client.tables.compare(made, only_differences=True).metrics] == ["loss"]
    turned = _difference(client, made[::-1])
    assert {key: (texts[::-1], *rest) for key, (texts, *rest) in turned.items()} == found


def test_runs_that_cannot_be_compared_are_refused(client: Client, experiment: str) -> None:
    ids = [str(each) for each in client.tables.runs([experiment], ["run_id"]).columns["run_id"]]
    with pytest.raises(InvalidParameter, match="2 to 500"):
        client.tables.compare(ids[:1])
    with pytest.raises(InvalidParameter, match="2 to 500"):
        client.tables.compare([f"r{at}" for at in range(501)])
    with pytest.raises(InvalidParameter, match="twice"):
        client.tables.compare([ids[0], ids[1], ids[0]])
    with pytest.raises(NotFound, match="missing"):
        client.tables.compare([ids[0], "missing"])


def test_damaged_columns_are_refused_by_the_client() -> None:
    with pytest.raises(DataLoss):
        read_numbers(b"1234567", b"", 1)
    with pytest.raises(DataLoss):
        read_numbers(b"\0" * 72, b"\1", 9)
    with pytest.raises(DataLoss):
        read_texts(["a"], b"\1\0\0\0")
    with pytest.raises(DataLoss):
        read_texts(["a"], b"\1\0")


def test_neither_the_server_nor_the_client_loads_numpy_before_a_table_is_asked_for() -> None:
    program = (
        "import sys, headrace.client, headrace.server.app, headrace.services.dispatch, headrace.api.tables;"
        "print(sorted({'numpy', 'nanoarrow'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_a_database_in_this_process_answers_as_a_server_does(tmp_path: Path) -> None:
    with connect(f"sqlite:///{tmp_path / 'store.db'}") as local:
        run = local.runs.create("0", name="here").info
        local.runs.log_params(run.run_id, {"lr": "0.1"})
        local.runs.log_metric(run.run_id, "loss", math.inf, timestamp=1)
        select = ["run_id", "params.lr", "metrics.loss", "end_time"]
        found = local.tables.runs(["0"], select, count=True)
        assert found.columns == {
            "run_id": [run.run_id],
            "params.lr": ["0.1"],
            "metrics.loss": [math.inf],
            "end_time": [None],
        }
        (stream,) = local.tables.arrow(["0"], select)
        assert pa.ipc.open_stream(stream).read_all().column("metrics.loss").to_pylist() == [math.inf]
        assert [each.key for each in local.tables.keys(["0"], [KeyKind.METRIC])] == ["loss"]


def test_the_format_is_named_by_the_request() -> None:
    assert [each.value for each in TableFormat] == ["columns", "arrow"]
