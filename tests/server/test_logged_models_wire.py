"""Logged models over HTTP: what the wire looks like where it differs from the structs."""

from collections.abc import Callable
from typing import Any

import pytest

Call = Callable[..., Any]

MODELS = "/api/2.0/mlflow/logged-models"


@pytest.fixture
def model_id(call: Call) -> str:
    answer = call("POST", MODELS, body={"experiment_id": "0", "name": "net"})
    assert answer.status == 200
    return str(answer.json["model"]["info"]["model_id"])


def test_what_a_model_does_not_have_is_absent(call: Call, model_id: str) -> None:
    info = call("GET", f"{MODELS}/{model_id}").json["model"]["info"]
    assert info == {
        "model_id": model_id,
        "experiment_id": "0",
        "name": "net",
        "creation_timestamp_ms": info["creation_timestamp_ms"],
        "last_updated_timestamp_ms": info["creation_timestamp_ms"],
        "artifact_uri": f"mlflow-artifacts:/0/models/{model_id}/artifacts",
        "status": "LOGGED_MODEL_PENDING",
        "model_type": "",
        "source_run_id": "",
    }
    assert type(info["creation_timestamp_ms"]) is int


def test_an_empty_search_answers_an_empty_object(call: Call) -> None:
    assert call("POST", f"{MODELS}/search", body={"experiment_ids": ["0"]}).json == {}


def test_a_metric_of_a_model_carries_its_run_and_nan_is_text(call: Call, model_id: str) -> None:
    run = call("POST", "/api/2.0/mlflow/runs/create", body={"experiment_id": "0"}).json["run"]["info"][
        "run_id"
    ]
    point = {"key": "loss", "value": "NaN", "timestamp": 5, "model_id": model_id, "dataset_name": "train"}
    logged = call("POST", "/api/2.0/mlflow/runs/log-batch", body={"run_id": run, "metrics": [point]})
    assert logged.status == 200
    seen = call("GET", f"{MODELS}/{model_id}").json["model"]["data"]
    assert seen == {"metrics": [{**point, "step": 0, "run_id": run}]}


@pytest.mark.parametrize("status", ["GREAT", "LOGGED_MODEL_STATUS_UNSPECIFIED", 0, 9, None])
def test_an_invalid_status_is_refused(call: Call, model_id: str, status: Any) -> None:
    answer = call("PATCH", f"{MODELS}/{model_id}", body={"model_id": model_id, "status": status})
    assert answer.status == 400
    assert answer.json["error_code"] == "INVALID_PARAMETER_VALUE"


def test_a_status_may_be_a_number(call: Call, model_id: str) -> None:
    answer = call("PATCH", f"{MODELS}/{model_id}", body={"model_id": model_id, "status": 2})
    assert answer.json["model"]["info"]["status"] == "LOGGED_MODEL_READY"


def test_the_model_of_the_path_is_meant_whatever_the_body_says(call: Call, model_id: str) -> None:
    other = call("POST", MODELS, body={"experiment_id": "0"}).json["model"]["info"]["model_id"]
    call("PATCH", f"{MODELS}/{model_id}", body={"model_id": other, "status": "LOGGED_MODEL_READY"})
    statuses = [call("GET", f"{MODELS}/{each}").json["model"]["info"]["status"] for each in (model_id, other)]
    assert statuses == ["LOGGED_MODEL_READY", "LOGGED_MODEL_PENDING"]


def test_a_tag_whose_key_holds_a_slash_can_be_deleted(call: Call, model_id: str) -> None:
    body = {"tags": [{"key": "a/b", "value": "1"}, {"key": "c", "value": "2"}]}
    assert call("PATCH", f"{MODELS}/{model_id}/tags", body=body).json == {}
    assert call("DELETE", f"{MODELS}/{model_id}/tags/a/b").status == 200
    assert call("DELETE", f"{MODELS}/{model_id}/tags/a/b").status == 404
    assert call("GET", f"{MODELS}/{model_id}").json["model"]["info"]["tags"] == [{"key": "c", "value": "2"}]


@pytest.mark.parametrize(
    ("search", "error_class"),
    [
        ({"order_by": [{"field_name": "colour"}]}, "ATTRIBUTE_NOT_FOUND"),
        ({"filter": "colour = 'red'"}, "ATTRIBUTE_NOT_FOUND"),
        ({"order_by": [{"ascending": True}]}, "INVALID_PARAMETER_VALUE"),
        ({"order_by": ["name"]}, "INVALID_PARAMETER_VALUE"),
        ({"datasets": [{"dataset_digest": "d"}]}, "INVALID_PARAMETER_VALUE"),
        ({"page_token": "nonsense"}, "INVALID_PARAMETER_VALUE"),
    ],
)
def test_a_mistake_in_a_search_is_the_users(call: Call, search: dict[str, Any], error_class: str) -> None:
    answer = call("POST", f"{MODELS}/search", body={"experiment_ids": ["0"], **search})
    assert answer.status == 400
    assert (answer.json["error_code"], answer.json["error_class"]) == ("INVALID_PARAMETER_VALUE", error_class)
