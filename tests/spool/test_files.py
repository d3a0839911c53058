"""Files on their way: several at a time over a network, one after the other under one path."""

import threading
import time
from collections import defaultdict
from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.base.errors import Unavailable
from headrace.spool.contract import Destination, SpoolSettings
from headrace.spool.crew import Crew
from headrace.spool.recover import CountingHearer, send_spool
from headrace.spool.writer import open_spool
from spool.conftest import RUN, START, MakeSpool, wait_until
from spool.model_server import ModelServer


class _Slow:
    """A destination that notes how many uploads are under way at once.

    Args:
        inner: does the work.
        wait_for: an upload ends when so many have begun, or after a moment.
    """

    def __init__(self, inner: Destination, wait_for: int) -> None:
        self._inner, self._wait_for = inner, wait_for
        self._changed = threading.Condition()
        self._busy: defaultdict[str, int] = defaultdict(int)
        self.most = self.most_of_one = self._begun = 0
        self.send, self.close, self.uri = inner.send, inner.close, inner.uri

    def upload(self, run_id: str, local: Path, artifact_path: str) -> None:
        with self._changed:
            self._begun += 1
            self._busy[artifact_path] += 1
            self.most = max(self.most, sum(self._busy.values()))
            self.most_of_one = max(self.most_of_one, self._busy[artifact_path])
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._begun >= self._wait_for, 0.3)
        try:
            self._inner.upload(run_id, local, artifact_path)
        finally:
            with self._changed:
                self._busy[artifact_path] -= 1


def _upload(
    server: ModelServer, settings: SpoolSettings, uri: str, files: list[tuple[str, bytes]], wait_for: int
) -> _Slow:
    opened: list[_Slow] = []

    def open_slow() -> _Slow:
        opened.append(_Slow(server.open(), wait_for))
        return opened[-1]

    server.down_files = Unavailable("not yet")
    spool = open_spool(uri, open_slow, replace(settings, first_pause_s=0.2, max_pause_s=0.2))
    log = spool.open_run(RUN, START, lease_ms=None)
    for path, data in files:
        log.add_bytes(data, path)
    server.down_files = None
    wait_until(lambda: not spool.backlog.files)
    spool.close(5)
    return opened[0]


def test_files_travel_several_at_a_time(server: ModelServer, quick: SpoolSettings) -> None:
    files = [(f"{number}.txt", bytes([number])) for number in range(12)]
    seen = _upload(server, quick, "http://model", files, wait_for=4)
    assert seen.most == 4
    assert server.runs[RUN].files == dict(files)


def test_what_was_left_travels_several_files_at_a_time_too(
    make_spool: MakeSpool, server: ModelServer
) -> None:
    server.down = Unavailable("not yet")
    spool = make_spool(adopt=False)
    log = spool.open_run(RUN, START, lease_ms=None)
    files = {f"{number}.txt": bytes([number]) for number in range(12)}
    for path, data in files.items():
        log.add_bytes(data, path)
    left = spool.close(0.1).folder
    assert left is not None
    server.down = None
    slow, hearer = _Slow(server.open(), wait_for=4), CountingHearer()
    assert send_spool(left, slow, hearer, lambda: False)
    assert (slow.most, hearer.files) == (4, 12)
    assert server.runs[RUN].files == files


def test_files_of_one_path_travel_one_after_the_other_and_the_last_one_stays(
    server: ModelServer, quick: SpoolSettings
) -> None:
    files = [("a.txt", bytes([number])) for number in range(8)]
    seen = _upload(server, quick, "http://model", files, wait_for=100)
    assert seen.most_of_one == 1
    assert server.runs[RUN].files == {"a.txt": bytes([7])}


def test_files_for_this_machine_are_copied_by_one_thread(server: ModelServer, quick: SpoolSettings) -> None:
    files = [(f"{number}.txt", bytes([number])) for number in range(4)]
    seen = _upload(server, quick, "sqlite:///x.db", files, wait_for=0)
    assert seen.most == 1
    assert server.runs[RUN].files == dict(files)


def test_a_file_that_fails_holds_up_no_other(make_spool: MakeSpool, server: ModelServer) -> None:
    server.fail_paths["bad.txt"] = Unavailable("its place is full")
    spool = make_spool()
    log = spool.open_run(RUN, START, lease_ms=None)
    for path in ("bad.txt", "a.txt", "b.txt", "c.txt", "d.txt"):
        log.add_bytes(b"x", path)
    wait_until(
        lambda: (
            sorted(server.runs[RUN].files) == ["a.txt", "b.txt", "c.txt", "d.txt"]
            if RUN in server.runs
            else False
        )
    )
    assert spool.backlog.files == 1
    server.fail_paths.clear()
    wait_until(lambda: not spool.backlog.files)
    assert "bad.txt" in server.runs[RUN].files


@pytest.mark.parametrize("hands", [1, 4])
def test_all_pieces_are_done_once(hands: int) -> None:
    left, done = list(range(1000)), []

    def do_next() -> bool:
        try:
            done.append(left.pop())
        except IndexError:
            return False
        return True

    assert Crew(do_next, lambda: hands, "x").work()
    assert sorted(done) == list(range(1000))
    assert not Crew(do_next, lambda: hands, "x").work()


def test_who_gets_no_helpers_does_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    left = list(range(10))
    assert Crew(lambda: bool(left) and left.pop() >= 0, lambda: 4, "x").work()
    assert left == []


@pytest.mark.parametrize("hands", [1, 4])
def test_a_failure_ends_the_work_when_all_have_finished_their_pieces(hands: int) -> None:
    numbers, finished = iter(range(1000)), []

    def do_next() -> bool:
        number = next(numbers)
        if number == 5:
            raise OSError("five")
        time.sleep(0.001)
        finished.append(number)
        return True

    with pytest.raises(OSError, match="five"):
        Crew(do_next, lambda: hands, "x").work()
    assert len(finished) < 20
    assert "x" not in {thread.name for thread in threading.enumerate()}


def test_who_is_interrupted_lets_nobody_begin_a_further_piece() -> None:
    begun, may_end, main = [], threading.Event(), threading.current_thread()

    def do_next() -> bool:
        begun.append(True)
        if threading.current_thread() is main:
            raise KeyboardInterrupt
        may_end.wait()
        return True

    with pytest.raises(KeyboardInterrupt):
        Crew(do_next, lambda: 2, "interrupted").work()
    may_end.set()
    wait_until(lambda: "interrupted" not in {thread.name for thread in threading.enumerate()})
    assert len(begun) <= 2
