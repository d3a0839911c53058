"""Interned names of metrics, params and tags."""

from collections.abc import Collection, Iterable

from headrace.store.connection import Connection
from headrace.store.transaction import Transaction

_FIND_KEYS = "SELECT name, id FROM hr_key WHERE name IN ({ids})"


def find_key_ids(conn: Connection, names: Collection[str]) -> dict[str, int]:
    """Return the ids of those names that are known."""
    known = conn.caches.key_ids
    found = {name: known[name] for name in names if name in known}
    missing = [name for name in names if name not in found]
    if missing:
        fresh: dict[str, int] = dict(conn.rows_in(_FIND_KEYS, missing))
        _remember(conn, fresh)
        found.update(fresh)
    return found


def intern_keys(tx: Transaction, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of names, giving new ones an id."""
    cached, new = tx.caches.key_ids, tx.new_keys
    ids: dict[str, int] = {}
    missing: list[str] = []
    for name in names:
        number = cached.get(name) or new.get(name)
        if number is None:
            missing.append(name)
        else:
            ids[name] = number
    if missing:
        found: dict[str, int] = dict(tx.rows_in(_FIND_KEYS, missing))
        fresh = [(name,) for name in missing if name not in found]
        if fresh:
            tx.intern("INSERT INTO hr_key (name) VALUES (?) ON CONFLICT (name) DO NOTHING", fresh)
            found |= dict(tx.rows_in(_FIND_KEYS, [name for (name,) in fresh]))
        new.update(found)
        ids.update(found)
    return ids


def key_names(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """Return the names of ids. The dictionary may hold more than was asked for; do not change it."""
    names = conn.caches.key_names
    missing = [number for number in ids if number not in names]
    if not missing:
        return names
    fresh = {
        name: number
        for number, name in conn.rows_in("SELECT id, name FROM hr_key WHERE id IN ({ids})", missing)
    }
    _remember(conn, fresh)
    merged = {number: names[number] for number in ids if number in names}
    merged.update((number, name) for name, number in fresh.items())
    return merged


def _remember(conn: Connection, ids: dict[str, int]) -> None:
    """Keep names for later; what a transaction sees may be rolled back, so that it waits for the commit."""
    if isinstance(conn, Transaction):
        conn.new_keys.update(ids)
    else:
        conn.caches.add_keys(ids)
