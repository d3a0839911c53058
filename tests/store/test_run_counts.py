"""Counts of runs by scope, as two processes keep them, and what a store says of itself; on each database."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from headrace.api.jobs import JobState
from headrace.api.runs import RunStatus
from headrace.store import jobs, leases, run_counts
from headrace.store.engine import Store
from headrace.store.revision import SCHEMA_REVISION
from headrace.store.run_counts import count_by_scope
from headrace.store.store_state import (
    count_active_experiments,
    read_database_version,
    read_schema_revision,
)
from headrace.store.transaction import Kind, RunRef, Transaction

NOW = 10_000


def _read(store: Store, now: int = NOW) -> dict[int, tuple[int, int, int]]:
    with store.read() as conn:
        return {scope: tuple(count) for scope, count in count_by_scope(conn, now).items()}


def _count_all(store: Store) -> dict[int, tuple[int, int, int]]:
    """The same by looking at every run."""
    with store.read() as conn:
        rows = conn.rows("SELECT scope, status, start_time FROM hr_run")
    runs, running = Counter(row[0] for row in rows), Counter(row[0] for row in rows if row[1] == 1)
    return {
        scope: (count, running[scope], max(row[2] for row in rows if row[0] == scope))
        for scope, count in runs.items()
    }


def _change(run: RunRef, status: int, scope: int) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        tx.change("UPDATE hr_run SET status = ?, scope = ? WHERE id = ?", (status, scope, run.id))
        tx.touch(Kind.RUN, run.id, run.experiment)

    return work


def test_two_processes_count_what_is_there_after_each_change(
    stores: tuple[Store, Store], make_run: Callable[..., RunRef]
) -> None:
    chance = random.Random(3)
    runs = [make_run(chance.choice(stores), f"r{at}", experiment=chance.randrange(1, 4)) for at in range(12)]
    for _ in range(40):
        run = chance.choice(runs)
        change = _change(run, chance.choice([1, 3, 4]), 2 * chance.randrange(1, 4) + chance.randrange(2))
        chance.choice(stores).writer.call(change)
        if chance.random() < 0.6:  # so that some changes are met together
            store = chance.choice(stores)
            assert _read(store) == _count_all(store)


def test_a_reader_of_an_older_snapshot_is_not_told_of_what_came_later(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    with store.read() as older:
        older.row("SELECT COUNT(*) FROM hr_run")
        store.writer.call(_change(run, RunStatus.FINISHED.number, run.scope))
        assert _read(store)[run.scope][:2] == (1, 0)
        assert count_by_scope(older, NOW)[run.scope][:2] == (1, 1)
    assert _read(store)[run.scope][:2] == (1, 0)


def test_many_changes_are_counted_afresh(
    store: Store, make_run: Callable[..., RunRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [make_run(store, f"r{at}") for at in range(5)]
    assert _read(store)[2][:2] == (5, 5)
    monkeypatch.setattr(run_counts, "MANY", 2)
    for run in runs[:3]:
        store.writer.call(_change(run, RunStatus.KILLED.number, run.scope))
    assert _read(store)[2][:2] == (5, 2)


def test_a_run_whose_lease_is_over_is_not_counted_as_running(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    store.writer.call(lambda tx: leases.renew(tx, run, NOW, 1000))
    assert _read(store, NOW)[run.scope][:2] == (1, 1)
    assert _read(store, NOW + 1)[run.scope][:2] == (1, 0)


def test_a_store_names_its_database_and_its_schema(store: Store) -> None:
    with store.read() as conn:
        assert read_database_version(conn)[0].isdigit()
        assert read_schema_revision(conn) == SCHEMA_REVISION
        assert count_active_experiments(conn) == 0
        assert jobs.count_open(conn) == {JobState.PENDING: 0, JobState.RUNNING: 0}
