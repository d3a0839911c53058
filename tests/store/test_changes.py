"""The log of changes as followers read it: in order, from any place, with public ids, and honest about where it begins."""

from collections.abc import Callable
from typing import Any

import pytest

from headrace.store import transaction
from headrace.store.changes import Commits, Entry, Extent, Place, read_clock, read_entries, read_extent
from headrace.store.engine import Store, open_store
from headrace.store.transaction import KEPT_CHANGES, Kind, RunRef, Transaction

MakeRun = Callable[..., RunRef]


def _touch(*touched: tuple[Kind, int, int]) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        for each in touched:
            tx.touch(*each)

    return work


def _read(store: Store, after: Place = Place(0), limit: int = 1000) -> list[Entry]:  # noqa: B008 - a tuple
    with store.read() as conn:
        return read_entries(conn, after, limit)


def _extent(store: Store) -> Extent:
    with store.read() as conn:
        extent = read_extent(conn)
        assert read_clock(conn) == extent.clock
        return extent


def test_an_entry_names_the_thing_as_users_do(store: Store, make_run: MakeRun) -> None:
    run = make_run(store, "the-run", experiment=3)

    def work(tx: Transaction) -> None:
        tx.change(
            "INSERT INTO hr_view (view_id, experiment, name, owner, body, is_default, created_at, updated_at) VALUES ('the-view', 3, 'n', 'o', '{}', 0, 1, 1)"
        )
        for kind, subject in ((Kind.METRICS, run.id), (Kind.EXPERIMENT, 3), (Kind.VIEW, 1), (Kind.RUN, 77)):
            tx.touch(kind, subject, 3)

    store.writer.call(work)
    assert [(entry.place.kind, entry.id, entry.place.experiment) for entry in _read(store)] == [
        (Kind.RUN, "the-run", 3),
        (Kind.EXPERIMENT, "3", 3),
        (Kind.RUN, "", 3),
        (Kind.METRICS, "the-run", 3),
        (Kind.VIEW, "the-view", 3),
    ]


def test_reading_goes_on_behind_every_place(store: Store) -> None:
    for count in (1, 5, 2):
        store.writer.call(
            _touch(*((kind, subject, experiment) for kind in (Kind.RUN, Kind.METRICS) for subject in range(count) for experiment in (-1, 4)))
        )  # fmt: skip
    everything = [entry.place for entry in _read(store)]
    assert everything == sorted(everything)
    assert len(everything) == 4 * 8
    for number, place in enumerate(everything):
        assert [entry.place for entry in _read(store, place)] == everything[number + 1 :]
        assert [entry.place for entry in _read(store, place, 3)] == everything[number + 1 : number + 4]
        behind = [each for each in everything if each.clock > place.clock]
        assert [entry.place for entry in _read(store, Place(place.clock))] == behind


def test_the_log_says_where_it_begins(store: Store) -> None:
    assert _extent(store) == Extent(0, 0)
    for _ in range(3):
        store.writer.call(_touch((Kind.RUN, 1, 1)))
    assert _extent(store) == Extent(0, 3)
    store.writer.call(lambda tx: tx.change("DELETE FROM hr_change WHERE clock < 3"))
    assert _extent(store) == Extent(2, 3)
    store.writer.call(lambda tx: tx.change("DELETE FROM hr_change"))
    assert _extent(store) == Extent(3, 3)


def test_a_trimmed_log_reaches_as_far_back_as_it_has_entries(store: Store) -> None:
    start = (KEPT_CHANGES // transaction.TRIM_EVERY + 2) * transaction.TRIM_EVERY - 3

    def age(tx: Transaction) -> None:
        tx.change("UPDATE hr_clock SET value = ?", (start,))
        tx.change_many(
            "INSERT INTO hr_change VALUES (?, 2, 1, 1)", [(clock,) for clock in range(1, start, 500)]
        )

    store.writer.call(age)
    assert _extent(store).begin == 0
    for _ in range(4):  # what is old is dropped in the commit after the one that is told to
        store.writer.call(_touch((Kind.RUN, 1, 1)))
    extent = _extent(store)
    assert extent.clock == start + 4
    assert 0 < start + 3 - KEPT_CHANGES - 1 <= extent.begin
    assert _read(store, Place(extent.begin), 1)[0].place.clock == extent.begin + 1


class Spy:
    """A cursor that notes the plan of each query."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.plans: list[str] = []

    def execute(self, sql: str, params: Any = ()) -> None:
        self._cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        self.plans += [str(row[3]) for row in self._cursor.fetchall()]
        self._cursor.execute(sql, params)

    def fetchall(self) -> Any:
        return self._cursor.fetchall()


@pytest.mark.databases("sqlite", reason="reads SQLite's account of its plan")
@pytest.mark.parametrize("after", [Place(5), Place(5, 2, 3, 4)])
def test_a_place_is_read_by_the_index_alone(store: Store, after: Place) -> None:
    with store.read() as conn:
        spy = Spy(conn.cursor)
        conn.cursor = spy  # type: ignore[assignment]
        read_entries(conn, after, 10)
    assert len(spy.plans) == 1
    assert "SEARCH hr_change USING PRIMARY KEY (clock>" in spy.plans[0]


def test_commits_of_this_process_are_told_when_they_are_on_disk(store: Store, url: str) -> None:
    told: list[int] = []

    def listen() -> None:
        told.append(_extent(store).clock)

    store.commits.listen(listen)
    store.writer.call(_touch((Kind.RUN, 1, 1)))
    store.writer.call(lambda _tx: None)
    store.writer.call(_touch((Kind.RUN, 2, 1)))
    other = open_store(url)
    other.writer.call(_touch((Kind.RUN, 3, 1)))
    other.close()
    store.commits.leave(listen)
    store.commits.leave(listen)
    store.writer.call(_touch((Kind.RUN, 4, 1)))
    assert told == [1, 2]


def test_a_commit_that_fails_is_not_told(store: Store) -> None:
    told: list[int] = []
    store.commits.listen(lambda: told.append(1))

    def fail(tx: Transaction) -> None:
        tx.touch(Kind.RUN, 1, 1)
        tx.change("INSERT INTO hr_change VALUES (1, 1, 1, 1)")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.writer.call(fail)
    assert told == []


def test_every_listener_is_told() -> None:
    commits = Commits()
    told: list[str] = []

    def first() -> None:
        told.append("first")

    def second() -> None:
        told.append("second")

    commits.listen(first)
    commits.listen(second)
    commits.tell()
    commits.leave(first)
    commits.tell()
    assert told == ["first", "second", "second"]
