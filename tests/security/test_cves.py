"""Every input of MLflow's security advisories that touches what headrace has: refused, without a trace.

The ids are the advisories'. Bytes go out as they are written here; no client tidies them up.
"""

import json
import pickle
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from security.attacker import API, FILES, Answer, Target

BAD = frozenset({400})
BAD_OR_GONE = frozenset({400, 404})
UNKNOWN = frozenset({404, 405})
AJAX = "/ajax-api/2.0/mlflow"
LONG = 1_000_000


@dataclass(frozen=True)
class Attack:
    """One request and how it may be answered; ``RUN`` stands for the id of a run that exists."""

    id: str
    method: str
    target: str
    body: bytes | Mapping[str, Any] | None = None
    statuses: frozenset[int] = BAD
    headers: Mapping[str, str] = field(default_factory=dict)


def _location(cve: str, *locations: str) -> list[Attack]:
    """An experiment that would keep its artifacts in that place."""
    return [
        Attack(
            cve,
            "POST",
            f"{API}/experiments/create",
            {"name": f"{cve} {location[:80]}", "artifact_location": location},
        )
        for location in locations
    ]


def _path(cve: str, *paths: str) -> list[Attack]:
    """A file's path, in the query of each call that takes one, for reading and for writing."""
    found = []
    for path in paths:
        query = f"run_id=RUN&path={path}"
        found += [
            Attack(cve, "GET", f"/get-artifact?{query}", statuses=BAD_OR_GONE),
            Attack(cve, "GET", f"{API}/artifacts/list?{query}"),
            Attack(cve, "POST", f"{API}/upload-artifact?{query}", b"attack"),
            Attack(cve, "POST", f"{AJAX}/upload-artifact?{query}", b"attack"),
            Attack(cve, "GET", f"{FILES}?path={path}"),
        ]
    return found


def _file(cve: str, *paths: str) -> list[Attack]:
    """A file's path in the address of the artifact proxy, for every method."""
    return [
        Attack(cve, method, f"{root}/{path}", b"attack" if method == "PUT" else None, BAD_OR_GONE)
        for path in paths
        for method in ("GET", "PUT", "DELETE")
        for root in (FILES, FILES.replace("/api", "/ajax-api", 1))
    ]


def _call(cve: str, method: str, *paths: str, body: Any = None) -> list[Attack]:
    """A call that the advisory is about and that headrace has not."""
    return [Attack(cve, method, path, body or {}, UNKNOWN) for path in paths]


ATTACKS = [
    *_path("CVE-2023-30172", "../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "/etc/passwd"),
    *_path("CVE-2023-3765", "C:%5CWindows%5Cwin.ini", "C:x", "%5C%5Chost%5Cshare", "/C:/x", "%5C%5C%3F%5CC:%5Cx"),
    *_path("CVE-2023-6753", "..%5c..%5c..%5ccanary", "%2e%2e%5ccanary"),
    *_path("CVE-2023-6015", "../canary", "a/../../canary", "./../canary"),
    *_path("CVE-2024-3848", "a%3F/../../../canary", "a%23/../../../canary", "a;/../../../canary"),
    *_path("CVE-2023-6977", "//proc/self/root/etc/passwd", "///etc/passwd"),
    *_path("CVE-2026-2033", "%EF%BC%8E%EF%BC%8E/canary", "%c0%ae%c0%ae/canary", "%25c0%25ae%25c0%25ae/canary"),
    *_path("CVE-2024-3573", "file:etc/passwd", "FILE:///etc/passwd", "file://localhost/etc/passwd"),
    *_path("D10-nul", "x%00.png", "x%0a", "%e2%80%ae.png"),
    *_path("D10-uri", "mlflow-artifacts:/../x", "s3://b/../x", "runs:/ID/../../x", "models:/m/1/../../x", "~/x", "$HOME/x"),
    *_file("CVE-2023-6018", "..%2f..%2fhome/u/.bashrc", "..%2f..%2fcanary", "%2e%2e/%2e%2e/canary", "../canary"),
    *_file("CVE-2023-6976", "%2fetc%2fpasswd", "/etc/passwd", "//proc/self/root"),
    *_file("CVE-2023-6975", "../run.py", "..%2frun.py", "a/..%2f..%2frun.py"),
    *_file("CVE-2023-6831", "%252E%252E%252Fetc", "%252e%252e%252fcanary"),
    *_file("CVE-2024-1560", "%2e%2e%2fcanary", "..%252fcanary", "%25252e%25252e%25252fcanary"),
    *_file("CVE-2026-2033", "%EF%BC%8E%EF%BC%8E/canary", "%c0%ae%c0%ae/canary", "%uff0e%uff0e/canary"),
    *_file("D10-nul", "x%00.png", "%00", "x%0d%0aSet-Cookie:a"),
    *_file("D9-long-path", "x" * 300, "x/" * 3000, quote("é" * 4000)),
    *_location("CVE-2023-2356", "mlflow-artifacts://host/../../etc", "s3://b/../../x", "mlflow-artifacts://h/%2e%2e/x"),
    *_location("CVE-2023-2780", "file:///\\..\\..\\..\\etc", "file:\\..\\etc", "\\\\h\\s"),
    *_location("CVE-2023-6909", "http:///?/../../../../etc/", "http://h?/../x", "file:///x?/../../etc"),
    *_location("CVE-2024-1483", "http:///#/../../../../etc/", "file:///etc/#/../x"),
    *_location("CVE-2024-3848", "http://host#/../../../etc/", "http://host#abe/../../../"),
    *_location("CVE-2024-1593", "http://host;/../../etc", "mlflow-artifacts:/x;/../../etc"),
    *_location("CVE-2024-2928", "s3://b/x#../../../etc/passwd", "mlflow-artifacts:/#../../etc/passwd"),
    *_location("CVE-2024-1594", "s3://b#/../x", "/srv/x#y"),
    *_location("CVE-2024-3573", "file:etc/passwd", "FILE:///etc", "file://localhost/etc", ":///etc", "file://h/x"),
    *_location("CVE-2024-8859", "dbfs:/x?a=/../../etc/passwd", "dbfs:/x?/../y"),
    *_location("CVE-2023-1176", "../x", "x/../../y", "..", "%2e%2e/x", "x"),
    *_location("CVE-2023-6977", "//proc/self/root", "///x"),
    *_location("CVE-2023-3765", "C:\\Windows", "C:x", "\\\\?\\C:\\x"),
    *_location("CVE-2026-2614", "runs:/ID/../../x", "models:/m/1", "mlflow-artifacts:/../x"),
    *_location("CVE-2026-4035", "$HOME/x", "${HOME}/x", "env:HOME", "~/x"),
    *_location("CVE-2023-4033", "gopher://h/x", "jar:file:///x!/y", "javascript:alert(1)", "data:text/html,x"),
    *_location("CVE-2024-6838", "s3://b/" + "x" * LONG, "x" * LONG),
    *_location("D10-control", "s3://b/x\0", "s3://b/x\ny", "s3://b/\u202ex", "s3://b/x\ud800"),
    Attack("CVE-2024-6838", "POST", f"{API}/experiments/create", {"name": "1" * LONG}),
    Attack("CVE-2024-6838", "POST", f"{API}/experiments/update", {"experiment_id": "0", "new_name": "1" * LONG}),
    Attack("CVE-2024-6838", "POST", f"{API}/experiments/set-experiment-tag", {"experiment_id": "0", "key": "k" * LONG}),
    Attack("CVE-2024-6838", "POST", f"{API}/runs/set-tag", {"run_id": "RUN", "key": "k" * LONG, "value": "v"}),
    Attack("CVE-2024-6838", "POST", f"{API}/runs/log-metric", {"run_id": "RUN", "key": "k" * LONG, "value": 1, "timestamp": 1}),
    Attack("CVE-2024-6838", "POST", f"{API}/logged-models", {"experiment_id": "1" * LONG}),
    Attack("CVE-2024-6838", "GET", f"{API}/runs/get?run_id=" + "a" * 60_000),
    Attack("CVE-2024-6838", "POST", f"{API}/runs/delete", {"run_id": "a" * LONG}),
    Attack("CVE-2024-6838", "POST", f"{API}/runs/create", {"experiment_id": "9" * LONG}),
    Attack("CVE-2024-6838", "POST", f"{API}/runs/create", {"experiment_id": "0", "user_id": "u" * LONG}),
    Attack("D10-run-id", "GET", f"{API}/runs/get?run_id=../../x", statuses=BAD),
    Attack("D10-run-id", "GET", f"{API}/runs/get?run_id=RUN%2f..", statuses=BAD),
    Attack("D10-run-id", "GET", f"{API}/runs/get?run_id=%00"),
    Attack("D10-run-id", "GET", f"{API}/runs/get?run_id=%ff"),
    Attack("D10-run-id", "GET", f"{API}/runs/get?run_id=-x"),
    Attack("D10-run-id", "GET", "/get-artifact?run_id=../../x&path=y"),
    Attack("D10-model-id", "GET", f"{API}/logged-models/..%2f..%2fx", statuses=UNKNOWN | BAD),
    Attack("D10-model-id", "GET", f"{API}/logged-models/%2e%2e", statuses=UNKNOWN | BAD),
    Attack("D10-control", "POST", f"{API}/experiments/create", {"name": "a\0b"}),
    Attack("D10-control", "POST", f"{API}/runs/set-tag", {"run_id": "RUN", "key": "a\nb", "value": ""}),
    Attack("D10-control", "POST", f"{API}/runs/set-tag", {"run_id": "RUN", "key": "k", "value": "a\0b"}),
    Attack("D10-control", "POST", f"{API}/runs/log-parameter", {"run_id": "RUN", "key": "../k", "value": ""}),
    Attack("D10-control", "POST", f"{API}/runs/log-parameter", {"run_id": "RUN", "key": "/k", "value": ""}),
    *_call("CVE-2026-0545", "POST", "/ajax-api/3.0/jobs/", "/ajax-api/3.0/jobs", body={"job_name": "run_task", "params": {"command": "id"}}),
    *_call("CVE-2026-2652", "POST", "/v1/traces", "/gateway/chat", body={"resourceSpans": []}),
    *_call("CVE-2025-15381", "GET", "/api/3.0/mlflow/traces/tr-1", "/api/3.0/mlflow/traces/tr-1/assessments/a-1"),
    *_call("CVE-2026-8147", "POST", "/api/3.0/mlflow/traces/search", "/api/3.0/mlflow/traces/delete-traces"),
    *_call("CVE-2026-2734", "POST", "/graphql", body={"query": "{ mlflowSearchModelVersions { modelVersions { name } } }"}),
    *_call("CVE-2026-2734", "GET", "/graphql?query={__schema{types{name}}}", "/api/2.0/mlflow/model-versions/search"),
    *_call("CVE-2025-0453", "POST", "/graphql", body={"query": "{" + "runs { id } " * 1000 + "}"}),
    *_call("CVE-2026-3198", "GET", "/api/3.0/mlflow/gateway/secrets/list", "/api/2.0/mlflow/gateway/endpoints"),
    *_call("CVE-2026-13484", "POST", "/api/3.0/mlflow/label-schemas/create"),
    *_call("CVE-2025-52967", "POST", "/ajax-api/2.0/mlflow/gateway-proxy", body={"gateway_path": "//evil/"}),
    *_call("CVE-2026-2393", "POST", "/api/2.0/mlflow/webhooks", body={"name": "w", "url": "http://127.0.0.1:6379/"}),
    *_call("CVE-2026-64849", "POST", "/api/2.0/mlflow/webhooks/1/test"),
    *_call("CVE-2023-1177", "POST", f"{API}/model-versions/create", body={"name": "m", "source": "file:///"}),
    *_call("CVE-2023-1177", "GET", "/model-versions/get-artifact?path=etc/passwd&name=m&version=1"),
    *_call("CVE-2025-11201", "POST", f"{API}/model-versions/create", body={"name": "m", "source": "/etc"}),
    *_call("CVE-2026-69148", "POST", f"{API}/model-versions/create", body={"name": "m", "run_id": "RUN", "source": "x"}),
    *_call("CVE-2023-6014", "POST", "/api/2.0/mlflow/users/create", "/signup", body={"username": "a", "password": "b"}),
    *_call("CVE-2026-2611", "POST", "/ajax-api/3.0/mlflow/assistant/config", body={"full_access": True}),
]  # fmt: skip
PARAMS = [pytest.param(attack, id=f"{attack.id}-{number}") for number, attack in enumerate(ATTACKS)]


def _counts(target: Target) -> Any:
    experiments = target.post("experiments/search", max_results=1000, view_type="ALL").json["experiments"]
    return sorted(each["name"] for each in experiments), target.list_files()


@pytest.fixture(scope="module")
def run(target: Target) -> str:
    return target.new_run()


@pytest.mark.parametrize("attack", PARAMS)
def test_an_attack_is_refused_and_leaves_no_trace(
    target: Target, secret: bytes, run: str, attack: Attack
) -> None:
    before = _counts(target)
    body = attack.body
    if isinstance(body, Mapping):
        body = json.dumps(body).replace('"RUN"', f'"{run}"').encode()
    headers = {"Content-Type": "application/json", **attack.headers}
    answer = target.ask(attack.method, attack.target.replace("RUN", run), body, headers)
    assert answer.status in attack.statuses, answer.body[:500]
    _check_refusal(answer, secret)
    assert _counts(target) == before
    data = target.ask("GET", f"{API}/runs/get?run_id={run}").json["run"]["data"]
    assert set(data) == {"tags"}
    assert [tag["key"] for tag in data["tags"]] == ["mlflow.runName"]


def _check_refusal(answer: Answer, secret: bytes) -> None:
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert set(answer.json) == {"error_code", "message", "sqlstate", "error_class"}
    assert len(answer.body) < 20_000, "an answer is not a mirror"
    assert secret not in answer.body
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize(
    ("cve", "location"),
    [
        ("CVE-2023-1177", "file:///FOLDER"),
        ("CVE-2023-1176", "FOLDER"),
        ("CVE-2025-11201", "file:FOLDER"),
        ("CVE-2026-2614", "/"),
        ("CVE-2023-6977", "/proc/self/root/FOLDER"),
    ],
)
def test_files_beside_the_artifact_root_are_never_opened(
    target: Target, secret: bytes, cve: str, location: str
) -> None:
    location = location.replace("/FOLDER", str(target.folder)).replace("FOLDER", str(target.folder))
    created = target.post("experiments/create", name=f"{cve} {location}", artifact_location=location)
    if created.status != 200:
        assert created.status == 400
        return
    run = target.new_run(created.json["experiment_id"])
    model = target.post("logged-models", experiment_id=created.json["experiment_id"], name="m").json["model"]
    model_id = model["info"]["model_id"]
    for path in ("canary", "", "../canary", "../../../canary", "store.db"):
        for method, place, body in (
            ("GET", f"{API}/artifacts/list?run_id={run}&path={path}", None),
            ("GET", f"/get-artifact?run_id={run}&path={path}", None),
            ("POST", f"{API}/upload-artifact?run_id={run}&path={path}", b"attack"),
            (
                "GET",
                f"{API}/logged-models/{model_id}/artifacts/directories?artifact_directory_path={path}",
                None,
            ),
            ("GET", f"{API}/logged-models/{model_id}/artifacts/files?artifact_file_path={path}", None),
        ):
            answer = target.ask(method, place, body)
            assert answer.status in BAD_OR_GONE, (place, answer.body)
            assert secret not in answer.body


@pytest.mark.parametrize("cve", ["CVE-2023-6974", "CVE-2026-2393", "CVE-2026-64849", "CVE-2024-0520"])
def test_no_address_that_a_user_gives_is_fetched(target: Target, cve: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.settimeout(0.3)
        url = f"http://127.0.0.1:{bait.getsockname()[1]}/x"
        created = target.post("experiments/create", name=f"{cve} {url}", artifact_location=url)
        experiment = created.json["experiment_id"] if created.status == 200 else target.new_experiment()
        run = target.new_run(experiment)
        dataset = {"name": "d", "digest": "1", "source_type": "http", "source": json.dumps({"url": url})}
        assert target.post("runs/log-inputs", run_id=run, datasets=[{"dataset": dataset}]).status == 200
        for place in (
            f"{API}/artifacts/list?run_id={run}",
            f"/get-artifact?run_id={run}&path=x",
            f"{API}/runs/get?run_id={run}",
            f"{FILES}/{quote(url, safe='')}",
        ):
            assert target.ask("GET", place).status < 500
        presigned = target.post("artifacts/presigned-download-url", run_id=run, path="x")
        assert presigned.status in {400, 501}
        with pytest.raises(TimeoutError):
            bait.accept()


class _Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("cve", "name", "content"),
    [
        *((f"CVE-2024-370{number}", "model.pkl", b"PICKLE") for number in (*range(52, 61),)),
        ("GHSA-gqvg-gmmx-x4hm", "python_model.pkl", b"PICKLE"),
        ("CVE-2023-6940", "MLmodel", b"flavors: !!python/object/apply:os.system ['touch CANARY']\n"),
        ("CVE-2026-33865", "MLmodel", b"flavors: !!python/object/new:os.system ['touch CANARY']\n"),
        ("CVE-2023-6709", "recipe.yaml", b"name: {{ ''.__class__.__mro__[1].__subclasses__() }} $(touch CANARY)\n"),
        ("CVE-2025-15379", "python_env.yaml", b"dependencies: ['numpy; touch CANARY']\n"),
        ("CVE-2025-15031", "model.tar", b"../../canary" + b"\0" * 500),
    ],
)  # fmt: skip
def test_content_is_carried_and_never_run(
    target: Target, tmp_path: Path, cve: str, name: str, content: bytes
) -> None:
    canary = tmp_path / "canary"
    content = content.replace(b"CANARY", str(canary).encode()).replace(b"PICKLE", pickle.dumps(_Bomb(canary)))
    run = target.new_run()
    info = target.ask("GET", f"{API}/runs/get?run_id={run}").json["run"]["info"]
    key = info["artifact_uri"].partition(":/")[2]
    assert target.ask("PUT", f"{FILES}/{key}/model/{name}", content).status == 200
    flavors = content.decode("latin-1").replace("\0", "")
    model = {"artifact_path": "model", "flavors": flavors, "utc_time_created": "now", "run_id": run}
    assert target.post("runs/log-model", run_id=run, model_json=json.dumps(model)).status == 200
    assert target.post("runs/set-tag", run_id=run, key="t", value=flavors).status == 200
    for place in (
        f"{API}/artifacts/list?run_id={run}&path=model",
        f"/get-artifact?run_id={run}&path=model/{name}",
        f"{API}/runs/get?run_id={run}",
    ):
        assert target.ask("GET", place).status == 200
    assert target.ask("GET", f"/get-artifact?run_id={run}&path=model/{name}").body == content
    assert not canary.exists()
    pickle.loads(pickle.dumps(_Bomb(canary)))
    assert canary.exists(), "the bait works"


@pytest.mark.parametrize(
    ("cve", "name"),
    [
        ("CVE-2026-33865", "page.html"),
        ("CVE-2026-33865", "picture.svg"),
        ("CVE-2026-33865", "paper.pdf"),
        ("CVE-2026-33865", "data.xml"),
        ("CVE-2026-33865", "page.xhtml"),
        ("CVE-2026-33865", "script.js"),
        ("CVE-2026-33865", 'a"; filename=x.html; b.html'),
        ("CVE-2023-6568", "no-extension"),
    ],
)
def test_a_file_is_never_shown_in_the_browser(target: Target, cve: str, name: str) -> None:
    run = target.new_run()
    content = b"<script>alert(1)</script>"
    place = f"run_id={run}&path={quote(name, safe='')}"
    assert target.ask("POST", f"{API}/upload-artifact?{place}", content).status == 200
    answer = target.ask("GET", f"/get-artifact?{place}")
    assert (answer.status, answer.body) == (200, content)
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


XSS = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    ("cve", "method", "place", "body", "headers"),
    [
        ("CVE-2023-6568", "POST", f"{API}/runs/create", b"{}", {"Content-Type": "<script>alert(1)</script>"}),
        ("CVE-2023-6568", "POST", "/signup", b"{}", {"Content-Type": "<script>alert(1)</script>"}),
        ("CVE-2024-27132", "POST", f"{API}/experiments/create", {"name": ""}, {"User-Agent": XSS}),
        ("CVE-2024-27133", "GET", f"/{quote(XSS)}", None, {}),
        ("CVE-2024-27133", "GET", f"{API}/runs/get?run_id={quote(XSS)}", None, {}),
        ("CVE-2024-27133", "GET", f"{API}/runs/get?run_id={quote(XSS)}", None, {"Accept": "text/html"}),
        ("CVE-2024-27133", "POST", f"{API}/runs/search", {"experiment_ids": ["0"], "filter": XSS}, {}),
        ("CVE-2024-27133", "POST", f"{API}/runs/search", {"experiment_ids": ["0"], "order_by": [XSS]}, {}),
        ("CVE-2024-27133", "POST", f"{API}/runs/search", {XSS: XSS, "page_token": XSS}, {}),
        ("CVE-2024-27133", "GET", f"/get-artifact?run_id=x&path=../{quote(XSS)}", None, {}),
    ],
)
def test_what_a_user_sent_comes_back_as_json_only(
    target: Target, cve: str, method: str, place: str, body: Any, headers: dict[str, str]
) -> None:
    answer = target.ask(method, place, body, headers)
    assert answer.status in {200, 400, 404}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    json.loads(answer.body)


@pytest.mark.parametrize("cve", ["CVE-2024-27132", "CVE-2024-27133"])
def test_markup_in_names_and_values_is_data(target: Target, cve: str) -> None:
    run = target.new_run(target.new_experiment(tags=[{"key": "t", "value": XSS}]))
    assert target.post("runs/set-tag", run_id=run, key="mlflow.note.content", value=XSS).status == 200
    dataset = {"name": XSS, "digest": "1", "schema": json.dumps({"mlflow_colspec": [{"name": XSS}]})}
    assert target.post("runs/log-inputs", run_id=run, datasets=[{"dataset": dataset}]).status == 200
    answer = target.ask("GET", f"{API}/runs/get?run_id={run}", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["run"]["inputs"]["dataset_inputs"][0]["dataset"]["name"] == XSS


@pytest.mark.parametrize(
    "value", ["$AWS_SECRET_ACCESS_KEY", "${HOME}", "env:HOME", "file:///etc/passwd", "{{ 7*7 }}"]
)
def test_cve_2026_4035_a_value_is_never_resolved(target: Target, value: str) -> None:
    run = target.new_run()
    assert target.post("runs/log-parameter", run_id=run, key="p", value=value).status == 200
    answer = target.ask("GET", f"{API}/runs/get?run_id={run}")
    assert answer.json["run"]["data"]["params"] == [{"key": "p", "value": value}]


@pytest.mark.parametrize("cve", ["CVE-2025-10279", "CVE-2026-4137", "CVE-2024-27134", "CVE-2022-0736"])
def test_nobody_else_can_look_into_what_the_server_makes(target: Target, cve: str) -> None:
    run = target.new_run()
    assert target.ask("POST", f"{API}/upload-artifact?run_id={run}&path=a/b/c.txt", b"x").status == 200
    folders = [path for path in (target.folder / "artifacts").rglob("*") if path.is_dir()]
    for folder in [target.folder / "artifacts", *folders]:
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0, folder


@pytest.mark.parametrize("cve", ["CVE-2024-3099"])
def test_two_spellings_of_a_name_are_two_names(target: Target, cve: str) -> None:
    first = target.post("experiments/create", name="spelling a")
    second = target.post("experiments/create", name="spelling %61")
    assert (first.status, second.status) == (200, 200)
    for name, created in (("spelling a", first), ("spelling %61", second)):
        found = target.ask("GET", f"{API}/experiments/get-by-name?experiment_name={quote(name)}")
        assert found.json["experiment"]["experiment_id"] == created.json["experiment_id"]
        assert found.json["experiment"]["name"] == name


def test_the_server_is_well_after_all_this(target: Target) -> None:
    target.check_health()
    log = (target.folder / "server.log").read_text("utf-8", "replace")
    assert "Traceback" not in log
