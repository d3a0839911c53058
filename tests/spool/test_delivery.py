"""Exactly once, where the destination is not as one would wish: it forgets, it has more than it should, it takes less than it is given."""

import logging
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from headrace.api.ingest import RunBlock
from headrace.base.errors import Conflict, InternalError, Unavailable
from headrace.spool.batches import Limits
from headrace.spool.contract import SpoolSettings
from headrace.spool.delivery import Delivery
from headrace.spool.log import LiveLog
from headrace.spool.place import read_sent
from headrace.spool.recover import CountingHearer
from headrace.spool.room import Room
from headrace.spool.runlog import RunLog
from headrace.spool.segment import list_segments
from spool.conftest import RUN, START
from spool.model_server import Fault, ModelServer
from spool.test_machine import NoHome


class Sending:
    """A log, its delivery, and a run."""

    def __init__(self, root: Path, server: ModelServer, limits: Limits) -> None:
        settings = SpoolSettings(root=root, reserve_bytes=0, segment_bytes=4096)
        self.log = LiveLog("http://model", settings, Room(settings, int, int, lambda: None), lambda _: None)
        self.run = RunLog(NoHome(), self.log, RUN, START, None, None)
        self.log.open(self.run)
        self.server, self.limits, self.hearer = server, limits, CountingHearer()
        self.delivery = self.begin()

    @property
    def folder(self) -> Path:
        assert self.log.folder is not None
        return self.log.folder.path

    def begin(self) -> Delivery:
        """Begin to send, as after a crash."""
        assert self.log.folder is not None
        return Delivery(self.log.folder, self.log, self.hearer, self.limits)

    def log_points(self, first: int, count: int) -> None:
        for step in range(first, first + count):
            self.run.log_point("loss", step / 2, step, step)

    def send(self) -> bool:
        return self.delivery.send_next(self.server.open(), self.log.tail(), _nothing)

    def send_all(self) -> None:
        while self.delivery.place < self.log.tail():
            self.send()

    @property
    def steps(self) -> list[int]:
        return [step for _, step, _, _ in self.server.runs[RUN].points]


def _nothing(_: list[RunBlock]) -> None:
    """No leases here."""


@pytest.fixture
def sending(root: Path, server: ModelServer) -> Iterator[Sending]:
    made = Sending(root, server, Limits())
    yield made
    made.delivery.close()
    made.log.forget()


def test_segments_go_when_their_last_record_is_answered_for_and_not_before(sending: Sending) -> None:
    sending.log_points(0, 500)
    numbers = list_segments(sending.folder)
    assert len(numbers) > 3
    sending.server.always = Fault.ANSWER_LOST
    with pytest.raises(Unavailable):
        sending.send()
    assert list_segments(sending.folder) == numbers
    sending.server.always = None
    sending.send_all()
    assert list_segments(sending.folder) == numbers[-1:]
    assert sending.steps == list(range(500))


def test_the_stretch_of_a_batch_is_written_down_before_it_is_sent(sending: Sending) -> None:
    sending.log_points(0, 10)
    end = sending.log.tail()
    sending.server.down = Unavailable("down")
    with pytest.raises(Unavailable):
        sending.send()
    state = read_sent(sending.folder)
    assert state is not None
    assert (state.seq, state.end, state.answered) == (1, end, False)


def test_what_comes_after_a_lost_answer_and_a_crash_is_not_mixed_into_the_batch(sending: Sending) -> None:
    sending.log_points(0, 10)
    sending.server.faults.append(Fault.ANSWER_LOST)
    with pytest.raises(Unavailable):
        sending.send()
    sending.log_points(10, 10)
    sending.delivery.close()
    sending.delivery = sending.begin()
    sending.send()
    assert sending.steps == list(range(10))
    sending.send_all()
    assert sending.steps == list(range(20))


def test_after_a_restored_backup_the_rest_goes_on_under_another_name_and_it_is_said(
    sending: Sending, caplog: pytest.LogCaptureFixture
) -> None:
    server = sending.server
    sending.log_points(0, 10)
    sending.send_all()
    backup = deepcopy((server.runs, server.writers))
    for first in (10, 20):
        sending.log_points(first, 10)
        sending.send_all()
    server.runs, server.writers = backup
    sending.log_points(30, 10)
    with caplog.at_level(logging.WARNING, "headrace"):
        sending.send_all()
    assert sending.steps == [*range(10), *range(30, 40)]
    assert "restored from a backup" in caplog.text
    names = sorted(server.writers)
    assert names[1] == names[0] + ".1"


def test_after_a_server_has_lost_everything_the_run_is_told_of_again(sending: Sending) -> None:
    server = sending.server
    for first in (0, 10):
        sending.log_points(first, 10)
        sending.send_all()
    server.runs, server.writers = {}, {}
    sending.log_points(20, 10)
    sending.send_all()
    assert server.runs[RUN].starts == 1
    assert sending.steps == list(range(20, 30))
    sending.delivery.close()
    sending.delivery = sending.begin()
    sending.log_points(30, 10)
    sending.send_all()
    assert sending.steps == list(range(20, 40))


def test_a_conflict_about_the_first_batch_is_no_restored_backup(
    sending: Sending, server: ModelServer
) -> None:
    sending.log_points(0, 1)
    server.down = Conflict("something else")
    with pytest.raises(Conflict):
        sending.send()
    server.down = None
    sending.send_all()
    assert list(server.writers) == [sending.folder.name]
    assert sending.steps == [0]


def test_a_spool_that_was_restored_from_a_copy_says_so_and_loses_nothing(
    sending: Sending, caplog: pytest.LogCaptureFixture
) -> None:
    sending.log_points(0, 10)
    sending.server.faults.append(Fault.ANSWER_LOST)
    with pytest.raises(Unavailable):
        sending.send()
    old = (sending.folder / "sent").read_bytes()
    sending.send()
    for first in (10, 20):
        sending.log_points(first, 10)
        sending.send_all()
    sending.delivery.close()
    (sending.folder / "sent").write_bytes(old)
    sending.delivery = sending.begin()
    sending.log_points(30, 5)
    with caplog.at_level(logging.WARNING, "headrace"):
        sending.send_all()
    assert "restored from a copy" in caplog.text
    assert set(sending.steps) == set(range(35))
    assert sending.steps.count(0) == 1


def test_a_batch_that_was_cut_otherwise_before_is_taken_up_where_the_server_has_it(sending: Sending) -> None:
    sending.limits = Limits(points=7)
    sending.delivery.close()
    sending.delivery = sending.begin()
    sending.log_points(0, 30)
    sending.server.faults.append(Fault.ANSWER_LOST)
    with pytest.raises(Unavailable):
        sending.send()
    sending.delivery.close()
    (sending.folder / "sent").unlink()  # as if it had never reached the disk
    sending.limits = Limits()
    sending.delivery = sending.begin()
    sending.send_all()
    assert sending.steps == list(range(30))


def test_a_batch_that_is_too_large_is_cut_until_it_is_taken(sending: Sending, server: ModelServer) -> None:
    server.max_records = 9
    sending.log_points(0, 100)
    sending.run.log_params([(f"p{each}", "1") for each in range(5)])
    sending.send_all()
    assert sending.steps == list(range(100))
    assert len(server.runs[RUN].params) == 5
    assert sending.hearer.refusals == []


def test_a_record_that_is_too_large_by_itself_is_told_of_and_blocks_nothing(
    sending: Sending, server: ModelServer
) -> None:
    server.max_records = 9
    sending.log_points(0, 5)
    sending.run.set_tags([(f"t{each}", "1") for each in range(20)])
    sending.log_points(5, 5)
    sending.send_all()
    assert sending.steps == list(range(10))
    assert server.runs[RUN].tags == []
    assert [(run, what) for run, what, _ in sending.hearer.refusals] == [(RUN, "20 records")]
    assert sending.hearer.counts.rejected == 20
    assert "too many" in sending.hearer.refusals[0][2]


def test_a_batch_of_another_process_that_became_too_large_is_cut_within_its_stretch(
    sending: Sending, server: ModelServer
) -> None:
    sending.log_points(0, 40)
    server.faults.append(Fault.NOT_HEARD)
    with pytest.raises(Unavailable):
        sending.send()
    sending.log_points(40, 40)
    sending.delivery.close()
    sending.delivery = sending.begin()
    server.max_records = 15
    sending.send_all()
    assert sending.steps == list(range(80))


def test_what_fails_for_another_reason_is_kept_and_tried_again(sending: Sending, server: ModelServer) -> None:
    sending.log_points(0, 5)
    server.down = InternalError("a defect")
    for _ in range(3):
        with pytest.raises(InternalError):
            sending.send()
    server.down = None
    sending.send_all()
    assert sending.steps == list(range(5))
    assert len(server.writers) == 1


def test_a_batch_whose_records_are_gone_does_not_use_its_number_for_others(
    sending: Sending, server: ModelServer
) -> None:
    sending.log_points(0, 300)
    server.faults.append(Fault.ANSWER_LOST)
    sending.limits = Limits(points=100)
    sending.delivery.close()
    sending.delivery = sending.begin()
    with pytest.raises(Unavailable):
        sending.send()
    before = sending.steps
    state = read_sent(sending.folder)
    assert state is not None
    sending.delivery.close()
    for number in [each for each in list_segments(sending.folder) if each <= state.end.segment]:
        sending.log._sealed[number] = (0, 0)  # lost with the machine's power
    sending.delivery = sending.begin()
    sending.log_points(300, 50)
    sending.send_all()
    assert sending.steps[: len(before)] == before
    assert sending.steps[-50:] == list(range(300, 350))
    assert len(sending.steps) == len(set(sending.steps))
