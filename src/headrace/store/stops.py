"""Requests to runs to stop. The run hears of one in the answer to its next batch, or asks, and says when it has heard; stopping is its own business."""

from typing import NamedTuple

from headrace.store.connection import Connection
from headrace.store.transaction import Kind, RunRef, Transaction


class Stop(NamedTuple):
    """A request to stop. Times are Unix milliseconds.

    Args:
        asked_at: when.
        asked_by: who.
        reason: why; may be empty.
        seen_at: when the run said that it had heard; None before.
    """

    asked_at: int
    asked_by: str
    reason: str
    seen_at: int | None


def find(conn: Connection, run: RunRef) -> Stop | None:
    """Return the request to a run, or None."""
    row = conn.row("SELECT asked_at, asked_by, reason, seen_at FROM hr_stop WHERE run = ?", (run.id,))
    return Stop(*row) if row else None


def ask(tx: Transaction, run: RunRef, stop: Stop) -> None:
    """Ask a run to stop. A run that was asked already keeps the first request, and what it said to it."""
    asked = tx.count_changed(
        "INSERT INTO hr_stop (run, asked_at, asked_by, reason, seen_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (run) DO NOTHING",
        (run.id, *stop),
    )
    if asked:
        tx.touch(Kind.RUN, run.id, run.experiment)


def cancel(tx: Transaction, run: RunRef) -> None:
    """Take a request back; where there is none, nothing happens."""
    if tx.count_changed("DELETE FROM hr_stop WHERE run = ?", (run.id,)):
        tx.touch(Kind.RUN, run.id, run.experiment)


def acknowledge(tx: Transaction, run: RunRef, now: int) -> None:
    """Note that a run has heard of the request to it; the first time counts."""
    if tx.count_changed("UPDATE hr_stop SET seen_at = ? WHERE run = ? AND seen_at IS NULL", (now, run.id)):
        tx.touch(Kind.RUN, run.id, run.experiment)


def forget_old(tx: Transaction, run: RunRef) -> None:
    """Drop the request to a run that has ended and is about to run again."""
    tx.change(
        "DELETE FROM hr_stop WHERE run = ? AND EXISTS (SELECT 1 FROM hr_run r WHERE r.id = ? AND r.status <> 1)",
        (run.id, run.id),
    )
