"""What only one process of a store does at a time: a row with a holder, until when it is his. Knows no duty; `headrace.services.background` does."""

from typing import NamedTuple

from headrace.store.connection import Connection
from headrace.store.transaction import Transaction


class Hold(NamedTuple):
    """Who holds a duty.

    Args:
        holder: the process.
        until: in Unix milliseconds; afterwards anybody may take it.
    """

    holder: str
    until: int


def holds(conn: Connection) -> dict[str, Hold]:
    """Return who holds what, by the duty's name, what has run out too."""
    return {name: Hold(*rest) for name, *rest in conn.rows("SELECT name, holder, until FROM hr_duty")}


def take(tx: Transaction, name: str, holder: str, now: int, length: int) -> bool:
    """Take or keep a duty; tell whether it is the holder's now.

    Args:
        tx: where to write.
        name: the duty.
        holder: who wants it.
        now: Unix milliseconds.
        length: for how many milliseconds.
    """
    changed = tx.count_changed(
        "UPDATE hr_duty SET holder = ?, until = ? WHERE name = ? AND (holder = ? OR until < ?)",
        (holder, now + length, name, holder, now),
    )
    if changed:
        return True
    return bool(
        tx.count_changed(
            "INSERT INTO hr_duty (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
            (name, holder, now + length),
        )
    )


def release(tx: Transaction, holder: str) -> None:
    """Give back all that a holder has, so that others need not wait until it runs out."""
    tx.change("UPDATE hr_duty SET until = 0 WHERE holder = ?", (holder,))


ALIVE = "alive"
"""The row that says when the store was last served; its holder is whoever said so last, and nobody's lease."""


def find_alive_mark(conn: Connection) -> int | None:
    """Return when the store was last known to be served, in Unix milliseconds, or None if it never was."""
    row = conn.row("SELECT until FROM hr_duty WHERE name = ?", (ALIVE,))
    return row[0] if row else None


def move_alive_mark(tx: Transaction, holder: str, before: int | None, now: int) -> bool:
    """Say that the store is served now; tell whether the mark still was what it is believed to have been.

    Args:
        tx: where to write.
        holder: who says so.
        before: the mark as `find_alive_mark` gave it.
        now: Unix milliseconds.
    """
    if before is None:
        changed = tx.count_changed(
            "INSERT INTO hr_duty (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
            (ALIVE, holder, now),
        )
    else:
        changed = tx.count_changed(
            "UPDATE hr_duty SET holder = ?, until = ? WHERE name = ? AND until = ?",
            (holder, now, ALIVE, before),
        )
    return bool(changed)
