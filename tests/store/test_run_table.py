"""Run tables of the store: every cell is what the snapshot holds, whatever is kept from earlier reads, and whoever writes meanwhile."""

import math
import random
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import EXAMPLES
from headrace.api.endpoint import Tag
from headrace.base.errors import InvalidParameter
from headrace.search.tree import Statistic
from headrace.store import (
    annotations,
    codes,
    column_cache,
    leases,
    moves,
    run_columns,
    run_table,
    runs,
    series,
)
from headrace.store.column_cache import ColumnCache, Wanted
from headrace.store.engine import Store, open_store
from headrace.store.keys import intern_keys
from headrace.store.run_changes import RunChanges, read_clock
from headrace.store.run_columns import Kind, Source
from headrace.store.transaction import RunRef, Transaction
from store.plain_table import (
    ATTRIBUTES,
    attribute,
    make_search,
    metric,
    param,
    read_fast,
    read_plainly,
    step,
    tag,
)

FIELDS = [
    *ATTRIBUTES,
    *(param(key) for key in ("lr", "model", "never")),
    *(tag(key) for key in ("team", "note")),
    *(metric("loss", statistic) for statistic in Statistic),
    metric("acc"),
    metric("acc", Statistic.MAX),
    metric("never"),
    *(step("loss", statistic) for statistic in Statistic if statistic is not Statistic.COUNT),
    step("loss", of_nan=True),
    step("acc", Statistic.MAX),
    step("never", Statistic.MIN),
]
VALUES = (0.0, -0.0, 1.5, -2.25, 1e308, 5e-324, math.inf, -math.inf, math.nan)
TEXTS = ("", "0.1", "adam", "日本", "ärger", "a" * 300, "🦉", "NaN")
EXPERIMENTS = (1, 2)
ALL = tuple(2 * experiment + stage for experiment in EXPERIMENTS for stage in (0, 1))


class Writer:
    """Writes random things into a store, as services do."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)
        self.made = 0
        self.prefix = f"r{seed}"

    def act(self) -> None:
        actions: list[Callable[[Transaction], None]] = [
            *(self.create,) * 3,
            *(self.tag,) * 2,
            *(self.log,) * 4,
            self.param,
            self.untag,
            self.finish,
            self.trash,
            self.move,
        ]
        self.store.writer.call(self.random.choice(actions))

    def create(self, tx: Transaction) -> None:
        self.made += 1
        row = (f"{self.prefix}x{self.made}", self.random.choice(EXPERIMENTS))
        run = runs.insert_run(
            tx,
            (
                *row,
                self.random.choice(TEXTS),
                "ann",
                self.random.randrange(5),
                f"mlflow-artifacts:/{self.made}",
            ),
        )
        annotations.insert_params(tx, run, {"lr": self.random.choice(TEXTS)})

    def _pick(self, tx: Transaction) -> RunRef | None:
        rows = tx.rows("SELECT run_id FROM hr_run ORDER BY id")
        return runs.get_run(tx, self.random.choice(rows)[0]) if rows else None

    def tag(self, tx: Transaction) -> None:
        if run := self._pick(tx):
            key = self.random.choice(("team", "note"))
            annotations.set_tags(tx, run, [Tag(key=key, value=self.random.choice(TEXTS))])

    def untag(self, tx: Transaction) -> None:
        run = self._pick(tx)
        if run and annotations.find_tag(tx, run, "team") is not None:
            annotations.delete_tag(tx, run, "team")

    def param(self, tx: Transaction) -> None:
        run = self._pick(tx)
        keys = intern_keys(tx, ["model"])
        if run and not tx.rows(
            "SELECT 1 FROM hr_param WHERE run = ? AND key_id = ?", (run.id, keys["model"])
        ):
            annotations.insert_params(tx, run, {"model": self.random.choice(TEXTS)})

    def log(self, tx: Transaction) -> None:
        if run := self._pick(tx):
            key = self.random.choice(("loss", "acc"))
            point = (
                self.random.randrange(9),
                self.random.randrange(9),
                codes.encode(self.random.choice(VALUES)),
            )
            series.add_points(tx, run, intern_keys(tx, [key])[key], series.NO_CONTEXT, [point])

    def finish(self, tx: Transaction) -> None:
        if run := self._pick(tx):
            runs.update_run(tx, run, {"status": self.random.randrange(1, 6), "end_time": 10, "name": "done"})

    def trash(self, tx: Transaction) -> None:
        if run := self._pick(tx):
            runs.update_deleted(tx, [(run.id, run.experiment)], not run.deleted, None if run.deleted else 1)

    def move(self, tx: Transaction) -> None:
        run = self._pick(tx)
        if run and not run.deleted:
            moves.move_runs(tx, [run], 3 - run.experiment)


def _check(store: Store, scopes: tuple[int, ...]) -> None:
    with store.read() as conn:
        search = make_search(scopes)
        assert read_fast(conn, search, FIELDS) == read_plainly(conn, search, FIELDS)


@pytest.fixture(params=[2**28, 40_000, 0], ids=["roomy", "tight", "nothing kept"])
def bounded(request: pytest.FixtureRequest, store: Store) -> Store:
    store.caches.part(ColumnCache).max_bytes = request.param
    return store


def test_a_table_follows_each_write_to_what_it_keeps(bounded: Store) -> None:
    writer = Writer(bounded, 1)
    for _ in range(60 * EXAMPLES):
        writer.act()
        _check(bounded, random.Random(writer.made).choice([(2,), (4,), (2, 3), ALL]))
    _check(bounded, ALL)


@settings(
    max_examples=10 * EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), reads=st.lists(st.sampled_from([(2,), (3,), (2, 4), ALL]), max_size=6))
def test_a_table_is_the_plain_one_after_any_writes(
    make_database: Callable[..., str], seed: int, reads: list[tuple[int, ...]]
) -> None:
    store = open_store(make_database())
    try:
        writer = Writer(store, seed)
        for scopes in [*reads, ALL]:
            for _ in range(10):
                writer.act()
            _check(store, scopes)
    finally:
        store.close()


def test_an_old_snapshot_sees_nothing_newer_than_itself(store: Store) -> None:
    writer = Writer(store, 2)
    for _ in range(60):
        writer.act()
    search = make_search(ALL)
    with ExitStack() as stack:
        held = []
        for _ in range(6):  # the store's readers are a few more
            conn = stack.enter_context(store.read())
            held.append((conn, read_plainly(conn, search, FIELDS)))
            for _ in range(15):
                writer.act()
            _check(store, ALL)  # keeps columns that are newer than all that is held
        for conn, before in random.Random(3).sample(held * 2, 12):
            assert read_fast(conn, search, FIELDS) == before


@pytest.mark.parametrize("long", [10, 20_000])
def test_readers_beside_writers_get_each_what_their_snapshot_holds(
    store: Store, monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    store.caches.part(ColumnCache).max_bytes = 200_000
    monkeypatch.setattr(column_cache, "LONG", long)
    first = Writer(store, 100)
    for _ in range(40):
        first.act()
    failures: list[BaseException] = []
    stop = threading.Event()

    def write(seed: int) -> None:
        writer = Writer(store, seed)
        while not stop.is_set():
            writer.act()

    def read(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(10 * EXAMPLES):
                scopes = chance.choice([(2,), (4,), (2, 3), ALL])
                with store.read() as conn:
                    search = make_search(scopes)
                    read_clock(conn)  # the snapshot begins here
                    stop.wait(chance.random() / 50)
                    fields = chance.sample(FIELDS, 6)
                    assert read_fast(conn, search, fields) == read_plainly(conn, search, fields)
        except BaseException as error:
            failures.append(error)
            raise

    writers = [threading.Thread(target=write, args=(seed,)) for seed in (1, 2)]
    readers = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in readers:
        thread.join()
    stop.set()
    for thread in writers:
        thread.join()
    assert failures == []


def test_many_runs_are_read_by_scope_and_are_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(store, 4)
    for _ in range(120):
        writer.act()
    monkeypatch.setattr(run_columns, "FEW", 3)
    monkeypatch.setattr(run_columns, "_PART", 10**6)
    for batch, span in ((1, 0), (400_000, 5_000_000)):
        monkeypatch.setattr(run_columns, "BATCH", batch)
        monkeypatch.setattr(column_cache, "MAX_SPAN", span)
        store.caches.parts.clear()
        for scopes in ((2,), ALL):
            _check(store, scopes)
        for _ in range(30):
            writer.act()
        _check(store, ALL)


def test_a_trimmed_log_means_reading_again(store: Store) -> None:
    writer = Writer(store, 5)
    for _ in range(50):
        writer.act()
    _check(store, ALL)
    for _ in range(10):
        writer.act()
    store.writer.call(lambda tx: tx.change("DELETE FROM hr_change"))
    _check(store, ALL)
    writer.act()
    _check(store, ALL)


def test_a_tag_that_changes_all_the_time_does_not_fill_the_memory(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    search = make_search((2,))
    for number in range(1200):
        store.writer.call(
            lambda tx, number=number: annotations.set_tags(tx, run, [Tag(key="progress", value=str(number))])
        )
        with store.read() as conn:
            assert read_fast(conn, search, [tag("progress")]) == [[str(number)]]
    with store.read() as conn:
        key = conn.row("SELECT id FROM hr_key WHERE name = 'progress'")
        assert key is not None
        source = Source(Kind.TAG, key[0], "value")
        wanted = Wanted(read_clock(conn), (2,), np.array([run.id]))
        cells = store.caches.part(ColumnCache).read(conn, wanted, [source])[source]
    assert len(cells.texts) < 1100


def test_what_was_not_asked_for_lately_is_dropped(store: Store) -> None:
    writer = Writer(store, 6)
    for _ in range(60):
        writer.act()
    cache = store.caches.part(ColumnCache)
    cache.max_bytes = 5_000
    _check(store, ALL)
    assert sum(cache._used.values()) <= 5_000
    held = {(key, source) for key, block in cache._blocks.items() for source in block.columns}
    assert held == set(cache._used)


def test_few_runs_of_a_block_of_many_take_no_memory_for_all(store: Store) -> None:
    writer = Writer(store, 10)
    for _ in range(40):
        store.writer.call(writer.create)
    cache = store.caches.part(ColumnCache)
    fields = [metric("loss"), param("lr"), *ATTRIBUTES]
    with store.read() as conn:
        assert len(read_fast(conn, make_search(ALL), fields)[0]) == 40
        cache.max_bytes = 3_000
        alone = make_search(ALL, "run_id = 'r10x1'")
        for _ in range(2):
            assert read_fast(conn, alone, fields)[2] == ["r10x1"]
            (block,) = cache._blocks.values()
            assert {len(column.states) for column in block.columns.values()} == {1}


def test_the_size_of_what_is_kept_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(column_cache.MAX_MIB_VARIABLE, raising=False)
    assert ColumnCache().max_bytes == 256 * 2**20
    monkeypatch.setenv(column_cache.MAX_MIB_VARIABLE, "3")
    assert ColumnCache().max_bytes == 3 * 2**20
    for wrong in ("-1", "x", "1.5", "9" * 10):
        monkeypatch.setenv(column_cache.MAX_MIB_VARIABLE, wrong)
        with pytest.raises(InvalidParameter, match="whole number of MiB"):
            ColumnCache()


def test_a_run_whose_lease_is_over_is_lost(store: Store, make_run: Callable[..., RunRef]) -> None:
    held, lost, free = make_run(store, "a"), make_run(store, "b"), make_run(store, "c")
    store.writer.call(lambda tx: leases.renew(tx, held, 2_000, 1_000))
    store.writer.call(lambda tx: leases.renew(tx, lost, 1_000, 1_000))
    fields = [attribute("run_id"), attribute("status")]
    with store.read() as conn:
        ids, statuses = read_fast(conn, make_search((2,), now=1_500), fields)
        assert dict(zip(ids, statuses, strict=True)) == {"a": "RUNNING", "b": "LOST", "c": "RUNNING"}
        assert read_fast(conn, make_search((2,), "status = 'LOST'", now=1_500), fields)[0] == ["b"]
        assert read_fast(conn, make_search((2,), "status = 'LOST'", now=2_500), fields)[0] == ["a", "b"]
    store.writer.call(lambda tx: runs.update_run(tx, free, {"status": 3}))
    with store.read() as conn:
        assert read_fast(conn, make_search((2,), now=0), fields)[1] == ["RUNNING", "RUNNING", "FINISHED"]


def test_the_same_question_is_searched_once_until_something_changes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(store, 7)
    for _ in range(30):
        writer.act()
    searched: list[Any] = []
    real = run_table.search_runs

    def search(*arguments: Any) -> Any:
        searched.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(run_table, "search_runs", search)
    for _ in range(3):
        _check(store, ALL)
    assert len(searched) == 1
    writer.store.writer.call(writer.create)
    _check(store, ALL)
    assert len(searched) == 2


def test_readers_that_come_together_read_a_long_column_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(store, 8)
    for _ in range(60):
        writer.act()
    monkeypatch.setattr(column_cache, "LONG", 3)
    reads: list[int] = []
    together = threading.Barrier(4, timeout=30)
    real = column_cache.read_columns

    def read(conn: Any, scopes: Any, needed: Any, sources: Any) -> Any:
        reads.append(len(needed))
        return real(conn, scopes, needed, sources)

    monkeypatch.setattr(column_cache, "read_columns", read)
    answers: list[Any] = []

    def ask() -> None:
        with store.read() as conn:
            read_clock(conn)
            together.wait()
            answers.append(read_fast(conn, make_search(ALL), FIELDS))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1
    with store.read() as conn:
        assert answers == [read_plainly(conn, make_search(ALL), FIELDS)] * 4


@pytest.fixture
def changes(store: Store) -> RunChanges:
    return store.caches.part(RunChanges)


def test_changes_between_two_clocks_are_known_in_both_directions(
    store: Store, make_run: Callable[..., RunRef], changes: RunChanges
) -> None:
    made = [make_run(store, f"r{number}") for number in range(5)]
    with store.read() as old:
        low = read_clock(old)
        assert changes.between(old, low, low) == set()
        for run in made[:2]:
            store.writer.call(lambda tx, run=run: runs.update_run(tx, run, {"name": "x"}))
        with store.read() as new:
            high = read_clock(new)
            assert changes.between(new, low, high) == {made[0].id, made[1].id}
        assert changes.between(old, high, low) == {made[0].id, made[1].id}
        assert changes.between(old, low, high + 1) is None
        assert changes.between(old, low - 1, low) is None


@pytest.mark.databases("sqlite", reason="reads SQLite's account of its plan")
def test_the_runs_of_one_key_are_found_from_the_scope(store: Store) -> None:
    with store.read() as conn:
        for table in ("hr_param", "hr_tag", "hr_series"):
            plan = conn.rows(
                f"EXPLAIN QUERY PLAN SELECT p.run FROM hr_run r JOIN {table} p ON p.run = r.id AND p.key_id = 5 WHERE r.scope IN (2, 3)"
            )
            steps = [row[3] for row in plan]
            assert steps[0].startswith("SEARCH r USING COVERING INDEX hr_run_by_scope"), steps
            assert "run=? AND key_id=?" in steps[1], steps
