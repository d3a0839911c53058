"""Interned names: known to all after a commit, known to nobody after a rollback."""

from collections.abc import Callable
from typing import Any

import pytest

from databases import query
from headrace.base.errors import InvalidParameter
from headrace.store.caches import MAX_KEYS, Caches
from headrace.store.engine import Store, open_store
from headrace.store.keys import find_key_ids, intern_keys, key_names
from headrace.store.transaction import Transaction


class _GivenUp(InvalidParameter):
    pass


def _then_fail(work: Callable[[Transaction], Any]) -> Callable[[Transaction], None]:
    def fail(tx: Transaction) -> None:
        work(tx)
        raise _GivenUp("rolled back")

    return fail


def test_a_name_has_one_id_for_ever(store: Store, url: str) -> None:
    first = store.writer.call(lambda tx: intern_keys(tx, ["a", "b", "a"]))
    other = open_store(url)
    second = other.writer.call(lambda tx: intern_keys(tx, ["b", "c"]))
    other.close()
    a, b, c = first["a"], first["b"], second["c"]
    assert second["b"] == b
    assert len({a, b, c}) == 3
    assert store.writer.call(lambda tx: intern_keys(tx, ["c", "a"])) == {"c": c, "a": a}
    with store.read() as conn:
        assert find_key_ids(conn, ["a", "c", "unknown"]) == {"a": a, "c": c}
        names = key_names(conn, [a, c])
        assert {number: names[number] for number in (a, c)} == {a: "a", c: "c"}


@pytest.mark.databases("sqlite", reason="the other databases keep what is interned: it is committed at once")
@pytest.mark.parametrize(
    "look",
    [
        lambda tx: None,
        lambda tx: find_key_ids(tx, ["gone"]),
        lambda tx: key_names(tx, [1]),
        lambda tx: intern_keys(tx, ["gone"]),
    ],
    ids=["interned", "found by name", "found by id", "interned twice"],
)
def test_nothing_of_a_rolled_back_transaction_is_remembered(
    store: Store, look: Callable[[Transaction], Any]
) -> None:
    def work(tx: Transaction) -> None:
        assert intern_keys(tx, ["gone"]) == {"gone": 1}
        look(tx)

    with pytest.raises(_GivenUp):
        store.writer.call(_then_fail(work))
    assert (store.caches.key_ids, store.caches.key_names) == ({}, {})
    # The number is given to the next name, so that a memory of the first would file its values under the second.
    assert store.writer.call(lambda tx: intern_keys(tx, ["next"])) == {"next": 1}
    with store.read() as conn:
        assert find_key_ids(conn, ["gone", "next"]) == {"next": 1}
        assert key_names(conn, [1])[1] == "next"


@pytest.mark.databases("postgresql", "mysql", reason="committed at once, so that no server waits for another")
def test_a_name_stays_when_the_transaction_that_was_first_to_use_it_is_rolled_back(
    store: Store, url: str
) -> None:
    numbers: dict[str, int] = {}
    with pytest.raises(_GivenUp):
        store.writer.call(_then_fail(lambda tx: numbers.update(intern_keys(tx, ["kept"]))))
    assert query(url, "SELECT id, name FROM hr_key") == [(numbers["kept"], "kept")]
    other = open_store(url)
    assert other.writer.call(lambda tx: intern_keys(tx, ["kept"])) == numbers
    other.close()
    assert store.writer.call(lambda tx: intern_keys(tx, ["kept", "next"]))["kept"] == numbers["kept"]
    with store.read() as conn:
        assert key_names(conn, numbers.values())[numbers["kept"]] == "kept"


def test_a_transaction_sees_its_own_names(store: Store) -> None:
    def work(tx: Transaction) -> tuple[dict[str, int], str]:
        ids = intern_keys(tx, ["new"])
        return find_key_ids(tx, ["new"]), key_names(tx, ids.values())[ids["new"]]

    assert store.writer.call(work) == ({"new": 1}, "new")
    assert store.caches.key_ids == {"new": 1}


def test_the_memory_for_names_is_bounded() -> None:
    caches = Caches()
    caches.add_keys({f"k{number}": number for number in range(MAX_KEYS)})
    caches.add_keys({"one more": MAX_KEYS})
    assert caches.key_ids == {"one more": MAX_KEYS}
    assert caches.key_names == {MAX_KEYS: "one more"}
