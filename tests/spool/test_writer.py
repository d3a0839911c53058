"""The face of the spool, with its threads: what is logged arrives, nobody waits who need not, and who must is told."""

import itertools
import logging
import math
import signal
import threading
import time
from pathlib import Path
from types import FrameType

import pytest

from headrace.api.ingest import AttemptRecord, EnvironmentRecord, StartRecord, StopNote
from headrace.api.inputs import Dataset, DatasetInput, ModelInput, ModelOutput
from headrace.api.runs import RunStatus
from headrace.base.errors import ClientError, InvalidParameter, SpoolFull, Unavailable
from headrace.spool.contract import PointContext, SpoolSettings
from headrace.spool.runlog import FIRST_ATTEMPT
from headrace.spool.writer import open_spool
from spool.conftest import RUN, START, URI, MakeSpool, wait_until
from spool.model_server import BAD, Fault, ModelServer, bits


def test_all_that_a_run_logs_arrives(make_spool: MakeSpool, server: ModelServer) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, AttemptRecord(name="job"), lease_ms=None)
    run.log_point("loss", 0.5, 1, 100)
    run.log_point("loss", 0.25, 1, 100, PointContext("m-1", "data", "digest"))
    run.log_points([("a", 1.0, 2), ("b", math.nan, 2)], 200)
    run.log_params([("p", "1")])
    run.set_tags([("t", "2")])
    run.log_inputs([DatasetInput(dataset=Dataset(name="d", digest="e"))], [ModelInput(model_id="m-2")])
    run.log_outputs([ModelOutput(model_id="m-3", step=4)])
    run.log_environment(EnvironmentRecord(python="3.11"))
    run.add_bytes(b"text", "folder/a.txt")
    run.set_status(RunStatus.FINISHED, 300)
    assert spool.flush(10)
    held = server.runs[RUN]
    assert sorted(held.points) == sorted([
        ("loss", 1, 100, bits(0.5)), ("loss", 1, 100, bits(0.25)), ("a", 2, 200, bits(1.0)), ("b", 2, 200, bits(math.nan)),
    ])  # fmt: skip
    assert held.contexts == [("loss", "m-1", "data", "digest")]
    assert (held.params, held.tags, held.datasets) == ([("p", "1")], [("t", "2")], ["d"])
    assert (held.models, held.environments, held.statuses) == (["m-2", "m-3@4"], ["3.11"], ["FINISHED"])
    assert held.files == {"folder/a.txt": b"text"}
    assert (run.experiment_id, run.attempt_number) == ("7", 0)
    assert (
        run.counts.sent
        == run.counts.stored
        == 4 + 1 + 1 + 1 + 2 + 1 + 1 + len(set(held.attempts)) + 1 + (len(held.attempts) - 1)
    )
    assert spool.backlog.empty


def test_nothing_is_made_before_the_first_run_and_nothing_is_left_after_the_last(
    make_spool: MakeSpool, root: Path
) -> None:
    spool = make_spool()
    assert spool.flush(0)
    assert spool.backlog.empty
    assert not root.exists()
    spool.open_run(RUN, START, lease_ms=None).log_point("a", 1, 1, 1)
    assert list(root.rglob("*.seg"))
    assert spool.close(10).empty
    assert list(root.iterdir()) == []


def test_a_run_lives_and_ends_without_a_server(
    make_spool: MakeSpool, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.down = Unavailable("nobody there")
    spool = make_spool()
    with caplog.at_level(logging.WARNING, "headrace"):
        run = spool.open_run(RUN, START, lease_ms=1000)
        for step in range(2000):
            run.log_point("loss", step, step, step)
        run.add_bytes(b"x", "a.txt")
        run.set_status(RunStatus.FINISHED, 5)
        before = time.monotonic()
        assert not spool.flush()
        assert time.monotonic() - before < 20  # it gives up, and does not wait for the server
        backlog = spool.backlog
        assert (backlog.records, backlog.files, backlog.reachable) == (2003, 1, False)
        assert "nobody there" in backlog.last_error
        assert abs(backlog.oldest_ms - time.time() * 1000) < 60_000
        server.down = None
        wait_until(lambda: spool.backlog.empty)
    assert [step for _, step, _, _ in server.runs[RUN].points] == list(range(2000))
    assert server.runs[RUN].statuses == ["FINISHED"]
    told = [record.message for record in caplog.records]
    assert len([text for text in told if "cannot be sent" in text]) == 1
    assert len([text for text in told if "again" in text]) == 1


def test_records_of_many_threads_all_arrive_each_thread_s_in_order(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool()
    threads_, each = 8, 3000
    shared = spool.open_run(RUN, START, lease_ms=None)

    def work(number: int) -> None:
        own = spool.open_run(f"{number}" * 32, START, lease_ms=None)
        for step in range(each):
            shared.log_point("shared", number, step, number)
            own.log_point(f"own-{step % 7}", step, step, number)
            if step % 500 == 0:
                own.log_params([(f"p{step}", "1")])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(threads_)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spool.flush(60)
    by_thread: dict[int, list[int]] = {}
    for _, step, number, _ in server.runs[RUN].points:
        by_thread.setdefault(number, []).append(step)
    assert by_thread == {number: list(range(each)) for number in range(threads_)}
    for number in range(threads_):
        own = server.runs[f"{number}" * 32]
        assert sorted(step for _, step, _, _ in own.points) == list(range(each))
        assert len(own.params) == 6


@pytest.mark.parametrize("fault", [Fault.TWICE, Fault.ANSWER_LOST])
def test_nothing_doubles_when_every_request_is_answered_twice_or_every_other_answer_is_lost(
    make_spool: MakeSpool, server: ModelServer, fault: Fault
) -> None:
    if fault is Fault.TWICE:
        server.always = fault
    else:
        server.faults.extend([fault, None] * 200)  # type: ignore[list-item]
    spool = make_spool(batch_points=50)
    run = spool.open_run(RUN, START, lease_ms=None)
    for step in range(3000):
        run.log_point("loss", 1, step, step)
    wait_until(spool.flush, 30)
    assert [step for _, step, _, _ in server.runs[RUN].points] == list(range(3000))


def test_a_lease_is_renewed_while_the_run_is_open_and_no_longer(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    run = make_spool().open_run(RUN, START, lease_ms=150)
    wait_until(lambda: len(server.runs[RUN].leases) >= 4 if RUN in server.runs else False)
    assert set(server.runs[RUN].leases) == {150}
    run.set_lease(90)
    wait_until(lambda: server.runs[RUN].leases[-1] == 90)
    run.set_status(RunStatus.FINISHED, 1)
    assert run.flush(10)
    renewed = len(server.runs[RUN].leases)
    time.sleep(0.3)
    assert len(server.runs[RUN].leases) == renewed
    assert server.runs[RUN].starts == 1


def test_a_request_to_stop_arrives_and_its_acknowledgement_goes_back(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    run = make_spool().open_run(RUN, START, lease_ms=60)
    assert run.stop is None
    server.stop = StopNote(reason="enough", asked_at=1, asked_by="me")
    wait_until(lambda: run.stop is not None)
    assert run.stop is not None
    assert run.stop.reason == "enough"
    run.acknowledge_stop()
    assert run.stop is None
    wait_until(lambda: server.runs[RUN].stops_seen)
    time.sleep(0.1)
    assert run.stop is None


def test_an_acknowledgement_needs_no_lease(make_spool: MakeSpool, server: ModelServer) -> None:
    run = make_spool().open_run(RUN, START, lease_ms=None)
    assert run.flush(10)
    run.acknowledge_stop()
    wait_until(lambda: server.runs[RUN].stops_seen == 1)


def test_what_is_refused_is_told_to_its_run_and_blocks_nothing(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool()
    run, other = spool.open_run(RUN, START, lease_ms=None), spool.open_run("b" * 32, None, lease_ms=None)
    run.log_params([(f"{BAD}-p", "1"), ("good", "1")])
    run.log_point(BAD, 1, 1, 1)
    run.log_point("good", 1, 1, 1)
    other.log_point("loss", 1, 1, 1)
    assert run.flush(10)
    assert sorted((each.what, each.count) for each in run.take_rejections()) == [
        ("metric 'bad'", 1),
        ("param 'bad-p'", 1),
    ]
    assert run.take_rejections() == []
    assert [(each.what, each.reason) for each in other.take_rejections()] == [
        ("all records", "There is no such run.")
    ]
    assert server.runs[RUN].params == [("good", "1")]
    assert run.counts.rejected == 3


def test_very_many_refusals_are_counted_though_not_all_are_told(make_spool: MakeSpool) -> None:
    run = make_spool().open_run(RUN, START, lease_ms=None)
    run.log_params([(f"{BAD}{each}", "1") for each in range(2500)])
    assert run.flush(20)
    told = run.take_rejections()
    assert len(told) <= 1003
    assert sum(each.count for each in told) == 2500


@pytest.mark.parametrize(
    ("key", "value", "step", "time_ms"),
    [
        ("a", "text", 1, 1),
        ("a", None, 1, 1),
        ("a", 1.0, 1.5, 1),
        ("a", 1.0, 2**63, 1),
        ("a", 1.0, 1, "x"),
        (7, 1.0, 1, 1),
        ("a", 10**400, 1, 1),
        ("\ud800", 1.0, 1, 1),
    ],
)
def test_what_is_no_point_is_refused_at_once_and_leaves_nothing(
    make_spool: MakeSpool, server: ModelServer, key: object, value: object, step: object, time_ms: object
) -> None:
    run = make_spool().open_run(RUN, START, lease_ms=None)
    for _ in range(2):
        with pytest.raises(InvalidParameter):
            run.log_point(key, value, step, time_ms)  # type: ignore[arg-type]
        with pytest.raises(InvalidParameter):
            run.log_points([("fine", 1.0, 1), (key, value, step)], time_ms)  # type: ignore[list-item, arg-type]
        run.log_point("a", 1.0, 1, 1)
    assert run.flush(10)
    assert {name for name, *_ in server.runs[RUN].points} <= {"a", "fine"}
    assert len(server.runs[RUN].series("a")) == 2


def test_numbers_of_other_libraries_are_numbers(make_spool: MakeSpool, server: ModelServer) -> None:
    class Scalar:
        def __float__(self) -> float:
            return 2.5

        def __index__(self) -> int:
            return 7

    run = make_spool().open_run(RUN, START, lease_ms=None)
    for _ in range(2):
        run.log_point("a", Scalar(), Scalar(), 1)  # type: ignore[arg-type]
        run.log_point("a", True, 1, 1)
    assert run.flush(10)
    assert server.runs[RUN].points == [("a", 7, 1, bits(2.5)), ("a", 1, 1, bits(1.0))] * 2


def test_text_that_no_database_can_store_is_refused_at_once(make_spool: MakeSpool) -> None:
    run = make_spool().open_run(RUN, START, lease_ms=None)
    with pytest.raises(InvalidParameter):
        run.log_params([("a", "\ud800")])
    with pytest.raises(InvalidParameter):
        run.set_tags([("a", 1)])  # type: ignore[list-item]


@pytest.mark.parametrize("lease_ms", [0, -1, 8 * 24 * 3600 * 1000])
def test_a_lease_that_nobody_grants_is_refused(make_spool: MakeSpool, lease_ms: int) -> None:
    spool = make_spool()
    with pytest.raises(InvalidParameter, match="lease"):
        spool.open_run(RUN, START, lease_ms=lease_ms)
    run = spool.open_run(RUN, START, lease_ms=None)
    with pytest.raises(InvalidParameter, match="lease"):
        run.set_lease(lease_ms)


def test_a_run_that_is_started_without_an_attempt_has_the_first_one(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    for step in range(3):
        run.log_point("a", 1, step, 1)
        assert run.flush(10)
    assert server.runs[RUN].attempts == [FIRST_ATTEMPT]
    assert run.attempt == AttemptRecord(name=FIRST_ATTEMPT)
    joined = spool.open_run("b" * 32, None, lease_ms=None)
    assert joined.attempt is None


def test_a_run_may_be_opened_again_after_its_end(make_spool: MakeSpool, server: ModelServer) -> None:
    spool = make_spool()
    for number in range(2):
        run = spool.open_run(RUN, START, AttemptRecord(name=f"try-{number}"), lease_ms=None)
        run.log_point("a", 1, number, 1)
        run.set_status(RunStatus.FINISHED, number)
    assert spool.flush(10)
    assert server.runs[RUN].starts == 2
    assert server.runs[RUN].statuses == ["FINISHED", "FINISHED"]
    assert sorted(set(server.runs[RUN].attempts)) == ["try-0", "try-1"]


def test_a_full_spool_lets_its_caller_wait_while_the_sending_gets_on(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool(max_bytes=32_768, batch_points=300, wait_s=20)
    run = spool.open_run(RUN, START, lease_ms=None)
    for step in range(20_000):
        run.log_point("loss", 1, step, step)
    assert spool.flush(60)
    assert [step for _, step, _, _ in server.runs[RUN].points] == list(range(20_000))


def test_a_full_spool_refuses_when_nothing_gets_on_and_keeps_what_it_has(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    server.down = Unavailable("nobody there")
    spool = make_spool(max_bytes=32_768, wait_s=0.3)
    run = spool.open_run(RUN, START, lease_ms=None)
    taken = 0
    before = time.monotonic()
    with pytest.raises(SpoolFull, match="no room"):  # noqa: PT012 - which call is refused is what is found out
        while True:
            run.log_point("loss", 1, taken, taken)
            taken += 1
    assert time.monotonic() - before >= 0.3
    assert 500 < taken < 1100
    before = time.monotonic()
    for _ in range(100):  # who was refused once does not wait again
        with pytest.raises(SpoolFull):
            run.log_point("loss", 1, taken, taken)
    assert time.monotonic() - before < 100 * 0.3
    with pytest.raises(SpoolFull):
        run.add_bytes(bytes(40_000), "large")
    server.down = None
    wait_until(spool.flush)
    run.log_point("loss", 1, taken, taken)
    wait_until(spool.flush)
    assert [step for _, step, _, _ in server.runs[RUN].points] == list(range(taken + 1))


def test_space_that_must_stay_free_stays_free(make_spool: MakeSpool) -> None:
    spool = make_spool(reserve_bytes=2**60, wait_s=0.05)
    with pytest.raises(SpoolFull, match="kept free"):
        spool.open_run(RUN, START, lease_ms=None)


def test_a_folder_that_cannot_be_written_is_one_clear_error(make_spool: MakeSpool, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ClientError, match="HEADRACE_SPOOL_DIR"):
        make_spool(root=tmp_path / "file" / "spools").open_run(RUN, START, lease_ms=None)


def test_after_its_end_a_spool_refuses(make_spool: MakeSpool) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    run.log_point("a", 1, 1, 1)
    assert spool.close(10).empty
    assert spool.close(10).empty
    with pytest.raises(ClientError, match="closed"):
        run.log_point("a", 1, 1, 1)
    with pytest.raises(ClientError, match="closed"):
        spool.open_run(RUN, START, lease_ms=None)


def test_what_is_left_at_the_end_is_told(make_spool: MakeSpool, server: ModelServer, root: Path) -> None:
    server.down = Unavailable("nobody there")
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    run.log_point("a", 1, 1, 1)
    backlog = spool.close(5)
    assert (backlog.records, backlog.reachable) == (3, False)
    assert backlog.folder is not None
    assert backlog.folder.is_relative_to(root)
    assert backlog.folder.exists()


def test_a_file_of_a_run_that_is_known_waits_for_no_batch(make_spool: MakeSpool, server: ModelServer) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    run.add_bytes(b"first", "a.txt")
    assert spool.flush(10)
    assert server.runs[RUN].files == {"a.txt": b"first"}
    server.down_batches = Unavailable("batches are not taken")
    run.log_point("a", 1, 1, 1)
    run.add_bytes(b"second", "a.txt")
    wait_until(lambda: server.runs[RUN].files == {"a.txt": b"second"})
    assert server.runs[RUN].points == []
    server.down_batches = None
    assert spool.flush(10)


def test_a_file_of_a_run_that_nobody_knows_waits_for_its_start(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    server.down_batches = Unavailable("batches are not taken")
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    run.add_bytes(b"first", "a.txt")
    assert not spool.flush(0.3)
    assert run.take_rejections() == []
    server.down_batches = None
    assert spool.flush(10)
    assert server.runs[RUN].files == {"a.txt": b"first"}


def test_a_flush_ends_at_its_timeout(make_spool: MakeSpool, server: ModelServer) -> None:
    spool = make_spool()
    run = spool.open_run(RUN, START, lease_ms=None)
    assert spool.flush(10)
    with server.held():
        run.log_point("a", 1, 1, 1)
        before = time.monotonic()
        assert not spool.flush(0.2)
        assert 0.15 < time.monotonic() - before < 10  # who held on would wait for ever
    assert spool.flush(10)


def test_only_the_user_may_look_into_a_spool_and_no_password_is_in_it(
    make_spool: MakeSpool, root: Path, server: ModelServer
) -> None:
    server.down = Unavailable("down")
    spool = make_spool(adopt=False)
    spool.open_run(RUN, START, lease_ms=None)
    for path in root.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.is_file()
        if path.is_file():
            assert b"secret" not in path.read_bytes()
    assert root.stat().st_mode & 0o077 == 0
    assert spool.uri == URI


def test_a_handler_of_a_signal_may_log_at_any_line_of_what_it_interrupts(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool(segment_bytes=4096)
    run, other = spool.open_run(RUN, START, lease_ms=None), spool.open_run("b" * 32, START, lease_ms=None)
    numbers = itertools.count()

    def handle(_number: int, _frame: object) -> None:
        for _ in range(5):
            other.log_point("from-handler", 1.0, next(numbers), 1)
        other.log_params([("p", "x" * 200)])
        signal.setitimer(signal.ITIMER_REAL, 0.0003)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0003)
    try:
        for step in range(60_000):
            run.log_point(f"loss-{step % 3}", step, step, step)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)  # the handler, at work perhaps, sets the timer again
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    handled = next(numbers)
    assert handled > 100
    assert spool.flush(60)
    assert sorted(step for _, step, _, _ in server.runs[RUN].points) == list(range(60_000))
    assert sorted(step for _, step, _, _ in server.runs["b" * 32].points) == list(range(handled))
    assert {name for name, *_ in server.runs["b" * 32].points} == {"from-handler"}


def test_an_exception_out_of_a_signal_s_handler_loses_nothing_that_was_logged(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    spool = make_spool(segment_bytes=4096)
    run = spool.open_run(RUN, START, lease_ms=None)

    def handle(_number: int, frame: FrameType | None) -> None:
        # Only the spool's lines are on trial, not those of what watches the tests.
        if frame is not None and Path(frame.f_code.co_filename).parent.name == "spool":
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, 0.0001)

    before = signal.signal(signal.SIGALRM, handle)
    step, returned, interrupted = 0, [], 0
    try:
        while interrupted < 200:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0004)
                while True:
                    run.log_point("loss", step, step, step)
                    returned.append(step)
                    step += 1
            except KeyboardInterrupt:
                interrupted += 1
                step += 1
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert spool.flush(60)
    arrived = [each for _, each, _, _ in server.runs[RUN].points]
    assert len(arrived) == len(set(arrived))
    assert set(returned) <= set(arrived) <= set(range(step + 1))


def test_a_start_names_the_experiment_and_is_told_once(make_spool: MakeSpool, server: ModelServer) -> None:
    spool = make_spool(segment_bytes=4096)
    run = spool.open_run(RUN, StartRecord(experiment_name="e"), lease_ms=None)
    for step in range(1000):  # many segments, each of which names the run again
        run.log_point("loss", 1, step, step)
    assert spool.flush(20)
    assert server.runs[RUN].starts == 1


def test_a_listener_hears_of_news_when_the_run_has_them(server: ModelServer, quick: SpoolSettings) -> None:
    heard: list[tuple[str, int, bool]] = []
    spool = open_spool(
        URI,
        server.open,
        quick,
        lambda run_id: heard.append((run_id, len(run.take_rejections()), run.stop is not None)),
    )
    run = spool.open_run(RUN, START, lease_ms=None)
    run.log_params([("good", "1")])
    assert spool.flush(10)
    assert heard == []
    run.log_params([(BAD, "1")])
    assert spool.flush(10)
    assert heard == [(RUN, 1, False)]
    server.stop = StopNote(reason="", asked_at=1, asked_by="")
    run.log_params([("more", "1")])
    assert spool.flush(10)
    assert heard[1:] == [(RUN, 0, True)]
    spool.close(10)


def test_the_end_of_a_spool_does_not_wait_for_who_waits_for_room(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    server.down = Unavailable("down")
    spool = make_spool(max_bytes=16_384, wait_s=120)
    run = spool.open_run(RUN, START, lease_ms=None)
    refused = threading.Event()

    def work() -> None:
        with pytest.raises(ClientError):  # noqa: PT012 - which call is refused is what is found out
            while True:
                run.log_point("loss", 1, 1, 1)
        refused.set()

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.3)
    before = time.monotonic()
    spool.close(1)
    assert time.monotonic() - before < 60  # and not the 120 s of its place
    thread.join()
    assert refused.is_set()


def test_points_of_one_moment_are_all_there_wherever_a_segment_ends(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    run = make_spool().open_run(RUN, START, lease_ms=None)
    keys = [f"metric-{number}" for number in range(150)]
    for step in range(30):
        run.log_row(
            {key: step + place / 8 for place, key in enumerate(keys[: 1 + 5 * step])}, step, 100 + step
        )
    with pytest.raises(InvalidParameter, match="metric-1"):
        run.log_row({"metric-0": 1.0, "metric-1": "x"}, 30, 130)  # type: ignore[dict-item]
    run.log_row({}, 31, 131)
    assert run.flush(10)
    assert sorted(server.runs[RUN].points) == sorted(
        (key, step, 100 + step, bits(step + place / 8))
        for step in range(30)
        for place, key in enumerate(keys[: 1 + 5 * step])
    )


def test_a_destination_that_takes_its_time_is_sent_to_less_often_and_nobody_waits_for_that(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    server.delay_s = 0.01
    run = make_spool(pace_s=0.02).open_run(RUN, START, lease_ms=None)
    until = time.monotonic() + 1
    for step in itertools.count():
        run.log_point("a", step, step, step)
        time.sleep(0.002)
        if time.monotonic() > until:
            break
    assert 1 < server.calls <= 12  # by its pace alone they would be thirty
    patient = make_spool(pace_s=30).open_run("patient", START, lease_ms=None)
    for step in range(3):
        patient.log_point("a", step, step, step)
        assert patient.flush(10)
