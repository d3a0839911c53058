"""The background thread: duties taken with a lease, one process at a time; nothing written when there is nothing to do."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from control import recording_duties
from control.world import World
from databases import nothing_written, watch
from headrace.base.errors import Unavailable
from headrace.client import connect
from headrace.services.background import Background
from headrace.store import duties
from headrace.store.transaction import Kind
from serving import start_server

RECORDING, FAILING, RESTING, ENDLESS = (
    f"control.recording_duties:{name}" for name in ("Recording", "Failing", "Resting", "Endless")
)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the recording duties write."""
    path = tmp_path / "record"
    monkeypatch.setenv(recording_duties.RECORD, str(path))
    return path


@pytest.fixture
def start(world: World, record: Path) -> Iterator[Callable[..., Background]]:
    """A function that starts the background of a world; it is closed before the store, and before `record` is gone."""
    started: list[Background] = []

    def begin(*makers: str, lease_s: float = 20.0, pause_s: float = 5.0) -> Background:
        started.append(Background(world.platform, makers=makers, lease_s=lease_s, pause_s=pause_s))
        started[-1].start()
        return started[-1]

    yield begin
    for background in started:
        background.close()


def _wait_for(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, "it has not come"
        time.sleep(0.01)


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _touch(world: World) -> None:
    world.write(lambda tx: tx.touch(Kind.EXPERIMENT, 0, 0))


def _wait_for_quiet(world: World) -> None:
    """Wait until half a second goes by without a write."""
    with watch(world.url) as state:
        states = [state()]

        def is_quiet() -> bool:
            time.sleep(0.5)
            states.append(state())
            return states[-1] == states[-2]

        _wait_for(is_quiet)


def test_an_idle_store_is_not_written_to(
    world: World, start: Callable[..., Background], record: Path
) -> None:
    start(FAILING, pause_s=0.01)
    _touch(world)
    _wait_for(lambda: _read(record) == "4")
    _wait_for_quiet(world)
    with nothing_written(world.url):
        time.sleep(2.5)
    assert _read(record) == "4"
    _touch(world)
    _wait_for(lambda: _read(record) == "5")


def test_a_duty_that_leaves_something_for_later_is_called_again_though_nothing_changes(
    world: World, start: Callable[..., Background], record: Path
) -> None:
    start(RESTING)
    _touch(world)
    _wait_for(lambda: len(_read(record).split()) == 3)
    times = [float(each) for each in _read(record).split()]
    assert all(later - earlier >= recording_duties.Resting.every_s for earlier, later in pairwise(times))
    time.sleep(1.5)
    assert len(_read(record).split()) == 3


def test_a_duty_that_fails_is_logged_and_tried_again(
    world: World, start: Callable[..., Background], record: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "headrace.background"):
        start(FAILING, pause_s=0.05)
        _touch(world)
        _wait_for(lambda: _read(record) == "4")
    failures = [each for each in caplog.records if each.name == "headrace.background"]
    assert len(failures) == 3
    assert "Failing failed; it is tried again in" in failures[0].getMessage()
    assert failures[2].exc_info
    assert "run 3" in str(failures[2].exc_info[1])


def test_a_duty_that_fails_does_not_hold_up_the_others(
    world: World, start: Callable[..., Background], record: Path
) -> None:
    start("control.recording_duties:NotThere", RECORDING)
    _touch(world)
    _wait_for(lambda: "end" in _read(record))


def test_it_stops_soon_and_gives_its_duties_back(
    world: World, start: Callable[..., Background], record: Path
) -> None:
    background = start(ENDLESS)
    _touch(world)
    _wait_for(lambda: "begun" in _read(record))
    began = time.monotonic()
    background.close()
    assert time.monotonic() - began < 15  # and not the 20 s of its lease
    assert _read(record) == "begun returned "
    assert world.query("SELECT name, until FROM hr_duty") == [("endless", 0)]


def test_a_duty_is_told_to_return_before_its_lease_ends(
    world: World, start: Callable[..., Background], record: Path
) -> None:
    start(ENDLESS, lease_s=10.0)
    _touch(world)
    _wait_for(lambda: "begun" in _read(record))
    _wait_for(lambda: "returned" in _read(record), limit_s=10.0)
    _wait_for(lambda: _read(record).endswith("returned begun "))


def test_a_duty_that_another_holds_is_left_to_him_until_his_lease_is_over(
    world: World, start: Callable[..., Background], record: Path
) -> None:
    assert world.write(lambda tx: duties.take(tx, "recording", "another", world.now, 5_000))
    start(RECORDING)
    _touch(world)
    time.sleep(2.0)
    assert _read(record) == ""
    world.now += 5_001
    _touch(world)
    _wait_for(lambda: "begin" in _read(record))


def test_only_the_holder_may_take_a_duty_before_its_lease_is_over(world: World) -> None:
    def take(holder: str, now: int) -> bool:
        taken: bool = world.write(lambda tx: duties.take(tx, "sealing", holder, now, 100))
        return taken

    assert take("a", 1_000)
    assert not take("b", 1_100)
    assert take("a", 1_050)
    assert not take("b", 1_150)
    assert take("b", 1_151)
    assert not take("a", 1_152)
    world.write(lambda tx: duties.release(tx, "a"))
    assert not take("a", 1_153)
    world.write(lambda tx: duties.release(tx, "b"))
    assert take("a", 1_154)


def test_of_several_that_want_a_duty_at_the_same_moment_one_gets_it(
    open_world: Callable[[], World],
) -> None:
    worlds = [open_world() for _ in range(4)]
    taken: dict[str, list[int]] = {f"duty{number}": [] for number in range(20)}
    together = threading.Barrier(len(worlds))

    def take_all(place: int) -> None:
        world = worlds[place]
        for name, holders in taken.items():
            for moment in (
                1_000,
                1_500,
                2_501,
            ):  # a new one; one that its holder keeps; one whose lease is over
                together.wait(30)
                if world.write(partial(duties.take, name=name, holder=f"{place}", now=moment, length=1_000)):
                    holders.append(moment)

    threads = [threading.Thread(target=take_all, args=(place,)) for place in range(len(worlds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert set(map(tuple, taken.values())) == {(1_000, 1_500, 2_501)}


def test_a_store_that_cannot_be_seen_is_said_once_and_its_return_as_well(
    world: World, start: Callable[..., Background], record: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = threading.Event()

    class Store:
        """The store, with a database that is away at times."""

        def __getattr__(self, name: str) -> Any:
            if name == "read" and gone.is_set():
                raise Unavailable("The database is away.")
            return getattr(store, name)

    store = world.platform.store
    world.platform = replace(world.platform, store=cast("Any", Store()))
    gone.set()
    start(RECORDING)
    _wait_for(lambda: caplog.messages)
    time.sleep(2.5)
    gone.clear()
    _touch(world)
    _wait_for(lambda: "end" in _read(record))
    assert caplog.messages == [
        "Background work cannot see the store, and waits until it can: The database is away.",
        "Background work sees the store again.",
    ]


def _spans(record: Path, killed: dict[int, float]) -> list[tuple[float, float, int]]:
    """(begin, end, process) of each run of a duty; one that was killed in the middle ends with its process."""
    open_runs: dict[int, float] = {}
    spans = []
    for line in _read(record).splitlines():
        what, pid, at = line.split()
        if what == "begin":
            open_runs[int(pid)] = float(at)
        else:
            spans.append((open_runs.pop(int(pid)), float(at), int(pid)))
    spans += [(at, killed[pid], pid) for pid, at in open_runs.items() if pid in killed]
    return sorted(spans)


def test_another_process_takes_over_from_a_killed_one_and_never_do_two_run_a_duty_at_once(
    world: World, tmp_path: Path
) -> None:
    record = tmp_path / "spans"
    command = [sys.executable, recording_duties.__file__, world.url, str(record)]
    path = os.pathsep.join(
        each for each in (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")) if each
    )
    processes = [subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}) for _ in range(2)]
    killed: dict[int, float] = {}
    try:
        _wait_for(lambda: len(_spans(record, {})) >= 50, 30)
        first = _spans(record, {})[-1][2]
        assert {pid for _, _, pid in _spans(record, {})} == {first}  # the holder keeps it
        victim = next(each for each in processes if each.pid == first)
        victim.kill()
        victim.wait()
        killed[first] = time.monotonic()
        _wait_for(lambda: any(pid != first for _, _, pid in _spans(record, killed)), 30)
        _wait_for(lambda: sum(pid != first for _, _, pid in _spans(record, killed)) >= 50, 30)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    spans = _spans(record, killed)
    taken_over = next(begin for begin, _, pid in spans if pid != first)
    assert taken_over - killed[first] < recording_duties.LEASE_S + 10
    for (_, end, one), (begin, _, other) in pairwise(spans):
        assert one == other or end <= begin


def _count_threads() -> int:
    return sum(thread.name == "headrace-background" for thread in threading.enumerate())


def test_a_process_of_its_own_store_pays_for_it_only_when_it_writes(url: str, tmp_path: Path) -> None:
    before = _count_threads()
    with connect(url, artifacts_destination=str(tmp_path)) as client:
        client.experiments.get("0")
        assert _count_threads() == before
        client.runs.create("0")
        client.runs.create("0")
        assert _count_threads() == before + 1
    assert _count_threads() == before


def test_a_fork_stops_it_and_the_next_write_starts_it_again(url: str, tmp_path: Path) -> None:
    before = _count_threads()
    with connect(url, artifacts_destination=str(tmp_path)) as client:
        client.runs.create("0")
        child = os.fork()
        if child == 0:
            client.runs.create("0")
            os._exit(0 if _count_threads() == 1 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert _count_threads() == before
        client.runs.create("0")
        assert _count_threads() == before + 1


def test_a_server_that_does_nothing_writes_nothing_and_stops_at_once(url: str, tmp_path: Path) -> None:
    with start_server(tmp_path / "server", backend_store_uri=url) as server, connect(server.url) as client:
        client.runs.create("0")
        with watch(url) as state:
            states = [state()]
            until = time.monotonic() + 60
            while states[-7:] != states[-1:] * 7 and time.monotonic() < until:
                time.sleep(0.5)
                states.append(state())
            assert states[-7:] == states[-1:] * 7, "it was never quiet for three seconds"
        client.close()
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 10
