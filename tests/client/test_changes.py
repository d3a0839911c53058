"""Following from the client's side: what `follow` gives, how it goes on after trouble, and that it holds up nobody."""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headrace.api.changes import ChangeKind
from headrace.base.errors import InvalidParameter, TooManyRequests, Unavailable
from headrace.client import Client, connect
from headrace.client import changes as client_changes
from scripted_server import Answer, ScriptedServer
from serving import find_free_port, start_server

AWAY = Answer(503, b'{"error_code":"TEMPORARILY_UNAVAILABLE","message":"stopping"}', {"Retry-After": "0"})


def _news(cursor: str, *ids: str, reset: bool = False, more: bool = False) -> Answer:
    changes = [{"clock": 1, "kind": "RUN", "id": each, "experiment_id": "0"} for each in ids]
    return Answer(
        body=json.dumps({"cursor": cursor, "changes": changes, "reset": reset, "more": more}).encode()
    )


def _cursors(server: ScriptedServer) -> list[Any]:
    return [json.loads(request.body).get("cursor", "") for request in server.requests]


def test_a_follower_hears_what_is_committed_after_it_was_made(client: Client) -> None:
    before = client.runs.create("0").info.run_id
    follower = client.changes.follow()
    run_id = client.runs.create("0").info.run_id
    client.runs.log_metric(run_id, "m", 1)
    told = []
    while len(told) < 2:
        told += next(follower).changes
    assert [(each.kind, each.id, each.experiment_id) for each in told] == [
        (ChangeKind.RUN, run_id, "0"),
        (ChangeKind.METRICS, run_id, "0"),
    ]
    assert before not in {each.id for each in told}
    assert follower.cursor == str(told[-1].clock)


def test_a_follower_of_a_run_hears_of_nothing_else(client: Client) -> None:
    mine, other = (client.runs.create("0").info.run_id for _ in range(2))
    follower = client.changes.follow(run_ids=[mine], wait_ms=200)
    for run_id in (other, mine, other):
        client.runs.set_tag(run_id, "k", "v")
    assert [each.id for each in next(follower).changes] == [mine]


def test_another_follower_goes_on_at_the_cursor_of_the_first(client: Client) -> None:
    first = client.changes.follow(limit=2)
    runs = [client.runs.create("0").info.run_id for _ in range(5)]
    told = [each.id for each in next(first).changes]
    second = client.changes.follow(first.cursor, limit=2)
    while len(told) < len(runs):
        told += [each.id for each in next(second).changes]
    assert told == runs


def test_a_follower_waits_for_news(client: Client) -> None:
    follower = client.changes.follow(wait_ms=100)
    timer = threading.Timer(0.5, client.runs.create, ("0",))
    start = time.monotonic()
    timer.start()
    assert len(next(follower).changes) == 1
    assert 0.45 < time.monotonic() - start < 15
    timer.join()


def test_an_old_cursor_is_told_to_begin_anew(client: Client) -> None:
    assert client.changes.read(10**15).reset
    assert next(client.changes.follow(10**15)).reset


def test_wrong_values_are_refused_at_once(client: Client) -> None:
    with pytest.raises(InvalidParameter, match="Invalid cursor 'x'"):
        client.changes.read("x")
    with pytest.raises(InvalidParameter, match="give a list"):
        client.changes.follow(run_ids="abc")
    with pytest.raises(InvalidParameter, match="Invalid limit 0"):
        client.changes.follow(limit=0)


def test_each_question_begins_where_the_last_answer_ended(scripted: ScriptedServer) -> None:
    scripted.script(
        _news("7"), _news("8", "a"), _news("9"), _news("9.2.1.0", "b", more=True), _news("11", reset=True)
    )
    with connect(scripted.url) as client:
        follower = client.changes.follow()
        answers = [next(follower) for _ in range(3)]
    assert [[each.id for each in news.changes] for news in answers] == [["a"], ["b"], []]
    assert answers[-1].reset
    assert _cursors(scripted) == ["", "7", "8", "9", "9.2.1.0"]


def test_a_follower_goes_on_when_the_server_was_away(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_changes, "FIRST_PAUSE_S", 0.01)
    scripted.script(AWAY, Answer(silent=True), Answer(429, b"{}"), Answer(502, b"gone"), _news("8", "a"))
    with connect(scripted.url, retries=0) as client:
        news = next(client.changes.follow("7"))
    assert [each.id for each in news.changes] == ["a"]
    assert _cursors(scripted) == ["7"] * 5


def test_patience_ends(scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_changes, "FIRST_PAUSE_S", 0.05)
    with connect(f"http://127.0.0.1:{find_free_port()}", retries=0) as client:
        start = time.monotonic()
        with pytest.raises(Unavailable):
            next(client.changes.follow("7", patience_s=0.3))
        assert 0.3 < time.monotonic() - start < 15
    scripted.script(Answer(429, b"{}"), Answer(429, b"{}"))
    with connect(scripted.url, retries=0) as client, pytest.raises(TooManyRequests):
        next(client.changes.follow("7", patience_s=0))


def test_what_does_not_pass_ends_following(scripted: ScriptedServer) -> None:
    scripted.script(Answer(403, b'{"error_code":"PERMISSION_DENIED","message":"no"}'))
    with connect(scripted.url) as client, pytest.raises(Exception, match="no"):
        next(client.changes.follow("7"))
    with pytest.raises(InvalidParameter, match="closed"):
        next(client.changes.follow("7"))


def test_the_wait_does_not_count_as_silence(tmp_path: Path) -> None:
    with start_server(tmp_path) as server, connect(server.url, timeout_s=0.5, retries=0) as client:
        cursor = client.changes.read().cursor
        assert not client.changes.read(cursor, wait_ms=1500).is_news()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_process_may_fork_while_it_waits(make_database: Callable[..., str], tmp_path: Path) -> None:
    with connect(make_database(), artifacts_destination=str(tmp_path)) as client:
        follower = client.changes.follow()
        told: list[str] = []

        def listen() -> None:
            while len(told) < 2:
                told.extend(each.id for each in next(follower).changes)

        thread = threading.Thread(target=listen)
        thread.start()
        time.sleep(0.3)
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                client.runs.create("0")
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert time.monotonic() - start < 15
        mine = client.runs.create("0").info.run_id
        thread.join(20)
        assert len(told) == 2
        assert told[-1] == mine
