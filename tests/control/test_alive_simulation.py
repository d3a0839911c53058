"""Leases while up to three servers start, stop, are killed, and stand still, by chance: every lease ends when it has to."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from control.world import START, World
from headrace.services.alive import DEAD_AFTER_MS, MARK_EVERY_MS, AliveMark
from headrace.store import leases, runs
from headrace.store.transaction import Transaction

SECOND = 1_000
STEP_MS = 500
DECIDED_MS = DEAD_AFTER_MS + 3 * STEP_MS
"""So long after its begin a server knows whether another one lives."""
UNSURE_MS = DEAD_AFTER_MS + MARK_EVERY_MS + 4 * STEP_MS
"""Of a lease that ended so short before nobody was there, it is not known that somebody was."""
LONG_MS = 10 * SECOND
PLACES = 3


@dataclass
class Run:
    """A run, and what is known of the end of its lease: it lies between `low` and `high`."""

    run_id: str
    length: int
    low: int
    high: int


class Scene:
    """Servers at places, and runs that are heard of now and then.

    Args:
        world: the store; its clock is moved.
        seed: of chance.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.up: list[AliveMark | None] = [None] * PLACES
        self.still: list[AliveMark | None] = [None] * PLACES
        self.runs: list[Run] = []
        self.silent_since: int | None = START
        self.served_since = START
        self.begun = [START] * PLACES
        self.has_left = False

    def step(self) -> None:
        """Let half a second pass."""
        self.world.now += STEP_MS
        for place in range(PLACES):
            self._befall(place)
        for mark in self.up:
            if mark is not None:
                mark.look()
        self._watch()
        if self.silent_since is None:
            for run in self.runs:
                if self.chance.random() < STEP_MS / (2 * run.length):
                    self._beat(run)
            if self.chance.random() < 0.02:
                self._make_run()

    def _befall(self, place: int) -> None:
        """Let something happen to the server at a place, or not."""
        event, up, still = self.chance.random(), self.up[place], self.still[place]
        if up is not None:
            if 0.01 <= event < 0.02:
                up.finish()
            elif 0.02 <= event < 0.03:
                self.still[place] = up
            if event < 0.03:
                self.up[place], self.has_left = None, True
        elif self._may_return():
            if still is not None and event < 0.1:
                self.up[place], self.still[place] = still, None
            elif still is not None and event < 0.12:
                self.still[place] = None
            elif still is None and event < 0.05:
                self.up[place] = mark = AliveMark(self.world.platform)
                mark.begin()
                self.begun[place] = self.world.now

    def _may_return(self) -> bool:
        """When nobody is there, that lasts for a moment or for long, so that it is plain what becomes of leases."""
        if self.silent_since is None:
            return True
        silence = self.world.now - self.silent_since
        return silence <= 2 * SECOND or silence >= LONG_MS

    def _watch(self) -> None:
        """Take note of since when somebody, or nobody, is there."""
        now, is_served = self.world.now, any(self.up)
        if self.silent_since is None and not is_served:
            self.silent_since = now - STEP_MS
        elif self.silent_since is not None and is_served:
            self._end_silence(self.silent_since, now)
            self.silent_since, self.served_since = None, now
        # Those that have just started, and are left alone, do not know that there was another one until then.
        is_sure = any(up and now - begun > DECIDED_MS for up, begun in zip(self.up, self.begun, strict=True))
        if self.has_left and is_served and not is_sure:
            self._end_silence(now, now)
            self.served_since = now
        self.has_left = False

    def _end_silence(self, begin: int, end: int) -> None:
        for run in self.runs:
            if run.high >= begin - UNSURE_MS:
                run.high = max(run.high, end + DECIDED_MS + run.length)
            if run.low >= begin + STEP_MS and end - begin >= LONG_MS:
                run.low = max(run.low, end + run.length)

    def _make_run(self) -> None:
        run_id, length = f"run{len(self.runs)}", self.chance.randrange(5, 60) * SECOND

        def work(tx: Transaction) -> None:
            row = (run_id, 0, run_id, "ann", self.world.now, "mlflow-artifacts:/0")
            leases.renew(tx, runs.insert_run(tx, row), self.world.now + length, length)

        self.world.write(work)
        self.runs.append(Run(run_id, length, 0, 0))
        self._note_beat(self.runs[-1])

    def _beat(self, run: Run) -> None:
        def work(tx: Transaction) -> None:
            found = runs.find_run(tx, run.run_id)
            assert found is not None
            leases.renew(tx, found, self.world.now + run.length, run.length)

        self.world.write(work)
        self._note_beat(run)

    def _note_beat(self, run: Run) -> None:
        run.low = run.high = self.world.now + run.length
        if self.world.now - self.served_since <= DECIDED_MS:
            run.high = self.served_since + DECIDED_MS + run.length

    def check(self) -> Iterator[str]:
        """Compare with the database, if it is known who is there; give what is wrong."""
        if self.silent_since is not None or self.world.now - self.served_since <= DECIDED_MS:
            return
        rows = self.world.query("SELECT r.run_id, l.until FROM hr_lease l JOIN hr_run r ON r.id = l.run")
        ends = dict(rows)
        for run in self.runs:
            if not run.low <= ends[run.run_id] <= run.high:
                yield f"{run} ends at {ends[run.run_id]}; it is {self.world.now}"


@pytest.mark.databases(
    "sqlite", reason="what is decided does not depend on the database; test_restart.py runs on each"
)
@pytest.mark.parametrize("seed", range(4))
def test_leases_end_in_time_whatever_becomes_of_three_servers(world: World, seed: int) -> None:
    scene = Scene(world, seed)
    checked = 0
    for number in range(1200):
        scene.step()
        if number % 5 == 0:
            wrong = list(scene.check())
            assert wrong == []
            checked += scene.silent_since is None
    assert checked > 50
    assert len(scene.runs) > 5
