"""The duty seals what is long, quiet or over, leaves the rest alone, and does nothing when nothing happens."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from databases import nothing_written
from headrace.api.runs import RunStatus
from headrace.services.background import Left
from headrace.services.context import Platform
from headrace.services.sealing_duty import SealingDuty
from headrace.store import chunk_points, chunks, series
from headrace.store.claims import NO_CLAIMS, Claims
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.transaction import Transaction
from store.sealing_model import MODEL, NONE, Held, World, line, read_held

NEVER = threading.Event()
PAUSE_S = 0.02


@pytest.fixture
def world(platform: Platform) -> World:
    return World(platform.store, "r")


def _settle(duty: SealingDuty, platform: Platform) -> None:
    """Run a duty until it has nothing more to do."""
    end_s = time.monotonic() + 30
    while left := duty.run(platform, NEVER):
        assert time.monotonic() < end_s
        NEVER.wait(PAUSE_S if left is Left.LATER else 0)


def _run_for(duty: SealingDuty, platform: Platform, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        duty.run(platform, NEVER)
        NEVER.wait(PAUSE_S)


def _held(world: World, context: tuple[str, str, str] = NONE) -> Held:
    number = world.find(context)
    assert number is not None
    with world.store.read() as conn:
        return read_held(conn, number)


def _read_one(store: Store, sql: str) -> Any:
    with store.read() as conn:
        return conn.rows(sql)[0][0]


def _end(world: World) -> None:
    world.store.writer.call(
        lambda tx: tx.change(
            "UPDATE hr_run SET status = ? WHERE id = ?", (RunStatus.FINISHED.number, world.run.id)
        )
    )


@pytest.mark.usefixtures("tails")
def test_a_long_tail_is_sealed_while_the_run_goes_on(platform: Platform, world: World) -> None:
    duty = SealingDuty(idle_s=1_000, look_s=0.01)
    _run_for(duty, platform, 0.1)
    world.log(line(range(9_000)))
    end_s = time.monotonic() + 30
    while _held(world).in_chunks < 8_192 and time.monotonic() < end_s:
        duty.run(platform, NEVER)
    held = _held(world)
    assert (held.in_chunks, held.chunks, len(held.tail)) == (8_192, 2, 808)
    world.check()


def test_a_short_tail_is_sealed_when_it_has_been_quiet(platform: Platform, world: World) -> None:
    duty = SealingDuty(idle_s=1.5, look_s=0.05)
    _run_for(duty, platform, 0.1)
    for start in (0, 100, 200):
        world.log(line(range(start, start + 100)))
        _run_for(duty, platform, 0.6)
    assert _held(world).chunks == 0, "it was never quiet for so long"
    _settle(duty, platform)
    assert (_held(world).in_chunks, _held(world).tail) == (300, set())


def test_a_short_tail_is_sealed_at_once_when_its_run_has_ended(platform: Platform, world: World) -> None:
    duty = SealingDuty(idle_s=1_000, look_s=0.05)
    _run_for(duty, platform, 0.1)
    world.log(line(range(300)))
    world.log(line(range(500)), MODEL)
    _end(world)
    _settle(duty, platform)
    assert (_held(world).in_chunks, _held(world, MODEL).in_chunks) == (300, 500)


@pytest.mark.databases("sqlite", reason="the other databases give back pages by themselves")
def test_the_file_gives_back_what_sealed_rows_have_left(platform: Platform, world: World) -> None:
    for start in range(0, 200_000, 10_000):
        world.log(line(range(start, start + 10_000)))
    _end(world)
    before = _read_one(platform.store, "PRAGMA page_count")
    _settle(SealingDuty(), platform)
    assert _held(world).in_chunks == 200_000
    assert _read_one(platform.store, "PRAGMA page_count") < before / 2
    assert _read_one(platform.store, "PRAGMA integrity_check") == "ok"


def test_fewer_than_128_rows_stay_rows(platform: Platform, world: World) -> None:
    duty = SealingDuty(idle_s=0.1, look_s=0.05)
    _run_for(duty, platform, 0.1)
    world.log(line(range(127)))
    _settle(duty, platform)
    assert (_held(world).chunks, len(_held(world).tail)) == (0, 127)


@pytest.mark.usefixtures("tails")
def test_points_sent_again_after_sealing_are_removed_when_it_is_quiet(
    platform: Platform, world: World
) -> None:
    duty = SealingDuty(idle_s=0.1, look_s=0.05)
    _run_for(duty, platform, 0.1)
    world.log(line(range(300)))
    _settle(duty, platform)
    world.log(line(range(25)))  # so few are not looked for when they come
    world.log(line(range(25, 50)))
    assert _held(world).points_said == 350
    _settle(duty, platform)
    assert (_held(world).tail, _held(world).points_said) == (set(), 300)


def test_small_chunks_of_a_writer_are_merged(platform: Platform, world: World) -> None:
    duty = SealingDuty(idle_s=0.1, look_s=0.05)
    _run_for(duty, platform, 0.1)
    for start in range(0, 6_000, 200):
        world.write(line(range(start, start + 200)), arrays=True)
    assert _held(world).chunks == 30
    _settle(duty, platform)
    assert _held(world).chunks <= 3
    world.check()


def test_chunks_that_are_not_compressed_are_when_their_series_is_quiet(
    platform: Platform, world: World
) -> None:
    duty = SealingDuty(idle_s=0.1, look_s=0.05)
    _run_for(duty, platform, 0.1)
    times = np.arange(1_000)
    columns = chunks.Columns(times, times, times % 7, np.zeros(1_000, bool))

    def add(tx: Transaction) -> None:
        tx.lock_runs((world.run_id,))
        for number, key in enumerate(intern_keys(tx, list("abcd")).values()):
            series.add_columns(tx, world.run, key, 0, columns, times + 1 + 1_000 * number)

    def read() -> list[tuple[int, int]]:
        with platform.store.read() as conn:
            found = chunks.read_bounds([row[0] for row in conn.rows("SELECT bounds FROM hr_chunk")])
        return list(zip(found["count"].tolist(), found["flags"].tolist(), strict=True))

    platform.store.writer.call(add)
    assert read() == [(1_000, chunks.RAW)] * 4
    _settle(duty, platform)
    assert read() == [(1_000, 0)] * 4
    with platform.store.read() as conn:
        for (blob,) in conn.rows("SELECT points FROM hr_chunk_data"):
            for mine, written in zip(chunk_points.decode(blob), columns, strict=True):
                np.testing.assert_array_equal(mine, written)


def test_what_an_earlier_process_left_is_found_after_a_start(platform: Platform, world: World) -> None:
    world.log(line(range(300)))
    for start in range(0, 6_000, 200):
        world.write(line(range(start, start + 200)), MODEL, arrays=True)
    platform.store.writer.call(lambda tx: tx.change("DELETE FROM hr_change"))
    _settle(SealingDuty(), platform)
    assert (_held(world).in_chunks, _held(world, MODEL).chunks) == (300, 2)
    world.check()


def test_a_log_that_was_cut_off_is_made_up_for(platform: Platform, world: World) -> None:
    duty = SealingDuty(look_s=0.05)
    _settle(duty, platform)
    world.log(line(range(300)))
    platform.store.writer.call(lambda tx: tx.change("DELETE FROM hr_change"))
    _settle(duty, platform)
    assert _held(world).in_chunks == 300


def test_nothing_is_written_and_nothing_more_to_do_when_nothing_happens(
    platform: Platform, world: World, url: str
) -> None:
    duty = SealingDuty(idle_s=0.1, look_s=0.05)
    world.log(line(range(300)))
    world.log(line(range(2_000)), MODEL)  # the row without context counts these as well, but has not got them
    _settle(duty, platform)
    with nothing_written(url):
        for _ in range(5):
            assert duty.run(platform, NEVER) is Left.NOTHING


@pytest.mark.usefixtures("tails")
def test_a_duty_that_is_stopped_returns_soon(platform: Platform) -> None:
    world = World(platform.store, "r")
    world.log(line(range(60_000)))
    stop = threading.Event()
    stop.set()
    began_s = time.monotonic()
    SealingDuty().run(platform, stop)
    assert time.monotonic() - began_s < 10
    assert _held(world).chunks == 0
    world.check()


class _Overtaken:
    """A store in which somebody else always comes first."""

    def __init__(self, store: Store, overtake: Callable[[int], None]) -> None:
        self.read = store.read
        self.writer = self
        self.calls = 0
        self._store = store
        self._overtake = overtake

    def call(self, work: Callable[[Transaction], Any], claims: Claims = NO_CLAIMS) -> Any:
        self.calls += 1
        self._overtake(self.calls)
        return self._store.writer.call(work, claims)


def test_a_tail_that_changes_before_every_transaction_is_sealed_all_the_same(
    platform: Platform, world: World
) -> None:
    world.log(line(range(1_000)))
    store: Any = _Overtaken(platform.store, lambda number: world.log(line([number], code=number)))
    SealingDuty().finish(store, world.series())
    assert store.calls <= 10
    assert _held(world).in_chunks >= 1_000
    world.check()


def test_points_sent_again_are_removed_although_a_writer_adds_chunks_before_every_transaction(
    platform: Platform, world: World
) -> None:
    world.log(line(range(1_000)))
    SealingDuty().finish(platform.store, world.series())
    world.log(line(range(20)))
    store: Any = _Overtaken(
        platform.store, lambda number: world.write(line(range(number, number + 4_096)), arrays=True)
    )
    SealingDuty().finish(store, world.series())
    assert store.calls <= 10
    assert _held(world).tail == set()
    world.check()


class _Pauses(threading.Event):
    """Never set; notes for how long it is waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked_s.append(timeout or 0.0)
        return False


@pytest.mark.usefixtures("tails")
def test_requests_come_first_while_points_come_in(
    platform: Platform, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_s = [1_000.0]
    work = SealingDuty._work

    def work_for_a_while(self: SealingDuty, store: Store, end_s: float) -> None:
        work(self, store, end_s)
        clock_s[0] += 0.0625

    monkeypatch.setattr(SealingDuty, "_work", work_for_a_while)
    monkeypatch.setattr(time, "monotonic", lambda: clock_s[0])
    duty, pauses = SealingDuty(idle_s=10, look_s=1), _Pauses()
    duty.run(platform, pauses)
    world.log(line(range(5_000)))
    pauses.asked_s.clear()
    duty.run(platform, pauses)  # a long tail, of points that came since it last looked
    assert set(pauses.asked_s) == {0.25}
    clock_s[0] += 20
    pauses.asked_s.clear()
    duty.run(platform, pauses)  # what was left of it, now that it is quiet
    assert set(pauses.asked_s) == {0.0625}
