"""A process that dies between any two statements of sealing or merging, or whenever it is killed: nothing is lost, nothing doubled."""

import math
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from databases import Databases
from faults import sealing_child
from headrace.services.sealing_duty import SealingDuty
from headrace.store.codes import encode
from headrace.store.engine import open_store
from store.sealing_model import MODEL, World, line

MOST_STATEMENTS = 20
ROUNDS = 4


def _start(*args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, sealing_child.__file__, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _seal_all(world: World) -> None:
    SealingDuty().finish(world.store, world.series())


def _make_tail(world: World) -> str:
    for start in range(0, 1_000, 100):  # more at once may become a chunk when they come
        world.log(line(range(start, start + 100)), MODEL)
    return "tail"


def _make_late(world: World) -> str:
    world.log([*line(range(0, 1_000, 2)), (1_000, 5, encode(math.nan))], MODEL)
    _seal_all(world)
    world.log([*line(range(300)), (1_000, 5, encode(math.nan))], MODEL)
    return "tail"


def _make_repeated(world: World) -> str:
    world.log(line(range(1_000)), MODEL)
    _seal_all(world)
    world.log(line(range(100, 120)), MODEL)
    return "repeated"


def _make_small(world: World) -> str:
    for start in range(0, 20 * 150, 150):
        world.write(line(range(start, start + 150)), MODEL, arrays=True)
    return "merge"


def _make_overlapping(world: World) -> str:
    for start in range(8):
        world.write(line(range(start, 5_000, 10)), MODEL, arrays=True)
    return "merge"


@pytest.mark.parametrize("make", [_make_tail, _make_late, _make_repeated, _make_small, _make_overlapping])
def test_death_before_each_statement(
    databases: Databases, url: str, tmp_path: Path, make: Callable[[World], str]
) -> None:
    world = World(open_store(url), "r")
    planner = make(world)
    number = world.find(MODEL)
    world.store.close()
    copies = [databases.copy(url, tmp_path) for _ in range(MOST_STATEMENTS)]
    cases = [f"{statements}={copied}" for statements, copied in enumerate(copies)]
    printed, _ = _start("die", number, planner, *cases).communicate(timeout=120)
    statuses = [int(each) for each in printed.split()]
    needed = statuses.index(0)
    print(f"{make.__name__}: {needed} statements")
    assert needed >= 6
    assert statuses == [sealing_child.KILLED] * needed + [0] * (MOST_STATEMENTS - needed)
    for copied in copies[: needed + 1]:
        _check_and_finish(world, copied)
    for copied in copies:
        databases.drop(copied)


def _check_and_finish(world: World, url: str) -> None:
    world.store = open_store(url)
    try:
        world.check()
        _seal_all(world)
        world.check()
        world.check_counts()
    finally:
        world.store.close()


def test_processes_that_seal_the_same_series_and_are_killed_at_any_moment(url: str) -> None:
    world, chance = World(open_store(url), "r"), random.Random(4)
    world.log(line(range(128)))
    world.log(line(range(128)), MODEL)
    now = 128
    for _ in range(ROUNDS):
        children = [_start("loop", url, *world.series()) for _ in range(2)]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for _ in range(chance.randrange(15, 30)):
            late = chance.randrange(now)
            world.log(line(range(late, late + 150)), MODEL)  # most of them once more
            world.write(line(range(late, late + 300, 2)), arrays=chance.random() < 0.5)
            world.log(line(range(now, now + 300)))
            now += 300
        for child in children:
            child.kill()
            child.communicate(timeout=120)
        world.check()
    _seal_all(world)
    world.check()
    world.check_counts()
    world.store.close()


def test_processes_that_seal_the_same_series_at_once_end_with_all_of_it_sealed(url: str) -> None:
    world = World(open_store(url), "r")
    world.log(line(range(128)))
    children = [_start("loop", url, *world.series()) for _ in range(3)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for start in range(128, 30_000, 200):
        world.log(line(range(start - 100, start + 200)))
    for child in children:
        child.communicate(timeout=120)
        assert child.returncode == 0
    _seal_all(world)
    world.check()
    world.check_counts()
    world.store.close()
