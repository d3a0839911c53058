"""Two servers, one in the middle of a transaction: what the other one does waits, and then sees what has come of it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from headrace.api import experiments, ingest, jobs, logged_models, metrics, runs, views
from headrace.api.ingest import Application, ForkRecord, Ingest, RunBlock, StartRecord
from headrace.base.errors import AlreadyExists, InvalidParameter, InvalidState, NotFound, Unavailable
from headrace.services import dispatch
from headrace.services.context import Actor, Context, Platform
from headrace.services.dispatch import find_function
from headrace.services.job_duty import make_step
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import moves, sealing, writer
from headrace.store.attempts import find_fork
from headrace.store.claims import Claims
from headrace.store.dialect import LostRace
from headrace.store.dialects import mysql, postgresql
from headrace.store.runs import get_run
from headrace.store.transaction import Transaction
from headrace.store.writer import Job, settle_futures
from ingest_model import pack_columns
from store.crowd import call
from store.crowd_checks import check_rows

WAITS_S = 0.3


class Servers(NamedTuple):
    """Two servers of one database."""

    one: Platform
    other: Platform


@pytest.fixture
def servers(url: str, tmp_path: Path) -> Iterator[Servers]:
    with ExitStack() as stack:
        opened = []
        for _ in range(2):
            platform = open_platform(PlatformSettings(store_url=url, destination=str(tmp_path / "files")))
            stack.callback(platform.store.close)
            opened.append(platform)
        yield Servers(*opened)


def _serve(platform: Platform, row: Any, **fields: Any) -> Callable[[Transaction], Any]:
    """What a server does in a transaction for a call."""
    return lambda tx: find_function(row)(Context(tx, Actor(), platform), row.request(**fields))


@contextmanager
def in_the_middle(platform: Platform, work: Callable[[Transaction], Any]) -> Iterator[Future[Any]]:
    """Stop a server between what it does and its commit, for the block; give what it will answer."""
    entered, go = threading.Event(), threading.Event()

    def stop(tx: Transaction) -> Any:
        result = work(tx)
        tx.row("SELECT 1")  # what the database has not been sent yet goes with it
        entered.set()
        assert go.wait(30)
        return result

    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(platform.store.writer.call, stop)
        assert entered.wait(30), answer.exception(1)
        try:
            yield answer
        finally:
            go.set()


def _meanwhile(
    platform: Platform,
    work: Callable[[Transaction], Any],
    act: Callable[[], Any],
    *,
    raises: type[Exception] | None = None,
) -> Any:
    """Act while a server is in the middle of some work; see that this waits for it, and return the answer."""
    with ThreadPoolExecutor(1) as threads:
        with in_the_middle(platform, work) as first:
            answer = threads.submit(act)
            time.sleep(WAITS_S)
            assert not answer.done()
        first.result(30)
        if raises is None:
            return answer.result(30)
        with pytest.raises(raises) as caught:
            answer.result(30)
        return caught.value


def _make_run(platform: Platform, experiment: str = "0") -> str:
    run: str = call(platform, runs.CREATE, experiment_id=experiment).run.info.run_id
    return run


def _make_experiment(platform: Platform, name: str) -> str:
    experiment: str = call(platform, experiments.CREATE, name=name).experiment_id
    return experiment


def _batch(writer_id: str, seq: int, *blocks: RunBlock) -> Ingest:
    return Ingest(format=2, writer=writer_id, seq=seq, runs=list(blocks))


def _check(platform: Platform) -> None:
    with platform.store.read() as conn:
        check_rows(conn)


def test_no_run_comes_into_an_experiment_that_is_being_deleted(servers: Servers) -> None:
    experiment = _make_experiment(servers.one, "e")
    _meanwhile(
        servers.one,
        _serve(servers.one, experiments.DELETE, experiment_id=experiment),
        partial(_make_run, servers.other, experiment),
        raises=InvalidParameter,
    )
    with servers.one.store.read() as conn:
        assert conn.row("SELECT COUNT(*) FROM hr_run") == (0,)


def test_a_run_that_is_being_made_is_deleted_with_its_experiment_and_comes_back_with_it(
    servers: Servers,
) -> None:
    experiment = _make_experiment(servers.one, "e")
    _meanwhile(
        servers.one,
        _serve(servers.one, runs.CREATE, experiment_id=experiment),
        partial(call, servers.other, experiments.DELETE, experiment_id=experiment),
    )
    scopes = []
    for _ in range(2):
        with servers.other.store.read() as conn:
            scopes.append(conn.rows("SELECT scope FROM hr_run")[0][0])
        if len(scopes) == 1:
            call(servers.one, experiments.RESTORE, experiment_id=experiment)
    assert scopes == [2 * int(experiment) + 1, 2 * int(experiment)]


def test_a_run_that_is_being_deleted_is_not_deleted_with_its_experiment(servers: Servers) -> None:
    experiment = _make_experiment(servers.one, "e")
    run = _make_run(servers.one, experiment)
    _meanwhile(
        servers.one,
        _serve(servers.one, runs.DELETE, run_id=run),
        partial(call, servers.other, experiments.DELETE, experiment_id=experiment),
    )
    call(servers.one, experiments.RESTORE, experiment_id=experiment)
    with servers.one.store.read() as conn:
        assert get_run(conn, run).deleted


def test_what_is_logged_to_a_run_that_is_being_moved_is_found_where_it_goes(servers: Servers) -> None:
    target = _make_experiment(servers.one, "e")
    run = _make_run(servers.one)

    def move(tx: Transaction) -> None:
        moves.move_runs(tx, [get_run(tx, run)], int(target))

    _meanwhile(
        servers.one,
        move,
        partial(
            call,
            servers.other,
            runs.LOG_BATCH,
            run_id=run,
            metrics=[metrics.Metric(key="loss", value=1.0, timestamp=1)],
            params=[runs.Param(key="lr", value="1")],
        ),
    )
    _check(servers.one)
    with servers.one.store.read() as conn:
        assert conn.row("SELECT scope FROM hr_series") == (2 * int(target),)


def test_a_model_that_is_being_deleted_stays_so_when_its_run_moves(servers: Servers) -> None:
    target = _make_experiment(servers.one, "e")
    run = _make_run(servers.one)
    model = call(servers.one, logged_models.CREATE, experiment_id="0", source_run_id=run).model.info.model_id

    def move(tx: Transaction) -> None:
        moves.move_runs(tx, [get_run(tx, run)], int(target))

    _meanwhile(
        servers.one,
        _serve(servers.one, logged_models.DELETE, model_id=model),
        partial(servers.other.store.writer.call, move),
    )
    with servers.one.store.read() as conn:
        assert conn.row("SELECT scope FROM hr_model") == (2 * int(target) + 1,)


def test_of_two_values_of_a_param_the_one_that_came_later_is_refused(servers: Servers) -> None:
    run = _make_run(servers.one)
    refusal = _meanwhile(
        servers.one,
        _serve(servers.one, runs.LOG_PARAM, run_id=run, key="lr", value="first"),
        partial(call, servers.other, runs.LOG_PARAM, run_id=run, key="lr", value="second"),
        raises=InvalidParameter,
    )
    assert "'first'" in str(refusal)


def test_a_name_that_is_being_given_is_taken(servers: Servers) -> None:
    experiment = _make_experiment(servers.one, "e")
    _meanwhile(
        servers.one,
        _serve(servers.one, experiments.UPDATE, experiment_id=experiment, new_name="new"),
        partial(_make_experiment, servers.other, "new"),
        raises=AlreadyExists,
    )


@pytest.mark.parametrize("seq", [1, 2])
def test_a_batch_that_is_being_applied_waits_and_gets_the_same_answer(servers: Servers, seq: int) -> None:
    batches = [
        _batch(
            "w",
            number,
            RunBlock(run_id="r", start=StartRecord(experiment_id="0"), params=[(f"p{number}", "1")]),
        )
        for number in (1, 2)
    ]
    for batch in batches[: seq - 1]:
        dispatch.call(servers.one, Actor(), ingest.SEND, batch)
    last = batches[seq - 1]
    answer = _meanwhile(
        servers.one,
        lambda tx: find_function(ingest.SEND)(Context(tx, Actor(), servers.one), last),
        partial(dispatch.call, servers.other, Actor(), ingest.SEND, last),
    )
    assert answer.applied is Application.BEFORE
    assert (answer.stored, answer.repeated) == ((2, 0) if seq == 1 else (1, 1))


def test_no_run_becomes_its_own_ancestor(servers: Servers) -> None:
    a, b, c, d = (_make_run(servers.one) for _ in range(4))

    def fork(run: str, parent: str) -> RunBlock:
        return RunBlock(
            run_id=run, start=StartRecord(experiment_id="0", fork=ForkRecord(run_id=parent, step=1))
        )

    dispatch.call(servers.one, Actor(), ingest.SEND, _batch("w", 1, fork(b, c), fork(d, a)))
    # Each is right by itself; together they would close the ring a, b, c, d.
    answer = _meanwhile(
        servers.one,
        lambda tx: find_function(ingest.SEND)(Context(tx, Actor(), servers.one), _batch("w1", 1, fork(a, b))),
        partial(dispatch.call, servers.other, Actor(), ingest.SEND, _batch("w2", 1, fork(c, d))),
    )
    assert [each.what for each in answer.rejected] == ["fork"]
    with servers.one.store.read() as conn:
        assert find_fork(conn, get_run(conn, c).id) is None
        assert find_fork(conn, get_run(conn, a).id) == (get_run(conn, b).id, 1)


def test_what_is_logged_to_a_run_that_is_being_forked_is_seen_in_the_fork(servers: Servers) -> None:
    run = _make_run(servers.one)
    call(servers.one, metrics.LOG, run_id=run, key="loss", value=1.0, timestamp=1, step=1)
    start = StartRecord(experiment_id="0", fork=ForkRecord(run_id=run, step=100))
    _meanwhile(
        servers.one,
        lambda tx: find_function(ingest.SEND)(
            Context(tx, Actor(), servers.one), _batch("w", 1, RunBlock(run_id="fork", start=start))
        ),
        partial(call, servers.other, metrics.LOG, run_id=run, key="loss", value=5.0, timestamp=2, step=2),
    )
    _check(servers.one)
    with servers.one.store.read() as conn:
        fork = get_run(conn, "fork")
        assert conn.rows("SELECT latest_step, points FROM hr_series WHERE run = ?", (fork.id,))[0] == (2, 2)


def test_a_job_that_is_being_finished_cannot_be_cancelled(servers: Servers) -> None:
    run = _make_run(servers.one)
    job = call(servers.one, jobs.DELETE_RUNS, run_ids=[run]).job.job_id
    _meanwhile(
        servers.one,
        lambda tx: make_step(servers.one, tx, 1, 10),
        partial(call, servers.other, jobs.CANCEL, job_id=job),
        raises=InvalidState,
    )
    assert call(servers.other, jobs.GET, job_id=job).job.state is jobs.JobState.FINISHED


def test_of_two_changes_of_one_view_the_later_one_is_a_conflict(servers: Servers) -> None:
    view = call(servers.one, views.SAVE, name="v", body="{}").view
    _meanwhile(
        servers.one,
        _serve(servers.one, views.DELETE, view_id=view.view_id, etag=view.etag),
        partial(call, servers.other, views.SAVE, view_id=view.view_id, name="new", body="{}", etag=view.etag),
        raises=NotFound,
    )


def test_two_sealers_with_the_same_plan_seal_once(servers: Servers) -> None:
    columns = pack_columns([("loss", [(at, at, bytes(8)) for at in range(60)])])
    block = RunBlock(run_id="r", start=StartRecord(experiment_id="0"), metrics=columns)
    for seq in range(1, 5):
        dispatch.call(servers.one, Actor(), ingest.SEND, _batch("w", seq, block))
    with servers.one.store.read() as conn:
        series = conn.rows("SELECT id FROM hr_series")[0][0]
        plan = sealing.plan_tail(conn, series, 128)
    assert plan is not None

    def apply(tx: Transaction) -> bool:
        return sealing.apply(tx, plan)

    assert _meanwhile(servers.one, apply, partial(servers.other.store.writer.call, apply)) is False
    _check(servers.one)
    with servers.one.store.read() as conn:
        assert conn.row("SELECT points, sealed FROM hr_series") == (240, 240)


@pytest.mark.databases("postgresql", "mysql", reason="SQLite has one lock, which goes with its process")
def test_a_server_that_stands_still_in_a_transaction_loses_its_locks_and_does_it_again(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "IDLE_IN_TRANSACTION_MS", 1_000)
    monkeypatch.setattr(mysql, "IDLE_IN_TRANSACTION_S", 1)
    run = _make_run(servers.other)
    paused = open_platform(PlatformSettings(store_url=str(servers.one.store.address.text)))
    holds, awake, tries = threading.Event(), threading.Event(), list[int]()

    def work(tx: Transaction) -> None:
        tries.append(1)
        _serve(paused, metrics.LOG, run_id=run, key="loss", value=1.0, timestamp=1)(tx)
        holds.set()
        if len(tries) == 1:
            assert awake.wait(30)

    try:
        with ThreadPoolExecutor(1) as threads:
            answer = threads.submit(paused.store.writer.call, work)
            assert holds.wait(30)
            begun_s = time.monotonic()
            call(servers.other, metrics.LOG, run_id=run, key="loss", value=2.0, timestamp=2)
            assert time.monotonic() - begun_s < 10
            awake.set()
            answer.result(30)
    finally:
        paused.store.close()
    assert len(tries) == 2
    _check(servers.one)
    with servers.one.store.read() as conn:
        assert conn.row("SELECT points FROM hr_series") == (2,)


@pytest.mark.databases("postgresql", "mysql", reason="there is one lock in SQLite, and no deadlock")
def test_a_deadlock_is_answered_to_nobody_and_everything_is_stored_once(servers: Servers) -> None:
    names = [_make_run(servers.one) for _ in range(2)]
    met, tries = threading.Barrier(2), list[str]()

    def log(platform: Platform, order: list[str]) -> Callable[[Transaction], None]:
        def work(tx: Transaction) -> None:
            first = order not in seen
            seen.append(order)
            for run in order:
                tries.append(run)
                _serve(platform, metrics.LOG, run_id=run, key=order[0], value=1.0, timestamp=1)(tx)
                if first:
                    first = False
                    met.wait(30)

        return work

    seen: list[list[str]] = []
    with ThreadPoolExecutor(2) as threads:
        orders = (names, names[::-1])
        works = [log(platform, order) for platform, order in zip(servers, orders, strict=True)]
        for _ in threads.map(lambda server, work: server.store.writer.call(work), servers, works):
            pass
    assert len(seen) == 3  # the one that lost has done it twice
    _check(servers.one)
    with servers.one.store.read() as conn:
        assert [row[0] for row in conn.rows("SELECT points FROM hr_series")] == [1] * 4


def test_what_jobs_claim_is_locked_in_one_order(servers: Servers) -> None:
    made = [_make_run(servers.one) for _ in range(10)]
    done = list[str]()

    def log(platform: Platform, run: str) -> Callable[[Transaction], None]:
        def work(tx: Transaction) -> None:
            done.append(run)
            _serve(platform, metrics.LOG, run_id=run, key="loss", value=1.0, timestamp=len(done))(tx)

        return work

    def submit(platform: Platform, order: list[str]) -> None:
        for _ in range(5):
            futures: list[Future[Any]] = [Future() for _ in order]
            for run, future in zip(order, futures, strict=True):
                platform.store.writer.submit(
                    Job(log(platform, run), settle_futures, future, Claims(runs=[run]))
                )
            for future in futures:
                future.result(30)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(submit, servers, (made, made[::-1])))
    assert len(done) == 100  # nothing was done twice
    _check(servers.one)


def test_a_job_that_loses_every_race_does_not_keep_others_from_being_stored(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_TRIES", 3)
    run = _make_run(servers.one)

    def lose(tx: Transaction) -> None:
        raise LostRace("always")

    store = servers.one.store
    works = [
        _serve(servers.one, metrics.LOG, run_id=run, key="a", value=1.0, timestamp=1),
        lose,
        _serve(servers.one, metrics.LOG, run_id=run, key="b", value=1.0, timestamp=1),
    ]
    futures: list[Future[Any]] = [Future() for _ in works]
    with in_the_middle(servers.one, lambda _: None):
        for work, future in zip(works, futures, strict=True):
            store.writer.submit(Job(work, settle_futures, future))
    assert [type(future.exception(30)) for future in futures] == [type(None), writer._AlwaysLost, type(None)]
    assert isinstance(futures[1].exception(), Unavailable)
    with store.read() as conn:
        assert conn.row("SELECT SUM(points), COUNT(*) FROM hr_series") == (2, 2)


def test_a_refusal_of_a_try_that_was_lost_is_not_answered(servers: Servers) -> None:
    run = _make_run(servers.one)
    tries = list[int]()

    def log_first(tx: Transaction) -> None:
        tries.append(1)
        if len(tries) == 1:
            _serve(servers.one, runs.LOG_PARAM, run_id=run, key="lr", value="first")(tx)

    def lose_once(tx: Transaction) -> None:
        if len(tries) == 1:
            raise LostRace("once")

    works = [log_first, _serve(servers.one, runs.LOG_PARAM, run_id=run, key="lr", value="second"), lose_once]
    futures: list[Future[Any]] = [Future() for _ in works]
    with in_the_middle(servers.one, lambda _: None):
        for work, future in zip(works, futures, strict=True):
            servers.one.store.writer.submit(Job(work, settle_futures, future))
    assert [future.exception(30) for future in futures] == [None, None, None]
    with servers.one.store.read() as conn:
        assert conn.row("SELECT value FROM hr_param") == ("second",)
