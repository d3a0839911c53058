"""Counts of names: those of the snapshot, whatever was counted before and whoever writes meanwhile."""

import random
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from headrace.api.endpoint import Tag
from headrace.store import annotations, codes, key_counts, moves, runs, series
from headrace.store.connection import Connection
from headrace.store.engine import Store
from headrace.store.key_counts import KeyCounts, count_values
from headrace.store.keys import intern_keys, key_names
from headrace.store.run_changes import read_clock
from headrace.store.run_columns import Kind
from headrace.store.transaction import RunRef, Transaction

TABLES = {Kind.METRIC: "hr_series", Kind.PARAM: "hr_param", Kind.TAG: "hr_tag"}
SCOPES = (2, 4)


def count_plainly(conn: Connection, scopes: tuple[int, ...], kind: Kind) -> dict[int, int]:
    counts: dict[int, int] = {}
    for _, key in conn.rows(
        f"SELECT DISTINCT e.run, e.key_id FROM {TABLES[kind]} e JOIN hr_run r ON r.id = e.run WHERE r.scope IN ({','.join(map(str, scopes))})"
    ):
        counts[key] = counts.get(key, 0) + 1
    return counts


def check(conn: Connection) -> None:
    clock = read_clock(conn)
    for kind in TABLES:
        for scopes in (SCOPES, (2,)):
            found = conn.caches.part(KeyCounts).read(conn, clock, scopes, kind)
            assert {key: count for key, count in found.items() if count} == count_plainly(conn, scopes, kind)


class Writer:
    """Writes runs with few keys each."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)
        self.made = 0

    def act(self) -> None:
        chosen = self.random.choice(
            [self.create, self.log, self.log, self.untag, self.finish, self.trash, self.move]
        )
        self.store.writer.call(chosen)

    def create(self, tx: Transaction) -> None:
        self.made += 1
        experiment = self.random.choice((1, 2, 3))
        run = runs.insert_run(tx, (f"r{self.made}", experiment, "n", "u", 1, "mlflow-artifacts:/1"))
        annotations.insert_params(tx, run, dict.fromkeys(self.random.sample("abcd", 2), "1"))
        annotations.set_tags(tx, run, [Tag(key=key, value="1") for key in self.random.sample("abcd", 2)])

    def _pick(self, tx: Transaction) -> RunRef:
        rows = tx.rows("SELECT run_id FROM hr_run ORDER BY id")
        if not rows:
            self.create(tx)
            return runs.get_run(tx, "r1")
        return runs.get_run(tx, self.random.choice(rows)[0])

    def log(self, tx: Transaction) -> None:
        key = self.random.choice("abcdefgh")
        point = (1, self.random.randrange(9), codes.encode(1.0))
        series.add_points(tx, self._pick(tx), intern_keys(tx, [key])[key], series.NO_CONTEXT, [point])

    def untag(self, tx: Transaction) -> None:
        run = self._pick(tx)
        if annotations.find_tag(tx, run, "a") is not None:
            annotations.delete_tag(tx, run, "a")

    def finish(self, tx: Transaction) -> None:
        runs.update_run(tx, self._pick(tx), {"status": 3})

    def trash(self, tx: Transaction) -> None:
        run = self._pick(tx)
        runs.update_deleted(tx, [(run.id, run.experiment)], not run.deleted, None if run.deleted else 1)

    def move(self, tx: Transaction) -> None:
        run = self._pick(tx)
        if not run.deleted:
            moves.move_runs(tx, [run], run.experiment % 3 + 1)


@pytest.fixture(params=[0, 2, 500], ids=["none live", "few live", "all live"])
def filled(request: pytest.FixtureRequest, store: Store, monkeypatch: pytest.MonkeyPatch) -> Writer:
    monkeypatch.setattr(key_counts, "MAX_LIVE", request.param)
    writer = Writer(store, request.param)
    for _ in range(40):
        writer.act()
    return writer


def test_counts_follow_each_write(filled: Writer) -> None:
    for _ in range(120):
        with filled.store.read() as conn:
            check(conn)
        filled.act()


def test_an_old_snapshot_has_its_own_counts(filled: Writer) -> None:
    with ExitStack() as stack:
        held = []
        for _ in range(5):
            held.append(stack.enter_context(filled.store.read()))
            read_clock(held[-1])  # the snapshot begins here
            for _ in range(8):
                filled.act()
            with filled.store.read() as conn:
                check(conn)
        for conn in random.Random(1).sample(held * 2, 10):
            check(conn)


def test_what_runs_log_while_they_run_is_counted_without_counting_all(
    store: Store, make_run: Callable[..., RunRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(store, 9)
    for _ in range(30):
        writer.act()
    run = make_run(store, "live")
    with store.read() as conn:
        check(conn)
    counted: list[object] = []
    real = key_counts._count
    monkeypatch.setattr(
        key_counts, "_count", lambda *arguments: counted.append(arguments) or real(*arguments)
    )

    def log(tx: Transaction) -> None:
        series.add_points(tx, run, intern_keys(tx, ["fresh"])["fresh"], series.NO_CONTEXT, [(1, 1, 0)])

    store.writer.call(log)
    newer = make_run(store, "newer")
    store.writer.call(lambda tx: annotations.insert_params(tx, newer, {"fresh": "1"}))
    with store.read() as conn:
        check(conn)
    assert counted == []
    store.writer.call(lambda tx: runs.update_deleted(tx, [(run.id, 1)], deleted=True, now=1))
    with store.read() as conn:
        check(conn)
    assert counted == []


def test_values_are_counted_by_text(store: Store, make_run: Callable[..., RunRef]) -> None:
    made = [make_run(store, f"r{number}") for number in range(4)]
    for run, value in zip(made, ("a", "a", "ä", "A"), strict=True):
        store.writer.call(lambda tx, run=run, value=value: annotations.insert_params(tx, run, {"p": value}))
    store.writer.call(lambda tx: runs.update_deleted(tx, [(made[3].id, 1)], deleted=True, now=1))
    with store.read() as conn:
        row = conn.row("SELECT id FROM hr_key WHERE name = 'p'")
        assert row is not None
        assert key_names(conn, [row[0]])[row[0]] == "p"
        assert dict(count_values(conn, (2,), Kind.PARAM, row[0])) == {"a": 2, "ä": 1}
        assert dict(count_values(conn, (2, 3), Kind.PARAM, row[0])) == {"a": 2, "ä": 1, "A": 1}
        assert count_values(conn, (4,), Kind.PARAM, row[0]) == []
