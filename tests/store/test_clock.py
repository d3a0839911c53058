"""The change clock: one tick for each commit that changes something, in the order of the commits, and nothing skipped."""

import threading
from collections.abc import Callable

from headrace.store import transaction
from headrace.store.engine import Store, open_store
from headrace.store.transaction import KEPT_CHANGES, Kind, RunRef, Transaction


def _changes(store: Store, after: int = 0) -> list[tuple[int, ...]]:
    with store.read() as conn:
        return conn.rows(
            "SELECT clock, kind, subject, experiment FROM hr_change WHERE clock > ? ORDER BY clock, kind, subject",
            (after,),
        )


def _touch(*subjects: int) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        for subject in subjects:
            tx.touch(Kind.RUN, subject, 1)

    return work


def test_each_commit_moves_the_clock_by_one(store: Store) -> None:
    for subject in (5, 6, 7):
        store.writer.call(_touch(subject))
    assert _changes(store) == [(1, Kind.RUN, 5, 1), (2, Kind.RUN, 6, 1), (3, Kind.RUN, 7, 1)]


def test_all_that_a_commit_touched_bears_its_number_and_stands_once(store: Store) -> None:
    def work(tx: Transaction) -> None:
        _touch(7, 5, 7)(tx)
        tx.touch(Kind.METRICS, 7, 2)

    store.writer.call(work)
    assert _changes(store) == [(1, Kind.RUN, 5, 1), (1, Kind.RUN, 7, 1), (1, Kind.METRICS, 7, 2)]


def test_a_commit_that_touches_nothing_moves_nothing(store: Store) -> None:
    store.writer.call(lambda _tx: None)
    store.writer.call(_touch(5))
    assert [change[0] for change in _changes(store)] == [1]


def test_a_new_run_is_a_change_of_its_experiment(store: Store, make_run: Callable[..., RunRef]) -> None:
    run = make_run(store, experiment=3)
    assert _changes(store) == [(1, Kind.RUN, run.id, 3)]


def test_a_follower_skips_nothing_while_several_stores_write(url: str, store: Store) -> None:
    writers, each = 4, 40
    seen: list[tuple[int, ...]] = []
    done = threading.Event()

    def write(number: int) -> None:
        mine = open_store(url)
        for count in range(each):
            mine.writer.call(_touch(number * each + count + 1))
        mine.close()

    def follow() -> None:
        last = False
        while not last:
            last = done.is_set()
            found = _changes(store, seen[-1][0] if seen else 0)
            seen.extend(found)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    follower = threading.Thread(target=follow)
    for thread in (follower, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    follower.join()
    assert [change[0] for change in seen] == list(range(1, writers * each + 1))
    assert sorted(change[2] for change in seen) == list(range(1, writers * each + 1))


def test_old_changes_are_dropped_in_time(store: Store) -> None:
    start = (KEPT_CHANGES // transaction.TRIM_EVERY + 2) * transaction.TRIM_EVERY - 3

    def age(tx: Transaction) -> None:
        tx.change("UPDATE hr_clock SET value = ?", (start,))
        tx.change_many(
            "INSERT INTO hr_change VALUES (?, 2, 1, 1)",
            [(clock,) for clock in (1, start - KEPT_CHANGES, start)],
        )

    store.writer.call(age)
    for subject in (1, 2):
        store.writer.call(_touch(subject))
    assert [change[0] for change in _changes(store)] == [1, start - KEPT_CHANGES, start, start + 1, start + 2]
    for subject in (3, 4):  # what is old is dropped in the commit after the one that is told to
        store.writer.call(_touch(subject))
    assert [change[0] for change in _changes(store)] == [start, start + 1, start + 2, start + 3, start + 4]
