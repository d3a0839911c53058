"""Entities: MLflow's shapes of what the wire carries, their texts, their dictionaries, what is equal."""

import math
import pickle

import pytest
from msgspec import UNSET

from headrace.api import experiments, inputs, logged_models, metrics, runs
from headrace.api.endpoint import Tag
from headrace.api.experiments import ViewType as WireViewType
from headrace.base.errors import InvalidParameter
from headrace.client.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    ExperimentTag,
    FileInfo,
    InputTag,
    LifecycleStage,
    LoggedModel,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    PagedList,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunStatus,
    RunTag,
    SourceType,
    ViewType,
    read_view,
)


def _make_run(**info: object) -> runs.Run:
    fields = {
        "run_id": "r",
        "run_uuid": "r",
        "run_name": "name",
        "experiment_id": "1",
        "user_id": "me",
        "status": runs.RunStatus.FINISHED,
        "start_time": 1,
        "end_time": 2,
        "artifact_uri": "uri",
        "lifecycle_stage": "active",
    }
    return runs.Run(
        info=runs.RunInfo(**(fields | info)),  # type: ignore[arg-type]
        data=runs.RunData(
            metrics=[metrics.Metric("m", 1, 5, 2), metrics.Metric("n", math.nan, 5)],
            params=[runs.Param(key="p", value="1")],
            tags=[Tag(key="t", value="v")],
        ),
        inputs=inputs.RunInputs(
            dataset_inputs=[
                inputs.DatasetInput(
                    tags=[Tag(key="k", value="v")],
                    dataset=inputs.Dataset(
                        name="d", digest="e", source_type="local", source="{}", schema="s"
                    ),
                )
            ],
            model_inputs=[inputs.ModelInput(model_id="m-1")],
        ),
        outputs=runs.RunOutputs(model_outputs=[inputs.ModelOutput(model_id="m-2", step=3)]),
    )


def test_a_run_has_all_that_the_wire_carries() -> None:
    run = Run.from_wire(_make_run())
    assert dict(run.info) == {
        "artifact_uri": "uri",
        "end_time": 2,
        "experiment_id": "1",
        "lifecycle_stage": "active",
        "run_id": "r",
        "run_name": "name",
        "start_time": 1,
        "status": "FINISHED",
        "user_id": "me",
    }
    assert type(run.info.status) is str
    assert run.data.metrics["m"] == 1.0
    assert type(run.data.metrics["m"]) is float
    assert math.isnan(run.data.metrics["n"])
    assert (run.data.params, run.data.tags) == ({"p": "1"}, {"t": "v"})
    assert run.to_dictionary()["inputs"] == {
        "dataset_inputs": [
            {
                "dataset": {
                    "name": "d",
                    "digest": "e",
                    "source_type": "local",
                    "source": "{}",
                    "schema": "s",
                    "profile": None,
                },
                "tags": {"k": "v"},
            }
        ],
        "model_inputs": [{"model_id": "m-1"}],
    }
    assert run.to_dictionary()["outputs"] == {"model_outputs": [{"model_id": "m-2", "step": 3}]}
    assert set(run.to_dictionary()) == {"info", "data", "inputs", "outputs"}


def test_what_the_wire_leaves_out_is_none_or_empty() -> None:
    bare = runs.Run(
        info=_make_run(end_time=UNSET).info, data=runs.RunData(), inputs=inputs.RunInputs(), outputs=UNSET
    )
    run = Run.from_wire(bare)
    assert run.info.end_time is None
    assert run.data.to_dictionary() == {"metrics": {}, "params": {}, "tags": {}}
    assert run.inputs == RunInputs([])
    assert run.outputs == RunOutputs([])


def test_entities_show_themselves_as_those_of_mlflow_do() -> None:
    assert repr(Metric("m", 1.5, 5, 2)) == (
        "<Metric: dataset_digest=None, dataset_name=None, key='m', model_id=None, run_id=None, step=2, timestamp=5, value=1.5>"
    )
    assert repr(DatasetInput(Dataset("a", "b", "c", "d"), [InputTag("k", "v")])) == (
        "<DatasetInput: dataset=<Dataset: digest='b', name='a', profile=None, schema=None, source='d', source_type='c'>, "
        "tags=[<InputTag: key='k', value='v'>]>"
    )
    assert repr(Run.from_wire(_make_run())).startswith("<Run: data=<RunData: metrics={'m': 1.0, 'n': nan}, ")
    model = LoggedModel("1", "m-1", "n", "uri", 1, 2, tags={"a": "b"})
    assert repr(model) == (
        "LoggedModel(artifact_location='uri', creation_timestamp=1, experiment_id='1', last_updated_timestamp=2, model_id='m-1', model_type=None, "
        "model_uri='models:/m-1', name='n', source_run_id=None, status=<LoggedModelStatus.READY: 'READY'>, status_message=None)"
    )


def test_equal_values_make_equal_entities() -> None:
    assert RunTag("a", "b") == RunTag("a", "b") != RunTag("a", "c")
    assert RunTag("a", "b") != InputTag("a", "b")
    assert Param("a", "1") == Param("a", "2") != Param("b", "1")  # as with MLflow
    assert len({Metric("m", 1.0, 2, 3), Metric("m", 1.0, 2, 3), Metric("m", 1.0, 2, 4)}) == 2
    assert RunInfo("r", "1", "u", "RUNNING", 1, None, "active") == RunInfo(
        "r", "1", "u", "RUNNING", 1, None, "active"
    )
    assert DatasetInput(Dataset("a", "b", "c", "d")) != DatasetInput(
        Dataset("a", "b", "c", "d"), [InputTag("k", "v")]
    )
    first, second = (Experiment("1", "n", "uri", "active", [ExperimentTag("a", tag)]) for tag in ("b", "c"))
    assert first != second
    assert first == Experiment("1", "n", "uri", "active", [ExperimentTag("a", "b")])


def test_entities_are_made_from_dictionaries() -> None:
    point = Metric("m", 1.0, 2, 3, run_id="r")
    assert Metric.from_dictionary(point.to_dictionary()) == point
    with pytest.raises(InvalidParameter, match="timestamp, step"):
        Metric.from_dictionary({"key": "m", "value": 1.0})
    assert RunTag.from_dictionary({"key": "a", "value": "b", "more": "c"}) == RunTag("a", "b")


def test_a_metric_of_half_a_dataset_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="both or none"):
        Metric("m", 1.0, 2, 3, dataset_name="d")
    wire = metrics.Metric("m", 1.0, 2, 3, dataset_name="d", dataset_digest="")
    assert Metric.from_wire(wire).dataset_name is None


def test_entities_survive_pickling() -> None:
    run = Run.from_wire(_make_run())
    again = pickle.loads(pickle.dumps(run))
    assert again.info == run.info
    assert again.data.params == run.data.params
    assert again.inputs == run.inputs


def test_an_experiment_has_all_that_the_wire_carries() -> None:
    wire = experiments.Experiment(
        experiment_id="1",
        name="n",
        artifact_location="uri",
        lifecycle_stage="active",
        last_update_time=2,
        creation_time=1,
        tags=[Tag(key="a", value="b")],
    )
    experiment = Experiment.from_wire(wire)
    assert (experiment.tags, experiment.workspace) == ({"a": "b"}, "default")
    assert (experiment.creation_time, experiment.last_update_time) == (1, 2)
    assert Experiment.DEFAULT_EXPERIMENT_NAME == "Default"


def test_a_logged_model_has_all_that_the_wire_carries() -> None:
    info = logged_models.LoggedModelInfo(
        model_id="m-1",
        experiment_id="1",
        name="n",
        creation_timestamp_ms=1,
        last_updated_timestamp_ms=2,
        artifact_uri="uri",
        status=logged_models.LoggedModelStatus.UPLOAD_FAILED,
        tags=[Tag(key="a", value="b")],
    )
    point = logged_models.LoggedModelMetric(
        key="m", value=1.0, timestamp=2, step=3, model_id="m-1", run_id="r"
    )
    wire = logged_models.LoggedModel(info=info, data=logged_models.LoggedModelData(metrics=[point]))
    model = LoggedModel.from_wire(wire)
    assert (model.status, model.source_run_id, model.params) == (LoggedModelStatus.FAILED, None, {})
    assert model.metrics == [Metric("m", 1.0, 2, 3, "m-1", run_id="r")]
    assert model.to_dictionary()["status"] == 3
    assert "model_uri" not in model.to_dictionary()
    assert LoggedModel("1", "m", "n", "uri", 1, 2, status=1).status is LoggedModelStatus.PENDING


def test_words_have_mlflows_numbers() -> None:
    assert [RunStatus.from_string(RunStatus.to_string(number)) for number in RunStatus.all_status()] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert [RunStatus.is_terminated(number) for number in RunStatus.all_status()] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert (SourceType.from_string("LOCAL"), SourceType.to_string(1)) == (4, "NOTEBOOK")
    assert (ViewType.from_string("all"), ViewType.to_string(2)) == (3, "deleted_only")
    assert LifecycleStage.view_type_to_stages(ViewType.DELETED_ONLY) == ["deleted"]
    assert LifecycleStage.view_type_to_stages() == ["active", "deleted"]
    assert LoggedModelStatus.is_finalized("READY")
    assert [LoggedModelStatus.from_int(status.to_int()) for status in LoggedModelStatus] == list(
        LoggedModelStatus
    )
    assert f"{LoggedModelStatus.READY}" == "READY"


@pytest.mark.parametrize("view", [1, "1", "ACTIVE_ONLY", WireViewType.ACTIVE_ONLY])
def test_a_view_may_be_said_in_several_ways(view: object) -> None:
    if view == "1":
        with pytest.raises(InvalidParameter, match="view type '1'"):
            read_view(view)
    else:
        assert read_view(view) is WireViewType.ACTIVE_ONLY


def test_words_that_do_not_exist_are_refused_with_those_that_do() -> None:
    for call, words in (
        (lambda: RunStatus.from_string("DONE"), "'DONE'.*RUNNING, SCHEDULED"),
        (lambda: RunStatus.to_string(9), "9.*1, 2"),
        (lambda: SourceType.from_string("X"), "NOTEBOOK"),
        (lambda: ViewType.to_string(0), "1, 2, 3"),
        (lambda: LifecycleStage.matches_view_type(3, "gone"), "active or deleted"),
        (lambda: LoggedModelStatus.from_int(4), "between 0 and 3"),
        (lambda: Run(None, RunData()), "run_info is None"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidParameter, match=words):
            call()  # type: ignore[no-untyped-call]


def test_pages_and_files() -> None:
    page = PagedList([1, 2], "next")
    assert (page, page.token, page.to_list()) == ([1, 2], "next", [1, 2])
    assert type(page.to_list()) is list
    assert (FileInfo("a", True, None).file_size, LoggedModelOutput("m", 1).to_dictionary()["step"]) == (
        None,
        1,
    )
