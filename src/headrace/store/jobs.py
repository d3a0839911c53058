"""Counted jobs: what they still have to do, and how far they are. Does not know what the jobs do.

What a job is about is written down with it, in parts; a step takes some of it, and puts down its outcome in the same transaction.
So a job that is cut off anywhere goes on where it was, and does nothing twice.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from headrace.api.jobs import Job, JobFailure, JobState
from headrace.base.errors import Conflict, NotFound
from headrace.store.connection import Connection, Row, marks
from headrace.store.transaction import Kind, Transaction

NOWHERE = -1
"""The experiment of what belongs to none."""
PART = 500
MAX_FAILURES = 100
KEPT_MS = 90 * 24 * 3600 * 1000

_COLUMNS = "id, job_id, kind, state, request, actor, total, done, failed, message, created_at, updated_at"
_BY_NUMBER = {state.number: state for state in JobState}
_OPEN = (JobState.PENDING.number, JobState.RUNNING.number)

Failure = tuple[str, str]
"""A public id, and why it failed."""


class NewJob(NamedTuple):
    """A job to be inserted.

    Args:
        job_id: its id.
        kind: what it does.
        request: its parameters as JSON.
        actor: who asked for it.
        subjects: the integer ids of the runs or experiments, in order.
        now: Unix milliseconds.
    """

    job_id: str
    kind: str
    request: str
    actor: str
    subjects: Sequence[int]
    now: int


class JobRef(NamedTuple):
    """What a step needs to know of a job.

    Args:
        id: its integer id.
        kind: what it does.
        request: its parameters as JSON.
        actor: who asked for it.
    """

    id: int
    kind: str
    request: str
    actor: str


def insert_job(tx: Transaction, new: NewJob) -> None:
    """Insert a job that is PENDING, or FINISHED if there is nothing to do. One that was sent before is not inserted again.

    Raises:
        Conflict: the id belongs to another job.
    """
    known = tx.row("SELECT kind, request FROM hr_job WHERE job_id = ?", (new.job_id,))
    if known:
        if known != (new.kind, new.request):
            raise Conflict(f"The job id {new.job_id!r} belongs to another job already; choose a new one.")
        return
    # Jobs are looked for first: a statement that looks and deletes would wait for those that are at work.
    old = tx.rows(
        f"SELECT id FROM hr_job WHERE state NOT IN ({marks(len(_OPEN))}) AND updated_at < ?",
        (*_OPEN, new.now - KEPT_MS),
    )
    tx.change_many("DELETE FROM hr_job WHERE id = ?", old)
    state = JobState.PENDING if new.subjects else JobState.FINISHED
    number = tx.insert(
        "INSERT INTO hr_job (job_id, kind, state, request, actor, total, done, failed, message, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, 0, 0, '{}', ?, ?)",
        (new.job_id, new.kind, state.number, new.request, new.actor, len(new.subjects), new.now, new.now),
    )
    tx.change_many(
        "INSERT INTO hr_job_part (job, number, subjects) VALUES (?, ?, ?)",
        [
            (number, start // PART, json.dumps(new.subjects[start : start + PART], separators=(",", ":")))
            for start in range(0, len(new.subjects), PART)
        ],
    )
    _touch(tx, number)


def open_jobs(conn: Connection) -> list[int]:
    """Return the integer ids of the jobs that have not ended, the oldest first."""
    rows = conn.rows(f"SELECT id FROM hr_job WHERE state IN ({marks(len(_OPEN))})", _OPEN)
    return sorted(row[0] for row in rows)


def count_open(conn: Connection) -> dict[JobState, int]:
    """Return how many jobs wait, and how many are under way."""
    rows = conn.rows(
        f"SELECT state, COUNT(*) FROM hr_job WHERE state IN ({marks(len(_OPEN))}) GROUP BY state", _OPEN
    )
    counted: dict[int, int] = dict(rows)
    return {state: counted.get(state.number, 0) for state in (JobState.PENDING, JobState.RUNNING)}


def begin_step(tx: Transaction, number: int, size: int, now: int) -> tuple[JobRef, list[int]] | None:
    """Take the next subjects of a job out of what it has to do, or return None if it has ended.

    Args:
        tx: where to write.
        number: the job's integer id.
        size: take at most so many.
        now: Unix milliseconds.
    """
    # The change comes first: it locks the row where other servers write to the same database.
    changed = tx.count_changed(
        f"UPDATE hr_job SET state = ?, updated_at = ? WHERE id = ? AND state IN ({marks(len(_OPEN))})",
        (JobState.RUNNING.number, now, number, *_OPEN),
    )
    if not changed:
        return None
    job = find_job(tx, number)
    assert job is not None
    part = tx.row("SELECT number, subjects FROM hr_job_part WHERE job = ? ORDER BY number LIMIT 1", (number,))
    if part is None:
        return job, []
    subjects: list[int] = json.loads(part[1])
    taken, left = subjects[:size], subjects[size:]
    if left:
        text = json.dumps(left, separators=(",", ":"))
        tx.change("UPDATE hr_job_part SET subjects = ? WHERE job = ? AND number = ?", (text, number, part[0]))
    else:
        tx.change("DELETE FROM hr_job_part WHERE job = ? AND number = ?", (number, part[0]))
    return job, taken


def find_job(conn: Connection, number: int) -> JobRef | None:
    """Return what a step needs to know of a job, or None."""
    row = conn.row("SELECT id, kind, request, actor FROM hr_job WHERE id = ?", (number,))
    return JobRef(*row) if row else None


def end_step(tx: Transaction, number: int, done: int, failures: Sequence[Failure]) -> bool:
    """Put down the outcome of a step; tell whether that was the job's last.

    Args:
        tx: where to write.
        number: the job's integer id.
        done: how many subjects were done.
        failures: those that were not.
    """
    tx.change(
        "UPDATE hr_job SET done = done + ?, failed = failed + ? WHERE id = ?", (done, len(failures), number)
    )
    row = tx.row("SELECT message, total, done + failed FROM hr_job WHERE id = ?", (number,))
    assert row is not None
    message, total, looked_at = row
    if failures:
        kept: dict[str, Any] = json.loads(message)
        kept["failures"] = [*kept.get("failures", ()), *failures][:MAX_FAILURES]
        tx.change("UPDATE hr_job SET message = ? WHERE id = ?", (json.dumps(kept), number))
    last = bool(looked_at >= total)
    if last:
        tx.change("UPDATE hr_job SET state = ? WHERE id = ?", (JobState.FINISHED.number, number))
    _touch(tx, number)
    return last


def end_job(tx: Transaction, number: int, state: JobState, now: int, reason: str = "") -> None:
    """End a job before everything is done.

    Args:
        tx: where to write.
        number: the job's integer id.
        state: FAILED or CANCELLED. Of a job that failed, all that is left counts as failed.
        now: Unix milliseconds.
        reason: why.
    """
    row = tx.row("SELECT message FROM hr_job WHERE id = ?", (number,))
    assert row is not None
    message = json.loads(row[0]) | ({"reason": reason} if reason else {})
    tx.change("DELETE FROM hr_job_part WHERE job = ?", (number,))
    tx.change(
        "UPDATE hr_job SET state = ?, message = ?, updated_at = ?, failed = CASE WHEN ? = 1 THEN total - done ELSE failed END "
        "WHERE id = ?",
        (state.number, json.dumps(message), now, int(state is JobState.FAILED), number),
    )
    _touch(tx, number)


def find_number(conn: Connection, job_id: str) -> int | None:
    """Return the integer id of a job, or None."""
    row = conn.row("SELECT id FROM hr_job WHERE job_id = ?", (job_id,))
    return row[0] if row else None


def peek_subjects(conn: Connection, number: int, size: int) -> list[int]:
    """Return the subjects that the next step of a job will take, as far as is known now; see `begin_step`."""
    part = conn.row("SELECT subjects FROM hr_job_part WHERE job = ? ORDER BY number LIMIT 1", (number,))
    subjects: list[int] = json.loads(part[0])[:size] if part else []
    return subjects


def get_job(conn: Connection, job_id: str) -> Job:
    """Return a job. A transaction locks it.

    Raises:
        NotFound: there is none.
    """
    row = conn.row(f"SELECT {_COLUMNS} FROM hr_job WHERE job_id = ?{conn.for_update}", (job_id,))
    if row is None:
        raise NotFound(f"Job {job_id[:80]!r} does not exist; jobs are forgotten 90 days after their end.")
    return _build(row)


def list_jobs(
    conn: Connection, states: Sequence[JobState], below: int | None, limit: int
) -> tuple[list[Job], int | None]:
    """Return a page of jobs, the newest first, and the place of its last job if more follow.

    Args:
        conn: where to read.
        states: only these; none stands for all.
        below: the place of the page before.
        limit: at most so many.
    """
    where, params = ["1 = 1"], list[Any]()
    if states:
        where.append(f"state IN ({marks(len(states))})")
        params += [state.number for state in states]
    if below is not None:
        where.append("id < ?")
        params.append(below)
    rows = conn.rows(
        f"SELECT {_COLUMNS} FROM hr_job WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?",
        [*params, limit + 1],
    )
    page = rows[:limit]
    return [_build(row) for row in page], page[-1][0] if len(rows) > limit else None


def _build(row: Row) -> Job:
    _, job_id, kind, state, request, actor, total, done, failed, message, created, updated = row
    said = json.loads(message)
    job = Job(
        job_id=job_id,
        kind=kind,
        state=_BY_NUMBER[state],
        total=total,
        done=done,
        failed=failed,
        failures=[JobFailure(id=each, reason=reason) for each, reason in said.get("failures", ())],
        details=request,
        actor=actor,
        created_at=created,
        updated_at=updated,
    )
    if "reason" in said:
        job.reason = said["reason"]
    return job


def _touch(tx: Transaction, number: int) -> None:
    tx.touch(Kind.JOB, number, NOWHERE)
