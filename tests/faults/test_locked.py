"""A database that another program has locked: a clear answer, and no restart needed."""

import threading
import time

import pytest

from faults.fleet import ServerProcess, locked_by_another_program


@pytest.mark.databases("sqlite", reason="the wait for its file's lock can be set")
def test_writes_are_answered_503_while_reads_go_on_and_both_recover(hasty_server: ServerProcess) -> None:
    connection = hasty_server.connect()
    run_id = connection.create_run(start_time=1)
    metric = {"run_id": run_id, "key": "loss", "value": 1.0, "timestamp": 1}
    connection.post("runs/log-metric", step=0, **metric)
    with locked_by_another_program(hasty_server.store):
        for step in (1, 2):
            started = time.monotonic()
            status, answer = connection.ask("POST", "runs/log-metric", step=step, **metric)
            assert time.monotonic() - started < 10  # the time it waits unless it is told another
            assert status == 503
            assert answer["error_code"] == "TEMPORARILY_UNAVAILABLE"
            assert "locked by another program for more than 0.2 s" in answer["message"]
            assert "nothing of this call was stored" in answer["message"]
        assert connection.read_history(run_id, "loss") == [(0, 1.0)]
        assert connection.get("runs/get", run_id=run_id)["run"]["info"]["run_id"] == run_id
    connection.post("runs/log-metric", step=3, **metric)
    assert connection.read_history(run_id, "loss") == [(0, 1.0), (3, 1.0)]
    connection.close()
    assert "Traceback" not in hasty_server.read_log()


def test_a_short_lock_is_waited_for(server: ServerProcess) -> None:
    connection = server.connect()
    run_id = connection.create_run(start_time=1)
    late = server.connect()
    waiting = threading.Thread(
        target=late.post, args=("runs/set-tag",), kwargs={"run_id": run_id, "key": "k", "value": "v"}
    )
    with locked_by_another_program(server.store):
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join(30)
    assert not waiting.is_alive()
    tags = connection.get("runs/get", run_id=run_id)["run"]["data"]["tags"]
    assert {"key": "k", "value": "v"} in tags
    late.close()
    connection.close()
