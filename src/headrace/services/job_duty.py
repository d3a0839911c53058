"""The duty that carries out counted jobs: one small step after the other, each a transaction of its own through the writer.

A step reads the job, does its part and counts it in one transaction. So it does not matter who makes a step, nor when he dies; and between two
steps whoever logs gets his turn. What cannot be done is counted with its reason, and the job goes on.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from headrace.api.endpoint import Need, Permission, Resource
from headrace.api.jobs import JobState, MoveExperiments, MoveRuns, TagRuns
from headrace.base.errors import HeadraceError
from headrace.services.background import Left
from headrace.services.context import Actor, Context, Platform
from headrace.services.jobs import replace_prefix
from headrace.services.validation import RUN_NAME_TAG
from headrace.store import annotations, experiments, jobs, moves, runs
from headrace.store.claims import NO_CLAIMS, Claims
from headrace.store.connection import Connection
from headrace.store.jobs import Failure, JobRef
from headrace.store.series import flush_points
from headrace.store.transaction import RunRef, Transaction

T = TypeVar("T")

STEP_S = 0.005
TURN_S = 0.5
FIRST_SIZE = 10
MAX_SIZE = 500

_MOVE_RUNS = "move_runs"
_MOVE_EXPERIMENTS = "move_experiments"
_DELETED = "it is deleted; restore it first"


class _Hopeless(Exception):
    """The job as a whole cannot go on."""


class JobDuty:
    """Runs jobs, the oldest first."""

    name = "jobs"
    every_s = 0.5

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}

    def run(self, platform: Platform, stop: threading.Event) -> Left:
        """See `headrace.services.background.Duty`."""
        with platform.store.read() as conn:
            waiting = jobs.open_jobs(conn)
        until = time.monotonic() + TURN_S
        for number in waiting:
            while not stop.is_set() and time.monotonic() < until:
                if self._step(platform, number):
                    self._sizes.pop(number, None)
                    break
            else:
                return Left.MORE
        return Left.NOTHING

    def _step(self, platform: Platform, number: int) -> bool:
        """Make one step of a job and tell whether it has ended. The next step is made as long as this one should have been."""
        size = self._sizes.get(number, FIRST_SIZE)
        with platform.store.read() as conn:
            claims = _find_claims(conn, number, size)
        ended, took_s = platform.store.writer.call(lambda tx: make_step(platform, tx, number, size), claims)
        fitting = round(size * STEP_S / max(took_s, 1e-6))
        self._sizes[number] = max(1, min(fitting, 2 * size, MAX_SIZE))
        return bool(ended)


def _find_claims(conn: Connection, number: int, size: int) -> Claims:
    """Return what the next step of a job will write to, as far as is known now."""
    job = jobs.find_job(conn, number)
    if job is None:
        return NO_CLAIMS
    subjects = jobs.peek_subjects(conn, number, size)
    if job.kind == _MOVE_EXPERIMENTS:
        return Claims(changed_experiments=[str(each) for each in subjects])
    found = Claims(runs=[run.run_id for run in moves.find_refs(conn, subjects).values()])
    return (
        found._replace(experiments=[_decode(job, MoveRuns).to_experiment_id])
        if job.kind == _MOVE_RUNS
        else found
    )


def make_step(platform: Platform, tx: Transaction, number: int, size: int) -> tuple[bool, float]:
    """Do a part of a job; return whether it has ended, and how many seconds it took.

    Args:
        platform: the set-up.
        tx: where to write; the step is whole or not at all with it.
        number: the job's integer id.
        size: the most that is done.
    """
    # What earlier work of this transaction has logged is written first, so that it goes where its run goes.
    flush_points(tx)
    begun = time.perf_counter()
    begun_step = jobs.begin_step(tx, number, size, platform.clock())
    if begun_step is None:
        return True, time.perf_counter() - begun
    job, subjects = begun_step
    context = Context(tx, Actor(job.actor), platform)
    try:
        failures = _ACTIONS[job.kind](context, job, subjects)
    except _Hopeless as error:
        jobs.end_job(tx, number, JobState.FAILED, platform.clock(), str(error))
        return True, time.perf_counter() - begun
    ended = jobs.end_step(tx, number, len(subjects) - len(failures), failures)
    return ended, time.perf_counter() - begun


def _move_runs(context: Context, job: JobRef, subjects: list[int]) -> list[Failure]:
    request = _decode(job, MoveRuns)
    target = int(request.to_experiment_id)
    row = experiments.find_row(context.conn, target)
    if row is None or row[3]:
        raise _Hopeless(
            f"The experiment {target} {'is deleted' if row else 'does not exist'}; nothing more was moved."
        )
    if not _is_permitted(context, Permission.EDIT, Resource.EXPERIMENT, str(target)):
        raise _Hopeless(f"{job.actor} may not write to experiment {target} any more; nothing more was moved.")
    found, failures = _get_runs(context, subjects, Permission.EDIT)
    active, refused = _split_deleted(found)
    elsewhere = [run for run in active if run.experiment != target]
    moves.move_runs(context.tx, elsewhere, target)
    return failures + refused


def _tag_runs(context: Context, job: JobRef, subjects: list[int]) -> list[Failure]:
    request = _decode(job, TagRuns)
    tags = [tag for tag in request.tags if tag.value or tag.key != RUN_NAME_TAG]  # an empty name is none
    name = next((tag.value for tag in tags if tag.key == RUN_NAME_TAG), None)
    found, failures = _get_runs(context, subjects, Permission.EDIT)
    active, refused = _split_deleted(found)
    for run in active:
        annotations.set_tags(context.tx, run, tags)
        if name is not None:
            runs.update_run(context.tx, run, {"name": name})
        for key in request.remove:
            if annotations.find_tag(context.conn, run, key) is not None:
                annotations.delete_tag(context.tx, run, key)
    return failures + refused


def _delete_runs(context: Context, _: JobRef, subjects: list[int]) -> list[Failure]:
    found, failures = _get_runs(context, subjects, Permission.MANAGE)
    active = [(run.id, run.experiment) for run in found if not run.deleted]
    runs.update_deleted(context.tx, active, deleted=True, now=context.now())
    return failures


def _restore_runs(context: Context, _: JobRef, subjects: list[int]) -> list[Failure]:
    found, failures = _get_runs(context, subjects, Permission.MANAGE)
    deleted = [(run.id, run.experiment) for run in found if run.deleted]
    runs.update_deleted(context.tx, deleted, deleted=False, now=None)
    return failures


def _move_experiments(context: Context, job: JobRef, subjects: list[int]) -> list[Failure]:
    request = _decode(job, MoveExperiments)
    failures: list[Failure] = []
    experiments.lock_rows(context.tx, subjects, to_change=True)
    for number in subjects:
        row = experiments.find_row(context.conn, number, to_change=True)
        if row is None or not f"{row[1]}/".startswith(f"{request.from_prefix}/"):
            failures.append((str(number), "it was renamed meanwhile"))
        elif not _is_permitted(context, Permission.EDIT, Resource.EXPERIMENT, str(number)):
            failures.append((str(number), f"{job.actor} may not rename it any more"))
        else:
            name = replace_prefix(row[1], request.from_prefix, request.to_prefix)
            try:
                experiments.update_name(context.tx, number, name, context.now())
            except HeadraceError as error:  # the name was taken meanwhile; nothing is written then
                failures.append((str(number), error.message))
    return failures


_ACTIONS: dict[str, Callable[[Context, JobRef, list[int]], list[Failure]]] = {
    _MOVE_RUNS: _move_runs,
    _MOVE_EXPERIMENTS: _move_experiments,
    "tag_runs": _tag_runs,
    "delete_runs": _delete_runs,
    "restore_runs": _restore_runs,
}


def _decode(job: JobRef, kind: type[T]) -> T:
    return msgspec.json.decode(job.request, type=kind)


def _get_runs(
    context: Context, ids: Iterable[int], permission: Permission
) -> tuple[list[RunRef], list[Failure]]:
    """Return the runs that there are still and that the job's actor may change still, and the others as failures."""
    found, failures = list[RunRef](), list[Failure]()
    refs = moves.find_refs(context.conn, ids)
    for number in ids:
        run = refs.get(number)
        if run is None:
            failures.append((str(number), "it does not exist any more"))
        elif not _is_permitted(context, permission, Resource.RUN, run.run_id):
            failures.append(
                (run.run_id, f"{context.actor.name} lacks the permission {permission.name} on it")
            )
        else:
            found.append(run)
    return found, failures


def _split_deleted(found: Iterable[RunRef]) -> tuple[list[RunRef], list[Failure]]:
    """Return the active runs, and the deleted ones as failures."""
    active, failures = list[RunRef](), list[Failure]()
    for run in found:
        if run.deleted:
            failures.append((run.run_id, _DELETED))
        else:
            active.append(run)
    return active, failures


def _is_permitted(context: Context, permission: Permission, resource: Resource, target: str) -> bool:
    policy = context.platform.policy
    return policy.grants_all(context.actor) or policy.permits(context, Need(permission, resource), target)
