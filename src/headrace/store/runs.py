"""Runs: rows, life and death. Params and tags, points and inputs have files of their own."""

from collections.abc import Iterable, Sequence
from typing import Any

from headrace.api.runs import Run, RunInfo, RunStatus
from headrace.base.errors import NotFound
from headrace.store import leases, stops
from headrace.store.connection import Connection, Row
from headrace.store.experiments import STAGES
from headrace.store.run_changes import read_clock
from headrace.store.run_data import read_contents
from headrace.store.series import flush_points
from headrace.store.transaction import RUN_COLUMNS, Kind, RunRef, Transaction

# The last column is set where MLflow's wire shows a LOST run as FAILED. It takes the time as a parameter.
_INFO = (
    "id, run_id, experiment, scope, name, user_id, status, start_time, end_time, artifact_uri, CASE WHEN status = 1 THEN "
    f"(SELECT until FROM hr_lease WHERE run = hr_run.id AND until + {leases.GRACE_LENGTHS} * length < ?) END"
)
_BY_NUMBER = {status.number: status for status in RunStatus}


def insert_run(tx: Transaction, row: tuple[str, int, str, str, int, str]) -> RunRef:
    """Insert a run that is RUNNING.

    Args:
        tx: where to write.
        row: run_id, experiment, name, user_id, start_time, artifact_uri.
    """
    run_id, experiment, name, user_id, start_time, artifact_uri = row
    scope = 2 * experiment
    values = (run_id, experiment, scope, name, user_id, start_time, artifact_uri)
    ids = tx.foreseen.take_ids("hr_run", 1)
    if ids is None:
        number = tx.insert(
            "INSERT INTO hr_run (run_id, experiment, scope, name, user_id, status, start_time, artifact_uri, attempt) "
            "VALUES (?, ?, ?, ?, ?, 1, ?, ?, 0)",
            values,
        )
    else:
        (number,) = ids
        tx.change(
            "INSERT INTO hr_run (id, run_id, experiment, scope, name, user_id, status, start_time, artifact_uri, attempt) "
            "VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, 0)",
            (number, *values),
        )
    tx.touch(Kind.RUN, number, experiment)
    tx.locked_runs.add(run_id)
    tx.made_runs.add(run_id)
    run = tx.held_runs[run_id] = RunRef(number, run_id, experiment, scope, start_time, 0, artifact_uri)
    return run


def find_run(conn: Connection, run_id: str) -> RunRef | None:
    """Return what writing to a run needs to know, or None. A transaction locks the run."""
    if isinstance(conn, Transaction):
        conn.lock_runs((run_id,))
        return conn.held_runs.get(run_id)
    row = conn.row(f"SELECT {RUN_COLUMNS} FROM hr_run WHERE run_id = ?", (run_id,))
    return RunRef(*row) if row else None


def get_run(conn: Connection, run_id: str) -> RunRef:
    """Return what `find_run` does.

    Raises:
        NotFound: there is no such run.
    """
    run = find_run(conn, run_id)
    if run is None:
        raise NotFound(f"Run {run_id!r} does not exist.")
    return run


def update_run(tx: Transaction, run: RunRef, values: dict[str, Any]) -> None:
    """Change columns of a run: `name`, `status` (MLflow's number), `end_time`.

    Whoever sets a status speaks for the run: the lease that it had ends. One that comes to life again is not stopped by what was asked before.
    """
    if values:
        if "status" in values:
            leases.end(tx, run)
            if values["status"] == RunStatus.RUNNING.number:
                stops.forget_old(tx, run)
        columns = ", ".join(f"{name} = ?" for name in values)
        tx.change(f"UPDATE hr_run SET {columns} WHERE id = ?", (*values.values(), run.id))
        tx.touch(Kind.RUN, run.id, run.experiment)


def update_deleted(tx: Transaction, runs: Sequence[Row], deleted: bool, now: int | None) -> None:
    """Move runs to the trash or back: their rows, and the columns by which searches find what they hold.

    Args:
        tx: where to write; it has locked the runs.
        runs: (id, experiment) of each.
        deleted: where they go.
        now: when, in Unix milliseconds; None when they come back.
    """
    flush_points(tx)  # series that are new in this transaction get their scope changed with the others
    moved = [(2 * experiment + deleted, run) for run, experiment in runs]
    tx.change_many(
        "UPDATE hr_run SET scope = ?, deleted_at = ? WHERE id = ?", [(a, now, b) for a, b in moved]
    )
    for table in ("hr_param", "hr_tag"):
        tx.change_many(f"UPDATE {table} SET scope = ? WHERE run = ?", moved)
    tx.change_many("UPDATE hr_series SET scope = ? WHERE run = ? AND scope IS NOT NULL", moved)
    tx.forget_runs({run for run, _ in runs})
    for run, experiment in runs:
        tx.touch(Kind.RUN, run, experiment)


def lock_experiment_runs(tx: Transaction, experiment: int, deleted_at: int | None) -> list[Row]:
    """Lock an experiment's active runs, or those deleted at a given moment, and return (id, experiment) of each.

    Args:
        tx: where to write; it has locked the experiment, so that no run comes into it meanwhile.
        experiment: the experiment.
        deleted_at: the moment in Unix milliseconds; None for active runs.
    """
    rows = _read_experiment_runs(tx, experiment, deleted_at)
    if not tx.for_update:
        return [row[:2] for row in rows]
    tx.lock_more_runs([row[2] for row in rows])
    # Some may have gone elsewhere before they were locked.
    return [row[:2] for row in _read_experiment_runs(tx, experiment, deleted_at)]


def _read_experiment_runs(conn: Connection, experiment: int, deleted_at: int | None) -> list[Row]:
    query = "SELECT id, experiment, run_id FROM hr_run WHERE scope = ?"
    if deleted_at is None:
        return conn.rows(query, (2 * experiment,))
    return conn.rows(f"{query} AND deleted_at = ?", (2 * experiment + 1, deleted_at))


def last_deletion(conn: Connection, experiment: int) -> int:
    """Return when a run of an experiment was last deleted, of those still in the trash; 0 if there is none."""
    row = conn.row("SELECT MAX(deleted_at) FROM hr_run WHERE scope = ?", (2 * experiment + 1,))
    return (row and row[0]) or 0


def get_info(conn: Connection, number: int, now: int) -> RunInfo:
    """Return the info of a run by its integer id, as of now in Unix milliseconds."""
    return build_info(conn.rows(f"SELECT {_INFO} FROM hr_run WHERE id = ?", (now, number))[0])


def new_info(run: RunRef, name: str, user_id: str) -> RunInfo:
    """Return the info of a run that was just inserted, without reading it back."""
    row = (run.id, run.run_id, run.experiment, run.scope, name, user_id, RunStatus.RUNNING.number)
    return build_info((*row, run.start_time, None, run.artifact_uri, None))


def build_info(row: Row) -> RunInfo:
    """Return the info of a run from the columns of `_INFO`."""
    _, run_id, experiment, scope, name, user_id, status, start_time, end_time, artifact_uri, lost_at = row
    if lost_at is not None:
        status, end_time = RunStatus.FAILED.number, lost_at if end_time is None else end_time
    info = RunInfo(
        run_id=run_id,
        run_uuid=run_id,
        run_name=name,
        experiment_id=str(experiment),
        user_id=user_id,
        status=_BY_NUMBER[status],
        start_time=start_time,
        artifact_uri=artifact_uri,
        lifecycle_stage=STAGES[scope & 1],
    )
    if end_time is not None:
        info.end_time = end_time
    return info


def build_runs(conn: Connection, ids: Iterable[int], now: int) -> list[Run]:
    """Return runs with all their data, in the order of their integer ids given, as of now in Unix milliseconds."""
    ids = list(ids)
    ask_infos = conn.ask_in(f"SELECT {_INFO} FROM hr_run WHERE id IN ({{ids}})", ids, (now,))
    clock = read_clock(conn)
    infos = {row[0]: build_info(row) for row in ask_infos()}
    contents = read_contents(conn, ids, clock)
    return [
        Run(info=infos[number], data=data, inputs=inputs, outputs=outputs)
        for number, (data, inputs, outputs) in ((number, contents[number]) for number in ids)
    ]
