"""Params of a run that may have several attempts: within one attempt a param cannot change, a later attempt may give it another value.

The value of the newest attempt is the current one; what it was before is kept, see ``hr_param_past``.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from headrace.store.annotations import digest, number_code
from headrace.store.keys import find_key_ids, intern_keys
from headrace.store.transaction import Kind, RunRef, Transaction


class Fate(Enum):
    """What became of a param."""

    STORED = 1
    REPEATED = 2
    REFUSED = 3


class Logged(NamedTuple):
    """What became of a param; where it was refused, `held` is the value that the attempt has already."""

    fate: Fate
    held: str = ""


class _Held(NamedTuple):
    value: str
    attempt: int


_STORED, _REPEATED = Logged(Fate.STORED), Logged(Fate.REPEATED)
_INSERT_PAST = (
    "INSERT INTO hr_param_past (run, key_id, attempt, value) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (run, key_id, attempt) DO NOTHING"
)


def log_params(tx: Transaction, run: RunRef, params: Sequence[tuple[str, str]]) -> list[Logged]:
    """Log params, pairs of key and value, for the attempt that the run reference names; return what became of each, in order."""
    keys = find_key_ids(tx, {key for key, _ in params})
    names = {number: name for name, number in keys.items()}
    held = {
        names[row[0]]: _Held(row[1], row[2])
        for row in tx.rows_in(
            "SELECT key_id, value, attempt FROM hr_param WHERE run = ? AND key_id IN ({ids})",
            names,
            before=(run.id,),
        )
    }
    before = dict(held)
    fates = [_log(tx, run, param, held, keys) for param in params]
    fresh = {key: now.value for key, now in held.items() if key not in before}
    changed = {key: now for key, now in held.items() if key in before and now != before[key]}
    if fresh:
        ids = intern_keys(tx, fresh)
        tx.change_many(
            "INSERT INTO hr_param (run, key_id, value, digest, number, scope, attempt) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (run.id, ids[k], v, digest(v), number_code(v), run.scope, run.attempt)
                for k, v in fresh.items()
            ],
        )
    tx.change_many(
        _INSERT_PAST,
        [(run.id, keys[k], *before[k][::-1]) for k, now in changed.items() if now.value != before[k].value],
    )
    tx.change_many(
        "UPDATE hr_param SET value = ?, digest = ?, number = ?, attempt = ? WHERE run = ? AND key_id = ?",
        [
            (value, digest(value), number_code(value), attempt, run.id, keys[key])
            for key, (value, attempt) in changed.items()
        ],
    )
    if any(each.fate is Fate.STORED for each in fates):
        tx.touch(Kind.RUN, run.id, run.experiment)
    return fates


def _log(
    tx: Transaction, run: RunRef, param: tuple[str, str], held: dict[str, _Held], keys: dict[str, int]
) -> Logged:
    """Judge one param against what the run has, and bring that up to date."""
    key, value = param
    now = held.get(key)
    if now is None:
        held[key] = _Held(value, run.attempt)
        return _STORED
    if now.value == value:
        if now.attempt < run.attempt:
            held[key] = _Held(value, run.attempt)
        return _REPEATED
    if now.attempt < run.attempt:
        held[key] = _Held(value, run.attempt)
        return _STORED
    if now.attempt == run.attempt:
        return Logged(Fate.REFUSED, now.value)
    return _log_past(tx, run, keys[key], value)


def _log_past(tx: Transaction, run: RunRef, key: int, value: str) -> Logged:
    """Log a param of an attempt after a later one has given it another value."""
    row = tx.row(
        "SELECT value, attempt FROM hr_param_past WHERE run = ? AND key_id = ? AND attempt >= ? ORDER BY attempt LIMIT 1",
        (run.id, key, run.attempt),
    )
    if row is not None and row[0] == value:
        return _REPEATED
    if row is not None and row[1] == run.attempt:
        return Logged(Fate.REFUSED, row[0])
    tx.change(_INSERT_PAST, (run.id, key, run.attempt, value))
    return _STORED
