"""Environments: interpreters with their packages, kept once however many runs share them. The module does not know what is in one."""

import hashlib

from headrace.store.connection import Connection
from headrace.store.transaction import Kind, RunRef, Transaction

_FIND_ENVIRONMENT = "SELECT id FROM hr_environment WHERE digest = ?"


def find_environment(conn: Connection, run: RunRef) -> str | None:
    """Return the environment of the attempt that a run reference names, as JSON, or None."""
    row = conn.row(
        "SELECT e.body FROM hr_run_environment l JOIN hr_environment e ON e.id = l.environment WHERE l.run = ? AND l.attempt = ?",
        (run.id, run.attempt),
    )
    return row[0] if row else None


def set_environment(tx: Transaction, run: RunRef, body: str) -> None:
    """Note in which environment the attempt that a run reference names runs; the last one that was given counts.

    Args:
        tx: where to write.
        run: the run.
        body: JSON; equal ones are spelled alike.
    """
    tx.change(
        "INSERT INTO hr_run_environment (run, attempt, environment) VALUES (?, ?, ?) "
        "ON CONFLICT (run, attempt) DO UPDATE SET environment = excluded.environment",
        (run.id, run.attempt, _intern(tx, body)),
    )
    tx.touch(Kind.RUN, run.id, run.experiment)


def _intern(tx: Transaction, body: str) -> int:
    digest = hashlib.sha256(body.encode()).hexdigest()
    row = tx.row(_FIND_ENVIRONMENT, (digest,))
    if row is None:
        tx.intern(
            "INSERT INTO hr_environment (digest, body) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
            [(digest, body)],
        )
        row = tx.row(_FIND_ENVIRONMENT, (digest,))
        assert row is not None
    number: int = row[0]
    return number
