"""Who has just got an answer and comes again is waited for, for a moment, so that callers who were one group stay one."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headrace.store import writer as writers
from headrace.store.writer import Job, Writer

PATIENCE_S = 30


class Database:
    """Runs nothing; notes how many jobs a transaction had, and takes as long as it is told."""

    def __init__(self) -> None:
        self.takes_s = 0.0
        self.held: threading.Event | None = None
        self.begun = threading.Event()

    def transact(self, work: Callable[[Any], None]) -> None:
        self.begun.set()
        if self.held is not None:
            assert self.held.wait(PATIENCE_S)
        time.sleep(self.takes_s)

    def translate(self, error: Exception) -> None:
        return None


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    opened = Writer(database)
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses of the writer, as they are made."""
    made: list[float] = []
    sleep = time.sleep

    class Clock:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def sleep(seconds: float) -> None:
            made.append(seconds)
            sleep(seconds)

    monkeypatch.setattr(writers, "time", Clock)
    return made


def _nothing(_tx: Any) -> None:
    pass


def _run_as_one_group(
    writer: Writer, database: Database, count: int, notify: Callable[[list[Job]], None]
) -> None:
    """Have so many jobs run as one group."""
    database.held, database.begun = threading.Event(), threading.Event()
    writer.submit(Job(_nothing, lambda _jobs: None, None))
    assert database.begun.wait(PATIENCE_S)
    for number in range(count):
        writer.submit(Job(_nothing, notify, number))
    database.held.set()


def test_callers_that_come_again_one_after_the_other_are_one_group(
    writer: Writer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "GATHER_S", PATIENCE_S)
    groups: list[int] = []
    done = threading.Event()

    def note(jobs: list[Job]) -> None:
        groups.append(len(jobs))
        done.set()

    def come_again(jobs: list[Job]) -> None:
        def come() -> None:
            for job in jobs:
                time.sleep(0.005)
                writer.submit(Job(_nothing, note, job.ticket))

        threading.Thread(target=come).start()

    database.takes_s = 1.0  # so long the next group may be waited for
    _run_as_one_group(writer, database, 4, come_again)
    assert done.wait(PATIENCE_S)
    assert groups == [4]


def test_one_caller_alone_is_never_made_to_wait(writer: Writer, sleeps: list[float]) -> None:
    for _ in range(20):
        writer.call(_nothing)
    assert sleeps == []


def test_who_does_not_come_again_is_waited_for_no_longer_than_the_group_before_took(
    writer: Writer, database: Database, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    monkeypatch.setattr(writers, "GATHER_S", PATIENCE_S)
    answered = threading.Event()
    _run_as_one_group(writer, database, 4, lambda _jobs: answered.set())
    assert answered.wait(PATIENCE_S)
    before = time.monotonic()
    writer.call(_nothing)
    assert time.monotonic() - before < PATIENCE_S / 2
    writer.call(_nothing)
    made = len(sleeps)
    writer.call(_nothing)
    assert len(sleeps) == made
