"""The data of runs is exactly what the snapshot holds, whatever is kept from earlier reads, whoever writes, and on whichever server."""

import random
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from headrace.api.endpoint import Tag
from headrace.api.inputs import Dataset, DatasetInput, ModelOutput
from headrace.store import annotations, inputs, run_changes, run_data, runs, series
from headrace.store.connection import Connection
from headrace.store.engine import Store
from headrace.store.keys import intern_keys
from headrace.store.run_changes import read_clock
from headrace.store.run_data import Content, ContentCache, read_contents
from headrace.store.transaction import RunRef, Transaction

KEYS = ("a", "b", "c")


def _act(store: Store, run_id: str, chance: random.Random) -> None:
    """Write something to a run, as services do."""

    def work(tx: Transaction) -> None:
        run = runs.get_run(tx, run_id)
        key = chance.choice(KEYS)
        match chance.randrange(6):
            case 0:
                given = {key: "v"}
                annotations.insert_params(tx, run, annotations.check_params(tx, run, given))
            case 1:
                annotations.set_tags(tx, run, [Tag(key=key, value=str(chance.random()))])
            case 2 if annotations.find_tag(tx, run, key) is not None:
                annotations.delete_tag(tx, run, key)
            case 3:
                source = Dataset(name=key, digest="d", source_type="s", source="x")
                inputs.insert_datasets(tx, run, [DatasetInput(dataset=source)])
            case 4:
                inputs.insert_model_outputs(tx, run, [ModelOutput(model_id=key, step=chance.randrange(9))])
            case _:
                points = [(5, chance.randrange(50), chance.randrange(50))]
                series.add_points(tx, run, intern_keys(tx, [key])[key], series.NO_CONTEXT, points)

    store.writer.call(work)


def _read(conn: Connection, ids: list[int]) -> dict[int, Content]:
    return read_contents(conn, ids, read_clock(conn))


def _read_plainly(conn: Connection, ids: list[int]) -> dict[int, Content]:
    return read_contents(conn, ids, None)


def test_what_is_read_is_what_the_snapshot_holds_while_two_servers_write(
    stores: tuple[Store, Store], make_run: Callable[..., RunRef]
) -> None:
    chance = random.Random(3)
    made = [make_run(stores[0], f"both{number}") for number in range(6)]
    ids = [run.id for run in made]
    for _ in range(60):
        for _ in range(chance.randrange(3)):
            _act(chance.choice(stores), chance.choice(made).run_id, chance)
        wanted = chance.sample(ids, chance.randrange(1, len(ids)))
        for store in chance.sample(stores, chance.randrange(1, 3)):
            with store.read() as conn:
                assert _read(conn, wanted) == _read_plainly(conn, wanted)


def test_a_reader_of_an_older_snapshot_sees_nothing_newer(
    stores: tuple[Store, Store], make_run: Callable[..., RunRef]
) -> None:
    chance = random.Random(4)
    run = make_run(stores[0], "older")
    for _ in range(25):
        with ExitStack() as stack:
            snapshots = []
            for _ in range(3):
                _act(chance.choice(stores), run.run_id, chance)
                conn = stack.enter_context(stores[0].read())
                snapshots.append((conn, _read_plainly(conn, [run.id])))
            chance.shuffle(snapshots)
            for conn, seen in (*snapshots, *snapshots):
                assert _read(conn, [run.id]) == seen


@pytest.mark.parametrize("most", [3, 40])
def test_long_after_the_last_look_the_snapshot_is_read_as_it_is(
    monkeypatch: pytest.MonkeyPatch, store: Store, make_run: Callable[..., RunRef], most: int
) -> None:
    monkeypatch.setattr(run_data, "MAX_COMMITS", most)
    monkeypatch.setattr(run_changes, "MAX_GAP", 2)
    chance = random.Random(5)
    made = [make_run(store, f"r{number}") for number in range(4)]
    ids = [run.id for run in made]
    for _ in range(20):
        for _ in range(chance.choice((0, 1, 5, 12))):
            _act(store, chance.choice(made).run_id, chance)
        wanted = chance.sample(ids, chance.randrange(1, len(ids)))
        with store.read() as conn:
            assert _read(conn, wanted) == _read_plainly(conn, wanted)


def test_what_a_caller_does_to_an_answer_is_not_seen_by_the_next(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    store.writer.call(lambda tx: annotations.set_tags(tx, run, [Tag(key="t", value="v")]))
    for _ in range(3):
        with store.read() as conn:
            found = _read(conn, [run.id])[run.id].data
        assert found.tags == [Tag(key="t", value="v")]
        found.tags.clear()
        found.params = []


def test_no_more_is_kept_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch, store: Store, make_run: Callable[..., RunRef]
) -> None:
    monkeypatch.setattr(run_data, "MAX_VALUES", 100)
    tags = [Tag(key=f"t{number}", value="v" * 300) for number in range(5)]
    made = [make_run(store, f"r{number}") for number in range(10)]
    for run in made:
        store.writer.call(lambda tx, run=run: annotations.set_tags(tx, run, tags))
    cache = store.caches.part(ContentCache)
    for run in (*made, *reversed(made)):
        with store.read() as conn:
            assert _read(conn, [run.id])[run.id].data.tags == tags
            clock = read_clock(conn)
            kept = [each for each in made if each.id in cache.find(conn, [each.id], clock)]
        assert run in kept
        assert len(kept) <= 4


def test_a_transaction_reads_what_it_has_written_itself(
    store: Store, make_run: Callable[..., RunRef]
) -> None:
    run = make_run(store)
    with store.read() as conn:
        _read(conn, [run.id])

    def work(tx: Transaction) -> object:
        annotations.set_tags(tx, run, [Tag(key="t", value="v")])
        return runs.build_runs(tx, [run.id], 0)[0].data.tags

    assert store.writer.call(work) == [Tag(key="t", value="v")]
