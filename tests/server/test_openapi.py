"""The API's description: true to OpenAPI 3.1, complete, served, and the committed file is up to date."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource
from headrace.api.endpoints import ENDPOINTS
from headrace.server.openapi import build_document, encode_document
from headrace.server.rest import EndpointTable

ROOT = Path(__file__).parents[2]
METHODS = {"get", "head", "post", "put", "patch", "delete"}
DOCUMENT = build_document()

Call = Callable[..., Any]


def _operations(document: dict[str, Any] = DOCUMENT) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert method in METHODS
            yield method, path, operation


def _find(name: str) -> dict[str, Any]:
    return next(operation for _, _, operation in _operations() if operation["operationId"] == name)


def _schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name]
    return found


def test_the_document_is_valid_openapi_3_1() -> None:
    OPENAPI_31_VALIDATOR.validate(DOCUMENT)
    with pytest.raises(jsonschema_rs.ValidationError):
        OPENAPI_31_VALIDATOR.validate(DOCUMENT | {"paths": []})


def test_every_schema_in_it_is_a_valid_json_schema() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        jsonschema_rs.Draft202012Validator(whole)
        jsonschema_rs.meta.validate(schema)


def test_every_row_is_documented_with_its_permissions() -> None:
    documented = {operation["operationId"]: operation for _, _, operation in _operations()}
    for row in ENDPOINTS:
        operation = documented[row.name]
        assert operation["summary"] == row.summary
        assert [
            (need["permission"], need["resource"], need["field"]) for need in operation["x-headrace-needs"]
        ] == [(need.permission.name, need.resource.value, need.field) for need in row.needs]
    others = set(documented) - {row.name for row in ENDPOINTS}
    assert others == {"server.health", "server.version", "experiments.search.get", "artifacts.proxy_get.head"}


def test_operation_ids_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in _operations()]
    assert len(names) == len(set(names))


def test_every_documented_path_of_the_table_is_found_by_the_router() -> None:
    table = EndpointTable(ENDPOINTS)
    for method, path, operation in _operations():
        if operation["operationId"] in {"server.health", "server.version"}:
            continue
        found = table.find(method.upper(), path.replace("{", "").replace("}", ""))
        assert found is not None
        assert operation["operationId"].startswith(found[0].name)


def test_no_documented_path_is_unknown_to_the_server(call: Call) -> None:
    for method, path, operation in _operations():
        answer = call(method.upper(), path.replace("{", "").replace("}", ""), body={})
        assert answer.status != 405, (method, path)
        if answer.status == 404:
            assert answer.json["error_code"] != "ENDPOINT_NOT_FOUND", operation["operationId"]


def test_get_has_parameters_and_no_body_and_the_others_have_a_body() -> None:
    for method, path, operation in _operations():
        places = {parameter["in"] for parameter in operation.get("parameters", [])}
        name = operation["operationId"]
        if method in {"get", "head"}:
            assert "requestBody" not in operation
        elif not operation["operationId"].startswith("artifacts."):
            assert "query" not in places
            assert ("requestBody" in operation) is (
                name not in {"logged_models.delete", "logged_models.delete_tag"}
            )
        in_path = {
            parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"
        }
        assert in_path == {part.split("}")[0] for part in path.split("{")[1:]}


def test_fields_in_the_path_are_not_in_the_body() -> None:
    body = _find("logged_models.finalize")["requestBody"]
    assert body["required"]
    schema = body["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {"status"}
    assert schema["required"] == ["status"]


def test_a_row_that_may_be_messagepack_is_described_in_both_types_and_no_other_is() -> None:
    documented = {operation["operationId"]: operation for _, _, operation in _operations()}
    binary = [row for row in ENDPOINTS if row.binary]
    assert binary
    for row in ENDPOINTS:
        if row.stream:
            continue
        types = ["application/json", *(["application/msgpack"] if row.binary else [])]
        operation = documented[row.name]
        assert list(operation["responses"]["200"]["content"]) == types
        assert list(operation.get("requestBody", {}).get("content", types)) == types
        assert list(operation["responses"]["400"]) == ["$ref"], "errors are JSON alone"


def test_rows_of_headraces_own_are_below_their_one_prefix() -> None:
    own = {path for _, path, _ in _operations() if path.startswith("/api/headrace/")}
    assert own == {path for row in ENDPOINTS for _, path in row.routes() if "/headrace/v1/" in path}
    assert "/api/headrace/v1/changes/follow" in own


def test_a_call_without_parameters_has_no_body() -> None:
    needs = (Need(Permission.READ, Resource.SERVER),)
    document = build_document([Endpoint("tests.row", "POST", "/x", Empty, Empty, needs, "A row.")])
    operation = document["paths"]["/api/x"]["post"]
    assert "requestBody" not in operation
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == {"type": "object"}
    assert set(document["components"]["schemas"]) == {"ErrorBody"}


def test_lists_in_the_query_are_repeated_names() -> None:
    parameters = {each["name"]: each for each in _find("metrics.get_history_bulk_interval")["parameters"]}
    assert parameters["run_ids"]["schema"]["type"] == "array"
    assert parameters["run_ids"]["explode"] is True
    assert parameters["run_ids"]["required"] is True
    assert parameters["start_step"]["required"] is False


def test_floats_are_numbers_or_the_texts_for_what_json_lacks() -> None:
    for name in ("Metric", "LogMetric", "MetricWithRunId", "LoggedModelMetric"):
        assert _schema(name)["properties"]["value"] == {"$ref": "#/components/schemas/Float"}
    schema = {"$ref": "#/components/schemas/LogMetric", "components": DOCUMENT["components"]}
    point = {"key": "k", "timestamp": 1}
    validator = jsonschema_rs.Draft202012Validator(schema)
    for value in (1, 1.5, "NaN", "Infinity", "-Infinity"):
        assert validator.is_valid(point | {"value": value})
    for value in ("nan", "x", None, True):
        assert not validator.is_valid(point | {"value": value})


def test_unknown_fields_are_not_forbidden() -> None:
    assert all(
        schema.get("additionalProperties", True) for schema in DOCUMENT["components"]["schemas"].values()
    )


def test_files_are_bytes_with_ranges() -> None:
    download = _find("artifacts.proxy_get")
    assert {"200", "206", "304", "416"} <= set(download["responses"])
    assert set(download["responses"]["206"]["content"]) == {"application/octet-stream"}
    assert "Range" in {parameter["name"] for parameter in download["parameters"]}
    assert set(_find("artifacts.proxy_put")["requestBody"]["content"]) == {"application/octet-stream"}
    assert "content" not in _find("artifacts.proxy_get.head")["responses"]["200"]


def test_every_operation_says_what_its_errors_look_like() -> None:
    for _, _, operation in _operations():
        if operation.get("security") != []:
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/default"}
    for response in DOCUMENT["components"]["responses"].values():
        schema = response["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ErrorBody"}
    assert set(_schema("ErrorBody")["required"]) == {"error_code", "message", "sqlstate", "error_class"}


def test_a_token_is_bearer_or_basic() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert {scheme["scheme"] for scheme in schemes.values()} == {"bearer", "basic"}
    assert {} in DOCUMENT["security"]


def test_no_schema_is_unused() -> None:
    text = encode_document().decode()
    for name in DOCUMENT["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text


def test_the_server_serves_it_and_knows_who_has_it(call: Call) -> None:
    answer = call("GET", "/api/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == DOCUMENT
    again = call(
        "GET", "/api/openapi.json", headers={"if-none-match": f'"other", W/{answer.headers["etag"]}'}
    )
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert call("GET", "/api/openapi.json", headers={"if-none-match": '"other"'}).status == 200


def test_the_committed_file_is_what_the_generator_writes() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "tools" / "openapi.py", "--check"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_generator_tells_a_stale_file_and_writes_a_new_one(tmp_path: Path) -> None:
    script = tmp_path / "tools" / "openapi.py"
    script.parent.mkdir()
    for name in ("openapi.py", "generated.py"):
        (script.parent / name).write_bytes((ROOT / "tools" / name).read_bytes())
    target = tmp_path / "docs" / "reference" / "openapi.json"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, script, *arguments], check=False, capture_output=True, text=True
        )

    missing = run("--check")
    assert missing.returncode == 1
    assert "docs/reference/openapi.json" in missing.stderr
    assert not target.exists()
    assert run().returncode == 0
    assert target.read_bytes() == encode_document()
    assert run("--check").returncode == 0
    target.write_text("{}")
    assert run("--check").returncode == 1
    assert run("--chek").returncode == 2
