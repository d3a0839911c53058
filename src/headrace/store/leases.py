"""Leases of runs: until when a run's writer has promised to be heard of. A run is LOST while it is RUNNING and its lease is over: derived, never stored.

Only a writer that asked for a lease has one; runs of MLflow clients have none and are never LOST. MLflow's wire, which has no word for it, shows a LOST run
as RUNNING until ten lease lengths have passed, and then as FAILED, ended when its lease ended. An ended run has no row here, so that the table
stays small. Times are Unix milliseconds of the platform's clock; lengths are milliseconds.
"""

from typing import NamedTuple

from headrace.api.runs import RunStatus
from headrace.store.connection import Connection
from headrace.store.transaction import Kind, RunRef, Transaction

LOST = 6
"""Stands beside the numbers of `RunStatus` in conditions and orders. It is never stored."""

GRACE_LENGTHS = 10
STATUS_NAMES = {**{status.number: status.value for status in RunStatus}, LOST: "LOST"}


class Lease(NamedTuple):
    """A lease.

    Args:
        until: when it ends or has ended.
        length: for how long it was given.
    """

    until: int
    length: int


def renew(tx: Transaction, run: RunRef, until: int, length: int) -> None:
    """Give a run a lease, or a later end to the one it has; a LOST run is RUNNING again. A run that is not RUNNING gets none.

    Where the same batch sets a status, that comes first: `headrace.store.runs.update_run` ends the lease.

    Args:
        tx: where to write.
        run: the run.
        until: when the lease ends: `length` from now.
        length: milliseconds.
    """
    renewed = tx.count_changed(
        "UPDATE hr_lease SET until = ?, length = ? WHERE run = ? AND until >= ?",
        (until, length, run.id, until - length),
    )
    if renewed:
        return
    if find_lease(tx, run) is not None:
        tx.change("UPDATE hr_lease SET until = ?, length = ? WHERE run = ?", (until, length, run.id))
    elif tx.row("SELECT 1 FROM hr_run WHERE id = ? AND status = ?", (run.id, RunStatus.RUNNING.number)):
        tx.change("INSERT INTO hr_lease (run, until, length) VALUES (?, ?, ?)", (run.id, until, length))
    else:
        return
    tx.touch(Kind.RUN, run.id, run.experiment)


def end(tx: Transaction, run: RunRef) -> None:
    """Take a run's lease away: it has ended, or is written to by somebody who asks for none."""
    tx.change("DELETE FROM hr_lease WHERE run = ?", (run.id,))


def find_lease(conn: Connection, run: RunRef) -> Lease | None:
    """Return a run's lease, one that is over too, or None."""
    row = conn.row("SELECT until, length FROM hr_lease WHERE run = ?", (run.id,))
    return Lease(*row) if row else None


def has_leases(conn: Connection, since: int) -> bool:
    """Tell whether a lease ends at or after a moment."""
    return conn.row("SELECT 1 FROM hr_lease WHERE until >= ? LIMIT 1", (since,)) is not None


def revive(tx: Transaction, since: int, now: int) -> int:
    """Give a whole length from now to each lease that was valid at a moment, and return how many got more time.

    Args:
        tx: where to write.
        since: when the store was last served; runs could not be heard of between then and now.
        now: now.
    """
    return tx.count_changed(
        "UPDATE hr_lease SET until = ? + length WHERE until >= ? AND until < ? + length", (now, since, now)
    )


def wire_status(now: int) -> str:
    """Return the SQL of the status number that MLflow's wire shows of ``hr_run r``."""
    return (
        f"CASE WHEN r.status = {RunStatus.RUNNING.number} AND {_over(now, GRACE_LENGTHS)} THEN {RunStatus.FAILED.number} "
        "ELSE r.status END"
    )


def wire_end_time(now: int) -> str:
    """Return the SQL of the end time that MLflow's wire shows of ``hr_run r``."""
    over = _over(now, GRACE_LENGTHS, "w.until")
    return f"COALESCE(r.end_time, CASE WHEN r.status = {RunStatus.RUNNING.number} THEN {over} END)"


def own_status(now: int) -> str:
    """Return the SQL of the status number of ``hr_run r`` as headrace's own API shows it, `LOST` among them."""
    return (
        f"CASE WHEN r.status = {RunStatus.RUNNING.number} AND {_over(now, 0)} THEN {LOST} ELSE r.status END"
    )


def _over(now: int, lengths: int, column: str = "") -> str:
    """Return the SQL that finds the lease of ``hr_run r``, if it has been over for a number of its lengths. The time is this process's, not a user's."""
    grace = f" + {lengths} * w.length" if lengths else ""
    query = f"(SELECT {column or '1'} FROM hr_lease w WHERE w.run = r.id AND w.until{grace} < {int(now)})"
    return query if column else f"{query} IS NOT NULL"  # as a value it is looked up run by run
