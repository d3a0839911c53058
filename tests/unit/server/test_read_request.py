"""How the parameters of a call are read: names in either spelling, and what counts if one is given twice."""

from typing import Any

import pytest

from headrace.api import logged_models, metrics, runs
from headrace.api.endpoint import Endpoint
from headrace.base.errors import InvalidParameter
from headrace.server.rest import read_request

JSON = [(b"content-type", b"application/json")]


def _read(
    row: Endpoint[Any, Any],
    *,
    query: bytes = b"",
    body: bytes = b"",
    in_path: dict[str, str] | None = None,
) -> Any:
    scope = {"method": row.method, "query_string": query, "headers": JSON}
    return read_request(row, scope, body, in_path or {})


@pytest.mark.parametrize("name", [b"run_ids", b"runIds"])
def test_a_list_in_the_query_may_be_spelled_either_way(name: bytes) -> None:
    query = name + b"=a&metric_key=m&" + name + b"=b"
    assert _read(metrics.GET_HISTORY_BULK_INTERVAL, query=query).run_ids == ["a", "b"]


@pytest.mark.parametrize("name", [b"run_ids", b"runIds"])
def test_a_list_of_one_in_the_query_is_a_list(name: bytes) -> None:
    assert _read(metrics.GET_HISTORY_BULK_INTERVAL, query=name + b"=a&metric_key=m").run_ids == ["a"]


def test_of_a_name_twice_in_the_query_the_first_counts() -> None:
    assert _read(runs.GET, query=b"run_id=a&run_id=b").run_id == "a"


def test_a_name_in_both_spellings_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="given twice"):
        _read(runs.GET, query=b"run_id=a&runId=b")


@pytest.mark.parametrize("name", ["model_id", "modelId"])
def test_what_the_path_names_counts_whatever_the_body_says(name: str) -> None:
    body = f'{{"{name}": "other", "status": "LOGGED_MODEL_READY"}}'.encode()
    request = _read(logged_models.FINALIZE, body=body, in_path={"model_id": "mine"})
    assert request.model_id == "mine"
