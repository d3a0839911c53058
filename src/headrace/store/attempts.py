"""Attempts at a run, and runs forked from others.

An attempt is named by the launcher (its job id and restart count): all who give the same name write to the same attempt, as the ranks of a distributed job do.
A run whose points came without a name has had attempt 0. A fork goes on from another run's visible history below a step. What is visible of all that is the business of
`points` and `visible`.
"""

from typing import NamedTuple

from headrace.base.errors import InvalidParameter
from headrace.store import visible
from headrace.store.connection import Connection
from headrace.store.series import flush_points
from headrace.store.transaction import Kind, RunRef, Transaction

MAX_NAME = 250
MAX_ATTEMPTS = 32_000


class Attempt(NamedTuple):
    """One attempt at a run.

    Args:
        number: counted from 0.
        name: the launcher's.
        from_step: where it went on, if the launcher said so.
        started_at: Unix milliseconds.
    """

    number: int
    name: str
    from_step: int | None
    started_at: int


def find_attempt(conn: Connection, run: int, name: str) -> int | None:
    """Return the number of the attempt of a name, or None."""
    row = conn.row("SELECT attempt FROM hr_attempt WHERE run = ? AND name = ?", (run, name))
    return row[0] if row else None


def list_attempts(conn: Connection, run: int) -> list[Attempt]:
    """Return the attempts of a run that have a name, the first one first."""
    return [
        Attempt(*row)
        for row in conn.rows(
            "SELECT attempt, name, from_step, started_at FROM hr_attempt WHERE run = ? ORDER BY attempt",
            (run,),
        )
    ]


def check_attempt(name: str, from_step: int | None) -> None:
    """Check what a launcher says of an attempt.

    Raises:
        InvalidParameter: the name is empty, too long or not legal, or the step is not one of 64 bits.
    """
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise InvalidParameter(
            f"Invalid name {name[:80]!r} of an attempt: 1 to {MAX_NAME} characters without NUL are allowed."
        )
    if from_step is not None and not -(2**63) <= from_step < 2**63:
        raise InvalidParameter(
            f"from_step {from_step} of the attempt {name[:80]!r} is not an integer of 64 bits."
        )


def begin_attempt(
    tx: Transaction, run: RunRef, name: str, from_step: int | None, now: int
) -> tuple[int, bool]:
    """Begin an attempt at a run, or join it if it has begun.

    Args:
        tx: where to write.
        run: the run.
        name: the launcher's name for the attempt; see `check_attempt`.
        from_step: where it goes on: earlier attempts are visible below this step. Counts when the attempt begins.
        now: Unix milliseconds.

    Returns:
        its number, and whether it is new. Points of it are those of ``run._replace(attempt=number)``.

    Raises:
        InvalidParameter: the run has too many attempts; nothing was written.
    """
    number = find_attempt(tx, run.id, name)
    if number is not None:
        return number, False
    number = _next_number(tx, run)
    if number > MAX_ATTEMPTS:
        raise InvalidParameter(
            f"The run {run.run_id!r} has {number} attempts; more are not possible. Begin another run, as a fork of this one."
        )
    flush_points(tx)
    tx.change(
        "INSERT INTO hr_attempt (run, attempt, name, from_step, started_at) VALUES (?, ?, ?, ?, ?)",
        (run.id, number, name, from_step, now),
    )
    if number:
        tx.change("UPDATE hr_run SET attempt = ? WHERE id = ?", (number, run.id))
        tx.forget_runs({run.id})
        visible.enter_views(tx, run.id)
    if from_step is not None:
        reaching = _keys_reaching(tx, run.id, from_step)
        visible.refresh_views(tx, run.id, dict.fromkeys(reaching, from_step))
    tx.touch(Kind.RUN, run.id, run.experiment)
    return number, True


def _next_number(tx: Transaction, run: RunRef) -> int:
    row = tx.row("SELECT MAX(attempt) FROM hr_attempt WHERE run = ?", (run.id,))
    if row is not None and row[0] is not None:
        last: int = row[0]
        return last + 1
    collected = (series for group in (tx.points, tx.records, tx.arrays) for series in group)
    if any(series[0] == run.id for series in collected):
        return 1
    return 1 if tx.row("SELECT 1 FROM hr_series WHERE run = ? AND attempt >= 0 LIMIT 1", (run.id,)) else 0


def _keys_reaching(conn: Connection, run: int, step: int) -> list[int]:
    """Return the metrics of a run of which a point of this step or a later one is visible."""
    rows = conn.rows(
        "SELECT key_id FROM hr_series WHERE run = ? AND context = 0 AND attempt = ? AND latest_step >= ?",
        (run, visible.VIEW, step),
    )
    return [row[0] for row in rows]


def find_fork(conn: Connection, run: int) -> tuple[int, int] | None:
    """Return the integer id of the run that a run was forked from, and the step; None if it is no fork."""
    row = conn.row("SELECT parent, step FROM hr_fork WHERE run = ?", (run,))
    return (row[0], row[1]) if row else None


def check_fork(conn: Connection, run: RunRef, parent: RunRef, step: int) -> None:
    """Check that a run can be, or is, a fork of another at a step.

    Raises:
        InvalidParameter: it is a fork of another one, or at another step, or the other one descends from it.
    """
    before = find_fork(conn, run.id)
    if before is not None and before != (parent.id, step):
        raise InvalidParameter(
            f"The run {run.run_id!r} is a fork already, of another run or at another step than {parent.run_id!r} at {step}; "
            "begin a new run."
        )
    ancestor: int | None = parent.id
    while ancestor is not None:
        if isinstance(conn, Transaction):
            # Nobody makes an ancestor a fork meanwhile, nor writes points that the fork has to show.
            conn.lock_run_numbers((ancestor,))
        if ancestor == run.id:
            raise InvalidParameter(
                f"The run {run.run_id!r} cannot be a fork of {parent.run_id!r}, which is the same run or descends from it."
            )
        above = find_fork(conn, ancestor)
        ancestor = above[0] if above else None


def fork(tx: Transaction, run: RunRef, parent: RunRef, step: int) -> bool:
    """Make a run a fork: it goes on from what is visible of its parent below a step.

    Args:
        tx: where to write.
        run: the fork.
        parent: the run that it goes on from.
        step: the parent's points of lower steps are part of the fork's history.

    Returns:
        whether that is new.

    Raises:
        InvalidParameter: see `check_fork`; nothing was written.
    """
    check_fork(tx, run, parent, step)
    if find_fork(tx, run.id) is not None:
        return False
    flush_points(tx)
    visible.enter_views(tx, parent.id)
    visible.enter_views(tx, run.id)
    tx.change("INSERT INTO hr_fork (run, parent, step) VALUES (?, ?, ?)", (run.id, parent.id, step))
    keys = tx.rows(
        "SELECT DISTINCT key_id FROM hr_series WHERE run IN (?, ?) AND context = 0", (run.id, parent.id)
    )
    visible.refresh_views(tx, run.id, {row[0]: visible.ANY_STEP for row in keys})
    tx.touch(Kind.RUN, run.id, run.experiment)
    return True
