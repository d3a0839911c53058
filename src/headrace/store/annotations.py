"""Params and tags of runs."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from headrace.api.endpoint import Tag
from headrace.base.errors import InvalidParameter, NotFound
from headrace.search.number_text import find_number
from headrace.store.codes import encode
from headrace.store.connection import Connection
from headrace.store.keys import find_key_ids, intern_keys
from headrace.store.transaction import Kind, RunRef, Transaction

_EXCERPT = 80
HELD_PARAMS = "SELECT key_id, value FROM hr_param WHERE run = ? AND key_id IN ({ids})"


def digest(value: str) -> int:
    """Return the signed 64-bit hash by which values are found in an index."""
    raw = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "little", signed=True)


def number_code(value: str) -> int | None:
    """Return the code of the number that a text holds, or None if it holds none."""
    number = find_number(value)
    return None if number is None else encode(number)


def check_params(conn: Connection, run: RunRef, params: Mapping[str, str]) -> dict[str, str]:
    """Return those params that the run does not have yet.

    Raises:
        InvalidParameter: the run has one of them with another value.
    """
    known = find_key_ids(conn, params)
    if not known:
        return dict(params)
    names = {number: name for name, number in known.items()}
    held = conn.foreseen.take_params(run.id, names) if isinstance(conn, Transaction) else None
    if held is None:
        held = conn.rows_in(HELD_PARAMS, names, before=(run.id,))
    fresh = dict(params)
    for key, value in held:
        wanted = fresh.pop(names[key])
        if wanted != value:
            raise InvalidParameter(
                f"Run {run.run_id!r} has the param {names[key]!r} with the value {_short(value)} already; it cannot be changed to "
                f"{_short(wanted)}. Log it under another name, or start another run."
            )
    return fresh


def insert_params(tx: Transaction, run: RunRef, params: Mapping[str, str]) -> None:
    """Insert params that the run does not have yet (see `check_params`)."""
    if not params:
        return
    keys = intern_keys(tx, params)
    tx.change_many(
        "INSERT INTO hr_param (run, key_id, value, digest, number, scope, attempt) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(run.id, keys[k], v, digest(v), number_code(v), run.scope, run.attempt) for k, v in params.items()],
    )
    tx.touch(Kind.RUN, run.id, run.experiment)


def set_tags(tx: Transaction, run: RunRef, tags: Iterable[Tag]) -> None:
    """Set tags of a run; existing ones are replaced, and of two with one key the last counts."""
    values = {tag.key: tag.value for tag in tags}
    if not values:
        return
    keys = intern_keys(tx, values)
    tx.change_many(
        "INSERT INTO hr_tag (run, key_id, value, digest, scope) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (run, key_id) DO UPDATE SET value = excluded.value, digest = excluded.digest",
        [(run.id, keys[k], v, digest(v), run.scope) for k, v in values.items()],
    )
    tx.touch(Kind.RUN, run.id, run.experiment)


def find_tag(conn: Connection, run: RunRef, name: str) -> str | None:
    """Return the value of a tag, or None."""
    row = conn.row(
        "SELECT t.value FROM hr_tag t JOIN hr_key k ON k.id = t.key_id WHERE t.run = ? AND k.name = ?",
        (run.id, name),
    )
    return row[0] if row else None


def delete_tag(tx: Transaction, run: RunRef, name: str) -> None:
    """Delete a tag.

    Raises:
        NotFound: the run has no such tag.
    """
    if find_tag(tx, run, name) is None:
        raise NotFound(f"Run {run.run_id!r} has no tag {name!r}.")
    tx.change(
        "DELETE FROM hr_tag WHERE run = ? AND key_id = (SELECT id FROM hr_key WHERE name = ?)", (run.id, name)
    )
    tx.touch(Kind.RUN, run.id, run.experiment)


def params_by_run(conn: Connection, runs: Sequence[int]) -> list[tuple[int, str, str]]:
    """Return (run, name, value) of all params of runs."""
    return conn.rows_in(
        "SELECT p.run, k.name, p.value FROM hr_param p JOIN hr_key k ON k.id = p.key_id WHERE p.run IN ({ids})",
        runs,
    )


def _short(value: str) -> str:
    return repr(value if len(value) <= _EXCERPT else value[:_EXCERPT] + "…")
