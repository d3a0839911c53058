"""Previews: a file of a run, and what it refers to, for an hour, in a sandbox, for whoever has the address."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from headrace.api.endpoint import Need
from headrace.base.errors import PermissionDenied
from headrace.server.guard import GuardSettings
from headrace.services.context import Actor, Context, Platform
from headrace.services.tickets import LENGTH_MS, Ticket, read_ticket, write_ticket
from server.conftest import Call, call, platform

__all__ = ["call", "platform"]

API = "/api/2.0/mlflow/"
PREVIEW = "/api/headrace/v1/artifacts/preview"
GUARD = GuardSettings(token="secret")
TOKEN = {"authorization": "Bearer secret"}
PAGE = b"<!doctype html><script src='chart.js'></script><p>report</p>"

Put = Callable[..., str]


@pytest.fixture
def put(call: Call) -> Put:
    """A function that stores files of a new run and returns the run's id."""

    def store(**files: bytes) -> str:
        body = {"experiment_id": "0", "start_time": 1}
        run_id: str = call("POST", f"{API}runs/create", body=body).json["run"]["info"]["run_id"]
        for name, content in files.items():
            path = name.replace("__", "/").replace("_dot_", ".")
            answer = call("POST", f"{API}upload-artifact", query=f"run_id={run_id}&path={path}", body=content)
            assert answer.status == 200, answer.body
        return run_id

    return store


def _ask(call: Call, run_id: str, path: str, **more: Any) -> Any:
    return call("POST", PREVIEW, body={"run_id": run_id, "path": path}, **more)


def test_a_page_and_what_it_refers_to_are_shown_without_the_token(call: Call, put: Put) -> None:
    run_id = put(report__index_dot_html=PAGE, report__chart_dot_js=b"1;")
    answer = _ask(call, run_id, "report/index.html", guard=GUARD, headers=TOKEN)
    place = "/" + answer.json["path"]
    assert place.endswith("/report/index.html")
    shown = call("GET", place, guard=GUARD)
    assert (shown.status, shown.body) == (200, PAGE)
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    script = call("GET", place.replace("index.html", "chart.js"), guard=GUARD)
    assert (script.body, script.headers["content-type"]) == (b"1;", "text/javascript; charset=utf-8")


def test_what_may_hold_a_program_runs_in_a_sandbox_that_belongs_to_no_site(call: Call, put: Put) -> None:
    run_id = put(
        a_dot_html=PAGE,
        a_dot_svg=b"<svg/>",
        a_dot_xml=b"<a/>",
        a_dot_png=b"x",
        a_dot_pdf=b"x",
        a_dot_mp4=b"x",
    )
    for name, is_boxed in (
        ("html", True),
        ("svg", True),
        ("xml", True),
        ("png", False),
        ("pdf", False),
        ("mp4", False),
    ):
        place = _ask(call, run_id, f"a.{name}").json["path"]
        headers = call("GET", f"/{place}").headers
        policy = headers["content-security-policy"]
        assert ("sandbox allow-scripts;" in policy) is is_boxed, name
        assert "allow-same-origin" not in policy
        assert "frame-ancestors 'self'" in policy
        assert "content-disposition" not in headers
        assert headers["x-content-type-options"] == "nosniff"


def test_a_part_of_a_film_is_served(call: Call, put: Put) -> None:
    place = _ask(call, put(a_dot_mp4=b"0123456789"), "a.mp4").json["path"]
    part = call("GET", f"/{place}", headers={"range": "bytes=2-4"})
    assert (part.status, part.body, part.headers["content-type"]) == (206, b"234", "video/mp4")


def test_a_ticket_opens_one_run_and_nothing_else(call: Call, put: Put) -> None:
    mine, other = put(a_dot_html=PAGE), put(a_dot_html=b"other")
    place = _ask(call, mine, "a.html", guard=GUARD, headers=TOKEN).json["path"]
    ticket = place.split("/")[1]
    for path in (
        f"../{other}/artifacts/a.html",
        f"..%2f{other}/artifacts/a.html",
        "/etc/passwd",
        "",
        "b.html",
    ):
        answer = call("GET", f"/preview/{ticket}/{path}", guard=GUARD)
        assert answer.status in {400, 404}, path
    assert call("GET", f"{API}runs/get", query=f"run_id={mine}", guard=GUARD).status == 401
    assert call("POST", f"/preview/{ticket}/a.html", guard=GUARD, body=b"x").status == 405


def test_a_ticket_that_was_changed_or_made_up_opens_nothing(call: Call, put: Put) -> None:
    run_id = put(a_dot_html=PAGE)
    ticket = _ask(call, run_id, "a.html", guard=GUARD, headers=TOKEN).json["path"].split("/")[1]
    raw = bytearray(base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4)))
    for at in range(0, len(raw), 7):
        changed = raw.copy()
        changed[at] ^= 1
        text = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert call("GET", f"/preview/{text}/a.html", guard=GUARD).status == 403
    foreign = write_ticket(b"another key", Ticket(run_id, "token", 2**53))
    for text in (foreign, "", "x", "%%%", "é", "=" * 50):
        assert call("GET", f"/preview/{text}/a.html", guard=GUARD).status in {403, 404}


def test_a_ticket_expires_and_says_when(platform: Platform, call: Call, put: Put) -> None:
    run_id = put(a_dot_html=PAGE)
    now = platform.clock()
    answer = _ask(call, run_id, "a.html").json
    assert abs(answer["expires_at"] - now - LENGTH_MS) < 60_000
    later = {"clock": lambda: answer["expires_at"] + 1}
    assert call("GET", f"/{answer['path']}").status == 200
    refused = call("GET", f"/{answer['path']}", replace=later)
    assert (refused.status, "expired" in refused.json["message"]) == (403, True)


def test_whoever_may_not_read_the_run_gets_no_ticket_and_loses_the_one_he_has(call: Call, put: Put) -> None:
    class GrantNothing:
        def grants_all(self, actor: Actor) -> bool:
            return False

        def permits(self, context: Context, need: Need, target: str) -> bool:
            return False

    run_id = put(a_dot_html=PAGE)
    place = _ask(call, run_id, "a.html").json["path"]
    assert _ask(call, run_id, "a.html", replace={"policy": GrantNothing()}).status == 403
    assert call("GET", f"/{place}", replace={"policy": GrantNothing()}).status == 403


@pytest.mark.parametrize(("path", "status"), [("", 400), ("..", 400), ("gone.html", 404), ("folder", 400)])
def test_there_is_no_preview_of_what_is_no_file(call: Call, put: Put, path: str, status: int) -> None:
    assert _ask(call, put(folder__a_dot_html=PAGE), path).status == status


def test_a_name_with_any_character_comes_through_the_address(
    call: Call, platform: Platform, put: Put
) -> None:
    run_id = put(a_dot_html=PAGE)
    name = "größe 100% #1?.html"
    served = platform.artifacts.served
    assert served is not None
    with served.open_writer(f"0/{run_id}/artifacts/{name}") as writer:
        writer.write(b"here")
        writer.commit()
    place = _ask(call, run_id, name).json["path"]
    assert place.isascii()
    assert "#" not in place
    assert "?" not in place
    assert call("GET", unquote(f"/{place}")).body == b"here"


def test_processes_of_one_server_read_each_other_s_tickets_and_other_servers_do_not() -> None:
    ticket = Ticket("r", "token", 1000)
    assert read_ticket(b"key", write_ticket(b"key", ticket), 1000) == ticket
    with pytest.raises(PermissionDenied, match="expired"):
        read_ticket(b"key", write_ticket(b"key", ticket), 1001)
    with pytest.raises(PermissionDenied, match="not one that this server has given"):
        read_ticket(b"other", write_ticket(b"key", ticket), 0)
