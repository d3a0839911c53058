"""Searches and histories as data frames: what is in them, in every format, and what stands in the way."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import headrace as hr
from headrace.base.errors import InvalidParameter, NotFound
from headrace.client import Client
from headrace.entities import Run, ViewType
from headrace.fluent import run_tables, search
from headrace.fluent.run_tables import RunQuery

BEGIN_MS = 1_700_000_000_000
ATTRIBUTES = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]


@pytest.fixture
def runs(uri: str) -> dict[str, str]:
    """Three runs of an experiment, by name; the first is the oldest."""
    hr.set_experiment(f"frames {os.urandom(4).hex()}")
    ids = {}
    client = hr.MlflowClient()
    experiment_id = search.get_active_experiment_id()
    for number, name in enumerate(("one", "two", "three")):
        run = client.create_run(experiment_id, start_time=BEGIN_MS + number, run_name=name)
        ids[name] = run.info.run_id
        client.log_param(run.info.run_id, "rate", number / 10)
        for step in range(3):
            client.log_metric(run.info.run_id, "loss", number + step, timestamp=BEGIN_MS + step, step=step)
        if name != "three":
            client.set_terminated(run.info.run_id, end_time=BEGIN_MS + 1000 + number)
    client.log_metric(ids["one"], "odd key/s: 1.x", math.nan, timestamp=BEGIN_MS)
    client.log_param(ids["two"], "only here", "ä\n€")
    client.set_tag(ids["two"], "team", "vision")
    return ids


def test_a_frame_has_the_attributes_and_all_that_the_runs_have(runs: dict[str, str]) -> None:
    frame = hr.search_runs()
    assert list(frame.columns[:6]) == ATTRIBUTES
    assert {*frame.columns[6:]} == {
        "metrics.loss",
        "metrics.odd key/s: 1.x",
        "params.rate",
        "params.only here",
        "tags.team",
        "tags.mlflow.runName",
    }
    assert frame["tags.mlflow.runName"].tolist() == ["three", "two", "one"]
    assert frame["metrics.loss"].tolist() == [4.0, 3.0, 2.0]
    assert frame["params.only here"].isna().tolist() == [True, False, True]
    assert frame["params.only here"][1] == "ä\n€"
    assert frame["status"].tolist() == ["RUNNING", "FINISHED", "FINISHED"]
    assert frame["run_id"].tolist() == [runs["three"], runs["two"], runs["one"]]
    assert frame["metrics.odd key/s: 1.x"].isna().all()
    assert frame["start_time"][2] == pd.Timestamp(BEGIN_MS, unit="ms", tz="UTC")
    assert frame["end_time"].isna().tolist() == [True, False, False]


def test_the_types_of_a_frame_are_those_that_pandas_has_for_them(runs: dict[str, str]) -> None:
    frame = hr.search_runs()
    text = "str" if pd.__version__ >= "3" else "object"
    assert {str(frame[name].dtype) for name in ("run_id", "status", "params.rate", "tags.team")} == {text}
    assert str(frame["metrics.loss"].dtype) == "float64"
    assert {str(frame[name].dtype).partition("[")[0] for name in ("start_time", "end_time")} == {"datetime64"}
    frame["metrics.loss"] += 1.0  # it may be written to
    assert frame["metrics.loss"].tolist() == [5.0, 4.0, 3.0]


def test_filter_order_and_number_choose_the_runs(runs: dict[str, str]) -> None:
    assert hr.search_runs(filter_string="metrics.loss < 4", order_by=["metrics.loss ASC"])[
        "run_id"
    ].tolist() == [runs["one"], runs["two"]]
    assert hr.search_runs(max_results=1)["run_id"].tolist() == [runs["three"]]
    assert len(hr.search_runs(max_results=None)) == 3
    assert hr.search_runs(max_results=0).shape == (0, 6)


def test_columns_that_no_run_found_has_are_left_out(runs: dict[str, str]) -> None:
    frame = hr.search_runs(filter_string="attributes.run_name = 'three'")
    assert list(frame.columns) == [*ATTRIBUTES, "metrics.loss", "params.rate", "tags.mlflow.runName"]


def test_selected_columns_come_as_they_are_named(runs: dict[str, str]) -> None:
    select = [
        "run_name",
        "params.`only here`",
        "min(metrics.loss)",
        "count(metrics.loss)",
        "duration",
        "attributes.start_time",
    ]
    frame = hr.search_runs(select=select)
    assert list(frame.columns) == select
    assert frame["min(metrics.loss)"].tolist() == [2.0, 1.0, 0.0]
    assert frame["count(metrics.loss)"].tolist() == [3, 3, 3]
    assert frame["duration"].isna().tolist() == [True, False, False]
    assert frame["attributes.start_time"][2] == pd.Timestamp(BEGIN_MS, unit="ms", tz="UTC")


def test_all_formats_hold_the_same(runs: dict[str, str]) -> None:
    frame = hr.search_runs()
    polars = hr.search_runs(output_format="polars")
    arrow = hr.search_runs(output_format="arrow")
    assert isinstance(polars, pl.DataFrame)
    assert isinstance(arrow, pa.Table)
    assert polars.columns == arrow.column_names == list(frame.columns)
    assert polars.equals(pl.DataFrame(arrow))  # NaN, too
    assert polars["start_time"].dtype == pl.Datetime("ms", "UTC")
    assert polars["metrics.loss"].to_list() == frame["metrics.loss"].tolist()
    assert polars["params.only here"].to_list() == [None, "ä\n€", None]
    assert math.isnan(polars["metrics.odd key/s: 1.x"][2])  # a NaN is a value,
    assert polars["metrics.odd key/s: 1.x"][1] is None  # and not one that is missing
    listed = hr.search_runs(output_format="list")
    assert [run.info.run_id for run in listed] == frame["run_id"].tolist()
    assert all(isinstance(run, Run) for run in listed)


@pytest.mark.parametrize("output_format", ["pandas", "polars", "arrow"])
def test_a_frame_without_runs_has_the_attributes(uri: str, output_format: str) -> None:
    hr.set_experiment(f"empty {os.urandom(4).hex()}")
    frame = hr.search_runs(output_format=output_format)
    names = frame.column_names if output_format == "arrow" else list(frame.columns)
    assert (names, len(frame)) == (ATTRIBUTES, 0)
    assert len(hr.search_runs(["987654321"], output_format=output_format)) == 0


def test_runs_in_the_trash_are_found_with_all_that_they_have(runs: dict[str, str]) -> None:
    hr.delete_run(runs["two"])
    deleted = hr.search_runs(run_view_type=ViewType.DELETED_ONLY)
    assert deleted["run_id"].tolist() == [runs["two"]]
    assert deleted["params.only here"].tolist() == ["ä\n€"]
    assert "tags.team" in deleted.columns
    assert "tags.team" not in hr.search_runs().columns
    everything = hr.search_runs(run_view_type=ViewType.ALL)
    assert len(everything) == 3
    hr.restore_run(runs["two"])
    restored = hr.search_runs()
    pd.testing.assert_frame_equal(everything, restored)  # read run by run, and by columns


def test_pages_make_one_frame(runs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = hr.search_runs()
    monkeypatch.setattr(run_tables, "MAX_ROWS", 2)
    pd.testing.assert_frame_equal(hr.search_runs(), whole)
    assert hr.search_runs(max_results=3)["run_id"].tolist() == whole["run_id"].tolist()


def test_more_columns_than_a_table_has_are_read_run_by_run(
    runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hr.search_runs()
    monkeypatch.setattr(run_tables, "MAX_COLUMNS", 8)
    pd.testing.assert_frame_equal(hr.search_runs(), whole)


def test_experiments_are_named_by_id_by_name_or_not_at_all(
    runs: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    experiment = hr.get_experiment(search.get_active_experiment_id())
    assert len(hr.search_runs([experiment.experiment_id])) == 3
    assert len(hr.search_runs(experiment.experiment_id)) == 3  # type: ignore[arg-type]  # as MLflow takes it
    assert len(hr.search_runs(experiment_names=[experiment.name, "no such one"])) == 3
    assert "no such one" in caplog.text
    assert {*runs.values()} <= {*hr.search_runs(search_all_experiments=True)["run_id"]}
    with pytest.raises(InvalidParameter, match="both are given"):
        hr.search_runs(["0"], experiment_names=["Default"])


def test_wrong_questions_are_refused(runs: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter, match="output_format 'excel'"):
        hr.search_runs(output_format="excel")  # type: ignore[call-overload]
    with pytest.raises(InvalidParameter, match="filter"):
        hr.search_runs(filter_string="loss is low")
    with pytest.raises(InvalidParameter, match="filter"):
        hr.search_runs(filter_string="loss is low", max_results=0)
    with pytest.raises(InvalidParameter, match="view type"):
        hr.search_runs(run_view_type=7)
    with pytest.raises(InvalidParameter, match="leave select out"):
        hr.search_runs(output_format="list", select=["run_id"])  # type: ignore[call-overload]
    with pytest.raises(InvalidParameter, match="text"):
        hr.search_runs(select="run_id")


def test_histories_of_many_runs_are_one_frame(runs: dict[str, str]) -> None:
    frame = hr.metric_histories([runs["one"], runs["three"]], ["loss"])
    assert list(frame.columns) == ["run_id", "key", "time", "step", "value"]
    assert frame["value"].tolist() == [0.0, 1.0, 2.0, 2.0, 3.0, 4.0]
    assert frame["step"].tolist() == [0, 1, 2, 0, 1, 2]
    assert frame["run_id"].tolist() == [runs["one"]] * 3 + [runs["three"]] * 3
    assert frame["time"][0] == pd.Timestamp(BEGIN_MS, unit="ms", tz="UTC")
    assert hr.metric_histories([runs["one"]])["key"].unique().tolist() == ["loss", "odd key/s: 1.x"]
    part = hr.metric_histories([runs["one"]], ["loss"], steps=(1, 1), times=(BEGIN_MS, BEGIN_MS + 5))
    assert part["value"].tolist() == [1.0]


def test_histories_are_searched_for(runs: dict[str, str]) -> None:
    frame = hr.metric_histories(filter_string="metrics.loss > 2", order_by=["metrics.loss ASC"])
    assert frame["run_id"].unique().tolist() == [runs["two"], runs["three"]]
    assert {*frame["key"]} == {"loss"}
    assert hr.metric_histories(keys=["loss"], max_runs=1)["run_id"].unique().tolist() == [runs["three"]]
    assert len(hr.metric_histories(keys=["no such metric"])) == 0
    assert len(hr.metric_histories(experiment_ids=["987654321"])) == 0
    with pytest.raises(InvalidParameter, match="both are given"):
        hr.metric_histories([runs["one"]], filter_string="metrics.loss > 2")
    with pytest.raises(NotFound):
        hr.metric_histories(["0" * 32])


def test_histories_come_in_every_format(runs: dict[str, str]) -> None:
    whole = hr.metric_histories(keys=["loss"])
    polars = hr.metric_histories(keys=["loss"], output_format="polars")
    arrow = hr.metric_histories(keys=["loss"], output_format="arrow")
    assert polars.to_dicts() == arrow.to_pylist()
    assert polars["value"].to_list() == whole["value"].tolist()
    assert polars["run_id"].to_list() == whole["run_id"].tolist()
    with pytest.raises(InvalidParameter, match="pandas, polars, arrow"):
        hr.metric_histories(output_format="list")  # type: ignore[arg-type]


def test_more_series_than_one_answer_holds_make_one_frame(
    runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hr.metric_histories()
    monkeypatch.setattr(search, "MAX_KEYS", 1)
    monkeypatch.setattr(search, "MAX_RUNS", 2)
    pd.testing.assert_frame_equal(hr.metric_histories(), whole)


def test_a_search_finds_what_was_logged_just_before(uri: str) -> None:
    hr.set_experiment(f"just before {os.urandom(4).hex()}")
    with hr.start_run() as run:
        hr.log_metric("m", 1.0)
        assert hr.search_runs()["metrics.m"].tolist() == [1.0]
        assert hr.metric_histories([run.info.run_id])["value"].tolist() == [1.0]
        hr.log_metric("m", 2.0, step=1)
        assert hr.search_runs()["metrics.m"].tolist() == [2.0]


def test_an_answer_that_is_damaged_is_refused(client: Client, runs: dict[str, str]) -> None:
    from headrace.base.errors import DataLoss
    from headrace.fluent.column_arrays import read_arrays

    query = RunQuery([search.get_active_experiment_id()])
    found = run_tables.read_runs(client, query, ["run_id", "start_time"])
    for column in found.pages[0].columns:
        column.codes = column.codes[:-4]
        column.values = column.values[:-8]  # noqa: PD011 - of a struct
        with pytest.raises(DataLoss, match=column.name):
            [
                *read_arrays(
                    found._replace(names=[column.name], pages=[found.pages[0]._replace(columns=[column])])
                )
            ]


@pytest.mark.parametrize(
    ("output_format", "package"), [("pandas", "pandas"), ("polars", "polars"), ("arrow", "pyarrow")]
)
def test_a_format_whose_package_is_missing_says_how_to_get_it(
    tmp_path: Path, output_format: str, package: str
) -> None:
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        f"import headrace as hr; hr.search_runs(output_format={output_format!r})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert f"pip install 'headrace[{output_format}]'" in ran.stderr
