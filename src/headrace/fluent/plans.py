"""What `start_run` is about to do: which run it will be, and what is known of it. Everything that must be asked of a server is asked here, and nothing is written."""

import time

from msgspec import Struct

from headrace.api.ingest import AttemptRecord, StartRecord
from headrace.api.runs import Run
from headrace.base.clock import now_ms
from headrace.base.errors import EndpointNotFound, InvalidParameter, NotFound, Unavailable
from headrace.base.ids import RUN_ID, new_run_id
from headrace.base.names import random_name
from headrace.client.client import Client
from headrace.client.entities import LifecycleStage
from headrace.fluent import state
from headrace.fluent.attempts import job_run_id, read_attempt, read_rank
from headrace.fluent.experiments import choose_experiment
from headrace.fluent.state import LOGGER, STATE, ActiveExperiment

APPEAR_S = 5.0
"""A run that the server does not know may still be on its way there from another process: so long it is waited for."""
_LOOK_AGAIN_S = 0.1


class Plan(Struct, kw_only=True):
    """A run that is about to be open.

    Args:
        start: how it begins, or how it would begin or did, as far as that is known.
        run_id: its id.
        attempt: which launch of a job this is, if it is a job's run.
        found: what the server knows of it, if it was asked.
        is_new: whether it does not exist yet, as far as is known.
        rank: of this process in the job.
    """

    start: StartRecord
    run_id: str
    attempt: AttemptRecord | None = None
    found: Run | None = None
    is_new: bool = True
    rank: int = 0


def plan_new(experiment: ActiveExperiment, run_name: str, parent_run_id: str) -> Plan:
    """Plan a run of its own. Nobody is asked.

    Args:
        experiment: where it belongs.
        run_name: its name; one is made up if it is empty.
        parent_run_id: the run that it is nested in, if any.
    """
    start = _begin(experiment, run_name or random_name(), parent_run_id)
    return Plan(start=start, run_id=new_run_id())


def plan_job(uri: str, experiment: ActiveExperiment, run_name: str, job_id: str, parent_run_id: str) -> Plan:
    """Plan the run of a job: the one that all its ranks and restarts have. Nobody is asked.

    Args:
        uri: the tracking URI.
        experiment: where it belongs.
        run_name: its name; the job's if it is empty.
        job_id: the job.
        parent_run_id: the run that it is nested in, if any.
    """
    place = f"name {experiment.name}" if experiment.name else f"id {experiment.experiment_id}"
    rank = read_rank()
    return Plan(
        start=_begin(experiment, run_name or job_id, parent_run_id),
        run_id=job_run_id(state.hide_credentials(uri), place, job_id),
        attempt=read_attempt(rank),
        rank=rank,
    )


def plan_known(uri: str, run_id: str, run_name: str) -> Plan:
    """Plan to go on with a run.

    Args:
        uri: the tracking URI.
        run_id: the run.
        run_name: its new name, if any.

    Raises:
        NotFound: the server does not know it, and it does not appear within 5 s.
        InvalidParameter: it is deleted, or belongs to another experiment than the one that was set.
    """
    if not RUN_ID.fullmatch(run_id):
        raise InvalidParameter(
            f"Invalid run id {run_id!r:.100}: it begins with a letter or digit and holds letters, digits, underscores and dashes, at most 256."
        )
    found = find_run(uri, run_id)
    if found is None:
        LOGGER.warning(
            "start_run goes on with the run %s without the server at %s, which does not answer.",
            run_id,
            state.hide_credentials(uri),
        )
        start = _begin(choose_experiment(uri), run_name or random_name(), "")
        return Plan(start=start, run_id=run_id, is_new=False)
    info = found.info
    chosen = STATE.experiment
    if (
        chosen is not None
        and chosen.uri == uri
        and chosen.experiment_id
        and chosen.experiment_id != info.experiment_id
    ):
        raise InvalidParameter(
            f"Cannot start run with ID {run_id} because active experiment ID does not match environment run ID. It belongs to the experiment {info.experiment_id}, "
            f"and set_experiment has chosen {chosen.experiment_id}."
        )
    require_active(found, "start run with ID")
    start = StartRecord(
        experiment_id=info.experiment_id,
        run_name=run_name or info.run_name,
        user_id=info.user_id,
        start_time=info.start_time,
    )
    return Plan(start=start, run_id=run_id, found=found, is_new=False)


def plan_by_name(uri: str, experiment: ActiveExperiment, run_name: str, *, must: bool) -> Plan | None:
    """Plan to go on with the newest run of a name, as a further attempt.

    Args:
        uri: the tracking URI.
        experiment: where to look.
        run_name: the name.
        must: whether there has to be one.

    Returns:
        The plan, or None if there is no such run.

    Raises:
        InvalidParameter: no name is given.
        NotFound: there is no such run, and there must be.
        Unavailable: the server does not answer, and there must be such a run.
    """
    if not run_name:
        raise InvalidParameter(
            "resume needs run_name: the name of the run to go on with. To go on by id, give run_id."
        )
    client = state.get_hurried_client(uri)
    state.flush_reads(uri=uri)
    try:
        found = _find_newest(client, experiment, run_name)
    except Unavailable as error:
        if must:
            raise
        LOGGER.warning("No run named %r was looked for, and a new one begins: %s", run_name, error.message)
        return None
    if found is None:
        if must:
            raise NotFound(
                f"No active run named {run_name!r} is in the experiment {experiment.name or experiment.experiment_id!r}. With resume='allow' a new one begins."
            )
        return None
    plan = plan_known(uri, found.info.run_id, "")
    plan.rank = read_rank()
    plan.attempt = read_attempt(plan.rank)
    return plan


def _find_newest(client: Client, experiment: ActiveExperiment, run_name: str) -> Run | None:
    number = experiment.experiment_id
    if not number:
        named = client.experiments.find_by_name(experiment.name)
        if named is None:
            return None
        number = named.experiment_id
    quote = "'" if "'" not in run_name else '"'
    text = f"attributes.run_name = {quote}{run_name}{quote}" if quote not in run_name else ""
    for run in client.runs.search([number], text, ["attributes.start_time DESC"], page_size=100):
        if run.info.run_name == run_name:
            return run
    return None


def _begin(experiment: ActiveExperiment, run_name: str, parent_run_id: str) -> StartRecord:
    by_id = bool(experiment.experiment_id)
    return StartRecord(
        experiment_id=experiment.experiment_id,
        experiment_name="" if by_id else experiment.name,
        run_name=run_name,
        start_time=now_ms(),
        parent_run_id=parent_run_id,
    )


def find_run(uri: str, run_id: str) -> Run | None:
    """Return a run as the server knows it; None if no server answers.

    What this process has logged is sent before. A run that the server does not know is waited for: another process may have begun it a moment ago.

    Raises:
        NotFound: it does not appear within 5 s.
    """
    state.flush_reads(uri=uri)
    client = state.get_hurried_client(uri)
    until = time.monotonic() + APPEAR_S
    while True:
        try:
            return client.runs.get(run_id)
        except EndpointNotFound:
            raise
        except NotFound:
            if time.monotonic() > until:
                raise
            time.sleep(_LOOK_AGAIN_S)
        except Unavailable:
            return None


def require_active(run: Run, what: str) -> None:
    """Refuse a deleted run.

    Args:
        run: the run.
        what: what was meant to be done, for the message.

    Raises:
        InvalidParameter: it is deleted.
    """
    if run.info.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidParameter(
            f"Cannot {what} {run.info.run_id} because it is in the deleted state. Restore it first (`restore_run`)."
        )


def check_parent(uri: str, parent_run_id: str) -> None:
    """Refuse a parent that does not exist, or is deleted. Without an answer it is believed.

    Raises:
        NotFound: the server does not know it, and it does not appear within 5 s.
        InvalidParameter: it is deleted.
    """
    if (uri, parent_run_id) in STATE.known_runs:
        return
    found = find_run(uri, parent_run_id)
    if found is not None:
        require_active(found, "start run under parent run with ID")
        state.know_run(uri, parent_run_id)
