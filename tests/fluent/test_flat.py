"""MLflow's client: what it logs goes through the spool, what it reads is what is stored, other tracking URIs included."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import headrace as hr
from headrace.base.errors import (
    AlreadyExists,
    HeadraceWarning,
    InvalidParameter,
    NotFound,
    NotImplementedByServer,
)
from headrace.client import Client
from headrace.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from headrace.tracking import MlflowClient
from serving import Server

BEGIN_MS = 1_700_000_000_000
UNKNOWN = "0" * 32


@pytest.fixture
def flat(uri: str) -> MlflowClient:
    return MlflowClient()


@pytest.fixture
def experiment_id(flat: MlflowClient) -> str:
    return flat.create_experiment(f"flat {os.urandom(4).hex()}", tags={"first": 1})


@pytest.fixture
def run_id(flat: MlflowClient, experiment_id: str) -> str:
    return flat.create_run(experiment_id, run_name="made").info.run_id


def test_an_experiment_lives(flat: MlflowClient, experiment_id: str) -> None:
    made = flat.get_experiment(experiment_id)
    assert flat.get_experiment_by_name(made.name) == made
    assert (made.tags, made.lifecycle_stage) == ({"first": "1"}, "active")
    with pytest.raises(AlreadyExists):
        flat.create_experiment(made.name)
    flat.set_experiment_tag(experiment_id, "second", 2)
    flat.delete_experiment_tag(experiment_id, "first")
    flat.rename_experiment(experiment_id, f"{made.name} renamed")
    changed = flat.get_experiment(experiment_id)
    assert (changed.name, changed.tags) == (f"{made.name} renamed", {"second": "2"})
    flat.delete_experiment(experiment_id)
    assert flat.get_experiment(experiment_id).lifecycle_stage == "deleted"
    deleted = flat.search_experiments(ViewType.DELETED_ONLY, filter_string=f"name = '{changed.name}'")
    assert [each.experiment_id for each in deleted] == [experiment_id]
    flat.restore_experiment(experiment_id)
    assert flat.get_experiment(experiment_id).lifecycle_stage == "active"
    assert flat.get_experiment_by_name("no such experiment") is None
    with pytest.raises(NotFound):
        flat.get_experiment("987654321")


def test_pages_of_experiments_and_runs_go_on_where_they_ended(flat: MlflowClient, experiment_id: str) -> None:
    for number in range(5):
        flat.create_run(experiment_id, start_time=BEGIN_MS + number, run_name=f"run {number}")
    names: list[str] = []
    token = None
    while True:
        page = flat.search_runs([experiment_id], max_results=2, order_by=["start_time ASC"], page_token=token)
        assert len(page) <= 2
        names += [run.info.run_name or "" for run in page]
        token = page.token
        if not token:
            break
    assert names == [f"run {number}" for number in range(5)]
    first = flat.search_experiments(max_results=1, order_by=["name ASC"])
    assert len(first) == 1
    if first.token:
        second = flat.search_experiments(max_results=1, order_by=["name ASC"], page_token=first.token)
        assert second[0].name > first[0].name
    assert flat.search_runs([]) == []
    with pytest.raises(InvalidParameter):
        flat.search_runs([experiment_id], max_results=0)


def test_a_run_lives(flat: MlflowClient, experiment_id: str) -> None:
    tags = {"mlflow.runName": "of a tag", "mlflow.user": "somebody", "number": 7}
    run = flat.create_run(experiment_id, start_time=BEGIN_MS, tags=tags)
    assert (run.info.run_name, run.info.user_id, run.info.status) == ("of a tag", "somebody", "RUNNING")
    assert (run.info.start_time, run.info.end_time, run.data.tags["number"]) == (BEGIN_MS, None, "7")
    run_id = run.info.run_id
    child = flat.create_run(experiment_id, tags={"mlflow.parentRunId": run_id})
    parent = flat.get_parent_run(child.info.run_id)
    assert parent is not None
    assert parent.info.run_id == run_id
    assert flat.get_parent_run(run_id) is None
    flat.update_run(run_id, name="renamed")
    flat.set_terminated(run_id, "KILLED", BEGIN_MS + 5)
    ended = flat.get_run(run_id).info
    assert (ended.run_name, ended.status, ended.end_time) == ("renamed", "KILLED", BEGIN_MS + 5)
    flat.update_run(run_id, status="RUNNING")
    assert flat.get_run(run_id).info.status == "RUNNING"
    flat.set_terminated(run_id)
    assert flat.get_run(run_id).info.status == "FINISHED"
    flat.delete_run(run_id)
    assert flat.get_run(run_id).info.lifecycle_stage == "deleted"
    with pytest.raises(InvalidParameter):
        flat.log_param(run_id, "p", 1)
    flat.restore_run(run_id)
    flat.log_param(run_id, "p", 1)
    assert flat.get_run(run_id).data.params == {"p": "1"}
    for wrong in ("DONE", "finished"):
        with pytest.raises(InvalidParameter, match=wrong):
            flat.set_terminated(run_id, wrong)


def test_what_is_logged_is_stored_as_it_was_given(flat: MlflowClient, run_id: str) -> None:
    assert flat.log_metric(run_id, "m", "2.5", timestamp=BEGIN_MS, step=3) is None  # type: ignore[arg-type]
    assert flat.log_param(run_id, "p", [1, 2]) == [1, 2]
    assert flat.set_tag(run_id, "t", None) is None
    flat.log_batch(
        run_id,
        metrics=[Metric("curve", step / 2, BEGIN_MS + step, step) for step in range(2500)],
        params=[Param(f"p{number}", str(number)) for number in range(250)],
        tags=[RunTag(f"t{number}", str(number)) for number in range(250)],
    )
    stored = flat.get_run(run_id).data
    assert (stored.metrics["m"], stored.params["p"], stored.tags["t"]) == (2.5, "[1, 2]", "None")
    assert (len(stored.params), stored.metrics["curve"]) == (251, 1249.5)
    assert {f"t{number}": str(number) for number in range(250)}.items() <= stored.tags.items()
    history = flat.get_metric_history(run_id, "curve")
    assert history == [Metric("curve", step / 2, BEGIN_MS + step, step) for step in range(2500)]
    flat.delete_tag(run_id, "t")
    assert "t" not in flat.get_run(run_id).data.tags
    with pytest.raises(NotFound):
        flat.delete_tag(run_id, "t")
    assert flat.get_metric_history(run_id, "no such metric") == []


def test_a_synchronous_call_waits_and_an_asynchronous_one_can_be_waited_for(
    flat: MlflowClient, run_id: str, client: Client
) -> None:
    flat.log_metric(run_id, "now", 1.0, synchronous=True)
    assert [point.value for point in client.metrics.history(run_id, "now")] == [1.0]
    operations = flat.set_tag(run_id, "later", "x", synchronous=False)
    assert operations is not None
    operations.wait()
    assert any(tag.key == "later" for tag in client.runs.get(run_id).data.tags or ())
    flat.log_param(run_id, "p", 1)
    with pytest.raises(InvalidParameter, match="'p'"):
        flat.log_param(run_id, "p", 2, synchronous=True)


def test_what_the_server_refuses_is_told_at_the_next_call(flat: MlflowClient, run_id: str) -> None:
    flat.log_param(run_id, "p", 1)
    flat.log_param(run_id, "p", 2)
    assert flat.get_run(run_id).data.params == {"p": "1"}
    with pytest.warns(HeadraceWarning, match="param"):
        flat.log_param(run_id, "q", 1)
    assert flat.get_run(run_id).data.params == {"p": "1", "q": "1"}


def test_a_value_that_is_not_allowed_lets_nothing_be_logged(flat: MlflowClient, run_id: str) -> None:
    for metric in (
        Metric("m", "many", BEGIN_MS, 0),
        Metric("m", 1.0, BEGIN_MS, "one"),
        Metric("", 1.0, BEGIN_MS, 0),
    ):  # type: ignore[arg-type]
        with pytest.raises(InvalidParameter):
            flat.log_batch(
                run_id, metrics=[Metric("good", 1.0, BEGIN_MS, 0), metric], params=[Param("p", "1")]
            )
    data = flat.get_run(run_id).data
    assert (data.metrics, data.params) == ({}, {})
    for call in (flat.log_metric, flat.log_param, flat.set_tag):
        with pytest.raises(NotFound):
            call(UNKNOWN, "key", 1)


def test_the_run_that_is_open_here_is_logged_to_in_order(flat: MlflowClient, uri: str) -> None:
    with hr.start_run() as run:
        hr.log_param("p", 1)
        with pytest.raises(InvalidParameter, match="Changing param values"):
            flat.log_param(run.info.run_id, "p", 2)
        hr.set_tag("t", "fluent")
        flat.set_tag(run.info.run_id, "t", "flat")
    assert flat.get_run(run.info.run_id).data.tags["t"] == "flat"


def test_datasets_and_models_go_in_and_out(flat: MlflowClient, experiment_id: str, run_id: str) -> None:
    model = flat.create_logged_model(
        experiment_id, "model", source_run_id=run_id, tags={"a": "b"}, params={"c": "d"}
    )
    assert (model.status, model.tags["a"], model.params, model.source_run_id) == (
        LoggedModelStatus.PENDING,
        "b",
        {"c": "d"},
        run_id,
    )
    used = DatasetInput(
        Dataset("d", "12345678", "local", "{}", "{}", None), [InputTag("mlflow.data.context", "train")]
    )
    flat.log_inputs(run_id, datasets=[used], models=[LoggedModelInput(model.model_id)])
    flat.log_outputs(run_id, models=[LoggedModelOutput(model.model_id, 4)])
    flat.log_metric(
        run_id,
        "m",
        0.5,
        timestamp=BEGIN_MS,
        model_id=model.model_id,
        dataset_name="d",
        dataset_digest="12345678",
    )
    run = flat.get_run(run_id)
    assert run.inputs is not None
    assert run.outputs is not None
    assert run.inputs.dataset_inputs == [used]
    assert run.inputs.model_inputs == [LoggedModelInput(model.model_id)]
    assert run.outputs.model_outputs == [LoggedModelOutput(model.model_id, 4)]
    found = flat.get_logged_model(model.model_id)
    assert found.metrics == [Metric("m", 0.5, BEGIN_MS, 0, model.model_id, "d", "12345678", run_id=run_id)]
    assert flat.get_experiment(experiment_id).tags == {"first": "1"}


def test_a_logged_model_lives(flat: MlflowClient, experiment_id: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"123")
    model_id = flat.create_logged_model(experiment_id, "tree").model_id
    flat.log_model_artifacts(model_id, str(tmp_path / "model"))
    flat.log_model_artifact(model_id, str(tmp_path / "model" / "weights.bin"), "copy")
    listed = flat.list_logged_model_artifacts(model_id)
    assert [(file.path, file.is_dir, file.file_size) for file in listed] == [
        ("copy", True, None),
        ("weights.bin", False, 3),
    ]
    assert flat.finalize_logged_model(model_id, "READY").status is LoggedModelStatus.READY
    flat.set_logged_model_tags(model_id, {"t": 1, "u": 2})
    flat.delete_logged_model_tag(model_id, "u")
    flat.log_model_params(model_id, {"p": "1"})
    model = flat.get_logged_model(model_id)
    assert (model.params, model.tags["t"], "u" in model.tags) == ({"p": "1"}, "1", False)
    flat.create_logged_model(experiment_id, "bush")
    page = flat.search_logged_models([experiment_id], order_by=[{"field_name": "name"}], max_results=1)
    assert [each.name for each in page] == ["bush"]
    rest = flat.search_logged_models(
        [experiment_id],
        order_by=[{"field_name": "name", "ascending": True}],
        max_results=1,
        page_token=page.token,
    )
    assert [each.name for each in rest] == ["tree"]
    assert [each.name for each in flat.search_logged_models([experiment_id], "name = 'tree'")] == ["tree"]
    flat.delete_logged_model(model_id)
    with pytest.raises(NotFound):
        flat.get_logged_model(model_id)
    wrong: Any
    for wrong in ({"field": "name"}, "name"):
        with pytest.raises(InvalidParameter, match="field_name"):
            flat.search_logged_models([experiment_id], order_by=[wrong])
    with pytest.raises(InvalidParameter, match="DONE"):
        flat.finalize_logged_model(model_id, "DONE")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="dataset_name"):
        flat.search_logged_models([experiment_id], datasets=[{"name": "d"}])


def test_files_texts_and_tables_go_to_any_run(
    flat: MlflowClient, run_id: str, experiment_id: str, tmp_path: Path
) -> None:
    (tmp_path / "one.txt").write_text("one", "utf-8")
    flat.log_artifact(run_id, str(tmp_path / "one.txt"), "below")
    flat.log_text(run_id, "two", "two.txt")
    flat.log_dict(run_id, {"a": 1}, "three.json")
    with (tmp_path / "one.txt").open("rb") as stream:
        flat.log_stream(run_id, stream, "four.bin")
    flat.log_table(run_id, {"a": [1]}, "five.json")
    flat.log_table(run_id, {"a": [2]}, "five.json")
    assert [file.path for file in flat.list_artifacts(run_id)] == [
        "below",
        "five.json",
        "four.bin",
        "three.json",
        "two.txt",
    ]
    assert [file.path for file in flat.list_artifacts(run_id, "below")] == ["below/one.txt"]
    local = flat.download_artifacts(run_id, "three.json", str(tmp_path))
    assert json.loads(Path(local).read_text("utf-8")) == {"a": 1}
    assert Path(flat.download_artifacts(run_id, "below")).joinpath("one.txt").read_text("utf-8") == "one"
    assert flat.load_table(experiment_id, "five.json")["a"].tolist() == [1, 2]
    with pytest.raises(NotFound):
        flat.download_artifacts(run_id, "nothing")


def test_a_client_of_another_address_stays_there(server: Server, tmp_path: Path, uri: str) -> None:
    place = f"sqlite:///{(tmp_path / 'other.db').as_posix()}"
    other = MlflowClient(place)
    assert other.tracking_uri == place
    run = other.create_run("0", run_name="elsewhere")
    other.log_metric(run.info.run_id, "m", 1.0)
    other.set_terminated(run.info.run_id)
    stored = other.get_run(run.info.run_id)
    assert (stored.data.metrics, stored.info.status) == ({"m": 1.0}, "FINISHED")
    with pytest.raises(NotFound):
        MlflowClient().get_run(run.info.run_id)
    hr.set_tracking_uri(server.url)
    assert other.get_run(run.info.run_id).info.run_name == "elsewhere"
    with pytest.raises(InvalidParameter, match="set_tracking_uri"):
        other.load_table("0", "table.json")
    with pytest.raises(NotImplementedByServer, match="workspace"):
        MlflowClient(workspace_store_uri="x")
    assert "secret" not in repr(MlflowClient("http://user:secret@127.0.0.1:1"))


def test_logged_models_in_one_liners(uri: str) -> None:
    hr.set_experiment(f"models {os.urandom(4).hex()}")
    assert hr.last_logged_model() is None
    with hr.start_run() as run:
        made = hr.initialize_logged_model("tree", params={"a": "1"}, model_type="forest")
        assert (made.source_run_id, made.experiment_id) == (run.info.run_id, run.info.experiment_id)
        assert made.tags["mlflow.source.type"] == "LOCAL"
    last = hr.last_logged_model()
    assert last is not None
    assert last.model_id == made.model_id
    assert (
        hr.finalize_logged_model(made.model_id, LoggedModelStatus.FAILED).status is LoggedModelStatus.FAILED
    )
    external = hr.create_external_model("elsewhere", tags={"x": "y"})
    assert (external.status, external.tags["mlflow.model.isExternal"]) == (LoggedModelStatus.READY, "true")
    hr.set_logged_model_tags(made.model_id, {"t": "1", "gone": "2"})
    hr.delete_logged_model_tag(made.model_id, "gone")
    hr.log_model_params({"b": "2"}, made.model_id)
    found = hr.get_logged_model(made.model_id)
    assert (found.params, found.tags["t"], "gone" in found.tags) == ({"a": "1", "b": "2"}, "1", False)
    frame = hr.search_logged_models(order_by=[{"field_name": "name"}])
    assert frame["name"].tolist() == ["elsewhere", "tree"]
    assert frame["status"].tolist() == ["READY", "FAILED"]
    assert frame["params"].tolist() == [{}, {"a": "1", "b": "2"}]
    listed = hr.search_logged_models(filter_string="name = 'tree'", output_format="list")
    assert [each.model_id for each in listed] == [made.model_id]
    assert len(hr.search_logged_models(max_results=1)) == 1
    with pytest.raises(InvalidParameter, match="output_format"):
        hr.search_logged_models(output_format="polars")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="model_id"):
        hr.log_model_params({"b": "2"})


def test_the_switch_of_operations_counts_for_both_ways_to_log(uri: str) -> None:
    hr.config.enable_async_logging()
    with hr.start_run() as run:
        assert hr.log_metric("m", 1.0) is not None
        assert MlflowClient().log_metric(run.info.run_id, "m", 2.0) is not None
    hr.config.enable_async_logging(enable=False)
    with hr.start_run():
        assert hr.log_metric("m", 1.0) is None
