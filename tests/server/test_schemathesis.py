"""Requests made up from the API's own description find no server error, and answers are what the description says."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from headrace.api.endpoints import ENDPOINTS
from headrace.server.app import create_app
from headrace.server.guard import GuardSettings
from headrace.server.openapi import build_document
from headrace.server.run import Address, listen
from headrace.services.platform import PlatformSettings, open_platform

EXAMPLES = 5
SCHEMA = schemathesis.openapi.from_dict(build_document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
# A path or a file can hardly be wrong: every text fits, and all bytes do.
CASES = [
    pytest.param(
        operation, mode, id=f"{operation.label} {'fitting' if mode is GenerationMode.POSITIVE else 'wrong'}"
    )
    for operation in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE
    or operation.query
    or "application/json" in operation.get_request_payload_content_types()
]
# MLflow's word for "known, but not here": what the table says of these rows.
NOT_IMPLEMENTED = {
    row.name
    for row in ENDPOINTS
    if row.summary.startswith(("Answers 501", "Refused: artifacts of this server pass through it"))
}
CONFORMANCE = [
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]
KEY = "loss"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in this process, on a real store."""
    folder = tmp_path_factory.mktemp("server")
    platform = open_platform(PlatformSettings(f"sqlite:///{folder / 'store.db'}", str(folder / "artifacts")))
    listening = listen(Address("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(platform, GuardSettings()),
            http="headrace.server.protocol:BoundedProtocol",
            ws="none",
            lifespan="off",
            log_config=None,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
        platform.store.close()


@pytest.fixture(scope="module")
def known(url: str) -> dict[str, Any]:
    """Ids of things that are there, by the names of the fields that refer to them."""

    def post(path: str, fields: dict[str, Any]) -> Any:
        answer = requests.post(f"{url}/api/2.0/mlflow/{path}", json=fields, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    experiment = post("experiments/create", {"name": "team/project/known"})["experiment_id"]
    run = post("runs/create", {"experiment_id": experiment, "run_name": "known"})["run"]["info"]["run_id"]
    points = [
        {"key": KEY, "value": value, "timestamp": number, "step": number}
        for number, value in enumerate([1, "NaN", "Infinity"])
    ]
    post("runs/log-batch", {"run_id": run, "metrics": points, "params": [{"key": "p", "value": "1"}]})
    model = post("logged-models", {"experiment_id": experiment, "name": "known", "source_run_id": run})
    return {
        "experiment_id": experiment,
        "experiment_ids": [experiment, "0"],
        "experiment_name": "team/project/known",
        "run_id": run,
        "run_ids": [run],
        "run_uuid": "",
        "source_run_id": run,
        "model_id": model["model"]["info"]["model_id"],
        "metric_key": KEY,
    }


def _name_known_things(case: schemathesis.Case, known: dict[str, Any]) -> None:
    """Let a request refer to things that exist, as far as it refers to any."""
    for fields in (case.body, case.query, case.path_parameters):
        if isinstance(fields, dict):
            for name in set(known) & set(fields):
                is_list = isinstance(fields[name], list)
                fields[name] = known[name] if isinstance(known[name], list) is is_list else [known[name]]


def _check(answer: schemathesis.Response, name: str) -> None:
    is_known = answer.status_code == 501 and name in NOT_IMPLEMENTED
    assert answer.status_code < 500 or is_known, f"{answer.status_code}: {answer.text[:500]}"
    if answer.status_code >= 400 and answer.content and "application/json" in answer.headers["content-type"]:
        assert set(answer.json()) == {"error_code", "message", "sqlstate", "error_class"}


def _bounded(test: Any) -> Any:
    """Few examples, the same in every run."""
    test = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(test)
    return seed(20_240)(test)


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_no_request_finds_a_server_error(
    url: str, known: dict[str, Any], operation: Any, mode: GenerationMode
) -> None:
    row = next((row for row in ENDPOINTS if row.name == operation.definition.raw["operationId"]), None)

    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if data.draw(st.booleans()):
            _name_known_things(case, known)
        answer = case.call(base_url=url, timeout=30)
        _check(answer, row.name if row else "")
        case.validate_response(answer, checks=CONFORMANCE)

    _bounded(run)()
