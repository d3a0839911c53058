"""Counted jobs: made, shown, cancelled. What a job is about is found and fixed here; `headrace.services.job_duty` carries it out."""

import uuid
from collections.abc import Sequence

from headrace.api.endpoint import Need, Permission, Resource
from headrace.api.jobs import (
    ChooseRuns,
    JobAnswer,
    JobById,
    JobsPage,
    JobState,
    ListJobs,
    MoveExperiments,
    MoveRuns,
    TagRuns,
)
from headrace.api.page import decode_token, encode_token, question_digest
from headrace.base.errors import (
    AlreadyExists,
    InvalidParameter,
    InvalidState,
    NotFound,
    PermissionDenied,
)
from headrace.base.ids import RUN_ID, parse_experiment_id
from headrace.base.json import Wire, encode
from headrace.search.fields import RUNS, complete_order
from headrace.search.parser import parse_filter
from headrace.services.context import Context
from headrace.services.experiments import get_active as get_active_experiment
from headrace.services.validation import (
    MAX_BATCH_TAGS,
    MAX_EXPERIMENT_NAME,
    MAX_TAG,
    check_page_size,
    check_tags,
    excerpt,
    get_run_id,
)
from headrace.store import experiments, jobs, moves
from headrace.store.jobs import NewJob
from headrace.store.run_search import RunSearch, search_runs

MAX_RUNS = 1_000_000
MAX_EXPERIMENTS = 10_000
MAX_PAGE = 1000
DEFAULT = 0
_SHOWN = 5
_STORED_APART = {"run_ids", "job_id"}


def move_runs(context: Context, request: MoveRuns) -> JobAnswer:
    """Make a job that moves active runs to another experiment."""
    get_active_experiment(context, request.to_experiment_id)
    return _start(context, "move_runs", request, _choose_runs(context, request))


def tag_runs(context: Context, request: TagRuns) -> JobAnswer:
    """Make a job that sets and removes tags of active runs."""
    if not request.tags and not request.remove:
        raise InvalidParameter("Nothing to do: give tags to set, or keys of tags to remove.")
    if len(request.tags) + len(request.remove) > MAX_BATCH_TAGS:
        raise InvalidParameter(
            f"The request names {len(request.tags) + len(request.remove)} tags; at most {MAX_BATCH_TAGS} are allowed."
        )
    tags = check_tags(request.tags, MAX_TAG, truncate=context.platform.truncate_long_values)
    keys = [tag.key for tag in tags] + request.remove
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        raise InvalidParameter(
            f"The tags {doubled[:_SHOWN]} stand in the request more than once; say one thing about each."
        )
    request.tags = tags
    return _start(context, "tag_runs", request, _choose_runs(context, request))


def delete_runs(context: Context, request: ChooseRuns) -> JobAnswer:
    """Make a job that marks active runs as deleted."""
    return _start(context, "delete_runs", request, _choose_runs(context, request))


def restore_runs(context: Context, request: ChooseRuns) -> JobAnswer:
    """Make a job that brings deleted runs back."""
    return _start(context, "restore_runs", request, _choose_runs(context, request, deleted=True))


def move_experiments(context: Context, request: MoveExperiments) -> JobAnswer:
    """Make a job that renames all experiments at and below a path, deleted ones too; experiment 0 stays as it is.

    If a new name is taken, nothing is changed.
    """
    source = _check_prefix(request.from_prefix, "from_prefix")
    target = _check_prefix(request.to_prefix, "to_prefix") if request.to_prefix else ""
    if f"{target}/".startswith(f"{source}/"):
        raise InvalidParameter(
            f"{excerpt(source)} cannot be moved to {excerpt(target)}, which is the same or lies in it."
        )
    # The shorter name first: where a tree moves up, it frees the names that the longer ones get.
    found = sorted(
        (
            (number, name)
            for number, name in moves.experiments_below(context.conn, source)
            if number != DEFAULT
        ),
        key=lambda each: len(each[1]),
    )
    if not found:
        raise NotFound(
            f"There is no experiment at or below {excerpt(source)}, or only experiment 0, which stays."
        )
    names = {number: replace_prefix(name, source, target) for number, name in found}
    _check_names(context, names, source)
    for number in names:
        _permit(context, Need(Permission.EDIT, Resource.EXPERIMENT), str(number), "jobs.move_experiments")
    return _start(context, "move_experiments", request, [*names])


def replace_prefix(name: str, source: str, target: str) -> str:
    """Return what a path at or below `source` is called when that is moved to `target`; an empty one is the top."""
    return f"{target}{name.removeprefix(source)}".removeprefix("/")


def get(context: Context, request: JobById) -> JobAnswer:
    """Return a job."""
    return JobAnswer(job=jobs.get_job(context.conn, _check_job_id(request.job_id)))


def list(context: Context, request: ListJobs) -> JobsPage:  # noqa: A001 - a service function is named after its row
    """Return a page of jobs."""
    limit = check_page_size(request.max_results, MAX_PAGE)
    question = question_digest(request.states)
    place = decode_token(request.page_token, question)
    if place is not None and not (len(place) == 1 and isinstance(place[0], int)):
        raise InvalidParameter("The page_token does not fit this list; start again from the first page.")
    found, last = jobs.list_jobs(context.conn, request.states, int(place[0]) if place else None, limit)
    page = JobsPage()
    if found:
        page.jobs = found
    if last is not None:
        page.next_page_token = encode_token(question, [last])
    return page


def cancel(context: Context, request: JobById) -> JobAnswer:
    """End a job; what it has done stays done. A job that is cancelled stays so."""
    job = jobs.get_job(context.conn, _check_job_id(request.job_id))
    if job.actor != context.actor.name:
        _permit(context, Need(Permission.MANAGE, Resource.SERVER), "", "jobs.cancel")
    if job.state in {JobState.FINISHED, JobState.FAILED}:
        raise InvalidState(f"Job {job.job_id} has ended already: it is {job.state.value}.")
    if job.state is not JobState.CANCELLED:
        number = jobs.find_number(context.conn, job.job_id)
        assert number is not None
        jobs.end_job(context.tx, number, JobState.CANCELLED, context.now())
    return JobAnswer(job=jobs.get_job(context.conn, job.job_id))


def _start(context: Context, kind: str, request: Wire, subjects: Sequence[int]) -> JobAnswer:
    """Store a job and return it. The caller has looked for its subjects in a snapshot, while others could write."""
    job_id = getattr(request, "job_id", "")
    job_id = _check_job_id(job_id) if job_id else uuid.uuid4().hex
    details = {
        name: getattr(request, name) for name in request.__struct_fields__ if name not in _STORED_APART
    }
    new = NewJob(
        job_id, kind, encode(details).decode(), context.actor.name, subjects, context.platform.clock()
    )
    context.platform.store.writer.call(lambda tx: jobs.insert_job(tx, new))
    with context.platform.store.read() as conn:
        return JobAnswer(job=jobs.get_job(conn, job_id))


def _choose_runs(
    context: Context, request: MoveRuns | TagRuns | ChooseRuns, *, deleted: bool = False
) -> Sequence[int]:
    """Return the integer ids of the runs that a request names, each once."""
    if bool(request.run_ids) == bool(request.experiment_ids):
        raise InvalidParameter("Give either run_ids, or experiment_ids with or without a filter.")
    if request.run_ids:
        if request.filter:
            raise InvalidParameter("A filter goes with experiment_ids; run_ids name the runs themselves.")
        ids = _find_runs(context, [get_run_id(run_id) for run_id in request.run_ids])
    else:
        ids = _search_runs(context, request.experiment_ids, request.filter, deleted=deleted)
    if getattr(request, "include_children", False):
        ids = moves.add_descendants(context.conn, ids)
    if len(ids) > MAX_RUNS:
        raise InvalidParameter(
            f"More than {MAX_RUNS:,} runs are chosen, which is the most for one job; choose fewer by a filter."
        )
    return ids


def _find_runs(context: Context, run_ids: Sequence[str]) -> Sequence[int]:
    numbers = moves.find_numbers(context.conn, dict.fromkeys(run_ids))
    missing = [run_id for run_id in run_ids if run_id not in numbers]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise NotFound(f"The runs {missing[:_SHOWN]}{more} do not exist; nothing was changed.")
    return [numbers[run_id] for run_id in dict.fromkeys(run_ids)]


def _search_runs(
    context: Context, experiment_ids: Sequence[str], text: str, *, deleted: bool
) -> Sequence[int]:
    node = parse_filter(text, RUNS)
    numbers = dict.fromkeys(parse_experiment_id(each) for each in experiment_ids)
    if len(numbers) > MAX_EXPERIMENTS:
        raise InvalidParameter(
            f"The request names {len(numbers)} experiments; at most {MAX_EXPERIMENTS:,} are allowed."
        )
    for number in numbers:
        experiments.get_row(context.conn, number)
    scopes = tuple(2 * number + deleted for number in numbers)
    search = RunSearch(scopes, node, complete_order((), RUNS), MAX_RUNS, now=context.now(), own=True)
    ids, more = search_runs(context.conn, search, None)
    if more is not None:
        raise InvalidParameter(
            f"More than {MAX_RUNS:,} runs match, which is the most for one job; narrow the filter."
        )
    return ids


def _check_prefix(prefix: str, what: str) -> str:
    if not prefix or any(not part.strip() for part in prefix.split("/")) or "\0" in prefix:
        raise InvalidParameter(
            f"Invalid {what} {excerpt(prefix)}: give a path such as team/project, without slashes at its ends and with no empty part."
        )
    return prefix


def _check_names(context: Context, names: dict[int, str], source: str) -> None:
    """Refuse new names that are not allowed or taken by others."""
    if "" in names.values():
        raise InvalidParameter(
            f"The experiment {excerpt(source)} itself would have no name at the top; rename it first, or choose another target."
        )
    too_long = [name for name in names.values() if len(name) > MAX_EXPERIMENT_NAME]
    if too_long:
        raise InvalidParameter(
            f"{len(too_long)} names would be longer than {MAX_EXPERIMENT_NAME} characters, such as {excerpt(too_long[0])}; "
            "nothing was changed."
        )
    taken = moves.find_experiments(context.conn, names.values())
    clashes = [name for name, number in taken.items() if number not in names]
    if clashes:
        raise AlreadyExists(
            f"{len(clashes)} of the new names are taken, such as {', '.join(map(excerpt, clashes[:_SHOWN]))}; nothing was changed. "
            "Rename those experiments first (deleted ones keep their names), or choose another target."
        )


def _check_job_id(job_id: str) -> str:
    if not RUN_ID.fullmatch(job_id) or len(job_id) > 64:  # noqa: PLR2004 - the column's length
        raise InvalidParameter(
            f"Invalid job id {excerpt(job_id)}: it begins with a letter or digit and holds up to 64 letters, digits, underscores "
            "and dashes."
        )
    return job_id


def _permit(context: Context, need: Need, target: str, name: str) -> None:
    policy = context.platform.policy
    if not policy.grants_all(context.actor) and not policy.permits(context, need, target):
        raise PermissionDenied(
            f"{context.actor.name} lacks the permission {need.permission.name} on {need.resource.value} {target}".rstrip()
            + f", which {name} needs. Ask an administrator of this server."
        )
