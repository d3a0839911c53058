"""One block of a batch of ingest: what it says of a run, applied in the order in which its records are counted.

Nothing raises here but the database: what is wrong with a record is told in the account.
"""

from typing import NamedTuple

from msgspec import UNSET

from headrace.api.endpoint import Tag
from headrace.api.experiments import CreateExperiment
from headrace.api.ingest import RunBlock, StartRecord
from headrace.api.runs import RunStatus
from headrace.base.errors import InvalidParameter
from headrace.base.ids import RUN_ID, parse_experiment_id
from headrace.base.names import random_name
from headrace.base.plugins import load_attribute
from headrace.services.context import Context
from headrace.services.ingest_extras import log_environment, log_inputs, log_params, log_tags
from headrace.services.ingest_points import add_points
from headrace.services.ingest_records import Account
from headrace.services.validation import MAX_TAG, RUN_NAME_TAG, excerpt
from headrace.store import annotations, attempts, experiments, leases, run_past, runs, stops
from headrace.store.connection import Row
from headrace.store.transaction import RunRef

PARENT_TAG = "mlflow.parentRunId"
MAX_USER = 256
_RUNNING = RunStatus.RUNNING.number
_ENDED = {RunStatus.FINISHED.number, RunStatus.FAILED.number, RunStatus.KILLED.number}


class Opened(NamedTuple):
    """The run of a block.

    Attributes:
        run: its `attempt` is the one that the block belongs to.
        is_current: whether that is the run's newest attempt.
    """

    run: RunRef
    is_current: bool


def apply_block(context: Context, block: RunBlock, writer: int, now: int, account: Account) -> RunRef | None:
    """Apply a block and tell the account of each of its records; return its run, or None if there is none.

    Args:
        context: the call.
        block: the block; its columns have the lengths that they say.
        writer: the writer's number.
        now: Unix milliseconds.
        account: where outcomes go.
    """
    opened = _open_run(context, block, now, account)
    if isinstance(opened, str):
        account.reject_rest(opened)
        return None
    run = opened.run
    log_params(context, run, block.params, account)
    log_tags(context, run, block, account)
    log_inputs(context, run, block, account)
    log_environment(context, run, block, account)
    add_points(context.tx, run, block, writer, account)
    _set_status(context, opened, block, now, account)
    if block.lease_ms is not UNSET and opened.is_current:
        leases.renew(context.tx, run, now + block.lease_ms, block.lease_ms)
    if block.stop_seen:
        stops.acknowledge(context.tx, run, now)
    return run


def _open_run(context: Context, block: RunBlock, now: int, account: Account) -> Opened | str:
    """Find or make the run and its attempt; return why that cannot be otherwise."""
    if not RUN_ID.fullmatch(block.run_id):
        return (
            f"Invalid run id {excerpt(block.run_id)}: it begins with a letter or digit and holds letters, digits, underscores and "
            "dashes, at most 256."
        )
    run = runs.find_run(context.conn, block.run_id)
    if block.start is UNSET:
        if run is None:
            return f"Run {block.run_id!r} does not exist, and the block does not start it."
    elif run is None:
        made = _make_run(context, block.run_id, block.start, now)
        if isinstance(made, str):
            return made
        run = made
        account.store()
    elif _revive(context, run, block):
        account.store()
    else:
        account.repeat()
    if block.start is not UNSET and block.start.fork is not UNSET:
        _fork(context, run, block.start, account)
    if block.attempt is not UNSET:
        number = _begin_attempt(context, run, block, now, account)
        return Opened(run._replace(attempt=number), number >= run.attempt)
    return Opened(run, is_current=True)


def _make_run(context: Context, run_id: str, start: StartRecord, now: int) -> RunRef | str:
    """Make a run, in the trash if its experiment is there; return why that cannot be otherwise."""
    experiment = _find_experiment(context, start)
    if isinstance(experiment, str):
        return experiment
    name = _clean(start.run_name, MAX_TAG) or random_name()
    start_time = now if start.start_time is UNSET else start.start_time
    artifact_uri = f"{experiment[2].rstrip('/')}/{run_id}/artifacts"
    row = (run_id, experiment[0], name, _clean(start.user_id, MAX_USER), start_time, artifact_uri)
    run = runs.insert_run(context.tx, row)
    if experiment[3]:
        # The moment is the experiment's, so that the run comes back with it.
        runs.update_deleted(context.tx, [(run.id, run.experiment)], deleted=True, now=experiment[5])
        run = run._replace(scope=run.scope + 1)
    tags = [Tag(key=RUN_NAME_TAG, value=name)]
    if start.parent_run_id:
        tags.append(Tag(key=PARENT_TAG, value=_clean(start.parent_run_id, MAX_TAG)))
    annotations.set_tags(context.tx, run, tags)
    return run


def _find_experiment(context: Context, start: StartRecord) -> Row | str:
    """Return the experiment's row; one that is only named is made if need be. Return why there is none otherwise."""
    if bool(start.experiment_id) == bool(start.experiment_name):
        return "The start of a run names its experiment by experiment_id or by experiment_name: give one of them."
    try:
        if start.experiment_id:
            number = parse_experiment_id(start.experiment_id)
        else:
            named = experiments.find_row_by_name(context.conn, start.experiment_name)
            if named is not None:
                return named
            create = load_attribute("headrace.services.experiments:create")  # few batches need it
            made = create(context, CreateExperiment(name=start.experiment_name))
            number = int(made.experiment_id)
    except InvalidParameter as error:
        return error.message
    return experiments.find_row(context.tx, number) or f"No experiment with id {number} exists."


def _revive(context: Context, run: RunRef, block: RunBlock) -> bool:
    """Let a run that is started again be RUNNING; tell whether it was not. A known attempt has been started before: its ranks come one by one."""
    if (
        block.attempt is not UNSET
        and attempts.find_attempt(context.conn, run.id, block.attempt.name) is not None
    ):
        return False
    if tuple(run_past.get_status(context.conn, run)) == (_RUNNING, None):
        return False
    runs.update_run(context.tx, run, {"status": _RUNNING, "end_time": None})
    return True


def _fork(context: Context, run: RunRef, start: StartRecord, account: Account) -> None:
    assert start.fork is not UNSET
    parent = runs.find_run(context.conn, start.fork.run_id)
    if parent is None:
        account.reject(
            "fork", f"Run {excerpt(start.fork.run_id)}, which this one goes on from, does not exist."
        )
        return
    try:
        is_new = attempts.fork(context.tx, run, parent, start.fork.step)
    except InvalidParameter as error:  # raised before anything was written
        account.reject("fork", error.message)
        return
    if is_new:
        account.store()
    else:
        account.repeat()


def _begin_attempt(context: Context, run: RunRef, block: RunBlock, now: int, account: Account) -> int:
    """Return the number of the attempt that a block names, begun if need be; the current one if the name is not legal."""
    assert block.attempt is not UNSET
    name, step = block.attempt.name, block.attempt.from_step
    from_step = None if step is UNSET else step
    try:
        attempts.check_attempt(name, from_step)
        number, is_new = attempts.begin_attempt(context.tx, run, name, from_step, now)
    except InvalidParameter as error:  # raised before anything was written
        account.reject(f"attempt {excerpt(name)}", error.message)
        return run.attempt
    if is_new:
        account.store()
    else:
        account.repeat()
    return number


def _set_status(context: Context, opened: Opened, block: RunBlock, now: int, account: Account) -> None:
    if block.status is UNSET:
        return
    if not opened.is_current:
        account.collapse()
        return
    held = tuple(run_past.get_status(context.conn, opened.run))
    number = block.status.status.number
    end_time: int | None = None
    if number in _ENDED:
        known = held[1] if held[0] == number and held[1] is not None else now
        end_time = known if block.status.end_time is UNSET else block.status.end_time
    if held == (number, end_time):
        account.repeat()
        return
    runs.update_run(context.tx, opened.run, {"status": number, "end_time": end_time})
    account.store()


def _clean(text: str, limit: int) -> str:
    """Return a text that can be stored: a run is not lost for its name."""
    return text.replace("\0", "")[:limit]


def find_open_stop(context: Context, run: RunRef) -> stops.Stop | None:
    """Return the request to stop that a run has not acknowledged, or None."""
    stop = stops.find(context.conn, run)
    return stop if stop is not None and stop.seen_at is None else None
