"""From requests to HTTP, and from answers back."""

import pytest

from headrace.api import artifacts, experiments, inputs, logged_models, metrics, runs
from headrace.api.endpoint import Endpoint
from headrace.api.endpoints import ENDPOINTS
from headrace.base.errors import InternalError, InvalidParameter, NotFound, Unavailable
from headrace.base.json import Wire
from headrace.client.retries import MAX_PAUSE_S, ONCE, may_repeat, read_retry_after
from headrace.client.wire import build_target, decode_answer, read_error


@pytest.mark.parametrize(
    ("endpoint", "request_", "target"),
    [
        (runs.GET, runs.GetRun(run_id="a b&c=d"), "GET /api/2.0/mlflow/runs/get?run_id=a+b%26c%3Dd"),
        (runs.CREATE, runs.CreateRun(experiment_id="0"), "POST /api/2.0/mlflow/runs/create"),
        (
            metrics.GET_HISTORY_BULK,
            metrics.GetHistoryBulk(run_id=["a", "b"], metric_key="m/ü"),
            "GET /ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=a&run_id=b&metric_key=m%2F%C3%BC",
        ),
        (artifacts.GET, artifacts.GetArtifact(run_id="a", path="x"), "GET /get-artifact?run_id=a&path=x"),
        (
            artifacts.PROXY_PUT,
            artifacts.ProxyPath(artifact_path="1/a b/ü?#%41+.txt"),
            "PUT /api/2.0/mlflow-artifacts/artifacts/1/a%20b/%C3%BC%3F%23%2541%2B.txt",
        ),
        (
            logged_models.DELETE_TAG,
            logged_models.DeleteLoggedModelTag(model_id="m-1", tag_key="a/b c"),
            "DELETE /api/2.0/mlflow/logged-models/m-1/tags/a/b%20c",
        ),
        (
            logged_models.LIST_ARTIFACTS,
            logged_models.ListLoggedModelArtifacts(model_id="m-1", artifact_directory_path="x"),
            "GET /api/2.0/mlflow/logged-models/m-1/artifacts/directories?artifact_directory_path=x",
        ),
        (
            logged_models.GET_FILE,
            logged_models.GetLoggedModelFile(model_id="m-1", artifact_file_path="x"),
            "GET /ajax-api/2.0/mlflow/logged-models/m-1/artifacts/files?artifact_file_path=x",
        ),
        (
            inputs.SEARCH_DATASETS,
            inputs.SearchDatasets(experiment_ids=["0"]),
            "POST /ajax-api/2.0/mlflow/experiments/search-datasets",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Endpoint) else "",
)
def test_a_request_goes_to_its_target(endpoint: Endpoint[Wire, Wire], request_: Wire, target: str) -> None:
    assert " ".join(build_target(endpoint, request_)) == target


@pytest.mark.parametrize("value", ["", ".", "..", "a/../b", "a//b", "/a"])
def test_a_path_parameter_cannot_change_the_path(value: str) -> None:
    with pytest.raises(InvalidParameter, match="tag_key"):
        build_target(
            logged_models.DELETE_TAG, logged_models.DeleteLoggedModelTag(model_id="m", tag_key=value)
        )


def test_a_slash_in_an_id_stays_in_the_id() -> None:
    _, path = build_target(logged_models.GET, logged_models.LoggedModelById(model_id="a/tags"))
    assert path.endswith("/logged-models/a%2Ftags")


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"hello", b"\xff", b'{"experiment_id":[]}', b'{"experiment_id":null}']
)
def test_an_answer_of_another_shape_is_an_error_of_the_other_side(body: bytes) -> None:
    with pytest.raises(InternalError, match=r"^http://x answered"):
        decode_answer(body, experiments.ExperimentCreated, "http://x")


def test_bare_nan_tokens_are_read() -> None:
    page = decode_answer(
        b'{"metrics":[{"key":"m","value":NaN,"timestamp":0}]}', metrics.MetricsPage, "http://x"
    )
    assert page.metrics
    assert str(page.metrics[0].value) == "nan"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such run"}', "no such run"),
        (b'{"error_code":"RESOURCE_DOES_NOT_EXIST"}', ""),
        (b'{"detail":"Not Found"}', 'HTTP 404: {"detail":"Not Found"}'),
        (b"<html><TITLE>\n404  here </TITLE>", "HTTP 404: 404 here"),
        (b"", "HTTP 404: the answer is empty"),
        (b"\xff\xfe", "HTTP 404: \ufffd\ufffd"),
        (b"[]", "HTTP 404: []"),
        (b"x" * 10_000, f"HTTP 404: {'x' * 300}…"),
    ],
)
def test_any_body_of_an_error_is_shown(body: bytes, message: str) -> None:
    error = read_error(404, body)
    assert isinstance(error, NotFound)
    assert error.message == message


def test_the_status_decides_about_a_body_without_a_code() -> None:
    assert type(read_error(502, b'{"error_code": null}')) is Unavailable


def test_only_what_makes_a_second_thing_is_sent_once() -> None:
    creating = {row.name for row in ENDPOINTS if row.name.endswith(".create")}
    assert creating | {"runs.log_model"} == ONCE
    assert {row.name for row in ENDPOINTS if not may_repeat(row)} == ONCE


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2),
        ("86400", MAX_PAUSE_S),
        ("-1", 0),
        ("soon", 0),
        ("9" * 400, MAX_PAUSE_S),
        ("Wed, 21 Oct 2099 07:28:00 GMT", MAX_PAUSE_S),
    ],
)
def test_no_server_makes_a_client_wait_for_long(header: str, seconds: float) -> None:
    assert read_retry_after(header) == seconds
