"""What a run went through, to be shown: its attempts, the run it was forked from, the params that attempts have changed. Knows no points."""

from headrace.store.connection import Connection, Row
from headrace.store.transaction import RunRef


def attempts(conn: Connection, run: RunRef) -> list[Row]:
    """Return (attempt, name, from_step or None, started_at) of each attempt, the first one first."""
    return conn.rows(
        "SELECT attempt, name, from_step, started_at FROM hr_attempt WHERE run = ? ORDER BY attempt",
        (run.id,),
    )


def find_fork(conn: Connection, run: RunRef) -> Row | None:
    """Return (public id of the parent, step), or None where the run is no fork."""
    return conn.row(
        "SELECT p.run_id, f.step FROM hr_fork f JOIN hr_run p ON p.id = f.parent WHERE f.run = ?", (run.id,)
    )


def past_params(conn: Connection, run: RunRef) -> list[Row]:
    """Return (key, value, last attempt with it) of params that a later attempt has changed, by key and attempt."""
    return conn.rows(
        "SELECT k.name, p.value, p.attempt FROM hr_param_past p JOIN hr_key k ON k.id = p.key_id WHERE p.run = ? "
        "ORDER BY k.name, p.attempt",
        (run.id,),
    )


def get_status(conn: Connection, run: RunRef) -> Row:
    """Return (status as MLflow's number, end time or None)."""
    return conn.rows("SELECT status, end_time FROM hr_run WHERE id = ?", (run.id,))[0]
