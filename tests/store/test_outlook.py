"""What is asked ahead of a transaction's jobs: it saves trips, and no answer is ever used that does not hold."""

from collections.abc import Callable
from typing import Any

import pytest

from headrace.api import metrics, runs
from headrace.api.endpoint import Tag
from headrace.api.metrics import Metric
from headrace.api.runs import Param
from headrace.base.errors import InvalidParameter
from headrace.services import dispatch
from headrace.services.context import Actor, Platform
from headrace.store import outlook
from headrace.store.transaction import Transaction
from headrace.store.writer import Job

ACTOR = Actor()


def _create(platform: Platform) -> str:
    answer = dispatch.call(platform, ACTOR, runs.CREATE, runs.CreateRun(experiment_id="0"))
    return answer.run.info.run_id


def _point(key: str, step: int) -> Metric:
    return Metric(key=key, value=float(step), timestamp=1 + step, step=step)


def _batch(run_id: str, steps: range, value: str = "v", keys: int = 3) -> runs.LogBatch:
    return runs.LogBatch(
        run_id=run_id,
        metrics=[_point(f"m{key}", step) for step in steps for key in range(keys)],
        params=[Param(key=f"p{key}", value=value) for key in range(4)],
        tags=[Tag(key="t", value=value)],
    )


def _log(platform: Platform, request: runs.LogBatch) -> None:
    dispatch.call(platform, ACTOR, runs.LOG_BATCH, request)


def _read(platform: Platform, run_id: str) -> tuple[dict[str, str], dict[str, tuple[int, int]]]:
    """Return the params of a run, and of each metric the latest step and the number of points that are counted."""
    with platform.store.read() as conn:
        params = conn.rows(
            "SELECT k.name, p.value FROM hr_param p JOIN hr_key k ON k.id = p.key_id JOIN hr_run r ON r.id = p.run WHERE r.run_id = ?",
            (run_id,),
        )
        series = conn.rows(
            "SELECT k.name, s.latest_step, s.points FROM hr_series s JOIN hr_key k ON k.id = s.key_id JOIN hr_run r ON r.id = s.run "
            "WHERE r.run_id = ?",
            (run_id,),
        )
    return dict(params), {name: (step, points) for name, step, points in series}


def _together(platform: Platform, requests: list[runs.LogBatch]) -> list[Job]:
    """Have calls in one transaction, as they are when many come while another one is written; return their jobs when all are decided."""
    jobs: list[Job] = []
    done: list[Job] = []

    def keep(job: Job) -> None:
        jobs.append(job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platform.store.writer, "submit", keep)
        for request in requests:
            dispatch.submit(platform, ACTOR, runs.LOG_BATCH, request, (done.extend, None))
    platform.store.writer._run_group(jobs)
    assert done == jobs
    return jobs


@pytest.mark.databases("postgresql", reason="other drivers wait for each statement")
def test_each_small_write_of_mlflow_s_wire_takes_two_trips_or_one(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headrace.store.dialects.pipeline import Pipeline

    trips: list[int] = []
    send = Pipeline.send

    def count(self: Pipeline) -> None:
        if self._queue:
            trips.append(len(self._queue))
        send(self)

    def take(call: Callable[[], Any]) -> int:
        trips.clear()
        call()
        return len(trips)

    for _ in range(3):
        _log(platform, _batch(_create(platform), range(1)))
    monkeypatch.setattr(Pipeline, "send", count)
    run_id = ""

    def create() -> None:
        nonlocal run_id
        run_id = _create(platform)

    assert take(create) == 1
    assert take(lambda: _log(platform, _batch(run_id, range(1)))) == 1
    assert take(lambda: _log(platform, _batch(run_id, range(1, 101)))) == 2  # its params are asked for
    many = runs.LogBatch(run_id=run_id, metrics=_batch(run_id, range(101, 301)).metrics)
    assert take(lambda: _log(platform, many)) == 1  # sealed at once
    point = metrics.LogMetric(run_id=run_id, key="m1", value=1.0, timestamp=900, step=900)
    assert take(lambda: dispatch.call(platform, ACTOR, metrics.LOG, point)) == 1
    tag = runs.SetTag(run_id=run_id, key="t", value="x")
    assert take(lambda: dispatch.call(platform, ACTOR, runs.SET_TAG, tag)) == 1
    param = runs.LogParam(run_id=run_id, key="p1", value="v")
    assert take(lambda: dispatch.call(platform, ACTOR, runs.LOG_PARAM, param)) <= 2
    assert _read(platform, run_id)[1] == {"m0": (300, 301), "m1": (900, 302), "m2": (300, 301)}


def test_a_param_of_another_value_is_refused_after_another_server_has_set_it(
    platform: Platform, other: Platform
) -> None:
    run_id = _create(platform)
    _log(platform, _batch(run_id, range(1)))
    dispatch.call(other, ACTOR, runs.LOG_PARAM, runs.LogParam(run_id=run_id, key="p9", value="theirs"))
    dispatch.call(
        platform, ACTOR, runs.LOG_PARAM, runs.LogParam(run_id=_create(platform), key="p9", value="-")
    )
    with pytest.raises(InvalidParameter, match="theirs"):
        dispatch.call(platform, ACTOR, runs.LOG_PARAM, runs.LogParam(run_id=run_id, key="p9", value="ours"))
    assert _read(platform, run_id)[0]["p9"] == "theirs"


def test_of_two_calls_in_one_transaction_the_second_sees_what_the_first_has_logged(
    platform: Platform,
) -> None:
    _log(platform, _batch(_create(platform), range(1)))
    run_id = _create(platform)
    first, second = _together(
        platform, [_batch(run_id, range(5), "first"), _batch(run_id, range(9), "second")]
    )
    assert first.error is None
    assert isinstance(second.error, InvalidParameter)
    third, fourth = _together(
        platform, [_batch(run_id, range(9), "first"), _batch(run_id, range(8), "first")]
    )
    assert third.error is None
    assert fourth.error is None
    params, series = _read(platform, run_id)
    assert params == dict.fromkeys(("p0", "p1", "p2", "p3"), "first")
    assert series == dict.fromkeys(("m0", "m1", "m2"), (8, 9))


def test_points_are_counted_once_when_two_servers_log_to_one_run_in_turn(
    platform: Platform, other: Platform
) -> None:
    run_id = _create(platform)
    parts = [(0, 100), (40, 140), (140, 141), (141, 241), (200, 300), (300, 301), (300, 400)]
    for turn, (start, end) in enumerate(parts):
        _log(other if turn % 3 else platform, _batch(run_id, range(start, end)))
    assert _read(platform, run_id)[1] == dict.fromkeys(("m0", "m1", "m2"), (399, 400))


def test_series_that_another_server_made_in_between_get_the_points(
    platform: Platform, other: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = _create(platform)
    _log(platform, _batch(_create(platform), range(1), keys=6))
    _log(other, _batch(run_id, range(3), keys=2))
    asked: list[int] = []
    ask = outlook.ask_ahead

    def count(tx: Any, wanted: Any) -> None:
        asked.append(len(wanted))
        ask(tx, wanted)

    monkeypatch.setattr("headrace.store.claims.ask_ahead", count)
    _log(platform, _batch(run_id, range(2, 4), keys=4))
    # The run was made here and taken to be empty; then the database has said that it is not.
    assert asked == ([1, 1] if platform.store.dialect.asks_ahead else [])
    assert _read(platform, run_id)[1] == {"m0": (3, 4), "m1": (3, 4), "m2": (3, 2), "m3": (3, 2)}


def test_many_new_runs_in_one_transaction_have_ids_of_their_own(platform: Platform) -> None:
    created = [_create(platform) for _ in range(3)]
    jobs: list[Job] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platform.store.writer, "submit", jobs.append)
        for _ in range(20):
            request = runs.CreateRun(experiment_id="0")
            dispatch.submit(platform, ACTOR, runs.CREATE, request, (lambda _: None, None))
    platform.store.writer._run_group(jobs)
    assert [job.error for job in jobs] == [None] * 20
    names = {job.result.run.info.run_id for job in jobs}
    with platform.store.read() as conn:
        rows = conn.rows("SELECT id, run_id FROM hr_run")
    assert len({number for number, _ in rows}) == 23
    assert {name for _, name in rows} == names | set(created)


def test_nothing_is_asked_ahead_beside_a_call_that_may_change_the_answer(platform: Platform) -> None:
    run_id = _create(platform)
    _log(platform, _batch(run_id, range(1)))

    def correct(tx: Transaction) -> None:
        tx.lock_runs([run_id])
        tx.change("UPDATE hr_series SET points = points + 5")
        tx.change("UPDATE hr_param SET value = ?", ("v2",))

    jobs = [Job(correct, lambda _: None, None)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platform.store.writer, "submit", jobs.append)
        for value in ("v", "v2"):
            request = _batch(run_id, range(1, 3), value)
            dispatch.submit(platform, ACTOR, runs.LOG_BATCH, request, (lambda _: None, None))
    platform.store.writer._run_group(jobs)
    assert [type(job.error) for job in jobs] == [type(None), InvalidParameter, type(None)]
    assert _read(platform, run_id) == (
        dict.fromkeys(("p0", "p1", "p2", "p3"), "v2"),
        dict.fromkeys(("m0", "m1", "m2"), (2, 8)),
    )
