"""Runs in one-liners: start, end, which one is active, and where what is logged goes.

A run belongs to the thread that started it, as with MLflow, and beyond that to the context (`contextvars`): asyncio tasks that start runs side by side do not
see each other's; a task sees the run that was active where it was made, and so does a function that `asyncio.to_thread` calls. Where a context has no run, the newest
one that its thread has started counts, unless the asyncio task that started it is still at work: so a notebook's cell sees the run of an earlier cell.
"""

import os
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from headrace.api.runs import RunStatus
from headrace.base.errors import InvalidParameter, InvalidState, NotFound
from headrace.client.entities import Run, RunData, RunTag
from headrace.fluent import ending, provenance, state, system_metrics
from headrace.fluent.active_run import ActiveRun, RunOptions
from headrace.fluent.environment import (
    ACTIVE_MODEL_ID,
    ASYNC,
    JOB_ID,
    LEASE_S,
    RUN_ID,
    STRICT,
    read_seconds,
)
from headrace.fluent.experiments import choose_experiment
from headrace.fluent.lazy_info import LazyRunInfo
from headrace.fluent.plans import (
    Plan,
    check_parent,
    find_run,
    plan_by_name,
    plan_job,
    plan_known,
    plan_new,
    require_active,
)
from headrace.fluent.state import CURRENT, NO_RUN, STATE
from headrace.spool.runlog import RunLog

DEFAULT_LEASE_S = 90.0
MAX_OTHER_LOGS = 1000
"""So many logs of runs that are not open here are kept at hand."""
NAME_TAG = "mlflow.runName"
NOTE_TAG = "mlflow.note.content"
USER_TAG = "mlflow.user"
PARENT_TAG = "mlflow.parentRunId"


def start_run(  # noqa: PLR0913 - MLflow's signature, and ours behind it
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
    *,
    job_id: str | None = None,
    resume: Literal["allow", "must"] | None = None,
    strict: bool | None = None,
    stop: Literal["flag", "raise"] = "flag",
    provenance: bool | str | Sequence[str] | None = None,
) -> ActiveRun:
    """Start a run, or go on with one; it is the active run then. A ``with`` block ends it.

    No server is needed: the id is made here, and all that is logged waits on this machine until one answers.

    Args:
        run_id: go on with this run; else MLFLOW_RUN_ID, which counts once.
        experiment_id: the experiment of a new run; else the one of `set_experiment`, MLFLOW_EXPERIMENT_NAME, MLFLOW_EXPERIMENT_ID, or the default one.
        run_name: its name; one is made up if it is not given.
        nested: the run that is active now becomes its parent.
        parent_run_id: its parent, by id.
        tags: values become text.
        description: what is shown as the run's note.
        log_system_metrics: whether to log what the machine is doing; else what the switches say.
        job_id: the job that this process works for; else HEADRACE_JOB_ID, which counts once. All ranks of a job, and all its restarts, have the same run;
            each restart is a new attempt (`headrace.fluent.attempts` says how it is recognised), in which params may change.
        resume: go on with the newest run named `run_name` as a new attempt; ``"allow"`` begins one if there is none, ``"must"`` raises.
        strict: whether the loss of a record raises, at the next call and at the end; else HEADRACE_STRICT.
        stop: ``"raise"`` if a request to stop shall raise StopRequested at the next logging call; else `should_stop` tells of it.
        provenance: what to record of where the run comes from: yes, no, or a list of parts; else HEADRACE_PROVENANCE.

    Raises:
        InvalidState: a run is active already, and the new one is not nested.
        InvalidParameter: an argument is not allowed, or the run or its experiment is deleted.
        NotFound: there is no such run, parent or experiment.
        SpoolFull: this machine's disk has no room.
    """
    below = find_active_run()
    _require_free(below, nested=nested)
    given = _collect_tags(tags, description)
    uri = state.get_tracking_uri()
    known = run_id or _take_env_run_id()
    if known:
        plan = plan_known(uri, known, run_name or "")
        if run_name:
            given.setdefault(NAME_TAG, run_name)
    else:
        parent = _find_parent(uri, below, parent_run_id)
        job = job_id or (None if parent or resume else _take_env_job_id())
        name = run_name or given.get(NAME_TAG, "")
        plan = _plan_unknown(uri, name, experiment_id, parent, job, resume)
    options = _read_options(plan, strict, stop, provenance)
    run = _open(uri, plan, given, options, below)
    _record(run, plan, log_system_metrics)
    return run


def _plan_unknown(
    uri: str, name: str, experiment_id: str | None, parent: str, job: str | None, resume: str | None
) -> Plan:
    """Plan a run that is not given by id."""
    if resume not in {None, "allow", "must"}:
        raise InvalidParameter(
            f"Invalid resume {resume!r}; it is 'allow', 'must' or None. To go on by id, give run_id."
        )
    experiment = choose_experiment(uri, None if experiment_id is None else str(experiment_id))
    if job:
        return plan_job(uri, experiment, name, job, parent)
    plan = plan_by_name(uri, experiment, name, must=resume == "must") if resume else None
    return plan or plan_new(experiment, name, parent)


def _require_free(below: ActiveRun | None, *, nested: bool) -> None:
    """Refuse a second run beside an active one of this thread."""
    if below is not None and not nested and below.thread is threading.current_thread():
        raise InvalidState(
            f"Run with UUID {below.run_id} is already active. To start a new run, first end the current run with end_run(). To start a nested run, call "
            "start_run with nested=True"
        )


def _collect_tags(tags: Mapping[str, Any] | None, description: str | None) -> dict[str, str]:
    given = {key: str(value) for key, value in (tags or {}).items()}
    if description:
        if NOTE_TAG in given:
            raise InvalidParameter(
                f"Description is already set via the tag {NOTE_TAG} in tags. Remove the key {NOTE_TAG} from the tags or omit the description."
            )
        given[NOTE_TAG] = description
    return given


def _take_env_run_id() -> str | None:
    found = RUN_ID.find()
    for name in RUN_ID.names:
        os.environ.pop(name, None)
    return found


def _take_env_job_id() -> str | None:
    """Return the job of the environment; only the first run of a process is the job's, and its children are none of it."""
    return os.environ.pop(JOB_ID.names[0], None) or None


def _find_parent(uri: str, below: ActiveRun | None, parent_run_id: str | None) -> str:
    """Return the id of the run that a new one is nested in; empty if there is none."""
    if not parent_run_id:
        return below.run_id if below is not None else ""
    if below is not None and below.run_id != parent_run_id:
        raise InvalidParameter(
            f"Current run with UUID {below.run_id} does not match the specified parent_run_id {parent_run_id}. To start a new nested run under the parent run "
            f"with UUID {parent_run_id}, first end the current run with end_run()."
        )
    check_parent(uri, parent_run_id)
    return parent_run_id


def _read_options(plan: Plan, strict: bool | None, stop: str, choice: Any) -> RunOptions:
    if stop not in {"flag", "raise"}:
        raise InvalidParameter(f"Invalid stop {stop!r}; it is 'flag' or 'raise'.")
    provenance.read_parts(choice)
    return RunOptions(
        strict=STRICT.is_on(default=False) if strict is None else strict,
        raise_stop=stop == "raise",
        rank=plan.rank,
        operations=ASYNC.is_on(default=False),
        model_id=ACTIVE_MODEL_ID.find() or "",
        provenance=choice,
        member=_name_member(plan),
    )


def _name_member(plan: Plan) -> str:
    """Return what this process is to the run if it has not made it."""
    if plan.rank:
        return f"rank-{plan.rank}"
    return "" if plan.is_new and plan.attempt is None else f"process-{os.getpid()}"


def _open(
    uri: str, plan: Plan, given: dict[str, str], options: RunOptions, below: ActiveRun | None
) -> ActiveRun:
    """Let a run begin: from here on it is kept, whatever happens."""
    tags = given
    if plan.is_new and plan.rank == 0:
        tags = provenance.context_tags() | given
        plan.start.user_id = tags.get(USER_TAG, "")
    lease_ms = round(read_seconds(LEASE_S, DEFAULT_LEASE_S) * 1000) if plan.rank == 0 else 0
    if plan.attempt is not None:
        STATE.job_places.add(uri)
    start = None if plan.found else plan.start  # a run that is there is not begun again
    log = state.get_spool(uri).open_run(plan.run_id, start, plan.attempt, lease_ms=lease_ms or None)
    if plan.found and plan.rank == 0:
        log.set_status(RunStatus.RUNNING)
    if tags:
        log.set_tags([*tags.items()])
    known, found = plan.start, plan.found
    info = LazyRunInfo(
        uri,
        log,
        run_name=given.get(NAME_TAG, known.run_name),
        user_id=known.user_id,
        start_time=known.start_time or 0,
        experiment_id=known.experiment_id,
        artifact_uri=found.info.artifact_uri if found else "",
    )
    shown = {NAME_TAG: known.run_name} | ({PARENT_TAG: known.parent_run_id} if known.parent_run_id else {})
    run = ActiveRun(info, _build_data(found, shown | tags), log, uri, options, below)
    if plan.attempt is not None:  # params may change from attempt to attempt
        run.forget_params()
    state.add_run(run)
    CURRENT.set(run)
    ending.install()
    return run


def _build_data(found: Any, tags: dict[str, str]) -> RunData:
    """Return what is known of a run's data."""
    if found is None:
        return RunData([], [], [RunTag(key, value) for key, value in tags.items()])
    data = RunData.from_wire(found.data)
    data.tags.update(tags)
    return data


def _record(run: ActiveRun, plan: Plan, log_system_metrics: bool | None) -> None:
    """Let the background work of a run begin; a run whose work cannot has failed."""
    member = run.options.member
    find_step = None if plan.is_new and plan.attempt is None else partial(_find_last_step, run)
    try:
        provenance.begin(
            run,
            run.options.provenance,
            member=member,
            is_first=not member,
            has_environment=plan.rank == 0,
        )
        system_metrics.begin(run, log_system_metrics, find_step=find_step)
    except BaseException:
        run.end(RunStatus.FAILED, raises=False)
        raise


def _find_last_step(run: ActiveRun, prefix: str) -> int | None:
    """Return the last step of a run's metrics whose keys begin with a text; None if it has none, or is not there yet."""
    try:
        metrics = state.get_client(run.uri).runs.get(run.run_id).data.metrics or ()
    except NotFound:
        return None
    return max((each.step for each in metrics if each.key.startswith(prefix)), default=None)


def end_run(status: str = "FINISHED") -> None:
    """End the active run of this thread, if there is one.

    Args:
        status: ``FINISHED``, ``FAILED`` or ``KILLED``.

    Raises:
        InvalidParameter: the status is none of these.
        NotStored: the run is strict, and not all of it is stored.
    """
    run = find_active_run()
    if run is None or run.thread is not threading.current_thread():
        return
    try:
        wanted = RunStatus[str(status)]
    except KeyError:
        raise InvalidParameter(f"Invalid status {status!r}; it is one of {', '.join(RunStatus)}.") from None
    for name in RUN_ID.names:
        os.environ.pop(name, None)
    run.end(wanted)


def find_active_run() -> ActiveRun | None:
    """Return the active run, or None."""
    seen = CURRENT.get()
    run = seen if isinstance(seen, ActiveRun) else None
    while run is not None and run.ended:
        run = run.below
    if run is None:
        run = _find_of_thread()
    if run is not seen:
        CURRENT.set(NO_RUN if run is None else run)
    return run


def _find_of_thread() -> ActiveRun | None:
    thread = threading.current_thread()
    for run in reversed(list(STATE.open_runs.values())):
        if isinstance(run, ActiveRun) and run.thread is thread and not (run.ended or run.is_set_apart):
            return run
    return None


def active_run() -> ActiveRun | None:
    """Return the run that is active in this thread and context, or None. What it says of itself is what was known when it was started."""
    return find_active_run()


def last_active_run() -> Run | None:
    """Return the active run; if there is none, the one that ended last in this thread, as it is stored; None if there was none."""
    run = find_active_run()
    if run is not None:
        return run
    last = state.find_last_run()
    return None if last is None else _get_run(*last)


def get_or_start_run() -> ActiveRun:
    """Return the active run; one is started if there is none."""
    return find_active_run() or start_run()


def resolve_run_log(run_id: str | None = None, uri: str | None = None) -> RunLog:
    """Return where to log to.

    Args:
        run_id: a run; None for the active one, which is started if there is none.
        uri: the tracking URI of the run; the current one if it is not given.

    Raises:
        NotFound: the server does not know the run.
        InvalidParameter: it is deleted.
    """
    if run_id is None:
        return get_or_start_run().log
    place = uri or state.get_tracking_uri()
    run = find_open_run(run_id)
    if run is not None and run.uri == place:
        return run.log
    key = place, run_id
    log = STATE.other_logs.get(key)
    if log is None:
        if key not in STATE.known_runs:
            found = find_run(place, run_id)
            if found is not None:
                require_active(found, "log to run")
                state.know_run(place, run_id)
        ending.install()
        log = state.get_spool(place).open_run(run_id, None, None, lease_ms=None)
        with STATE.lock:
            if len(STATE.other_logs) >= MAX_OTHER_LOGS:
                del STATE.other_logs[next(iter(STATE.other_logs))]
            STATE.other_logs[key] = log
    return log


def find_open_run(run_id: str) -> ActiveRun | None:
    """Return the run of an id if it is open in this process."""
    runs = [run for run in list(STATE.open_runs.values()) if run.run_id == run_id]
    return next((run for run in runs if isinstance(run, ActiveRun)), None)


def get_run(run_id: str) -> Run:
    """Return a run as it is stored, deleted ones too.

    Raises:
        NotFound: there is none with this id.
    """
    return _get_run(state.get_tracking_uri(), run_id)


def _get_run(uri: str, run_id: str) -> Run:
    state.flush_reads(uri=uri)
    return Run.from_wire(state.get_client(uri).runs.get(run_id), uri)


def get_parent_run(run_id: str) -> Run | None:
    """Return the run that a run is nested in, or None.

    Raises:
        NotFound: there is no such run, or no such parent.
    """
    parent = get_run(run_id).data.tags.get(PARENT_TAG)
    return None if parent is None else get_run(parent)


def delete_run(run_id: str) -> None:
    """Mark a run as deleted; `restore_run` brings it back.

    Raises:
        NotFound: there is no such run.
    """
    uri = state.get_tracking_uri()
    state.flush_reads(uri=uri)
    with STATE.lock:
        STATE.known_runs.pop((uri, run_id), None)
        STATE.other_logs.pop((uri, run_id), None)
    state.get_client(uri).runs.delete(run_id)


def restore_run(run_id: str) -> None:
    """Bring a deleted run back.

    Raises:
        NotFound: there is no such run.
    """
    state.flush_reads()
    state.get_client().runs.restore(run_id)
