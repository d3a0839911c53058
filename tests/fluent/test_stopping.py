"""Requests to stop, from the API to the training loop."""

import time

import pytest

from headrace.base.errors import StopRequested
from headrace.client import Client
from headrace.fluent.logging import log_metric, log_param
from headrace.fluent.runs import get_run, start_run
from headrace.fluent.state import flush_all
from headrace.fluent.stopping import should_stop

WAIT_S = 20


def wait_until_told(client: Client, run_id: str) -> None:
    """Wait until the request has been acknowledged."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        assert flush_all(20)
        stop = client.control.get(run_id).stop
        if stop and stop.seen_at:
            return
        time.sleep(0.05)
    raise AssertionError("the request was not acknowledged")


def test_without_a_run_nothing_is_to_be_stopped(uri: str) -> None:
    assert not should_stop()


def test_a_loop_that_asks_hears_of_a_request_and_the_server_learns_it(client: Client) -> None:
    with start_run() as run:
        log_metric("m", 1.0)
        assert flush_all(20)
        assert not should_stop()
        client.control.request_stop(run.run_id, "enough")
        until = time.monotonic() + WAIT_S
        while not should_stop() and time.monotonic() < until:
            log_metric("m", 1.0)
            time.sleep(0.01)
        assert should_stop()
        assert run.should_stop()
        wait_until_told(client, run.run_id)
        log_metric("m", 2.0)  # goes on all the same


def test_a_run_that_wants_to_be_told_by_an_exception_is(client: Client) -> None:
    begun = []

    def work() -> None:
        with start_run(stop="raise") as run:
            begun.append(run.run_id)
            log_metric("m", 1.0)
            assert flush_all(20)
            client.control.request_stop(run.run_id, "too slow")
            until = time.monotonic() + WAIT_S
            while time.monotonic() < until:
                log_metric("m", 1.0)
                time.sleep(0.01)

    with pytest.raises(StopRequested, match=r"by .*: too slow"):
        work()
    assert get_run(begun[0]).info.status == "KILLED"
    wait_until_told(client, begun[0])


def test_the_exception_is_raised_once(client: Client) -> None:
    with start_run(stop="raise") as run:
        log_metric("m", 1.0)
        assert flush_all(20)
        client.control.request_stop(run.run_id, "")
        with pytest.raises(StopRequested):  # noqa: PT012 - the loop is what is tested
            for _ in range(10_000):
                log_metric("m", 1.0)
                time.sleep(0.01)
        for _ in range(100):
            log_metric("m", 1.0)
            log_param("last", "words")
    assert get_run(run.run_id).info.status == "FINISHED"


def test_a_run_that_logs_nothing_hears_of_a_request_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_LEASE_S", "1.5")
    with start_run() as run:
        assert flush_all(20)
        client.control.request_stop(run.run_id, "")
        until = time.monotonic() + WAIT_S
        while not should_stop() and time.monotonic() < until:
            time.sleep(0.05)
        assert should_stop()


def test_a_run_that_is_silent_is_lost_and_one_that_lives_is_not(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_LEASE_S", "4")
    with start_run() as run:
        assert flush_all(20)
        for _ in range(6):
            time.sleep(1)
            assert client.control.get(run.run_id).state == "RUNNING"
    assert flush_all(20)
    assert client.control.get(run.run_id).state == "FINISHED"
