"""Pages of other sites: what a browser can be made to send, under which name, from which origin (users' browsers are the attackers here)."""

from collections.abc import Iterator

import pytest

from security.attacker import API, FILES, Target, serve

EXPERIMENT = f"{API}/experiments/get?experiment_id=0"
CREATE = f"{API}/experiments/create"
UPLOAD = f"{FILES}/folder/file"
CORS = "access-control-allow-origin"


@pytest.fixture(scope="module")
def open_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server that knows more names and one page of another site."""
    hosts = "ml.example.org,*.intern.example.org,port.example.org:5000"
    origins = "https://ui.example.org,https://*.pages.example.org"
    folder = tmp_path_factory.mktemp("open") / "server"
    with serve(folder, allowed_hosts=hosts, cors_allowed_origins=origins) as running:
        yield running


@pytest.mark.parametrize(
    "host",
    [
        "evil.com:5000",
        "evil.com",
        "localhost.evil.com",
        "evil.com@localhost",
        "localhost@evil.com",
        "localhost:5000@evil.com",
        "127.0.0.1.evil.com:5000",
        "127.0.0.1:5000.evil.com",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0",
        "[::1].evil.com",
        "[::1]evil.com",
        "[::1%25evil.com]",
        "::1",
        "[",
        "localhost/",
        "localhost#",
        "localhost?",
        "localhost\\",
        "localhost evil.com",
        "localhost,evil.com",
        "local\xe9host",
        "*",
        "",
        " ",
        "a" * 5000,
    ],
)
def test_cve_2025_14279_a_foreign_name_is_refused_and_the_fix_is_named(target: Target, host: str) -> None:
    before = target.list_files()
    for method, place, body in (
        ("GET", EXPERIMENT, None),
        ("POST", CREATE, {"name": "x"}),
        ("PUT", UPLOAD, b"x"),
    ):
        answer = target.ask(method, place, body, {"Host": host})
        assert answer.status == 403
        assert answer.json["error_code"] == "PERMISSION_DENIED"
        assert "--allowed-hosts" in answer.message
        assert len(answer.body) < 1000
    for place in ("/health", "/version"):
        assert target.ask("GET", place, headers={"Host": host}).status == 200
    assert target.list_files() == before


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:5000", "localhost:1", "a.localhost:5000", "127.0.0.1", "127.0.0.1:5000", "[::1]", "[::1]:5000", "192.168.1.5:80", "10.0.0.1"],
)  # fmt: skip
def test_a_name_of_this_machine_is_accepted_with_any_port(target: Target, host: str) -> None:
    assert target.ask("GET", EXPERIMENT, headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("ml.example.org", 200),
        ("ML.example.org:8443", 200),
        ("a.intern.example.org:1", 200),
        ("a.b.intern.example.org", 200),
        ("port.example.org:5000", 200),
        ("port.example.org", 403),
        ("port.example.org:5001", 403),
        ("intern.example.org", 403),
        ("xml.example.org", 403),
        ("ml.example.org.evil.com", 403),
        ("ml.example.org:80@evil.com", 403),
    ],
)
def test_an_operator_may_allow_names(open_target: Target, host: str, status: int) -> None:
    assert open_target.ask("GET", EXPERIMENT, headers={"Host": host}).status == status


FOREIGN = [
    "http://evil.com",
    "https://evil.com:5000",
    "null",
    "http://localhost.evil.com",
    "http://evil.com#localhost",
    "http://localhost@evil.com",
    "http://evil.com\\@localhost",
    "http://[",
    "http://[::1",
    "http://[::1]evil.com",
    "http://\xbd.com",
    "file://",
    "chrome-extension://abcdef",
    "localhost",
    "//localhost",
    "x" * 5000,
]


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize(
    ("method", "place", "kind"),
    [
        ("POST", CREATE, "application/json"),
        ("POST", CREATE.replace("/api", "/ajax-api", 1), "application/json"),
        ("POST", CREATE, "text/plain"),
        ("POST", "/nothing", "application/x-www-form-urlencoded"),
        ("PUT", UPLOAD, "application/octet-stream"),
        ("DELETE", UPLOAD, ""),
        ("PATCH", f"{API}/logged-models/m-1", "application/json"),
        ("OPTIONS", CREATE, ""),
        ("OPTIONS", "/health", ""),
    ],
)
def test_a_page_of_another_site_changes_nothing(
    target: Target, method: str, place: str, kind: str, origin: str
) -> None:
    before = target.list_files()
    for name in ("Cve-2026-2611", "Cve-2025-1473"):
        headers = {
            "Origin": origin,
            **({"Content-Type": kind} if kind else {}),
            "X-Forwarded-For": "127.0.0.1",
        }
        answer = target.ask(method, place, b'{"name": "%s"}' % name.encode(), headers)
        assert answer.status == 403
        assert "--cors-allowed-origins" in answer.message
        assert CORS not in answer.headers
    query = f"{API}/experiments/get-by-name?experiment_name=Cve-2025-1473"
    assert target.ask("GET", query).status == 404
    assert target.list_files() == before


@pytest.mark.parametrize("origin", FOREIGN)
def test_cve_2023_43472_a_page_of_another_site_reads_nothing(target: Target, origin: str) -> None:
    for place in (EXPERIMENT, f"{FILES}/x", "/health", "/api/openapi.json"):
        answer = target.ask("GET", place, headers={"Origin": origin})
        assert not {name for name in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize(
    "origin", ["", "http://localhost:3000", "http://127.0.0.1:5000", "http://[::1]:5000", "https://localhost", "http://SAME"]
)  # fmt: skip
def test_programs_and_pages_of_this_machine_may_write(target: Target, origin: str) -> None:
    headers = {"Origin": origin.replace("SAME", f"localhost:{target.port}")} if origin else {}
    name = f"from {origin}"
    assert target.ask("POST", CREATE, {"name": name}, headers).status == 200


def test_the_server_s_own_page_under_another_name_may_write(open_target: Target) -> None:
    headers = {"Host": "ml.example.org:8443", "Origin": "https://ml.example.org:8443"}
    assert open_target.ask("POST", CREATE, {"name": "own"}, headers).status == 200
    headers["Origin"] = "https://ml.example.org"
    assert open_target.ask("POST", CREATE, {"name": "other port"}, headers).status == 403


@pytest.mark.parametrize("origin", ["https://ui.example.org", "https://a.pages.example.org"])
def test_a_page_that_the_operator_allows_may_ask_and_read(open_target: Target, origin: str) -> None:
    asked = open_target.ask(
        "OPTIONS",
        CREATE,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert (asked.status, asked.body) == (204, b"")
    assert asked.headers[CORS] == origin
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "content-type" in asked.headers["access-control-allow-headers"]
    answer = open_target.ask("POST", CREATE, {"name": origin}, {"Origin": origin})
    assert (answer.status, answer.headers[CORS], answer.headers["vary"]) == (200, origin, "Origin")
    refused = open_target.ask("POST", CREATE, {"name": origin}, {"Origin": origin})
    assert (refused.status, refused.headers[CORS]) == (400, origin)


@pytest.mark.parametrize(
    "origin", ["http://ui.example.org", "https://ui.example.org:8443", "https://ui.example.org.evil.com", "https://pages.example.org"]
)  # fmt: skip
def test_an_origin_is_compared_as_a_whole(open_target: Target, origin: str) -> None:
    answer = open_target.ask("POST", CREATE, {"name": origin}, {"Origin": origin})
    assert answer.status == 403
    assert CORS not in answer.headers


def test_a_plain_options_call_says_what_there_is(target: Target) -> None:
    answer = target.ask("OPTIONS", CREATE)
    assert (answer.status, answer.body) == (204, b"")
    assert "POST" in answer.headers["allow"]
    assert CORS not in answer.headers


def test_every_answer_tells_browsers_to_guess_no_type_and_to_show_no_frame(target: Target) -> None:
    for method, place in (
        ("GET", "/health"),
        ("GET", EXPERIMENT),
        ("GET", "/nothing"),
        ("PUT", CREATE),
        ("OPTIONS", CREATE),
    ):
        answer = target.ask(method, place)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert "server" not in answer.headers
