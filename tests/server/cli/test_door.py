"""Who may enter a server started from the command line: tokens, hosts, origins."""

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest

TOKEN = "vK3-9zXw_TqLm2Rb7Yp0"
INFO = "/api/3.0/mlflow/server-info"


def _write_token(folder: Path, text: str = TOKEN, mode: int = 0o600) -> Path:
    path = folder / "server.token"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_beyond_loopback_it_needs_a_token_or_consent_and_says_why(
    run_command: Any, host: str, tmp_path: Path
) -> None:
    ran = run_command("server", "--host", host, "--port", "0")
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith(f"Error: --host {host} lets other machines in")
    for remedy in ("--token-file", "headrace token", "--allow-unauthenticated", "MLFLOW_TRACKING_TOKEN"):
        assert remedy in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_environment_cannot_open_the_door_unsaid(run_command: Any) -> None:
    ran = run_command("server", "--port", "0", env={"MLFLOW_HOST": "0.0.0.0"})
    assert ran.returncode == 1
    assert "--allow-unauthenticated" in ran.stderr


def test_with_a_token_a_call_without_it_is_401(start_server: Any, tmp_path: Path) -> None:
    server = start_server("--token-file", str(_write_token(tmp_path)))
    refused = server.ask("GET", INFO)
    assert refused.status == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert refused.json()["error_code"] == "UNAUTHENTICATED"
    assert "MLFLOW_TRACKING_TOKEN" in refused.json()["message"]
    assert TOKEN not in server.line + "".join(server.notes()) + refused.body.decode()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        ("Basic " + base64.b64encode(f"anyone:{TOKEN}".encode()).decode(), 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        ("Bearer ", 401),
        ("Bearer", 401),
        ("Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode(), 401),
        ("Basic " + base64.b64encode(b"admin:password1234").decode(), 401),
        ("Basic !", 401),
        (TOKEN, 401),
        (f"Digest {TOKEN}", 401),
        ("", 401),
    ],
)
def test_a_token_is_good_as_bearer_and_as_password_and_nothing_else_is(
    token_server: Any, authorization: str, status: int
) -> None:
    assert token_server.ask("GET", INFO, headers={"Authorization": authorization}).status == status


@pytest.mark.parametrize(
    ("path", "status"), [("/health", 200), ("/version", 200), ("/metrics", 401), ("/api/openapi.json", 401)]
)
def test_only_health_and_version_need_no_token(token_server: Any, path: str, status: int) -> None:
    assert token_server.ask("GET", path).status == status


def test_the_start_line_says_that_clients_need_the_token(start_server: Any, tmp_path: Path) -> None:
    assert start_server("--token-file", str(_write_token(tmp_path))).line.endswith("; clients need the token")


def test_a_token_file_that_others_may_read_is_warned_of(start_server: Any, tmp_path: Path) -> None:
    path = _write_token(tmp_path, mode=0o644)
    (note,) = start_server("--token-file", str(path)).notes()
    assert note.startswith("warning: the token file")
    assert "0644" in note
    assert f"chmod 600 {path}" in note


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("  \n\t\n", "is empty"),
        ("short", "5 characters"),
        ("fifteen-chars-x", "15 characters"),
        ("changeme-changeme-changeme", "placeholder"),
        ("MyPassword-is-long", "placeholder"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "repeats"),
        ("abababababababababab", "repeats"),
        ("two words are not a token", "blanks"),
        ("tökentökentökentöken", "ASCII"),
        ("line-one-of-it\nline-two-of-it", "ASCII"),
    ],
)
def test_a_token_that_is_no_secret_is_refused(run_command: Any, tmp_path: Path, text: str, said: str) -> None:
    ran = run_command("server", "--port", "0", "--token-file", str(_write_token(tmp_path, text)))
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert said in ran.stderr
    assert "headrace token" in ran.stderr
    assert not text.strip() or text.strip() not in ran.stderr


def test_a_token_file_that_is_not_there_is_refused(run_command: Any) -> None:
    ran = run_command("server", "--port", "0", "--token-file", "nowhere.token")
    assert ran.returncode == 1
    assert "'nowhere.token' does not exist" in ran.stderr


def test_token_and_consent_contradict_each_other(run_command: Any, tmp_path: Path) -> None:
    ran = run_command(
        "server", "--port", "0", "--token-file", str(_write_token(tmp_path)), "--allow-unauthenticated"
    )
    assert ran.returncode == 1
    assert "contradict" in ran.stderr


def test_basic_auth_without_a_token_is_refused_for_there_are_no_accounts(run_command: Any) -> None:
    for consent in ((), ("--allow-unauthenticated",)):
        ran = run_command("server", "--port", "0", "--app-name", "basic-auth", *consent)
        assert ran.returncode == 1
        assert "no accounts" in ran.stderr
        assert "--token-file" in ran.stderr


def test_a_written_token_opens_a_server(run_command: Any, start_server: Any, tmp_path: Path) -> None:
    ran = run_command("token", "fresh.token")
    assert ran.returncode == 0
    path = tmp_path / "fresh.token"
    token = path.read_text("utf-8").strip()
    assert len(token) >= 40
    assert token not in ran.stdout + ran.stderr
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    server = start_server("--token-file", "fresh.token")
    assert server.notes() == []
    assert server.ask("GET", INFO, headers={"Authorization": f"Bearer {token}"}).status == 200
    listed = run_command(
        "experiments", "list", "--tracking-uri", server.url, env={"MLFLOW_TRACKING_TOKEN": token}
    )
    assert listed.returncode == 0
    assert "Default" in listed.stdout


def test_a_token_file_is_not_overwritten_unless_forced(run_command: Any, tmp_path: Path) -> None:
    path = _write_token(tmp_path)
    ran = run_command("token", path.name)
    assert ran.returncode == 1
    assert "--force" in ran.stderr
    assert path.read_text("utf-8") == TOKEN
    assert run_command("token", path.name, "--force").returncode == 0
    assert path.read_text("utf-8") != TOKEN
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        (
            (),
            {"evil.example": 403, "evil.example:5000": 403, "localhost": 200, "127.0.0.1:9": 200},
        ),
        (
            ("--allowed-hosts", "ml.example, *.lab.example"),
            {"ml.example:5000": 200, "a.lab.example": 200, "evil.example": 403},
        ),
        (("--disable-security-middleware",), {"evil.example": 200}),
    ],
)
def test_hosts_are_checked_without_their_port(
    start_server: Any, options: tuple[str, ...], statuses: dict[str, int]
) -> None:
    server = start_server(*options)
    answers = {host: server.ask("GET", INFO, headers={"Host": host}) for host in statuses}
    assert {host: answer.status for host, answer in answers.items()} == statuses
    for host, answer in answers.items():
        assert server.ask("GET", "/health", headers={"Host": host}).status == 200
        if answer.status == 403:
            assert "--allowed-hosts" in answer.json()["message"]


def test_a_page_of_another_site_may_not_change_anything_unless_it_is_named(start_server: Any) -> None:
    server = start_server("--cors-allowed-origins", "https://ui.example")
    body = {"name": "from a page"}
    for origin in ("https://evil.example", "null"):
        refused = server.ask("POST", "/ajax-api/2.0/mlflow/experiments/create", body, {"Origin": origin})
        assert refused.status == 403
        assert "access-control-allow-origin" not in refused.headers
    allowed = server.ask(
        "POST", "/ajax-api/2.0/mlflow/experiments/create", body, {"Origin": "https://ui.example"}
    )
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == "https://ui.example"


@pytest.mark.parametrize(("value", "sent"), [("DENY", "DENY"), ("sameorigin", "SAMEORIGIN"), ("NONE", None)])
def test_frame_options_are_sent_as_chosen(start_server: Any, value: str, sent: str | None) -> None:
    assert (
        start_server("--x-frame-options", value).ask("GET", "/health").headers.get("x-frame-options") == sent
    )
