"""Every row of the table is served under all its paths, guarded by its permissions and by the token, and audited."""

import contextlib
import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from headrace.api.coverage import REFERENCES, check_rows
from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource, Tag
from headrace.api.endpoints import ENDPOINTS
from headrace.base.errors import InvalidParameter
from headrace.base.json import Wire
from headrace.server.body import ClientGone
from headrace.server.guard import GuardSettings
from headrace.services import dispatch
from headrace.services.context import Actor, AuditRecord, Context, Platform
from headrace.services.dispatch import find_function

Row = Endpoint[Any, Any]
Call = Callable[..., Any]

RUN = "0" * 32
TABLES = (
    "hr_experiment",
    "hr_experiment_tag",
    "hr_run",
    "hr_param",
    "hr_tag",
    "hr_series",
    "hr_point",
    "hr_change",
)
VALUES: dict[str, Any] = {
    "experiment_id": "0",
    "experiment_name": "Default",
    "run_id": RUN,
    "run_uuid": RUN,
    "source_run_id": RUN,
    "model_id": "m-" + RUN,
    "artifact_path": "folder/file.txt",
    "path": "folder",
    "status": "LOGGED_MODEL_READY",
}
ROUTES = [
    pytest.param(row, method, path, id=f"{method} {path}")
    for row in ENDPOINTS
    for method, path in row.routes()
]


class GrantNothing:
    """Refuses everything."""

    def grants_all(self, actor: Actor) -> bool:
        return False

    def permits(self, context: Context, need: Need, target: str) -> bool:
        return False


class RefuseOne:
    """Refuses one thing and grants all others."""

    def __init__(self, refused: str) -> None:
        self.refused = refused
        self.asked: list[tuple[Need, str]] = []

    def grants_all(self, actor: Actor) -> bool:
        return False

    def permits(self, context: Context, need: Need, target: str) -> bool:
        self.asked.append((need, target))
        return target != self.refused


def _value(name: str, kind: Any) -> Any:
    """A value for a field: of a reference an id, else the smallest that there is."""
    if name in VALUES and not isinstance(kind, msgspec.inspect.ListType):
        return VALUES[name]
    match kind:
        case msgspec.inspect.ListType(item_type=item):
            return [_value(name.removesuffix("s"), item)]
        case msgspec.inspect.StructType(cls=cls):
            return _fill(cls)
        case msgspec.inspect.UnionType(types=types):
            return _value(name, types[0])
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return 1
        case _:
            return "x"


def _refers(kind: Any) -> bool:
    match kind:
        case msgspec.inspect.ListType(item_type=item):
            return _refers(item)
        case msgspec.inspect.StructType(cls=cls):
            return any(
                field.name in REFERENCES or field.name == "path" for field in msgspec.structs.fields(cls)
            )
        case _:
            return False


def _fill(kind: type[Wire], *, references: bool = True) -> dict[str, Any]:
    """Parameters with everything that is required and, if wanted, everything that refers to a thing."""
    found = {}
    for field in msgspec.structs.fields(kind):
        shape = msgspec.inspect.type_info(field.type)
        is_reference = field.name in REFERENCES or field.name == "path" or _refers(shape)
        if field.required or (is_reference and references):
            found[field.name] = _value(field.name, shape)
    return found


def _send(call: Call, row: Row, method: str, path: str, fields: dict[str, Any], **more: Any) -> Any:
    for name in list(fields):
        for spelling in (f"{{{name}}}", f"{{{name}:path}}"):
            if spelling in path:
                path = path.replace(spelling, fields.pop(name))
    if method in {"GET", "HEAD"} or row.stream:
        query = urllib.parse.urlencode(fields, doseq=True)
        return call(method, path, query=query, body=b"" if method in {"GET", "HEAD"} else b"x", **more)
    return call(method, path, body=fields, **more)


def _count_rows(platform: Platform) -> dict[str, Any]:
    with platform.store.read() as conn:
        counts = {}
        for table in TABLES:
            row = conn.row(f"SELECT COUNT(*) FROM {table}")
            counts[table] = row and row[0]
        counts["clock"] = conn.row("SELECT value FROM hr_clock")
        return counts


def _files(platform: Platform) -> list[str]:
    served = platform.artifacts.served
    assert served is not None
    return [entry.name for entry in served.list_folder("")]


def test_a_row_has_one_name_and_one_function() -> None:
    names = [row.name for row in ENDPOINTS]
    assert len(names) == len(set(names))
    for row in ENDPOINTS:
        assert row.stream or callable(find_function(row))


def test_no_two_rows_share_a_route() -> None:
    routes = [route for row in ENDPOINTS for route in row.routes()]
    assert len(routes) == len(set(routes))


def test_nothing_that_writes_can_be_called_by_a_plain_link() -> None:
    for row in ENDPOINTS:
        if row.writes or any(need.permission > Permission.READ for need in row.needs):
            assert {method for method, _ in row.routes()} <= {"POST", "PUT", "PATCH", "DELETE"}, row.name


@pytest.mark.parametrize(("row", "method", "path"), ROUTES)
def test_a_row_is_served_under_every_prefix(call: Call, row: Row, method: str, path: str) -> None:
    answer = _send(call, row, method, path, _fill(row.request))
    assert answer.status not in {405, 500}
    if answer.status == 404:
        assert method == "HEAD" or answer.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize(("row", "method", "path"), ROUTES)
def test_a_policy_that_grants_nothing_refuses_a_row_and_nothing_is_written(
    call: Call, platform: Platform, row: Row, method: str, path: str
) -> None:
    before = _count_rows(platform), _files(platform)
    answer = _send(call, row, method, path, _fill(row.request), replace={"policy": GrantNothing()})
    assert answer.status == 403
    if method != "HEAD":
        assert answer.json["error_code"] == "PERMISSION_DENIED"
        assert "lacks the permission" in answer.json["message"]
    assert (_count_rows(platform), _files(platform)) == before


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.name)
def test_a_row_that_is_asked_about_nothing_gives_nothing_without_permission(
    call: Call, platform: Platform, row: Row
) -> None:
    required = {field.name for field in msgspec.structs.fields(row.request) if field.required}
    fields = _fill(row.request, references=False)
    for name in required & set(REFERENCES):
        fields[name] = [] if isinstance(fields[name], list) else ""
    before = _count_rows(platform), _files(platform)
    answer = _send(
        call, row, row.method, row.prefixes[0] + row.path, fields, replace={"policy": GrantNothing()}
    )
    assert answer.status in {400, 403, 404, 501} or (answer.status == 200 and answer.json == {}), answer.body
    assert (_count_rows(platform), _files(platform)) == before


@pytest.mark.parametrize(
    "header", ["", "Bearer wrong", "Bearer ", "Basic eDp3cm9uZw==", "Basic %%%", "secret", "Bearer secretx"]
)
def test_nobody_gets_in_without_the_token(call: Call, header: str) -> None:
    guard = GuardSettings(token="secret")
    headers = {"authorization": header} if header else {}
    routes = [route for row in ENDPOINTS for route in row.routes()]
    extra = [
        ("GET", "/api/openapi.json"),
        ("GET", "/nothing"),
        ("GET", "/health/"),
        ("GET", "//health"),
    ]
    for method, path in [*routes, *extra]:
        answer = call(method, path, guard=guard, headers=headers)
        assert answer.status == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json["error_code"] == "UNAUTHENTICATED"
    assert call("GET", "/health", guard=guard, headers=headers).status == 200
    assert call("GET", "/version", guard=guard, headers=headers).status == 200


@pytest.mark.parametrize(
    "header", ["Bearer secret", "bearer secret", "Basic eDpzZWNyZXQ=", "basic OnNlY3JldA=="]
)
def test_the_token_lets_in_as_bearer_or_as_password(call: Call, header: str) -> None:
    answer = call(
        "GET",
        "/api/2.0/mlflow/experiments/get",
        query="experiment_id=0",
        guard=GuardSettings(token="secret"),
        headers={"authorization": header},
    )
    assert answer.status == 200


@pytest.mark.parametrize("token", ["", " ", "\n"])
def test_a_blank_token_is_refused_at_start(token: str) -> None:
    with pytest.raises(InvalidParameter, match="blank"):
        GuardSettings(token=token)


class _Refers(Wire, kw_only=True):
    run_id: str


class _RefersInside(Wire, kw_only=True):
    items: list[_Refers] = []  # noqa: RUF012 - msgspec copies it


@pytest.mark.parametrize(
    ("request_type", "needs", "said"),
    [
        (Empty, (), "names no permission"),
        (_Refers, (Need(Permission.READ, Resource.SERVER),), "'run_id'"),
        (_Refers, (Need(Permission.READ, Resource.EXPERIMENT, "run_id"),), "'run_id'"),
        (_RefersInside, (Need(Permission.READ, Resource.RUN, "run_id"),), "'items.run_id'"),
    ],
)
def test_a_row_that_leaves_something_open_does_not_load(
    request_type: type[Wire], needs: tuple[Need, ...], said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        check_rows([Endpoint("tests.row", "GET", "/x", request_type, Empty, needs, "A row.")])
    row = Endpoint(
        "tests.row",
        "GET",
        "/x",
        _RefersInside,
        Empty,
        (Need(Permission.READ, Resource.RUN, "items.run_id"),),
        "A row.",
    )
    assert check_rows(iter([row])) == (row,)
    assert row.routes() == [("GET", "/api/x"), ("GET", "/ajax-api/x")]


def _create_run(platform: Platform) -> str:
    create = next(row for row in ENDPOINTS if row.name == "runs.create")
    answer = dispatch.call(platform, Actor(), create, create.request(experiment_id="0"))
    run_id: str = answer.run.info.run_id
    return run_id


BULK: list[tuple[str, str, str, Callable[[str, str], dict[str, Any]]]] = [
    ("metrics.get_history_bulk", "GET", "run", lambda own, foreign: {"run_id": [own, foreign], "metric_key": "m"}),
    ("metrics.get_history_bulk_interval", "GET", "run", lambda own, foreign: {"run_ids": [own, foreign], "metric_key": "m"}),
    ("runs.search", "POST", "experiment", lambda own, foreign: {"experiment_ids": ["0", foreign]}),
    ("inputs.search_datasets", "POST", "experiment", lambda own, foreign: {"experiment_ids": ["0", foreign]}),
    ("logged_models.search", "POST", "experiment", lambda own, foreign: {"experiment_ids": ["0", foreign]}),
    ("runs.log_batch", "POST", "model", lambda own, foreign: {
        "run_id": own,
        "metrics": [{"key": "m", "value": 1, "timestamp": 0}, {"key": "m", "value": 1, "timestamp": 0, "model_id": foreign}],
        "params": [{"key": "p", "value": "1"}],
        "tags": [{"key": "t", "value": "1"}],
    }),
    ("metrics.log", "POST", "model", lambda own, foreign: {
        "run_id": own, "key": "m", "value": 1, "timestamp": 1, "model_id": foreign
    }),
    ("inputs.log_inputs", "POST", "model", lambda own, foreign: {
        "run_id": own, "datasets": [{"dataset": {"name": "d"}}], "models": [{"model_id": "m-own"}, {"model_id": foreign}]
    }),
    ("inputs.log_outputs", "POST", "model", lambda own, foreign: {
        "run_id": own, "models": [{"model_id": "m-own", "step": 1}, {"model_id": foreign, "step": 1}]
    }),
    ("logged_models.create", "POST", "run", lambda own, foreign: {"experiment_id": "0", "source_run_id": foreign}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "method", "kind", "build"), BULK, ids=[each[0] for each in BULK])
def test_one_foreign_id_in_a_list_refuses_the_whole_call(
    call: Call,
    platform: Platform,
    name: str,
    method: str,
    kind: str,
    build: Callable[[str, str], dict[str, Any]],
) -> None:
    row = next(row for row in ENDPOINTS if row.name == name)
    own = _create_run(platform)
    foreign = {"run": lambda: _create_run(platform), "experiment": lambda: "1", "model": lambda: "m-foreign"}[
        kind
    ]()
    before = _count_rows(platform)
    policy = RefuseOne(foreign)
    answer = _send(
        call, row, method, row.prefixes[0] + row.path, build(own, foreign), replace={"policy": policy}
    )
    assert answer.status == 403, answer.body
    assert foreign in answer.json["message"]
    assert _count_rows(platform) == before
    assert (name, foreign) in [(name, target) for _, target in policy.asked]


def test_both_names_of_a_run_are_checked(call: Call, platform: Platform) -> None:
    own, foreign = _create_run(platform), _create_run(platform)
    for fields in (
        {"run_id": own, "run_uuid": foreign},
        {"run_uuid": foreign},
        {"runId": foreign},
        {"runUuid": foreign},
    ):
        body = {**fields, "key": "t", "value": "1"}
        answer = call(
            "POST", "/api/2.0/mlflow/runs/set-tag", body=body, replace={"policy": RefuseOne(foreign)}
        )
        assert answer.status == 403


def test_of_a_key_given_twice_the_one_that_is_checked_is_the_one_that_is_used(
    call: Call, platform: Platform
) -> None:
    own, foreign = _create_run(platform), _create_run(platform)
    policy = {"policy": RefuseOne(foreign)}
    for first, second, status in ((own, foreign, 403), (foreign, own, 200)):
        text = f'{{"run_id": "{first}", "run_id": "{second}", "key": "t", "value": "1"}}'.encode()
        answer = call(
            "POST",
            "/api/2.0/mlflow/runs/set-tag",
            body=text,
            headers={"content-type": "application/json"},
            replace=policy,
        )
        assert answer.status == status
        query = (
            f"run_id={second}&run_id={first}"  # of a query the first counts, of JSON the last, as in MLflow
        )
        assert call("GET", "/api/2.0/mlflow/runs/get", query=query, replace=policy).status == status


@pytest.fixture
def audited(call: Call) -> tuple[Call, list[AuditRecord]]:
    """The call function with an audit hook, and what the hook was told."""
    records: list[AuditRecord] = []

    def send(*args: Any, replace: dict[str, Any] | None = None, **more: Any) -> Any:
        return call(*args, replace={"audit": (records.append,), **(replace or {})}, **more)

    return send, records


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.name)
def test_a_call_is_audited_once_with_its_outcome(audited: tuple[Call, list[AuditRecord]], row: Row) -> None:
    send, records = audited
    _send(
        send,
        row,
        row.method,
        row.prefixes[0] + row.path,
        _fill(row.request),
        replace={"policy": GrantNothing()},
    )
    assert [(record.endpoint, record.outcome) for record in records] == [(row.name, "PERMISSION_DENIED")]


def test_the_audit_tells_success_and_failure(
    audited: tuple[Call, list[AuditRecord]], platform: Platform
) -> None:
    send, records = audited
    create = "/api/2.0/mlflow/experiments/create"
    assert send("POST", create, body={"name": "a"}).status == 200
    assert send("POST", create, body={"name": "a"}).status == 400
    assert send("GET", "/api/2.0/mlflow/experiments/get", query="experiment_id=0").status == 200
    assert send("GET", "/api/2.0/mlflow/experiments/get", query="experiment_id=77").status == 404
    assert (
        send(
            "GET", "/api/2.0/mlflow/metrics/get-history", query=f"run_id={_create_run(platform)}&metric_key=m"
        ).status
        == 200
    )
    assert [(record.endpoint, record.outcome) for record in records] == [
        ("experiments.create", "OK"),
        ("experiments.create", "RESOURCE_ALREADY_EXISTS"),
        ("experiments.get", "OK"),
        ("experiments.get", "RESOURCE_DOES_NOT_EXIST"),
        ("metrics.get_history", "OK"),
    ]
    assert all(record.actor == Actor("anyone") and record.time_ms > 1_600_000_000_000 for record in records)


def test_the_audit_of_a_file_tells_what_became_of_its_bytes(audited: tuple[Call, list[AuditRecord]]) -> None:
    send, records = audited
    path = "/api/2.0/mlflow-artifacts/artifacts/a/b"
    assert send("GET", path).status == 404
    assert send("PUT", path, body=b"file").status == 200
    assert send("PUT", path, body=b"file", headers={"content-length": "5"}).status == 400
    assert send("GET", path).body == b"file"
    assert send("DELETE", path).status == 200
    assert [(record.endpoint, record.outcome) for record in records] == [
        ("artifacts.proxy_get", "RESOURCE_DOES_NOT_EXIST"),
        ("artifacts.proxy_put", "OK"),
        ("artifacts.proxy_put", "INVALID_PARAMETER_VALUE"),
        ("artifacts.proxy_get", "OK"),
        ("artifacts.proxy_delete", "OK"),
    ]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "OK"),
        (InvalidParameter("x"), "INVALID_PARAMETER_VALUE"),
        (ClientGone(), "CANCELLED"),
        (GeneratorExit(), "CANCELLED"),
        (ValueError(), "INTERNAL_ERROR"),
    ],
)
def test_an_outcome_has_a_name(platform: Platform, error: BaseException | None, outcome: str) -> None:
    records: list[AuditRecord] = []
    audited = replace(platform, audit=(records.append,))
    with contextlib.suppress(BaseException), dispatch.audited(audited, Actor(), ENDPOINTS[0]):
        if error is not None:
            raise error
    assert [record.outcome for record in records] == [outcome]


def test_a_call_that_is_replayed_is_audited_once_and_only_when_it_is_decided(platform: Platform) -> None:
    records: list[AuditRecord] = []
    audited = replace(platform, audit=(records.append,))
    create = next(row for row in ENDPOINTS if row.name == "experiments.create")
    real = audited.store.transact
    failed: list[int] = []

    def fail_once(work: Callable[[Any], None]) -> None:
        def fail_at_the_end(tx: Any) -> None:
            work(tx)
            failed.append(1)
            raise RuntimeError("a defect")

        real(work if failed else fail_at_the_end)

    audited.store.transact = fail_once  # type: ignore[method-assign]  # the group's commit fails, as a defect would make it
    request = create.request(name="replayed", tags=[Tag(key="k", value="v")])
    dispatch.call(audited, Actor(), create, request)
    assert failed == [1]
    assert [(record.endpoint, record.outcome) for record in records] == [("experiments.create", "OK")]


SPELLINGS = [
    "//api/2.0/mlflow/experiments/create",
    "/api//2.0/mlflow/experiments/create",
    "/api/2.0/mlflow/experiments/create/",
    "/api/2.0/mlflow/experiments/create//",
    "/api/2.0/mlflow/experiments/./create",
    "/api/2.0/mlflow/x/../experiments/create",
    "/API/2.0/mlflow/experiments/create",
    "/api/2.0/mlflow/Experiments/Create",
    "/api/2.0/mlflow/experiments/create;x",
    "/api/2.0/mlflow/experiments/create\\",
    "/api/2.0/mlflow/experiments/create\0",
    "/api/2.0/mlflow/experiments/create ",
    "/health/../api/2.0/mlflow/experiments/create",
    "/health/api/2.0/mlflow/experiments/create",
]


@pytest.mark.parametrize("path", SPELLINGS, ids=ascii)
def test_another_spelling_of_a_path_is_another_path_and_needs_the_token_too(
    call: Call, platform: Platform, path: str
) -> None:
    before = _count_rows(platform)
    assert call("POST", path, body={"name": "a"}, guard=GuardSettings(token="secret")).status == 401
    answer = call("POST", path, body={"name": "a"})
    assert (answer.status, answer.json["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert _count_rows(platform) == before


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "GET", "PUT", "TRACE", "CONNECT", "post", "PROPFIND"])
def test_another_method_does_not_run_a_call(call: Call, platform: Platform, method: str) -> None:
    before = _count_rows(platform)
    answer = call(method, "/api/2.0/mlflow/experiments/create", query="name=a", body={"name": "a"})
    assert answer.status == (204 if method == "OPTIONS" else 405)
    assert _count_rows(platform) == before


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_does_not_change_the_method_or_the_path(call: Call, platform: Platform, header: str) -> None:
    before = _count_rows(platform)
    answer = call(
        "GET", "/api/2.0/mlflow/experiments/create", query="name=a&_method=POST", headers={header: "POST"}
    )
    assert answer.status == 405
    for name in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-For", "X-Real-IP"):
        headers = {name: "/api/2.0/mlflow/experiments/get?experiment_id=0"}
        assert call("GET", "/health", headers=headers).body == b"OK"
        assert call("GET", "/nothing", headers=headers).status == 404
        guard = GuardSettings(token="secret")
        assert call("GET", "/nothing", headers={name: "127.0.0.1"}, guard=guard).status == 401
    assert _count_rows(platform) == before


def test_the_prefix_is_taken_off_once_and_opens_nothing(call: Call) -> None:
    guard = GuardSettings(prefix="/headrace", token="secret")
    token = {"authorization": "Bearer secret"}
    path, query = "/api/2.0/mlflow/experiments/get", "experiment_id=0"
    for prefix, status in (("", 200), ("/headrace", 200), ("/headrace/headrace", 404), ("/headracex", 404)):
        assert call("GET", prefix + path, query=query, guard=guard, headers=token).status == status
        assert call("GET", prefix + path, query=query, guard=guard).status == 401
    assert call("GET", "/headrace/health", guard=guard).status == 200
    assert call("GET", "/headrace", guard=guard).headers["location"] == "./headrace/"


@pytest.mark.parametrize(("row", "method", "path"), ROUTES)
def test_a_workspace_is_refused_and_not_ignored(call: Call, row: Row, method: str, path: str) -> None:
    answer = _send(call, row, method, path, _fill(row.request), headers={"X-MLFLOW-WORKSPACE": "team"})
    assert answer.status == 400
    if method != "HEAD":
        assert "X-MLFLOW-WORKSPACE" in json.loads(answer.body)["message"]
