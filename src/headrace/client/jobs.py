"""Counted jobs, from the client's side: many runs or experiments changed by one call."""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence

from headrace.api import jobs as rows
from headrace.api.jobs import Job, JobState
from headrace.client.pages import iterate
from headrace.client.transport import Transport
from headrace.client.values import build_tags, read_list

OPEN = frozenset({JobState.PENDING, JobState.RUNNING})
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


class Jobs:
    """Calls about jobs. What a job is about is fixed when it is made; it is carried out by the server, and goes on after a restart.

    Runs are named by their ids, or as all that match a filter in experiments.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def move_runs(
        self,
        to_experiment_id: str,
        run_ids: Sequence[str] = (),
        *,
        experiment_ids: Sequence[str] = (),
        filter: str = "",  # noqa: A002 - the word of the wire
        include_children: bool = False,
    ) -> Job:
        """Move active runs to another experiment, with all that is logged; files stay where they are.

        Args:
            to_experiment_id: where to.
            run_ids: which runs.
            experiment_ids: or all active runs of these experiments.
            filter: of those, only runs that match.
            include_children: also move what is nested below them.

        Raises:
            NotFound: an experiment or a run does not exist.
            InvalidParameter: the target is deleted, or the filter is not allowed.
        """
        request = rows.MoveRuns(
            to_experiment_id=to_experiment_id,
            run_ids=read_list(run_ids, "run_ids"),
            experiment_ids=read_list(experiment_ids, "experiment_ids"),
            filter=filter,
            include_children=include_children,
            job_id=uuid.uuid4().hex,  # a call that is sent again makes no second job
        )
        return self._transport.call(rows.MOVE_RUNS, request).job

    def move_experiments(self, from_prefix: str, to_prefix: str) -> Job:
        """Rename all experiments at and below a path, such as ``team/a`` to ``org/a``; experiment 0 stays.

        Args:
            from_prefix: the path.
            to_prefix: what it is to be called; empty for the top.

        Raises:
            AlreadyExists: a new name is taken; nothing was changed.
            NotFound: there is nothing at that path.
        """
        request = rows.MoveExperiments(from_prefix=from_prefix, to_prefix=to_prefix, job_id=uuid.uuid4().hex)
        return self._transport.call(rows.MOVE_EXPERIMENTS, request).job

    def tag_runs(
        self,
        tags: Mapping[str, object] | None = None,
        remove: Sequence[str] = (),
        *,
        run_ids: Sequence[str] = (),
        experiment_ids: Sequence[str] = (),
        filter: str = "",  # noqa: A002 - the word of the wire
    ) -> Job:
        """Set and remove tags of active runs.

        Args:
            tags: to be set; values become text.
            remove: keys of tags to be removed, where they are.
            run_ids: which runs.
            experiment_ids: or all active runs of these experiments.
            filter: of those, only runs that match.
        """
        request = rows.TagRuns(
            run_ids=read_list(run_ids, "run_ids"),
            experiment_ids=read_list(experiment_ids, "experiment_ids"),
            filter=filter,
            tags=build_tags(tags),
            remove=read_list(remove, "remove"),
            job_id=uuid.uuid4().hex,
        )
        return self._transport.call(rows.TAG_RUNS, request).job

    def delete_runs(
        self,
        run_ids: Sequence[str] = (),
        *,
        experiment_ids: Sequence[str] = (),
        filter: str = "",  # noqa: A002 - the word of the wire
        include_children: bool = False,
    ) -> Job:
        """Mark runs as deleted; `restore_runs` brings them back. The arguments are those of `move_runs`."""
        request = _choose(run_ids, experiment_ids, filter, include_children=include_children)
        return self._transport.call(rows.DELETE_RUNS, request).job

    def restore_runs(
        self,
        run_ids: Sequence[str] = (),
        *,
        experiment_ids: Sequence[str] = (),
        filter: str = "",  # noqa: A002 - the word of the wire
        include_children: bool = False,
    ) -> Job:
        """Bring deleted runs back: those named, or all deleted ones of experiments that match. The arguments are those of `move_runs`."""
        request = _choose(run_ids, experiment_ids, filter, include_children=include_children)
        return self._transport.call(rows.RESTORE_RUNS, request).job

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            NotFound: there is none with this id.
        """
        return self._transport.call(rows.GET, rows.JobById(job_id=job_id)).job

    def list(self, states: Sequence[JobState] = (), page_size: int = 100) -> Iterator[Job]:
        """Yield jobs, the newest first, page by page.

        Args:
            states: only jobs in one of these states; none stands for all.
            page_size: how many are fetched at once.
        """
        request = rows.ListJobs(states=read_list(states, "states"), max_results=page_size)
        return iterate(self._transport, rows.LIST, request, lambda page: page.jobs)

    def cancel(self, job_id: str) -> Job:
        """End a job; what it has done stays done.

        Raises:
            InvalidState: it has ended already.
        """
        return self._transport.call(rows.CANCEL, rows.JobById(job_id=job_id)).job

    def wait(self, job_id: str, timeout_s: float | None = None) -> Job:
        """Wait until a job has ended and return it; look at its `state` and `failed`.

        Args:
            job_id: the job.
            timeout_s: give up after so many seconds; None for never.

        Raises:
            TimeoutError: it has not ended in time; it goes on all the same.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = _FIRST_PAUSE_S
        while True:
            job = self.get(job_id)
            if job.state not in OPEN:
                return job
            left_s = pause_s if until is None else until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(
                    f"Job {job_id} has done {job.done} of {job.total} after {timeout_s:g} s; it goes on."
                )
            time.sleep(min(pause_s, left_s))
            pause_s = min(1.5 * pause_s, _LONGEST_PAUSE_S)


def _choose(
    run_ids: Sequence[str], experiment_ids: Sequence[str], filter_text: str, *, include_children: bool
) -> rows.ChooseRuns:
    return rows.ChooseRuns(
        run_ids=read_list(run_ids, "run_ids"),
        experiment_ids=read_list(experiment_ids, "experiment_ids"),
        filter=filter_text,
        include_children=include_children,
        job_id=uuid.uuid4().hex,
    )
